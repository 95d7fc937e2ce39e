"""Nothing of a Word file's running text is lost, and nothing stands there twice.

Documents are made at random of everything that holds text; each piece has a text of its own and says whether it goes
out. Whatever the reader makes of the document, each of these texts is then in the article, or told in the reading.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from pipeline.manuscript import Manuscript
from tests.unit.manuscripts import picture as png
from tests.unit.manuscripts.word import (
    LEAD,
    Word,
    box,
    cell,
    choice,
    drawn,
    field_of,
    numbered,
    numbering,
    p,
    picture,
    r,
    shape,
    style,
    t,
    table,
    vml,
)

_LETTERS = "山川田禾木竹石玉羽舟"


@dataclass
class Making:
    """One document while it is made."""

    shown: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def text(self, *, gone: bool = False) -> str:
        """A text that is nowhere else."""
        digits = f"{next(self.count):04}"
        text = f"始{''.join(_LETTERS[int(digit)] for digit in digits)}终"
        (self.gone if gone else self.shown).append(text)
        return text

    def note(self, text: str) -> str:
        number = str(len(self.notes) + 1)
        self.notes[number] = text
        return number


Maker = Callable[[Making], str]
"""Markup of a piece; made late, so that each piece has its own text."""


def made(making: Making, parts: list[Maker]) -> str:
    return "".join(part(making) for part in parts)


def moved(making: Making) -> str:
    text = making.text()
    return f"<w:moveFrom>{r(text)}</w:moveFrom><w:moveTo>{r(text)}</w:moveTo>"


def ruby(making: Making) -> str:
    base, reading = making.text(), making.text()
    return r(f"<w:ruby><w:rt>{r(reading)}</w:rt><w:rubyBase>{r(base)}</w:rubyBase></w:ruby>")


def noted(making: Making) -> str:
    number = making.note(p(making.text()) + p(making.text()))
    return r(f'<w:footnoteReference w:id="{number}"/>')


LOOKS = ["", "<w:b/>", "<w:i/>", '<w:vertAlign w:val="superscript"/>', '<w:sz w:val="44"/>', '<w:strike w:val="0"/>']
LEAVES: list[Maker] = [
    *(lambda making, look=look: r(making.text(), look) for look in LOOKS),  # type: ignore[misc]
    lambda making: r(f"{t(making.text())}<w:tab/><w:br/>{t(making.text())}"),
    lambda making: f"<w:del><w:r>{t(making.text(gone=True), 'delText')}</w:r></w:del>",
    lambda making: r(making.text(gone=True), "<w:vanish/>"),
    lambda making: r(making.text(gone=True), "<w:strike/>"),
    lambda making: r(making.text(gone=True), "<w:dstrike/><w:b/>"),
    lambda making: (
        f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{r(making.text(gone=True))}</w:sdtContent></w:sdt>"
    ),
    lambda making: f"<m:oMath><m:r><m:t>{making.text()}</m:t></m:r></m:oMath>",
    lambda making: (
        f"<m:oMath><m:f><m:num><m:r><m:t>{making.text()}</m:t></m:r></m:num><m:den><m:r><m:t>{making.text()}"
        "</m:t></m:r></m:den></m:f></m:oMath>"
    ),
    lambda making: field_of(f"eq \\f({making.text()},{making.text()})"),
    lambda making: field_of("FORMTEXT", r(making.text())),
    lambda making: field_of("TOC", r(making.text(gone=True))),
    lambda making: '<w:r><w:fldChar w:fldCharType="begin"/></w:r>' + r(making.text()),
    lambda making: r(choice("<kso:nothing/>", requires="kso")) + r(making.text()),
    lambda making: picture("one"),
    moved,
    ruby,
    noted,
]


def wrapped(parts: list[Maker], around: str) -> Maker:
    return lambda making: around.format(made(making, parts))


AROUND = [
    "<w:ins>{}</w:ins>", "<w:hyperlink r:id='link'>{}</w:hyperlink>", "<w:smartTag>{}</w:smartTag>",
    "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>", "<w:fldSimple w:instr='REF a'>{}</w:fldSimple>",
    "<w:bdo>{}</w:bdo>", field_of("REF b", "{}"), field_of('HYPERLINK "https://a.cn/"', "{}"), "<kso:x>{}</kso:x>",
]  # fmt: skip
BOXES: list[Callable[[str], str]] = [
    box,
    lambda content: box(content, fallback=False),
    lambda content: r(vml(content)),
    lambda content: r(choice("<kso:nothing/>", vml(content), requires="kso")),
    lambda content: r(choice(drawn(f"<wpg:wgp>{shape(content)}</wpg:wgp>"), vml(content), requires="wpg")),
]
PROPERTIES = [
    "", "", "", '<w:jc w:val="center"/>', '<w:jc w:val="right"/>', style("h2"), numbered(1), numbered(1, 1),
    numbered(2), "<w:rPr><w:del/></w:rPr>", "<w:rPr><w:del/></w:rPr>", '<w:framePr w:dropCap="drop"/>',
    "<w:pageBreakBefore/>", "<w:sectPr/>", '<w:outlineLvl w:val="0"/>',
]  # fmt: skip


def boxed(content: list[Maker], kind: Callable[[str], str]) -> Maker:
    return lambda making: kind(made(making, content))


def paragraph(runs: list[Maker], ppr: str) -> Maker:
    return lambda making: p(made(making, runs) or "<w:proofErr/>", ppr=ppr)


def rows(cells: list[list[list[Maker]]], merges: list[str]) -> Maker:
    """Each cell ends with a paragraph, as Word demands."""

    def maker(making: Making) -> str:
        merging = itertools.cycle(merges or [""])
        return table(*([cell(made(making, one) + p("<w:proofErr/>"), next(merging)) for one in row] for row in cells))

    return maker


MERGES = [
    "", "", '<w:vMerge w:val="restart"/>', "<w:vMerge/>", '<w:hMerge w:val="restart"/>', "<w:hMerge/>",
    '<w:gridSpan w:val="2"/>',
]  # fmt: skip
AROUND_BLOCKS = ["<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>", "<w:ins>{}</w:ins>", "<kso:x>{}</kso:x>"]


def block(inside: st.SearchStrategy[Maker]) -> st.SearchStrategy[Maker]:
    some = st.lists(inside, max_size=2)
    grid = st.lists(st.lists(some, min_size=1, max_size=3), min_size=1, max_size=3)
    return st.one_of(
        st.builds(rows, grid, st.lists(st.sampled_from(MERGES), max_size=5)),
        st.builds(wrapped, some, st.sampled_from(AROUND_BLOCKS)),
        st.builds(lambda content, kind: paragraph([boxed(content, kind)], ""), some, st.sampled_from(BOXES)),
    )


INLINE = st.recursive(
    st.sampled_from(LEAVES),
    lambda inside: st.builds(wrapped, st.lists(inside, max_size=3), st.sampled_from(AROUND)),
    max_leaves=4,
)
RUNS = st.lists(INLINE, max_size=4)
SIMPLE = st.builds(paragraph, RUNS, st.sampled_from(PROPERTIES))
BOXED = st.builds(boxed, st.lists(SIMPLE, min_size=1, max_size=3), st.sampled_from(BOXES))
MIXED = st.lists(INLINE | BOXED, max_size=4)
BLOCKS = st.recursive(st.builds(paragraph, MIXED, st.sampled_from(PROPERTIES)), block, max_leaves=8)
NUMBERING = numbering([("decimal", "%1."), ("lowerLetter", "%2)")], [("chineseCounting", "%1、")])


def document(parts: list[Maker]) -> tuple[Word, Making]:
    making = Making()
    body = p(LEAD) + made(making, parts) + p(LEAD)
    word = Word(
        body, numbering=NUMBERING, footnotes=making.notes, media={"one.png": png()}, links={"link": "https://a.cn/"}
    )
    return word, making


def text_of(manuscript: Manuscript) -> tuple[str, str]:
    """The text of the article, with captions and readings, and what the reading tells of the rest."""
    root = lxml_html.fragment_fromstring(manuscript.article.body, create_parent="div")
    return "".join(root.text_content().split()), "\n".join(line.text for line in manuscript.reading.lines)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(BLOCKS, max_size=5))
def test_every_text_of_a_word_file_goes_out_once_or_is_told(tmp_path: Path, parts: list[Maker]) -> None:
    word, making = document(parts)
    article, told = text_of(word.read(tmp_path))
    assert {text: article.count(text) for text in making.shown} == dict.fromkeys(making.shown, 1)
    assert {text: (article.count(text), told.count(text)) for text in making.gone} == dict.fromkeys(making.gone, (0, 1))
