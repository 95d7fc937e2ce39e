"""The pictures met in one walk over markup: each is a mark in the text until it is known where its figure stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lxml import html as lxml_html

from pipeline.article import Image
from pipeline.manuscript.block import Block, Hints, Run
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.elements import source_line
from pipeline.manuscript.lazy import says_nothing


class Figures:
    """Every `img` met; a `Run` with the mark "img" names its place among them. `take` as in `body.blocks`."""

    def __init__(self, take: Callable[[str, int | None], Image | None]) -> None:
        self.take = take
        self.pictures: list[lxml_html.HtmlElement] = []
        self.kept: list[int] = []
        """Pictures met inside a list, table or quotation, which stand behind it in the body."""

    def mark(self, element: lxml_html.HtmlElement) -> Run:
        """What stands for the picture in the text."""
        self.pictures.append(element)
        return Run("\ufffc", frozenset({"img"}), str(len(self.pictures) - 1))

    def block(self, index: int, hints: Hints) -> Iterator[Block]:
        """The figure of the picture with this place."""
        picture = self.pictures[index]
        image = self.take(one_line(picture.get("src", "")), source_line(picture) or hints.line)
        said = {"alt": _said(picture.get("alt")), "caption": _said(picture.get("title"))}
        # A figure without an image stands for one that was left out: its caption is no other picture's.
        yield Block("figure", image=image and image.model_copy(update=said), hints=hints)

    def without(self, runs: Iterable[Run]) -> Iterator[Run]:
        """The text alone; its pictures are kept until they are `released`."""
        for run in runs:
            if run.marks == {"img"}:
                self.kept.append(int(run.href))
            else:
                yield run

    def released(self, hints: Hints) -> Iterator[Block]:
        """The figures of the pictures that were kept."""
        kept, self.kept = self.kept, []
        for index in kept:
            yield from self.block(index, hints)


def _said(text: str | None) -> str:
    """What the manuscript says of a picture; "" if it is only what a file is called."""
    line = one_line(text or "")
    return "" if says_nothing(line) else line
