"""`mode = "payload"`: what would be sent to WeChat, written to files. For an account without credentials.

{data}/{channel's id}/payload/{article's id}/
    preview.html          the article as an editor sees it, with its pictures beside it
    draft-add.json        the body of draft/add: pictures and cover stand in it by their files' names
    publish.json          the body of freepublish/submit, or of sendall, but for the media id that draft/add gives
    state.json            written last: the revision and where it stands, live or withdrawn
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from channels.files import Files
from channels.wechat.content import DEFAULT_COVER, fields_of, shown_in, with_addresses
from channels.wechat.media import Cover, content_bytes
from pipeline.channel import Action, Delivery, Evidence, Receipt, Standing, Text, utc_now

STATE, DRAFT, PUBLISH, PREVIEW = "state.json", "draft-add.json", "publish.json", "preview.html"
DIGEST = "digest"
"""Staged last: where it is, everything is."""
_NOTE = Text.of("the account has no credentials: what would be sent stands in {folder}")


class Payload:
    """The channel's steps, in files."""

    def __init__(self, folder: Path, cover: Cover) -> None:
        self.files = Files(str(folder))
        self.files.staging = Files(str(folder.parent / "payload-staging")).root
        self._folder = folder
        self._cover = cover

    def prepare(self, delivery: Delivery) -> Receipt:
        for name, data in self._written(delivery).items():
            self.files.stage(_token(delivery), name, data)
        self.files.stage(_token(delivery), DIGEST, _digest(delivery))
        return self._receipt(delivery, Standing.STAGED)

    def release(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            entry = delivery.catalogue.entry(delivery.revision.id)
            if entry is not None and (entry.withdrawn_at or entry.revision.number > delivery.revision.number):
                return self.find(delivery)
            written = self._written(delivery)
            before = self._listed(delivery)
            for name, data in written.items():
                self.files.write(f"{delivery.revision.id}/{name}", data)
            self._say(delivery, "live", [*written])
            for name in before - written.keys():
                self.files.delete(f"{delivery.revision.id}/{name}")
            self.files.discard(_token(delivery))
        return self._receipt(delivery, Standing.LIVE)

    def withdraw(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            entry = delivery.catalogue.entry(delivery.revision.id)
            if entry is not None and entry.withdrawn_at is None:
                return self.find(delivery)
            for number in range(1, delivery.revision.number + 1):
                self.files.discard(f"{delivery.revision.id}.{number}")
            if self._state(delivery):
                self._say(delivery, "withdrawn", sorted(self._listed(delivery)), reason=delivery.reason)
        return self.find(delivery)

    def find(self, delivery: Delivery) -> Receipt:
        state = self._state(delivery)
        withdrawn = state.get("standing") == "withdrawn"
        if delivery.rendition is None:
            gone = Standing.WITHDRAWN if state else Standing.ABSENT
            return self._receipt(delivery, Standing.LIVE if state and not withdrawn else gone)
        if state.get("rendition") == delivery.rendition.digest and not withdrawn:
            return self._receipt(delivery, Standing.LIVE)
        staged = self.files.staged(_token(delivery), DIGEST) == _digest(delivery)
        late = Standing.WITHDRAWN if withdrawn else Standing.ABSENT
        return self._receipt(delivery, Standing.STAGED if staged else late)

    def verify(self, delivery: Delivery) -> Evidence:
        """The bodies and the preview read back from the disk."""
        standing, digest, extract = self.find(delivery).standing, "", ""
        raw = self.files.read(f"{delivery.revision.id}/{DRAFT}")
        preview = self.files.read(f"{delivery.revision.id}/{PREVIEW}")
        if raw is not None:
            digest = sha256(raw).hexdigest()
            try:
                extract = str(json.loads(raw)["articles"][0]["title"])
            except (ValueError, LookupError, TypeError):
                standing = Standing.ABSENT
        if standing is Standing.LIVE and delivery.action is not Action.WITHDRAW:
            written = self._written(delivery)
            if raw != written[DRAFT] or preview != written[PREVIEW]:
                standing = Standing.ABSENT
        return Evidence(url=self._url(delivery), at=utc_now(), standing=standing, digest=digest, extract=extract)

    def _written(self, delivery: Delivery) -> dict[str, bytes]:
        """The files of a revision."""
        if delivery.rendition is None:
            return {}
        fields = fields_of(delivery.rendition)
        shown = shown_in(delivery.revision.article, fields["content"])
        pictures: dict[str, bytes] = {}
        names: dict[str, str] = {}
        for place, asset in shown.items():
            data, media_type = content_bytes(asset, delivery.media)
            names[place] = f"{asset.name.rpartition('.')[0]}.{'png' if media_type == 'image/png' else 'jpg'}"
            pictures[names[place]] = data
        if fields["thumb_media_id"] == DEFAULT_COVER:
            pictures[f"{DEFAULT_COVER}.jpg"] = self._cover.data
        for asset in delivery.rendition.assets:
            if asset.name == fields["thumb_media_id"]:
                pictures[asset.name] = content_bytes(asset, delivery.media)[0]
        article = {**fields, "content": with_addresses(fields["content"], names)}
        return {
            **pictures,
            DRAFT: _json({"articles": [article]}),
            PUBLISH: _json({"media_id": ""}),
            PREVIEW: with_addresses(delivery.rendition.body, names).encode(),
        }

    def _say(self, delivery: Delivery, standing: str, files: list[str], *, reason: str = "") -> None:
        state = {
            "revision": delivery.revision.number,
            "rendition": _digest(delivery).decode(),
            "standing": standing,
            "reason": reason,
            "files": files,
        }
        self.files.write(f"{delivery.revision.id}/{STATE}", _json(state))

    def _state(self, delivery: Delivery) -> dict[str, Any]:
        raw = self.files.read(f"{delivery.revision.id}/{STATE}")
        try:
            state = json.loads(raw or b"{}")
        except ValueError:
            return {}
        return state if isinstance(state, dict) else {}

    def _listed(self, delivery: Delivery) -> set[str]:
        return {str(name) for name in self._state(delivery).get("files", [])}

    def _receipt(self, delivery: Delivery, standing: Standing) -> Receipt:
        note = None
        if standing is Standing.LIVE:
            note = _NOTE.model_copy(update={"values": {"folder": str(self._folder / delivery.revision.id)}})
        return Receipt(standing=standing, ids={"payload": delivery.revision.id}, url=self._url(delivery), note=note)

    def _url(self, delivery: Delivery) -> str:
        return (self._folder / delivery.revision.id / PREVIEW).absolute().as_uri()


def _token(delivery: Delivery) -> str:
    return f"{delivery.revision.id}.{delivery.revision.number}"


def _digest(delivery: Delivery) -> bytes:
    return delivery.rendition.digest.encode() if delivery.rendition else b""


def _json(value: object) -> bytes:
    """As `channels.http` would send it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
