"""The `app` kind: a tree of JSON for the county's app, a web client that reads it, and a webhook for its backend.

What stands where: `channels.app.tree`. Options: `root` (a folder, relative to the data folder, or an fsspec URL),
`url` (its public address, default the site's + `/app/`), `staging` (where prepared files wait, see `channels.files`),
`webhook` (the address of the app's backend), `secret` (the name of the environment's variable
with the webhook's secret, default `TONGFA_<CHANNEL'S ID>_WEBHOOK_SECRET`; two secrets, with a space between them, while
one is replaced), `verify` ("http" or "storage": where it is read back, see `channels.files`).

A column's opening, renaming and closing are records like any other; on top of what an article gets they change
`newsroom.json`, and without that they are not LIVE. Other articles name their column by its id alone, so a renaming
leaves them all as they are.

The files come first, then the webhook: readers never wait for a backend that is away. A delivery is complete only
once both are done, and what was acknowledged stands in the notebook. Until then the release is
`Unavailable(sent=True)`; asked, the channel says STAGED (for a withdrawal: LIVE, for the backend may still show it),
so the engine repeats the step: the files are right already and left alone, the message goes out again under its id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from channels import files
from channels.app.changes import envelope_in
from channels.app.documents import Envelope, article_link, article_path, written
from channels.app.envelope import announced_by, article_envelope
from channels.app.pictures import assets_of, folder_of
from channels.app.rows import headline_of
from channels.app.tree import API, MARK, START, Tree
from channels.app.webhook import LONGEST, SHORTEST, Webhook, key_of, payload
from channels.files import Files
from channels.options import TEXT, address_problems, option_problems
from channels.pictures import holds
from channels.tree import TreeChannel
from pipeline.article import Newsroom, Revision
from pipeline.channel import (
    Action,
    Correction,
    Delivery,
    Entry,
    Evidence,
    Problem,
    Receipt,
    Refused,
    Rendition,
    Setting,
    Standing,
    Text,
    Unavailable,
    utc_now,
)

BACKEND = "backend/"
"""Pages of the notebook, one a delivery: when readers had what the backend has not acknowledged, or that it has."""
TOLD = "told"
"""How the second begins. The first edition kept it among the staged files, under this name."""
KEPT = timedelta(days=90)
"""Who asks for an older delivery again has the backend told again, under the same id."""
OPTIONS = {**files.OPTIONS, "url": TEXT, "webhook": TEXT, "secret": TEXT}


class App(TreeChannel):
    kind: ClassVar[str] = "app"
    mark: ClassVar[str] = MARK
    corrects: ClassVar[Correction] = Correction.IN_PLACE

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.public = str(self.options.get("url") or f"{self.newsroom.site.url}/app/").rstrip("/") + "/"
        self.files = Files.of(setting, "site/app", self.public)
        self.tree = Tree(self.files, self.public, self.outlet.name, setting.notebook)
        variable = f"TONGFA_{self.outlet.id.upper().replace('-', '_')}_WEBHOOK_SECRET"
        self._variable = str(self.options.get("secret") or variable)
        self._secrets = setting.secrets.get(self._variable, "").split()
        self.webhook = Webhook(str(self.options["webhook"]), self._secrets) if self.options.get("webhook") else None
        self._pruned: date | None = None

    def warm(self) -> None:
        if self.webhook is not None:
            self.webhook.warm()

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        """The article's document, byte for byte as it will stand in public."""
        body = written(article_envelope(revision, newsroom, self.public + API)).decode()
        return Rendition.of("application/json", body, assets_of(revision, newsroom))

    def prepare(self, delivery: Delivery) -> Receipt:
        if self._cannot_sign():  # while nothing is public yet
            raise Refused(self._cannot_sign()[0], code="secret")
        if self.webhook is not None and self._pruned != (today := utc_now().date()):
            self.setting.notebook.prune(BACKEND, KEPT)
            self._pruned = today
        return super().prepare(delivery)

    def places(self, delivery: Delivery) -> Sequence[str]:
        own = f"{folder_of(delivery.revision.id)}/{MARK}"
        return [API + path for path in (START, article_path(delivery.revision.id), own, f"columns/{START}")]

    def stage(self, delivery: Delivery, rendition: Rendition) -> None:
        self.tree.frame(delivery.newsroom)
        self.tree.stage(delivery, rendition)

    def bring(self, entry: Entry, delivery: Delivery) -> datetime:
        changed = [entry.revision.id] if self.tree.show(entry, delivery) else []
        taken = utc_now()
        self.tree.bring_up_to_date([(entry, delivery)], changed, delivery.catalogue)
        shown = () if entry.withdrawn_at else assets_of(entry.revision, delivery.newsroom)
        self.keep(API + folder_of(entry.revision.id), shown)
        return taken

    def bring_all(self, deeds: Sequence[tuple[Entry, Delivery]]) -> None:
        self.tree.frame_anew(deeds[-1][1].newsroom)
        changed = [entry.revision.id for entry, delivery in deeds if self.tree.show(entry, delivery)]
        self.tree.bring_up_to_date(deeds, changed, deeds[-1][1].catalogue)
        for entry, delivery in deeds:
            if entry.withdrawn_at is not None or entry.revision.number > 1:
                shown = () if entry.withdrawn_at else assets_of(entry.revision, delivery.newsroom)
                self.keep(API + folder_of(entry.revision.id), shown)

    def find(self, delivery: Delivery) -> Receipt:
        standing, _ = self._look(delivery)
        if self.webhook is not None and not self._is_told(delivery):
            match standing:
                case Standing.LIVE if delivery.action is not Action.WITHDRAW:
                    standing = Standing.STAGED
                case Standing.WITHDRAWN if delivery.action is Action.WITHDRAW:
                    standing = Standing.LIVE
        return self.receipt(delivery, standing)

    def evidence(self, delivery: Delivery) -> Evidence:
        standing, seen = self._look(delivery)
        if standing is Standing.LIVE and delivery.action is not Action.WITHDRAW and not self._pictures_hold(delivery):
            standing = Standing.STAGED if self.is_staged(delivery) else Standing.ABSENT
        return Evidence(
            url=self.public + API + article_path(delivery.revision.id),
            at=utc_now(),
            standing=standing,
            digest=hashlib.sha256(written(seen)).hexdigest() if seen else "",
            extract=_extract(seen) if seen else "",
        )

    def check(self) -> list[Problem]:
        return [
            *option_problems(self.setting, OPTIONS),
            *(address_problems("webhook", self.webhook.url) if self.webhook else []),
            *self._cannot_sign(),
            *self.files.problems(self.setting),
        ]

    def _cannot_sign(self) -> list[Problem]:
        """What is wrong with the webhook's secret, if there is a webhook."""
        if self.webhook is None or (self._secrets and all(key_of(secret) for secret in self._secrets)):
            return []
        if self._secrets:
            message = Text.of("the secret in {variable} is no secret of a webhook", variable=self._variable)
        else:
            message = Text.of("the webhook has no secret: {variable} is not set", variable=self._variable)
        remedy = Text.of(
            "put the secret that the app's backend knows into {variable}: whsec_ and {shortest} to {longest} bytes in "
            "base64",
            variable=self._variable,
            shortest=SHORTEST,
            longest=LONGEST,
        )
        return [Problem(field="webhook", message=message, remedy=remedy)]

    # -- the backend ----------------------------------------------------------------------------------------

    def told(self, entry: Entry, delivery: Delivery, taken: datetime) -> datetime:
        """Tell the backend, once; returns when readers had it: `taken`, or the moment that an earlier try noted."""
        if self.webhook is None or self._is_told(delivery):
            return taken
        note = self.setting.notebook.read(BACKEND + delivery.key)
        taken = datetime.fromisoformat(note.text) if note else taken
        envelope = Envelope.model_validate_json(self.tree.document(entry, delivery))
        announces = announced_by(entry.revision.article)
        body = payload(delivery.action, envelope, announces, self.public, self.public + API)
        try:
            self.webhook.tell(delivery.key, body)
        except Unavailable:
            self._note(delivery, taken.isoformat())
            raise
        self._note(delivery, f"{TOLD} {envelope.digest}")
        return taken

    def _is_told(self, delivery: Delivery) -> bool:
        """Whether the backend knows of it, or need not: what is imported is news to nobody."""
        if delivery.action is Action.PUBLISH and (entry := delivery.entry) and entry.ordinal < 0:
            return True
        note = self.setting.notebook.read(BACKEND + delivery.key)
        if note is None:
            return self.files.staged(TOLD, delivery.key) is not None
        return note.text.startswith(TOLD)

    def _note(self, delivery: Delivery, text: str) -> None:
        """Write the delivery's page, unless another worker has noted meanwhile that the backend has acknowledged it."""
        notebook, page = self.setting.notebook, BACKEND + delivery.key
        while (note := notebook.read(page)) is None or not note.text.startswith(TOLD):
            if notebook.write(page, text, over=note.version if note else None):
                return

    # -- reading --------------------------------------------------------------------------------------------

    def _look(self, delivery: Delivery) -> tuple[Standing, Envelope | None]:
        """Where the delivery's revision stands by what the tree says, and the article's document.

        LIVE if the document is this revision's to the byte, the lists show it so, and the changes tell of it.
        """
        entry = delivery.catalogue.entry(delivery.revision.id)
        if entry is None:  # its moment has not come
            return Standing.STAGED if self.is_staged(delivery) else Standing.ABSENT, None
        data = self.files.seen(API + article_path(entry.revision.id))
        seen = envelope_in(data)
        right = seen is not None and data == self._wanted(delivery, entry)
        right = right and seen is not None and self.tree.shows(entry, seen)
        if right and (announced := entry.revision.article.announces):
            right = self.tree.shows_column(announced.column.id, delivery.newsroom)
        if delivery.action is Action.WITHDRAW:
            if right and entry.withdrawn_at is not None:
                return Standing.WITHDRAWN, seen
            still = data is not None or self.tree.lists(entry)
            return Standing.LIVE if still else Standing.ABSENT, seen
        if right and entry.withdrawn_at is None:
            return Standing.LIVE, seen
        if self.is_staged(delivery) or (data and data == self._wanted(delivery, entry)):
            return Standing.STAGED, seen  # in the second case a release was broken off when the document had its place
        overtaken = entry.withdrawn_at is not None and entry.revision.number >= delivery.revision.number
        return Standing.WITHDRAWN if overtaken else Standing.ABSENT, seen

    def _wanted(self, delivery: Delivery, entry: Entry) -> bytes | None:
        """What the article's document has to be; None if there must be none of the kind."""
        if delivery.rendition is not None:
            return delivery.rendition.body.encode()
        return written(self.tree.wanted(entry, delivery.configured)) if entry.withdrawn_at is not None else None

    def _pictures_hold(self, delivery: Delivery) -> bool:
        """Whether every file of the article's pictures is there, whole and in the size told."""
        folder = API + folder_of(delivery.revision.id)
        assets = assets_of(delivery.revision, delivery.configured)
        return all(holds(asset, self.files.seen(f"{folder}/{asset.name}")) for asset in assets)

    def names(self, delivery: Delivery) -> tuple[dict[str, str], str]:
        guid = delivery.configured.guid(delivery.revision.id)
        return {"guid": guid}, article_link(delivery.revision.id, self.public)


def _extract(envelope: Envelope) -> str:
    """The headline as published, or the word and the reason of a withdrawal."""
    if envelope.pub_status != "usable":
        return " ".join([envelope.pub_status, envelope.notice.text if envelope.notice else ""]).strip()
    return headline_of(envelope)
