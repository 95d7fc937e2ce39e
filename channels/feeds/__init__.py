"""Feeds: RSS 2.0, Atom 1.0 and JSON Feed 1.1 for the site and for every column, with archives and OPML.

`item` makes an article (or its retraction) an item, `documents` writes and reads the documents,
`hub` tells a WebSub hub, `channel` is the adapter.
"""

from channels.feeds.channel import Feeds

__all__ = ["Feeds"]
