"""`mode = "payload"`: what would be sent to WeChat, written to files. For an account without credentials.

{data}/{channel's id}/payload/{article's id}/
    preview.html          the article as an editor sees it, with its pictures beside it
    draft-add.json        the body of draft/add: pictures and cover stand in it by their files' names
    publish.json          the body of freepublish/submit, or of sendall, but for the media id that draft/add gives
    state.json            written last: the revision and where it stands, live or withdrawn

Articles that go out together are one draft: its body is together-{name}.json beside their folders; state.json says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from channels.files import Files
from channels.label import is_labelled
from channels.pictures import SUFFIX
from channels.wechat.content.look import Look
from channels.wechat.content.marker import digest_of
from channels.wechat.content.rendition import (
    DEFAULT_COVER,
    fields_of,
    file_of,
    finished,
    finished_story,
    is_sent_as_story,
    said,
    shown_in,
    with_addresses,
)
from channels.wechat.content.text import SERIES
from channels.wechat.media import Cover, content_bytes
from channels.wechat.posting.companions import each_of, own_marker, rendition_of, together, with_each
from channels.wechat.series import lines
from pipeline.channel import Action, Delivery, Evidence, Receipt, Standing, Text, utc_now

STATE, DRAFT, PUBLISH, PREVIEW = "state.json", "draft-add.json", "publish.json", "preview.html"
MANIFEST = "manifest"
"""Staged last: where it is, everything is. The rendition, the files' names, and what was filled in of its series."""
_AHEAD = (Standing.ABSENT, Standing.WITHDRAWN, Standing.STAGED, Standing.LIVE)
_NOTE = Text.of("the account has no credentials: what would be sent stands in {folder}")
_NOTE_DECLARED = Text.of(
    "the account has no credentials: what would be sent stands in {folder}; who publishes it by hand sets 创作来源 to "
    "内容由AI生成 at mp.weixin.qq.com, for it was made by a machine, wholly or in part"
)


