"""What of a document does not go out, and is told for that reason."""

from __future__ import annotations

from enum import Enum

from pipeline.channel import Text
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft


class Gone(Enum):
    """Why text of the document is no text of the article."""

    DELETED = Text.of("deleted with tracked changes")
    MOVED = Text.of("moved away with tracked changes")
    HIDDEN = Text.of("hidden text")
    CONTENTS = Text.of("table of contents")
    PROMPT = Text.of("prompt of a form field that nobody filled in")


class Told:
    """Collects what is left out, paragraph by paragraph, and says it in the draft."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._gone: dict[Gone, list[str]] = {}
        self._left: list[str] = []
        """Texts at the places from which they were moved."""
        self._arrived: list[str] = []

    def drop(self, text: str, why: Gone) -> None:
        """Text that stays out."""
        if why in (Gone.DELETED, Gone.MOVED):
            self.tracked()
        if why is Gone.MOVED:
            self._left.append(one_line(text))
        else:
            self._gone.setdefault(why, []).append(text)

    def arrived(self, text: str) -> None:
        """Text at the place to which it was moved."""
        self.tracked()
        self._arrived.append(one_line(text))

    def paragraph(self) -> None:
        """A paragraph ends: what was dropped of it makes one line of the reading for each reason."""
        gone, self._gone = self._gone, {}
        for why, texts in gone.items():
            for line in "".join(texts).split("\n"):
                if said := one_line(line):
                    self._draft.dropped(said, why.value)

    def finish(self) -> None:
        """The document ends: what was moved away and arrived nowhere is gone."""
        self.paragraph()
        if "".join(self._left) == "".join(self._arrived):
            return
        arrived = set(self._arrived)
        for text in self._left:
            if text and text not in arrived:
                self._draft.dropped(text, Gone.MOVED.value)

    def tracked(self) -> None:
        self.left_out(Text.of("the document has tracked changes: insertions were taken, deletions left out"))

    def left_out(self, message: Text) -> None:
        """A notice of what was left out or written otherwise."""
        self._draft.notice(
            "body", message, Text.of("compare the preview with the document; write in the text what is missing")
        )
