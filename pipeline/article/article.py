"""The article record (稿件), and its revisions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from lxml import html as lxml_html
from pydantic import AwareDatetime, Field, model_validator

from pipeline.article import ids
from pipeline.article.column import Announcement, Column, Place
from pipeline.article.credit import PEOPLE, ROLES, Aigc, Credit, Duty, joined, names_of
from pipeline.article.image import Image
from pipeline.article.summary import shortened
from pipeline.article.text import note_of, parsed, text_of
from pipeline.article.value import Frozen

BLOCKS = ("p", "h2", "h3", "ul", "ol", "table", "blockquote", "figure")
"""The elements that may stand at the top of an article's body."""
_PARTS = ("p", "h2", "h3", "li", "tr")
"""What is a paragraph of its own in the text; of a list in a list, each item."""


class Article(Frozen):
    """The record an editor submits (稿件).

    `body` is a canonical, well-formed fragment of HTML: a sequence of `BLOCKS` with the inline
    elements strong, em, a[href], br, sub, sup, ruby (text with one `<rt>` behind it); pictures stand as
    `<figure><img src="image:DIGEST" alt="…"/><figcaption>…</figcaption></figure>`. Notes (脚注) are its last
    paragraphs, `<p id="note-1">[1] …</p>`; the text points at them with `<sup><a href="#note-1">[1]</a></sup>`.
    `pipeline.manuscript` makes it; nothing else may.
    """

    headline: str = Field(min_length=1)
    """标题."""
    kicker: str = ""
    """引题, the line above the headline."""
    subhead: str = ""
    """副题, the line below it."""
    short_headline: str = ""
    """短标题, used where a channel limits the length of a title."""
    body: str = Field(min_length=1)
    images: tuple[Image, ...] = ()
    source: str = ""
    """来源."""
    credits: tuple[Credit, ...] = ()
    """署名, in the order of the manuscript. `reporters=…` and the other lists of `PEOPLE` are taken as well."""
    aigc: Aigc | None = None
    """Set where the text is, or may be, made by a machine."""
    editors_note: str = ""
    """编者按, plain text; paragraphs separated by a newline."""
    note_of_column: bool = False
    """Whether that 编者按 was given by its column when it was accepted, because the manuscript has none."""
    keywords: tuple[str, ...] = ()
    """关键词."""
    summary: str = ""
    """摘要."""
    lead: str = Field(default="", pattern=r"^$|^\d{4}-\d\d-\d\d \d\d:\d\d$")
    """头条: until when it leads, in the newsroom's time, such as 2026-11-28 12:00; empty: it does not."""
    column: str = ""
    """栏目: a column's name in a manuscript, its id once accepted; empty: the newsroom's first column."""
    series: str = ""
    """系列, such as 2019年脱贫攻坚奔小康系列报道之三."""
    number: int | None = Field(default=None, gt=0)
    """The article's number in its series; filled in when it is accepted, if its column counts them."""
    banner: Image | None = None
    """The column's banner, shown above the article; not among `images`. Filled in when the article is accepted."""
    announces: Announcement | None = None
    """Set in the record that opens, renames or closes its column."""
    reference: str = ""
    """编号: the newsroom's own name of the article; two files with one reference are one article."""

    @model_validator(mode="before")
    @classmethod
    def _credited(cls, values: Any) -> Any:
        """Records from before there were credits, and whoever knows only lists of names, give those."""
        if not isinstance(values, dict) or not values.keys() & PEOPLE.keys():
            return values
        listed = tuple(
            Credit(role=ROLES[duty], duty=duty, names=tuple(values[name]))
            for name, duty in PEOPLE.items()
            if values.get(name)
        )
        others = {name: value for name, value in values.items() if name not in PEOPLE}
        return {**others, "credits": joined((*others.get("credits", ()), *listed))}

    @property
    def reporters(self) -> tuple[str, ...]:
        """记者."""
        return names_of(self.credits, Duty.REPORTER)

    @property
    def correspondents(self) -> tuple[str, ...]:
        """通讯员."""
        return names_of(self.credits, Duty.CORRESPONDENT)

    @property
    def authors(self) -> tuple[str, ...]:
        """作者、撰稿."""
        return names_of(self.credits, Duty.AUTHOR)

    @property
    def photographers(self) -> tuple[str, ...]:
        """摄影."""
        return names_of(self.credits, Duty.PHOTOGRAPHER)

    @property
    def editors(self) -> tuple[str, ...]:
        """编辑、责编."""
        return names_of(self.credits, Duty.EDITOR)

    @property
    def proofreaders(self) -> tuple[str, ...]:
        """校对."""
        return names_of(self.credits, Duty.PROOFREADER)

    @property
    def reviewers(self) -> tuple[str, ...]:
        """审核、一审、二审、三审."""
        return names_of(self.credits, Duty.REVIEWER)

    @property
    def approvers(self) -> tuple[str, ...]:
        """签发."""
        return names_of(self.credits, Duty.APPROVER)

    def completed(self, column: Column, place: Place, before: Article | None = None) -> Article:
        """The article with what its column adds to it: banner, number and line of the series, 编者按.

        What the manuscript says goes first. `before`: the record it corrects, which keeps what the column gave to it.
        """
        if self.announces:
            return self
        number = self.number or (before.number if before else place.number if column.series else None)
        own = "" if self.note_of_column else self.editors_note
        if before:
            given = before.editors_note if before.note_of_column else ""
        else:
            given = column.note if place.first or column.note_on == "all" else ""
        return self.model_copy(
            update={
                "number": number,
                "series": self.series or (column.line(number) if column.series and number else ""),
                "editors_note": own or given,
                "note_of_column": bool(given) and not own,
                "banner": before.banner if before else column.banner,
            }
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the whole record: equal exactly when the content is equal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def key(self) -> str:
        """What makes two submissions the same article: its reference, else column and headline."""
        return self.reference or self.titled_key

    @property
    def titled_key(self) -> str:
        """What it is known by where it has no reference."""
        return f"{self.column}/{' '.join(self.headline.split())}"

    @property
    def blocks(self) -> tuple[lxml_html.HtmlElement, ...]:
        """The body's top-level elements, parsed. Callers copy before they change one."""
        return parsed(self.body)

    def parts(self, *, tables: bool = True) -> Iterator[lxml_html.HtmlElement]:
        """The elements of the text that are a paragraph each, headings, list items and table rows among them; captions
        and notes left out."""
        for block in self.blocks:
            if block.tag != "figure" and (tables or block.tag != "table") and not note_of(block):
                yield from block.iter(*_PARTS)

    def paragraphs(self, *, tables: bool = True, marked: bool = False) -> Iterator[str]:
        """Their text, without what `text_of` leaves out of a sentence; `marked` as there."""
        yield from filter(None, (text_of(part, marked=marked) for part in self.parts(tables=tables)))

    @property
    def notes(self) -> tuple[str, ...]:
        """脚注, as they are printed below the text: «[1] …»."""
        return tuple(text_of(block, marked=True) for block in self.blocks if note_of(block))

    def abstract(self, limit: int) -> str:
        """The editor's own summary, else the body's opening, else the headline, in at most `limit` characters.

        By whole sentences (see `pipeline.article.summary`): without headings, tables, captions and notes.
        """
        sentences = (part for part in self.parts(tables=False) if part.tag in ("p", "li"))
        own = iter([self.summary]) if self.summary else filter(None, map(text_of, sentences))
        return shortened(own, limit) or shortened([self.headline], limit)

    @property
    def pictures(self) -> tuple[Image, ...]:
        """Every picture it shows: its column's banner, if it has one, then `images`; each once.

        One file can stand here twice, as banner and in the text, with a label of AI-made content in one place only.
        """
        return tuple(dict.fromkeys((*([self.banner] if self.banner else []), *self.images)))

    def image(self, digest: str) -> Image:
        """The picture with this digest; KeyError if the article has none."""
        for image in self.pictures:
            if image.digest == digest:
                return image
        raise KeyError(digest)


class Revision(Frozen):
    """An immutable version of an article, with what publication adds to it."""

    id: str = Field(pattern=ids.ARTICLE)
    """The article's id: permanent, short enough to type, part of every address and GUID."""
    number: int = Field(gt=0)
    """1 for the first publication, then one more for each correction."""
    article: Article
    published_at: AwareDatetime
    """The moment of first publication: never moves (国办秘函〔2019〕19号 counts back-dating as a violation)."""
    corrected_at: AwareDatetime | None = None
    """The moment of this correction; None in the first revision."""
    note: str = ""
    """What the correction says of itself, or the public reason of a withdrawal."""

    @property
    def updated_at(self) -> AwareDatetime:
        return self.corrected_at or self.published_at

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
