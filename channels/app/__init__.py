"""The county's app: its articles as ninjs, lists, a sequence of changes, and an installable web client.

`ninjs` is the standard's model, `documents` what the API consists of, `changes` how a client catches up, `series` the
numbers of a column's series, `tree` writes them all, `openapi` describes them, `webhook` tells the app's backend,
`client` is the web client, `channel` the adapter.
"""

from channels.app.channel import App

__all__ = ["App"]
