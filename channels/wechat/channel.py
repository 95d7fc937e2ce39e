"""The `wechat` kind: one official account (微信公众号).

    [[channel]]
    id = "wechat-fabu"                                # the secret is in TONGFA_WECHAT_FABU_SECRET
    kind = "wechat"
    name = "武山发布"
    appid = "wx…"

Options:

    appid                   the account's; default TONGFA_{ID}_APPID; without one the mode is "payload"
    secret_env, secret_file where the AppSecret is: an environment variable, or a file (relative to the data folder)
    callback_env            the environment variable of the callback's token; default TONGFA_{ID}_TOKEN
    mode                    "publish"  发布: free publishing, on the account's page (default)
                            "draft"    stops at the draft: a person presses 发表
                            "mass"     群发: a message to the followers, or those with the tag `mass_tag`
                            "payload"  writes what would be sent to files
    theme                   red, green, blue or amber
    cover                   picture for articles without one (relative to the data folder); default: a drawn landscape
    comments                true: readers may comment
    api                     address of the API; default TONGFA_WECHAT_API, else WeChat's
    follow, settling        seconds: see `posting`

WeChat's pages: developers.weixin.qq.com/doc/subscription/. `posting` has the rules by which nothing goes out twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Protocol

from channels.options import FLAG, TEXT, WHOLE, address_problems, choice_problems, option_problems, seconds
from channels.pictures import data_uri
from channels.wechat import events
from channels.wechat.account import Account
from channels.wechat.client import API, DAILY, Client
from channels.wechat.content.look import THEMES, Look
from channels.wechat.content.rendition import DEFAULT_COVER, fields_of, file_of, render, shown_in, with_addresses
from channels.wechat.ledger import Ledger
from channels.wechat.media import Cover, Pictures, content_bytes
from channels.wechat.payload import Payload
from channels.wechat.posting.companions import with_each
from channels.wechat.posting.drafting import Drafting
from channels.wechat.posting.publishing import Publishing
from channels.wechat.posting.remarks import NO_DELETIONS, declaring
from channels.wechat.posting.sending import Sending
from channels.wechat.posting.steps import FOLLOW, SETTLING, Posting
from pipeline.article import Newsroom, Revision
from pipeline.channel import (
    Action,
    Channel,
    ChannelError,
    Correction,
    Delivery,
    Evidence,
    Heard,
    Media,
    Problem,
    Receipt,
    Refused,
    Rendition,
    Setting,
    Standing,
    Text,
    utc_now,
)

MOST = 8
"""Articles of a draft (新建草稿)."""
NEEDED: Mapping[str, tuple[str, ...]] = {
    "publish": (
        "draft/batchget", "draft/add", "freepublish/submit", "freepublish/get", "freepublish/getarticle",
    ),
    "draft": ("draft/batchget", "draft/add", "draft/get"),
    "mass": ("draft/batchget", "draft/add", "message/mass/sendall", "message/mass/get"),
}  # fmt: skip
"""The calls that a publication in each mode cannot do without."""
DECISIVE = {"publish": "freepublish/submit", "draft": "draft/add", "mass": "message/mass/sendall"}
"""The one of them that an account may have no right to, or no more of today."""
DELETING = {"publish": "freepublish/delete", "mass": "message/mass/delete"}
"""What a correction and a withdrawal need besides: ten a day."""
MODES: Mapping[str, Callable[..., Posting]] = {"publish": Publishing, "draft": Drafting, "mass": Sending}
WAIT = seconds(86_400, least=-1)
OPTIONS = {
    **dict.fromkeys(("appid", "secret_env", "secret_file", "callback_env", "cover", "api", "mode", "theme"), TEXT),
    "mass_tag": WHOLE,
    "comments": FLAG,
    "follow": WAIT,
    "settling": WAIT,
}


class Steps(Protocol):
    """What a mode does for a delivery."""

    def prepare(self, delivery: Delivery) -> Receipt: ...

    def release(self, delivery: Delivery) -> Receipt: ...

    def find(self, delivery: Delivery) -> Receipt: ...

    def withdraw(self, delivery: Delivery) -> Receipt: ...

    def verify(self, delivery: Delivery) -> Evidence: ...


class Wechat(Channel):
    kind: ClassVar[str] = "wechat"
    corrects: ClassVar[Correction] = Correction.REPLACES
    together: ClassVar[int | None] = MOST

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        own = f"TONGFA_{self.outlet.id.replace('-', '_').upper()}"
        self._secret_env = str(self.options.get("secret_env", f"{own}_SECRET"))
        self._callback_env = str(self.options.get("callback_env", f"{own}_TOKEN"))
        self.appid = str(self.options.get("appid") or setting.secrets.get(f"{own}_APPID", ""))
        self._api = str(self.options.get("api") or setting.secrets.get("TONGFA_WECHAT_API") or API)
        self.mode = str(self.options.get("mode") or ("publish" if self.appid else "payload"))
        folder = setting.data / self.outlet.id
        self.ledger = Ledger(setting.notebook, utc_now)
        theme = THEMES.get(str(self.options.get("theme", "red")), THEMES["red"])
        self.cover = Cover(self._path("cover"), theme)
        self.look = Look(
            account=self.outlet.name,
            theme=theme,
            comments=FLAG.of(self.options, "comments", False),
            cover=self.cover.size,
        )
        self.client: Client | None = None
        self._steps: Steps | None = None
        secret = self._secret()
        if self.mode == "payload":
            self._steps = Payload(folder / "payload", self.cover, self.look)
        elif self.mode in MODES and self.appid and secret:
            self.client = Client(appid=self.appid, secret=secret, ledger=self.ledger, api=self._api)
            self._steps = MODES[self.mode](
                Account(self.client),
                Pictures(self.client, self.cover),
                self.ledger,
                name=self.outlet.name,
                look=self.look,
                settling=WAIT.of(self.options, "settling", SETTLING),
                follow=WAIT.of(self.options, "follow", FOLLOW),
                tag=WHOLE.of(self.options, "mass_tag", None),
            )

    @property
    def ground(self) -> str:
        return f"wechat:{self.appid}" if self.client is not None else ""

    def close(self) -> None:
        if self.client is not None:
            self.client.close()

    def warm(self) -> None:
        _ = self.cover.data
        if self.client is not None:
            self.client.warm()

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        return render(revision, newsroom, self.look)

    def preview(self, revision: Revision, rendition: Rendition, newsroom: Newsroom, media: Media) -> tuple[str, bytes]:  # noqa: ARG002
        """The article as a phone shows it, and its cover, with the pictures in the page."""
        cover = {one.name: one for one in rendition.assets if one.name == fields_of(rendition)["thumb_media_id"]}
        shown = {**shown_in(revision.article, rendition), **cover}
        pictures = {place: content_bytes(asset, media) for place, asset in shown.items()}
        pictures[file_of(DEFAULT_COVER)] = self.cover.data, "image/jpeg"
        written = {place: data_uri(media_type, data) for place, (data, media_type) in pictures.items()}
        return rendition.media_type, with_addresses(re.sub(r' data-src="[^"]*"', "", rendition.body), written).encode()

    def prepare(self, delivery: Delivery) -> Receipt:
        with self._counted():
            receipt = self._declared(delivery, self.steps.prepare(delivery), Standing.STAGED)
            told = delivery.action is not Action.PUBLISH and receipt.note is None and self._cannot_delete()
            return receipt.model_copy(update={"note": NO_DELETIONS}) if told else receipt

    def release(self, delivery: Delivery) -> Receipt:
        with self._counted():
            return self._declared(delivery, self.steps.release(delivery))

    def find(self, delivery: Delivery) -> Receipt:
        with self._counted():
            return self._declared(delivery, self.steps.find(delivery))

    def withdraw(self, delivery: Delivery) -> Receipt:
        with self._counted():
            return self.steps.withdraw(delivery)

    def verify(self, delivery: Delivery) -> Evidence:
        with self._counted():
            return self.steps.verify(delivery)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """A step, at whose end its calls are known to all machines."""
        try:
            yield
        finally:
            self.ledger.write_calls()

    def _declared(self, delivery: Delivery, receipt: Receipt, *standings: Standing) -> Receipt:
        if self.mode == "payload" or delivery.action is Action.WITHDRAW:
            return receipt
        told = (Standing.ACCEPTED, Standing.LIVE, *standings)
        return with_each(
            delivery, lambda one: declaring(one, receipt.each.get(one.revision.id, receipt), self.outlet.name, *told)
        )

    @property
    def steps(self) -> Steps:
        """The mode's; raises `Refused` while the account is not configured."""
        if self._steps is None:
            problems = self._configuration()
            raise Refused(problems[0], code="configuration")
        return self._steps

    def check(self) -> list[Problem]:
        problems = self._configuration() + self._used_up()
        if isinstance(self._steps, Payload):
            problems += self._steps.files.problems(self.setting)
        if self.client is not None and not problems:
            try:
                with self._counted():
                    left = Account(self.client).left(DECISIVE[self.mode])  # neither this nor its token is counted
                    problems += [_none_left(DECISIVE[self.mode], self.ledger)] if left == 0 else []
            except ChannelError as error:
                problems.append(error.problem)
        return problems

    def _used_up(self) -> list[Problem]:
        """The day's calls that are used up: said so by WeChat, or as many as it takes by its own page. Asks nobody."""
        if self.mode not in NEEDED:
            return []
        used_up = [call for call in NEEDED[self.mode] if self.ledger.is_used_up(call, DAILY[call])]
        return [_none_left(call, self.ledger) for call in used_up]

    def _cannot_delete(self) -> bool:
        """Whether the day's deletions are used up."""
        call = DELETING.get(self.mode, "")
        return bool(call) and self.ledger.is_used_up(call, DAILY[call])

    def figures(self) -> list[Text]:
        found = [Text.of("mode {mode}", mode=self.mode)]
        if self._cannot_delete():
            found.append(NO_DELETIONS)
        for call, count in sorted(self.ledger.today().calls.items()):
            if limit := DAILY.get(call):
                found.append(Text.of("{call}: {count} of {limit} calls today", call=call, count=count, limit=limit))
        return found

    def hear(self, method: str, query: Mapping[str, str], body: bytes) -> Heard:
        token = self.setting.secrets.get(self._callback_env, "")
        return events.hear(method, query, body, token=token, now=utc_now())

    # -- configuration -------------------------------------------------------------------------------------

    def _path(self, option: str) -> Path | None:
        """A file's path: relative ones lie in the data folder."""
        given = str(self.options.get(option, ""))
        return self.setting.data / given if given else None

    def _secret(self) -> str:
        """The AppSecret; "" if there is none to be had."""
        if (path := self._path("secret_file")) is not None:
            try:
                return path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                return ""
        return self.setting.secrets.get(self._secret_env, "").strip()

    def _configuration(self) -> list[Problem]:
        """What can be said of the options without asking WeChat."""
        problems = option_problems(self.setting, OPTIONS)
        problems += choice_problems("mode", self.mode, [*MODES, "payload"])
        problems += choice_problems("theme", str(self.options.get("theme", "red")), [*THEMES])
        problems += address_problems("api", self._api)
        if self.mode != "payload" and not self.appid:
            problems.append(
                Problem(
                    field="appid",
                    message=Text.of("{channel} has no appid", channel=self.outlet.id),
                    remedy=Text.of(
                        'write the account\'s appid, or mode = "payload" for an account without credentials'
                    ),
                )
            )
        elif self.mode != "payload" and not self._secret():
            where = str(self.options.get("secret_file") or self._secret_env)
            problems.append(
                Problem(
                    field="secret",
                    message=Text.of("the AppSecret of {channel} is not there", channel=self.outlet.id),
                    remedy=Text.of("put it into {where}, readable for the workers, and start them again", where=where),
                )
            )
        if self.cover.problem:
            problems.append(
                Problem(
                    field="cover",
                    message=Text.of("the cover cannot be read: {reason}", reason=self.cover.problem),
                    remedy=Text.of("name a JPEG or PNG file; until then a drawn one is used"),
                )
            )
        return problems


def _none_left(call: str, ledger: Ledger) -> Problem:
    count = ledger.today().calls[call]
    return Problem(
        field="quota",
        message=Text.of("the day's calls of {call} are used up ({count} made from here)", call=call, count=count),
        remedy=Text.of("publish after midnight in Beijing, or by hand at mp.weixin.qq.com"),
    )