class Payload:
    """The channel's steps, in files."""

    def __init__(self, folder: Path, cover: Cover, look: Look) -> None:
        self.files = Files(str(folder), staging=str(folder.parent / "payload-staging"))
        self._folder = folder
        self._cover = cover
        self._look = look

    def prepare(self, delivery: Delivery) -> Receipt:
        if delivery.rendition is not None:
            for one in each_of(delivery):
                self._staged(one)
        return self._receipt(delivery, Standing.STAGED)

    def _staged(self, delivery: Delivery) -> dict[str, Any]:
        """Stage the files; their manifest."""
        said_beside = lines(delivery, self._look)
        name = together(delivery)
        written = self._written(delivery, said_beside, name)
        if name:
            each = [(one, lines(one, self._look)) for one in each_of(delivery)]
            articles = [self._article(one, beside, name, f"{one.revision.id}/")[0] for one, beside in each]
            written[f"together-{name}.json"] = _json({"articles": articles})
        for file, data in written.items():
            self.files.stage(_token(delivery), file, data)
        manifest = {"rendition": _digest(delivery), "files": [*written], "series": said_beside, "together": name}
        self.files.stage(_token(delivery), MANIFEST, _json(manifest))
        return manifest

    def _manifest(self, delivery: Delivery) -> dict[str, Any] | None:
        """What is staged of this rendition with these companions; None if it is not, or not wholly."""
        manifest = _loaded(self.files.staged(_token(delivery), MANIFEST))
        own = (manifest.get("rendition"), manifest.get("together")) == (_digest(delivery), together(delivery))
        return manifest if own else None

    def release(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            if delivery.is_late:
                return self.find(delivery)
            several = [one for one in each_of(delivery) if not one.is_late]
            left = [self._shown(one) for one in several]
            receipt = self._receipt(delivery, Standing.LIVE).model_copy(update={"at": utc_now()})
            for one, names in zip(several, left, strict=True):
                for name in names:
                    self.files.delete(f"{one.revision.id}/{name}")
                self.files.discard(_token(one))
        return receipt

    def _shown(self, delivery: Delivery) -> set[str]:
        """Bring an article to its place; the files of an older revision that it does not have any more."""
        before, done = self._listed(delivery), self._state(delivery)
        if done.get("rendition") == _digest(delivery) and done.get("standing") == "live":
            return set()
        if not self._moved(delivery, manifest := self._manifest(delivery) or self._staged(delivery)):
            self._moved(delivery, manifest := self._staged(delivery))
        self._say(delivery, "live", manifest)
        return before - set(manifest["files"])

    def _moved(self, delivery: Delivery, manifest: Mapping[str, Any]) -> bool:
        """Put the staged files in their places; False if one is no longer staged: an earlier try was broken off."""
        moved = True
        for name in manifest["files"]:
            place = name if name.startswith("together-") else f"{delivery.revision.id}/{name}"
            moved = self.files.publish(_token(delivery), name, place) and moved
        return moved

    def withdraw(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            if delivery.is_late:
                return self.find(delivery)
            for number in range(1, delivery.revision.number + 1):
                self.files.discard(f"{delivery.revision.id}.{number}")
            if state := self._state(delivery):
                self._say(delivery, "withdrawn", state, reason=delivery.reason)
        return self.find(delivery)

    def find(self, delivery: Delivery) -> Receipt:
        """Of several articles the one that has come least far says where all stand."""
        standings = [self._standing(one) for one in each_of(delivery)]
        return self._receipt(delivery, min(standings, key=_AHEAD.index))

    def _standing(self, delivery: Delivery) -> Standing:
        state = self._state(delivery)
        withdrawn = state.get("standing") == "withdrawn"
        if delivery.rendition is None:
            gone = Standing.WITHDRAWN if state else Standing.ABSENT
            return Standing.LIVE if state and not withdrawn else gone
        if state.get("rendition") == _digest(delivery) and not withdrawn:
            return Standing.LIVE
        late = Standing.WITHDRAWN if withdrawn else Standing.ABSENT
        return Standing.STAGED if self._manifest(delivery) is not None else late

    def verify(self, delivery: Delivery) -> Evidence:
        """The bodies and the preview read back from the disk."""
        standing, digest, extract = self._standing(delivery), "", ""
        raw = self.files.read(f"{delivery.revision.id}/{DRAFT}")
        preview = self.files.read(f"{delivery.revision.id}/{PREVIEW}")
        if raw is not None:
            digest = sha256(raw).hexdigest()
            try:
                extract = str(json.loads(raw)["articles"][0]["title"])
            except (ValueError, LookupError, TypeError):
                standing = Standing.ABSENT
        if standing is Standing.LIVE and delivery.action is not Action.WITHDRAW:
            state = self._state(delivery)
            written = self._written(delivery, str(state.get("series") or ""), str(state.get("together") or ""))
            if raw != written[DRAFT] or preview != written[PREVIEW]:
                standing = Standing.ABSENT
        return Evidence(url=self._url(delivery), at=utc_now(), standing=standing, digest=digest, extract=extract)

    def _written(self, delivery: Delivery, said_beside: str, name: str) -> dict[str, bytes]:
        """The files of a revision; `name` of the articles that it is put together with."""
        article, names, pictures = self._article(delivery, said_beside, name)
        preview = rendition_of(delivery).body.replace(SERIES, said_beside)
        return {
            **pictures,
            DRAFT: _json({"articles": [article]}),
            PUBLISH: _json({"media_id": ""}),
            PREVIEW: with_addresses(preview, names).encode(),
        }

    def _article(
        self, delivery: Delivery, said_beside: str, name: str, folder: str = ""
    ) -> tuple[dict[str, Any], dict[str, str], dict[str, bytes]]:
        """(the article as it would be sent, its pictures' names by their placeholders, its pictures' files).

        `folder` is put before the names in the article.
        """
        rendition = rendition_of(delivery)
        fields = fields_of(rendition)
        shown = shown_in(delivery.revision.article, rendition)
        pictures: dict[str, bytes] = {}
        names: dict[str, str] = {}
        for place, asset in shown.items():
            data, media_type = content_bytes(asset, delivery.media)
            names[place] = f"{asset.name.rpartition('.')[0]}.{SUFFIX[media_type]}"
            pictures[names[place]] = data
        if fields["thumb_media_id"] == DEFAULT_COVER:
            pictures[file_of(DEFAULT_COVER)] = self._cover.data
        cover = file_of(fields["thumb_media_id"])
        for asset in rendition.assets:
            if asset.name == cover:
                pictures[asset.name] = content_bytes(asset, delivery.media)[0]
        marker = own_marker(delivery)._replace(filled=digest_of(said(said_beside)[0]), together=name)
        told = {place: f"{folder}{name}" for place, name in names.items()}
        if is_sent_as_story(rendition, marker):
            return finished_story(rendition, marker, told), names, pictures
        article = {**finished(rendition, marker, told, said_beside), "thumb_media_id": f"{folder}{cover}"}
        return article, names, pictures

    def _say(self, delivery: Delivery, standing: str, manifest: Mapping[str, Any], *, reason: str = "") -> None:
        state = {
            "revision": delivery.revision.number,
            "rendition": _digest(delivery),
            "standing": standing,
            "reason": reason,
            **{name: manifest.get(name) for name in ("files", "series", "together")},
        }
        self.files.write(f"{delivery.revision.id}/{STATE}", _json(state))

    def _state(self, delivery: Delivery) -> dict[str, Any]:
        return _loaded(self.files.read(f"{delivery.revision.id}/{STATE}"))

    def _listed(self, delivery: Delivery) -> set[str]:
        return {str(name) for name in self._state(delivery).get("files") or []}

    def _receipt(self, delivery: Delivery, standing: Standing) -> Receipt:
        return with_each(delivery, lambda one: self._receipt_of(one, standing))

    def _receipt_of(self, delivery: Delivery, standing: Standing) -> Receipt:
        note = None
        if standing is Standing.LIVE:
            form = _NOTE_DECLARED if is_labelled(delivery.revision.article) else _NOTE
            note = form.given(folder=str(self._folder / delivery.revision.id))
        return Receipt(standing=standing, ids={"payload": delivery.revision.id}, url=self._url(delivery), note=note)

    def _url(self, delivery: Delivery) -> str:
        return (self._folder / delivery.revision.id / PREVIEW).absolute().as_uri()


def _token(delivery: Delivery) -> str:
    return f"{delivery.revision.id}.{delivery.revision.number}"


def _digest(delivery: Delivery) -> str:
    return delivery.rendition.digest if delivery.rendition else ""


def _loaded(raw: bytes | None) -> dict[str, Any]:
    """What a file of ours says; nothing if it is not there or damaged."""
    try:
        value = json.loads(raw or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _json(value: object) -> bytes:
    """As `channels.http` would send it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
