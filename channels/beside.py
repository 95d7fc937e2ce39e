"""What a public tree remembers beside its files: `Memory`, for kinds that publish files.

    record/last              the memo with the highest position
    record/entries/{id}      of each article its entry as it was last brought before the public, and the memo of that
    record/pictures/{digest} its pictures as the record has them, if the kind keeps them

It is written before the public files are, under the channel's lock: what the public sees is never unknown. It need not
wait for the disk, since it is of use only where the record was lost and the disk was not.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress

from pydantic import ValidationError

from channels.files import Files
from pipeline.channel import Delivery, Entry, Kept, Memo

LAST, ENTRIES, PICTURES = "last", "entries", "pictures"


class Beside:
    """The memory of the tree of these files. `pictures`: whether it keeps those of the record."""

    def __init__(self, files: Files, *, pictures: bool = False) -> None:
        self._files = files
        self._pictures = pictures

    def note(self, entry: Entry, delivery: Delivery) -> None:
        """Remember what is about to be brought before the public. While the channel's lock is held."""
        if delivery.memo is None:
            return
        if self._pictures and entry.withdrawn_at is None:
            for digest in dict.fromkeys(image.digest for image in entry.revision.article.images):
                if not self._files.is_remembered(f"{PICTURES}/{digest}"):
                    with suppress(KeyError):  # the record has lost it: who cannot do without says so
                        self._files.remember(f"{PICTURES}/{digest}", delivery.media.read(digest))
        kept = Kept(entry=entry, memo=delivery.memo).model_dump_json().encode()
        self._files.remember(f"{ENTRIES}/{entry.revision.id}", zlib.compress(kept))
        last = self.last()
        if last is None or last.position <= delivery.memo.position:
            self.stamp(delivery.memo)

    def last(self) -> Memo | None:
        try:
            return Memo.model_validate_json(self._files.remembered(LAST) or b"")
        except ValidationError:
            return None

    def stamp(self, memo: Memo) -> None:
        self._files.remember(LAST, memo.model_dump_json().encode())

    def all(self) -> Iterator[Kept]:
        for id in self._files.all_remembered(ENTRIES):
            try:
                yield Kept.model_validate_json(zlib.decompress(self._files.remembered(f"{ENTRIES}/{id}") or b""))
            except (zlib.error, ValidationError):  # half of it came to the disk: the power was cut
                continue

    def picture(self, digest: str) -> bytes | None:
        return self._files.remembered(f"{PICTURES}/{digest}")
