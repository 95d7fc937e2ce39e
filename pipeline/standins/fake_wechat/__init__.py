"""A stand-in for WeChat's official accounts, for demos and tests: faithful to what is known of the real one.

    FAKE_WECHAT_ACCOUNTS="appid:secret:name …" \\
        python -m pipeline.standins.fake_wechat --data DIR [--port 0]

Without accounts it has the demo's two. It prints its port when it is ready. Whatever it took is in its folder before it
answers, so it survives being killed.

    POST /cgi-bin/…               the API (drafts, free publishing, mass messages, pictures, stable_token)
    GET  /                        the accounts; /mp/{appid}: one account's page; /s/{id}: an article as on a phone
    GET  /mmbiz_…/{id}/0          pictures
    GET, PUT /admin/faults        what goes wrong: see `Faults`; `next` are the fates of the next calls: well, lost,
                                  cut, refused, slow, or an error code; "lost@draft/add" waits for that call
    GET, PUT /admin/settings/{appid}  see `Settings`
    GET  /admin/state             everything there is, and the deeds in their order
    POST /admin/settle            end the publications that wait (`hold`)
    POST /admin/expire            let every token expire
    PUT  /admin/drafts/{media_id}, /admin/posts/{article_id}  change an article behind everybody's back: {index, …}

It imports nothing of the channel and shares no rule with it: what both know they have from WeChat's pages
(developers.weixin.qq.com/doc/subscription/api) and from answers of the real one.
"""

from pipeline.standins.fake_wechat.server import DEMO, Server, serve
from pipeline.standins.fake_wechat.terms import Faults, Settings

__all__ = ["DEMO", "Faults", "Server", "Settings", "serve"]
