"""WeChat official accounts (微信公众号): drafts, free publishing, mass messages, or the request bodies on disk.

`content` makes the article of a revision, `series` names its neighbours, `client` makes the calls (`token`, `errors`,
`ledger`), `account` says what stands on an account, `media` uploads pictures, `posting` has the rules by which nothing
goes out twice and the three ways to go out, `payload` writes what would be sent, `events` hears what the platform
tells, `channel` is the adapter.
"""

from channels.wechat.channel import Wechat

__all__ = ["Wechat"]
