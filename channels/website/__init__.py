"""The county's website: a complete site of static files, every page to 《政府网站发展指引》.

`frame` is what all pages share, `page` makes an article's page, `lists` derives from the catalogue whatever shows
more than one article, `rules` checks pages against the guideline, `channel` is the adapter.
"""

from channels.website.channel import Website

__all__ = ["Website"]
