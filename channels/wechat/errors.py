"""What WeChat's error codes mean: one table, and the one function that judges an answer by it.

WeChat answers HTTP 200 with `errcode` and `errmsg`; the latter ends in `rid: …`, by which its support finds the call.
Sources: 全局返回码 (developers.weixin.qq.com/doc/subscription/guide/dev/errorcode.html) and the pages of the single
calls, draft_add, freepublish_submit, uploadimg, sendall.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from pipeline.channel import ChannelError, Problem, Refused, Text, Unavailable, Unpublishable

BEIJING = timezone(timedelta(hours=8))
"""WeChat's days begin at midnight in Beijing."""
STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The token, not the call, was refused: nothing has happened."""
USED_UP = 45009
"""The day's calls of this name are used up."""
GONE = frozenset({40007, 53502, 53600, 40059})
"""Draft or material, publication, article or message of that name does not exist (any more)."""

T = TypeVar("T")


class UsedUp(Unavailable):
    """The day's calls of this name are used up: nothing has happened, and nothing will before midnight in Beijing."""


def asked(call: Callable[[], T]) -> T:
    """What the call gives; raises `UsedUp` where it is its day's number that is wrong, else what the call raises."""
    try:
        return call()
    except Unavailable as trouble:
        if trouble.problem.message.values.get("code") != USED_UP:
            raise
        raise UsedUp(trouble.problem, retry_after=trouble.retry_after, detail=trouble.detail) from trouble


_RID = re.compile(r"\brid:\s*([\w-]+)")
_IP = re.compile(r"invalid ip\s+([0-9a-fA-F.:]+)")


class Wait(Enum):
    """When a call that was not accepted may be made again."""

    SOON = auto()
    """By the engine's own pace."""
    MINUTE = auto()
    TOMORROW = auto()
    """The day's limit is used up: after midnight in Beijing."""


class Fault(NamedTuple):
    """What an error code means to us."""

    kind: type[ChannelError]
    message: Text
    """With `{call}`, `{code}`, `{rid}` and `{ip}` to be filled in."""
    remedy: Text
    field: str = "wechat"
    """The article's field for `Unpublishable`, else the option or step concerned."""
    wait: Wait = Wait.SOON
    sent: bool = False
    """Whether the call may have had its effect all the same."""


_BY_ITSELF = Text.of("it is tried again by itself")
_CONSOLE = Text.of("log in at mp.weixin.qq.com, follow the notice shown there, then run: newsroom retry")
_REPORT = Text.of("this is a mistake of the adapter: report it with the rid")
_SECRET = Text.of(
    "compare appid and AppSecret with 设置与开发 > 开发接口管理 at mp.weixin.qq.com; "
    "the secret stands in the environment or in secret_file"
)
_ADDRESS = Text.of(
    "add the address to the account's IP list at mp.weixin.qq.com (设置与开发 > 开发接口管理), then run: newsroom retry"
)
_TOKEN = Text.of(
    "it is tried again by itself; if this lasts, another program asks for this account's token: "
    "let it use stable_token too"
)

