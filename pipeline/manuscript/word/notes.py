"""Foot- and endnotes: what the text refers to, as markup for `body.blocks`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.manuscript.word import fields
from pipeline.manuscript.word.inline import Source
from pipeline.manuscript.word.names import Element, W, name, text_of
from pipeline.manuscript.word.package import Package, Relations
from pipeline.manuscript.word.story import Story
from pipeline.manuscript.word.told import Gone

_KINDS = {"footnote": "footnotes", "endnote": "endnotes"}
"""The element of a note, and the kind of the part in which it stands."""
_SEPARATORS = frozenset({"separator", "continuationSeparator", "continuationNotice"})


@dataclass(frozen=True, slots=True)
class _Part:
    notes: dict[str, Element]
    """By their ids."""
    relations: Relations


class Notes:
    """The notes of a document, numbered as they are met; text to which nothing refers is kept."""

    def __init__(self, package: Package, relations: Relations) -> None:
        self._parts: dict[str, _Part] = {}
        for kind, part in _KINDS.items():
            root = package.related(relations, part)
            if root is None:
                continue
            fields.settle(root)
            found = {
                one.get(f"{W}id", ""): one
                for one in root
                if name(one) == kind and one.get(f"{W}type") not in _SEPARATORS
            }
            self._parts[kind] = _Part(found, package.relations(relations.kinds[part]))
        self._met: dict[tuple[str, str], None] = {}
        self._deleted: set[tuple[str, str]] = set()

    def reference(self, element: Element, deleted: bool) -> str:
        """Markup of a `w:footnoteReference` or `w:endnoteReference`; "" for one that leads nowhere."""
        kind = name(element).removesuffix("Reference")
        key = kind, element.get(f"{W}id", "")
        part = self._parts.get(kind)
        if part is None or key[1] not in part.notes:
            return ""
        if deleted:
            self._deleted.add(key)
            return ""
        self._met.setdefault(key)
        return f'<sup data-note="{_key(key)}"></sup>'

    def markup(self, source: Source) -> Iterator[str]:
        """The texts of all notes. One whose reference was deleted is deleted."""
        stories = {kind: Story(source, part.relations, self.reference) for kind, part in self._parts.items()}
        for kind, part in self._parts.items():
            for number, note in part.notes.items():
                key = kind, number
                if key in self._deleted and key not in self._met:
                    source.told.drop(text_of(note), Gone.DELETED)
                    source.told.paragraph()
                else:
                    yield f'<div data-note="{_key(key)}">{stories[kind].markup(note)}</div>'


def _key(key: tuple[str, str]) -> str:
    return "".join(letter for letter in f"{key[0]} {key[1]}" if letter.isalnum() or letter in " -")[:40]
