"""The calls of one official account: token, quotas, and every answer judged by one table (`errors`).

    client = Client(appid="wx…", secret="…", ledger=ledger)
    client.call("draft/add", {"articles": […]})["media_id"]

Nothing is repeated, but for one call after the token was refused: then nothing has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any

from channels.http import Answer, Http, Upload
from channels.wechat.errors import STALE_TOKEN, USED_UP, trouble
from channels.wechat.ledger import Ledger
from channels.wechat.token import Tokens
from pipeline.channel import Problem, Text, Unavailable, utc_now

API = "https://api.weixin.qq.com/cgi-bin/"

QUESTIONS = frozenset(
    {
        "stable_token",
        "draft/get",
        "draft/batchget",
        "freepublish/get",
        "freepublish/getarticle",
        "freepublish/batchget",
        "message/mass/get",
        "openapi/quota/get",
    }
)
"""Calls that change nothing: they may be made again at any time."""

DAILY: Mapping[str, int] = MappingProxyType(
    {
        "stable_token": 500_000,
        "draft/add": 1000,
        "draft/update": 1000,
        "draft/get": 500,
        "draft/delete": 1000,
        "draft/batchget": 1000,
        "material/add_material": 1000,
        "media/uploadimg": 1000,
        "freepublish/submit": 100,
        "freepublish/get": 100,
        "freepublish/delete": 10,
        "freepublish/getarticle": 100,
        "freepublish/batchget": 100,
        "message/mass/sendall": 100,
        "message/mass/get": 100,
        "message/mass/delete": 10,
    }
)
"""Calls a day and account (接口调用频次, API_Call_Limits); mp.weixin.qq.com shows those in force."""

READ, TOTAL, UPLOAD_TOTAL = 8.0, 12.0, 25.0
"""Seconds of silence, for a call, and for a picture."""
LONGEST = 48 * 2**20
"""Bytes of an answer: twenty drafts of eight long articles are within it."""


class Client:
    """One account's line to WeChat. Thread-safe.

    Every call raises the three errors of the contract, by `errors.ERRORS`, and those of `channels.http`.
    """

    def __init__(
        self,
        *,
        appid: str,
        secret: str,
        ledger: Ledger,
        api: str = API,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.appid = appid
        self.ledger = ledger
        self._secret = secret
        self._now = now
        self._http = Http(api, secrets=[secret], read=READ, total=TOTAL, limit=LONGEST, now=now)
        self._uploads = Http(api, secrets=[secret], read=READ, total=UPLOAD_TOTAL, now=now)
        self.tokens = Tokens(self._stable_token, hide=self._hide, now=now)

    def warm(self) -> None:
        """See `Http.warm`."""
        self._http.warm()

    def close(self) -> None:
        """Close the idle connections."""
        self._http.close()
        self._uploads.close()

    def call(self, name: str, value: Mapping[str, Any], *, expected: Collection[int] = ()) -> dict[str, Any]:
        """POST `value` to the call of this name. `expected`: error codes that are an answer and no error here."""
        safe = name in QUESTIONS

        def send(token: str) -> Answer:
            return self._http.post(f"/{name}", value, params={"access_token": token}, safe=safe)

        return self._authorised(name, send, expected)

    def upload(self, name: str, file: Upload, *, type: str = "") -> dict[str, Any]:
        """Send a picture; `type` is that of permanent material."""

        def send(token: str) -> Answer:
            params = {"access_token": token, **({"type": type} if type else {})}
            return self._uploads.upload(f"/{name}", {"media": file}, params=params)

        return self._authorised(name, send, ())

    def _authorised(self, name: str, send: Callable[[str], Answer], expected: Collection[int]) -> dict[str, Any]:
        token = self.tokens.get()
        content, code = self._counted(name, send, token)
        if code in STALE_TOKEN:
            content, code = self._counted(name, send, self.tokens.renew(token))
        if code == USED_UP:
            self.ledger.use_up(name)
        elif not code or code in expected:
            self.ledger.answer(name)
        if code and code not in expected:
            raise trouble(name, code, str(content.get("errmsg", "")), self._now(), effect=name not in QUESTIONS)
        return content

    def _counted(self, name: str, send: Callable[[str], Answer], token: str) -> tuple[dict[str, Any], int]:
        try:
            return self._answered(name, send(token))
        finally:
            self.ledger.count(name)

    def _stable_token(self) -> tuple[str, float]:
        self.ledger.count("stable_token")
        answer = self._http.post(
            "/stable_token",
            {
                "grant_type": "client_credential",
                "appid": self.appid,
                "secret": self._secret,
                "force_refresh": False,
            },
            safe=True,
        )
        content, code = self._answered("stable_token", answer)
        if code:
            raise trouble("stable_token", code, str(content.get("errmsg", "")), self._now(), effect=False)
        if not content.get("access_token"):
            raise _senseless(answer, "stable_token")
        return str(content["access_token"]), float(content.get("expires_in") or 7200)

    def _answered(self, name: str, answer: Answer) -> tuple[dict[str, Any], int]:
        """The answer's content and its error code, 0 if it has none (draft/add has none on success)."""
        content = answer.json()
        if not isinstance(content, dict):
            raise _senseless(answer, name)
        try:
            return content, int(content.get("errcode") or 0)
        except (TypeError, ValueError):
            raise _senseless(answer, name) from None

    def _hide(self, token: str) -> None:
        self._http.hide(token)
        self._uploads.hide(token)


@contextmanager
def understood(question: str) -> Iterator[None]:
    """What is missing in the answer to a question, or is not what WeChat's pages say, raises `Unavailable`."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unavailable(_none_of_wechats(question), detail=f"{type(error).__name__}: {error}") from error


def _senseless(answer: Answer, name: str) -> Unavailable:
    """For an answer that is JSON but nothing WeChat says: a proxy's, perhaps."""
    detail = f"{answer.status} from {answer.place}, {len(answer.body)} bytes"
    return Unavailable(_none_of_wechats(name), sent=answer.effect, detail=detail)


def _none_of_wechats(name: str) -> Problem:
    return Problem(
        field="wechat",
        message=Text.of("the answer to {call} is none of WeChat's", call=name),
        remedy=Text.of("check the option api; it is tried again by itself"),
    )