ERRORS: Mapping[int, Fault] = MappingProxyType(
    {
        -1: Fault(Unavailable, Text.of("WeChat is busy (code {code}, rid {rid})"), _BY_ITSELF, sent=True),
        # the token: refreshed once by the client; one that has ended again meanwhile is no reason to give up
        40001: Fault(
            Unavailable,
            Text.of("the access token is refused, also a fresh one (code {code}, rid {rid})"),
            _TOKEN,
            "token",
        ),
        40014: Fault(
            Unavailable,
            Text.of("the access token is not valid, also a fresh one (code {code}, rid {rid})"),
            _TOKEN,
            "token",
        ),
        42001: Fault(
            Unavailable,
            Text.of("the access token has expired, also a fresh one (code {code}, rid {rid})"),
            _TOKEN,
            "token",
        ),
        # who calls
        40013: Fault(Refused, Text.of("the appid is not valid (code {code}, rid {rid})"), _SECRET, "appid"),
        40125: Fault(Refused, Text.of("the AppSecret is not valid (code {code}, rid {rid})"), _SECRET, "secret"),
        40243: Fault(
            Refused,
            Text.of("the AppSecret is frozen (code {code}, rid {rid})"),
            Text.of("unfreeze it at mp.weixin.qq.com (开发接口管理)"),
            "secret",
        ),
        40164: Fault(
            Refused,
            Text.of("this machine's address {ip} is not on the account's IP list (code {code}, rid {rid})"),
            _ADDRESS,
            "ip",
        ),
        61004: Fault(
            Refused,
            Text.of("this machine's address {ip} is not on the account's IP list (code {code}, rid {rid})"),
            _ADDRESS,
            "ip",
        ),
        89503: Fault(
            Refused, Text.of("an administrator has to confirm this call (code {code}, rid {rid})"), _CONSOLE, "account"
        ),
        89506: Fault(
            Refused, Text.of("an administrator has refused this address (code {code}, rid {rid})"), _CONSOLE, "account"
        ),
        89507: Fault(
            Refused,
            Text.of("an administrator has refused this address lately (code {code}, rid {rid})"),
            _CONSOLE,
            "account",
        ),
        # how often
        USED_UP: Fault(
            Unavailable,
            Text.of("the day's calls of {call} are used up (code {code}, rid {rid})"),
            Text.of(
                "it is tried again after midnight in Beijing; whoever cannot wait does it by hand at mp.weixin.qq.com"
            ),
            wait=Wait.TOMORROW,
        ),
        45011: Fault(
            Unavailable,
            Text.of("too many calls of {call} in a short time (code {code}, rid {rid})"),
            _BY_ITSELF,
            wait=Wait.MINUTE,
        ),
        53501: Fault(
            Unavailable,
            Text.of("publishing too often: WeChat asks to slow down (code {code}, rid {rid})"),
            _BY_ITSELF,
            wait=Wait.MINUTE,
        ),
        # pictures
        40005: Fault(
            Unpublishable,
            Text.of("WeChat does not take a picture of this format (code {code}, rid {rid})"),
            Text.of("save it as JPEG"),
            "images",
        ),
        40009: Fault(
            Unpublishable,
            Text.of("WeChat finds a picture too large (code {code}, rid {rid})"),
            Text.of("make it smaller than 1 MB"),
            "images",
        ),
        40137: Fault(
            Unpublishable,
            Text.of("WeChat does not take a picture of this format (code {code}, rid {rid})"),
            Text.of("save it as JPEG"),
            "images",
        ),
        45001: Fault(
            Unpublishable,
            Text.of("WeChat finds a picture file too large (code {code}, rid {rid})"),
            Text.of("make it smaller"),
            "images",
        ),
        41005: Fault(Refused, Text.of("WeChat found no file in the upload (code {code}, rid {rid})"), _REPORT),
        # the article's fields
        45002: Fault(
            Unpublishable,
            Text.of("WeChat finds the text too long (code {code}, rid {rid})"),
            Text.of("shorten the body"),
            "body",
        ),
        45003: Fault(
            Unpublishable,
            Text.of("WeChat finds the title too long (code {code}, rid {rid})"),
            Text.of("give a short_headline"),
            "headline",
        ),
        45004: Fault(
            Unpublishable,
            Text.of("WeChat finds the digest too long (code {code}, rid {rid})"),
            Text.of("shorten the summary"),
            "summary",
        ),
        45005: Fault(
            Refused,
            Text.of("WeChat finds the address behind 阅读原文 too long (code {code}, rid {rid})"),
            Text.of("shorten [site] url"),
            "site",
        ),
        45008: Fault(
            Unpublishable,
            Text.of("the draft would hold more than 8 articles (code {code}, rid {rid})"),
            Text.of("publish it alone"),
            "body",
        ),
        45110: Fault(
            Unpublishable,
            Text.of("WeChat finds the author too long (code {code}, rid {rid})"),
            Text.of("shorten the names"),
            "credits",
        ),
        45166: Fault(
            Unpublishable,
            Text.of("WeChat refuses the content (code {code}, rid {rid})"),
            Text.of("take out what it does not allow, such as foreign links"),
            "body",
        ),
        44003: Fault(
            Unpublishable,
            Text.of("WeChat finds the article empty (code {code}, rid {rid})"),
            Text.of("give it a text"),
            "body",
        ),
        88000: Fault(
            Refused,
            Text.of("the account has no comments (code {code}, rid {rid})"),
            Text.of("take out the channel's option comments"),
            "comments",
        ),
        # the request
        40007: Fault(
            Refused,
            Text.of("the draft or picture is not (or no longer) there (code {code}, rid {rid})"),
            Text.of("run: newsroom retry"),
        ),
        40008: Fault(Refused, Text.of("WeChat does not know this type of message (code {code}, rid {rid})"), _REPORT),
        40033: Fault(Refused, Text.of("WeChat cannot read the request's characters (code {code}, rid {rid})"), _REPORT),
        47001: Fault(Refused, Text.of("WeChat cannot read the request (code {code}, rid {rid})"), _REPORT),
        40059: Fault(
            Refused,
            Text.of("the message is not (or no longer) there (code {code}, rid {rid})"),
            Text.of("look at mp.weixin.qq.com"),
        ),
        53502: Fault(
            Refused,
            Text.of("WeChat does not know this publication (code {code}, rid {rid})"),
            Text.of("look at mp.weixin.qq.com (发表记录)"),
        ),
        53600: Fault(
            Refused,
            Text.of("the article is not (or no longer) there (code {code}, rid {rid})"),
            Text.of("look at mp.weixin.qq.com (发表记录)"),
        ),
        # rights
        48001: Fault(
            Refused,
            Text.of("the account has no right to call {call} (code {code}, rid {rid})"),
            Text.of(
                'an account without verification may not publish by program: set mode = "draft" for the channel; '
                "the article then waits among the drafts and a person presses publish"
            ),
            "mode",
        ),
        48004: Fault(
            Refused,
            Text.of("the right to call {call} was taken from the account (code {code}, rid {rid})"),
            _CONSOLE,
            "account",
        ),
        50002: Fault(Refused, Text.of("the account is restricted (code {code}, rid {rid})"), _CONSOLE, "account"),
        53500: Fault(
            Refused, Text.of("publishing is closed to the account (code {code}, rid {rid})"), _CONSOLE, "account"
        ),
        # the draft needs a person
        48021: Fault(
            Refused, Text.of("the draft cannot be published by program (code {code}, rid {rid})"), _CONSOLE, "draft"
        ),
        53503: Fault(
            Refused, Text.of("the draft did not pass WeChat's check (code {code}, rid {rid})"), _CONSOLE, "draft"
        ),
        53504: Fault(
            Refused,
            Text.of("the draft has to be opened in the web console (code {code}, rid {rid})"),
            _CONSOLE,
            "draft",
        ),
        53505: Fault(
            Refused, Text.of("the draft has to be saved in the web console (code {code}, rid {rid})"), _CONSOLE, "draft"
        ),
        # mass send
        45028: Fault(
            Refused,
            Text.of("the account's mass messages are used up (code {code}, rid {rid})"),
            Text.of('wait for the next day or month, or set mode = "publish"; then run: newsroom retry'),
            "mode",
        ),
        45065: Fault(
            Refused,
            Text.of("this message was sent before (code {code}, rid {rid})"),
            Text.of("look at mp.weixin.qq.com (发表记录)"),
        ),
        45066: Fault(
            Unavailable,
            Text.of("the same message again too soon (code {code}, rid {rid})"),
            _BY_ITSELF,
            wait=Wait.MINUTE,
            sent=True,
        ),
        45067: Fault(
            Refused, Text.of("the message's own name is longer than 32 bytes (code {code}, rid {rid})"), _REPORT
        ),
    }
)

_UNKNOWN = Fault(
    Refused,
    Text.of("WeChat answered with an error not known here (code {code}, rid {rid})"),
    Text.of("look it up among the 全局返回码 at developers.weixin.qq.com, then run: newsroom retry"),
)
_BAD_SECRET = Fault(Refused, Text.of("the AppSecret is not valid (code {code}, rid {rid})"), _SECRET, "secret")


def rid(errmsg: str) -> str:
    """The name by which WeChat's support finds the call; "" if it gives none."""
    found = _RID.search(errmsg)
    return found.group(1) if found else ""


def trouble(call: str, code: int, errmsg: str, now: datetime, *, effect: bool = True) -> ChannelError:
    """The contract's error for an answer with this `errcode`; `errmsg` goes into its detail.

    `effect`: the call is one that may change something.
    """
    # Where the token itself is asked for, WeChat says of a wrong secret what it says elsewhere of a wrong token.
    fault = _BAD_SECRET if call == "stable_token" and code in STALE_TOKEN else ERRORS.get(code, _UNKNOWN)
    ip = _IP.search(errmsg)
    problem = Problem(
        field=fault.field,
        message=fault.message.given(
            call=call,
            code=code,
            rid=rid(errmsg) or "-",
            ip=ip.group(1) if ip else "?",
        ),
        remedy=fault.remedy,
    )
    detail = f"{call}: {code} {errmsg}"
    if fault.kind is Unavailable:
        return Unavailable(problem, retry_after=_until(fault.wait, now), sent=fault.sent and effect, detail=detail)
    if fault.kind is Unpublishable:
        return Unpublishable(problem, detail=detail)
    return Refused(problem, code=str(code), detail=detail)


def _until(wait: Wait, now: datetime) -> timedelta | None:
    if wait is Wait.SOON:
        return None
    if wait is Wait.MINUTE:
        return timedelta(minutes=1)
    return until_tomorrow(now)


def until_tomorrow(now: datetime) -> timedelta:
    """How long it is to the minute after midnight in Beijing, when the day's calls begin anew."""
    today = now.astimezone(BEIJING)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return midnight - today + timedelta(minutes=1)
