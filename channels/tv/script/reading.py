"""Reading: the article's body as blocks, and these as sentences and sound bites."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from channels import label
from channels.tv.house import house
from channels.tv.script.form import BAR, BARS
from channels.tv.spoken import ADDRESS, spoken, syllables
from pipeline.article import Article, note_of, text_of

STOPS = "。！？!?…"
FIGURES = re.compile(
    r"\d|[二三四五六七八九十百千万亿两][十百千万亿]|一[十百千万亿]|[二三四五六七八九十两]余?多?[万亿名个户人亩座条项家元公处次米吨]"
)
"""A number, also in words."""
DATES = re.compile(r"\d{4}年|\d{1,2}[月日]|\d{1,2}[:：]\d\d|(?:电话|热线|号码)\D{0,3}\d+")
MARKS = "☑✓✔☐□●■◆▲▶★☆※· 　"
"""What may stand before a line and makes no sound."""
LINE = 24
"""Characters of a paragraph without a stop that may be a signature, a date or a heading."""
OPEN, CLOSED = "“「『《（(", "”」』》）)"


@dataclass
class Block:
    """A paragraph of the body, a list together with the paragraph that announces it, or an editor's own part."""

    text: str
    part: str = ""
    """What the editor labelled it: lead, segment, bite, picture, caption, closing; "" for none."""
    who: str = ""
    pictures: list[str] = field(default_factory=list)
    """Captions of the article's pictures beside it."""
    quoted: bool = False
    """A block quotation: a document's words, or an editor's remark."""
    listed: bool = False
    """An item of a list."""

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Its sentences and sound bites, in order."""
        if self.is_line:
            return (Unit(self.text, line=True),)
        return tuple(unit for sentence in sentences(self.text) if key(sentence) for unit in _units(sentence))

    @property
    def is_line(self) -> bool:
        """Whether it is no sentence: too short a paragraph, without a stop."""
        own = self.text.rstrip()
        return (
            not (self.part or self.listed)
            and len(own) <= LINE
            and own[-1:] not in (*STOPS, *CLOSED, "；", ";", "：", ":")
        )

    def only(self, units: Sequence[Unit], pictures: Sequence[str]) -> Block:
        """A block with only these of its units, and these pictures beside it; it stays as it is itself."""
        text = self.text if len(units) == len(self.units) else "".join(unit.text for unit in units)
        made = replace(self, text=text, pictures=list(pictures))
        made.__dict__["units"] = tuple(units)
        return made


@dataclass(frozen=True)
class Unit:
    """A sentence, or what a person says."""

    text: str
    speaker: str = ""
    post: str = ""
    bite: bool = False
    line: bool = False
    """It is no sentence: a signature, a date, a heading."""

    @cached_property
    def stands(self) -> bool:
        """Whether it is understood without the sentence before it."""
        quoted = self.text.startswith("“") and self.text.endswith("”") and not self.bite
        return not (quoted or house().pattern("leaning").search(self.text))

    @cached_property
    def airable(self) -> bool:
        """Whether it can be read to people who see none of the text."""
        return not (self.line or self.points_away or self.has_address or house().pattern("formal").match(self.text))

    @cached_property
    def points_away(self) -> bool:
        """Whether it points at what is not heard, such as a table."""
        return bool(house().pattern("pointing").search(self.text))

    @cached_property
    def has_address(self) -> bool:
        """Whether there is an address of web or mail in it."""
        return bool(ADDRESS.search(self.text))

    @cached_property
    def has_figures(self) -> bool:
        """Whether it counts or measures something: the date is no figure."""
        return bool(FIGURES.search(DATES.sub("", self.text)))

    @cached_property
    def syllables(self) -> int:
        return syllables(spoken(self.text))


class Reader:
    """Reads a body into blocks; tables are left to the graphics department, notes to the editor."""

    def __init__(self, article: Article) -> None:
        self._article = article
        self.blocks: list[Block] = []
        self._waiting: list[str] = []
        """Captions of pictures that stand before the first block."""
        self._under = ""
        """The part that a heading or a label on a line of its own has opened."""

    def read(self, element: Any) -> None:
        match element.tag:
            case "table":
                pass
            case "figure":
                self._picture(self._captions(element))
            case "h2" | "h3":
                self._under = house().part_of(text_of(element).strip(":： "))
            case "ul" | "ol":
                self._list([_with_its_own(item) for item in element.iterchildren("li")])
            case "p":
                if not note_of(element):
                    self._paragraph(text_of(element))
            case _:
                for paragraph in element.iter("p"):
                    self._paragraph(text_of(paragraph), quoted=True)

    def _captions(self, figure: Any) -> Iterator[str]:
        """What its pictures are called, and that a machine has made them."""
        below = figure.find("figcaption")
        caption = text_of(below) if below is not None else ""
        for place, picture in enumerate(figure.iter("img")):
            name = caption if place == 0 and caption else "" if caption else picture.get("alt", "")
            words = label.of_picture(self._article.image(picture.get("src", "").removeprefix("image:")))
            if name or words:
                yield house().pictures["made"].format(caption=name, words=words) if name and words else name or words

    def _picture(self, captions: Iterable[str]) -> None:
        (self.blocks[-1].pictures if self.blocks else self._waiting).extend(captions)

    def _list(self, items: Sequence[str]) -> None:
        """A list belongs to the paragraph that announces it."""
        last = self.blocks[-1] if self.blocks else None
        if last is not None and not last.part and last.text.endswith((":", "：")):
            last.text += "".join(stopped(item) for item in items if item)
        else:
            self.blocks += [Block(item, part=self._under, listed=True) for item in items if item]

    def _paragraph(self, text: str, *, quoted: bool = False) -> None:
        words = house()
        if (told := words.pattern("picture_note").match(text)) and len(text) <= BARS * BAR + len(told.group()):
            self._picture([text[told.end() :]])
            return
        if found := words.label.fullmatch(text):
            block = Block(found["text"].strip(), words.part_of(found["label"]), (found["who"] or "").strip())
            if block.part == "bite" and not block.who and (said := SAID_BY.fullmatch(block.text)):
                block = Block(said["text"], block.part, said["who"])
            self._under = "" if block.text else block.part
        else:
            block = Block(text, part=self._under, quoted=quoted)
        if block.text:
            block.pictures, self._waiting = self._waiting, []
            self.blocks.append(block)


SAID_BY = re.compile(r"(?P<who>[^：:。，,“]{2,24})[：:]\s*(?P<text>.+)", re.DOTALL)
"""石桥镇农技员 张三：机插一天能完成四十亩。"""


def _with_its_own(item: Any) -> str:
    """An item's text with that of the lists in it, which says nothing without the line that announces it."""
    inner = [text for one in item.iterdescendants("li") if (text := _own_text(one))]
    return "".join(map(stopped, (_own_text(item), *inner))) if inner else _own_text(item)


def _own_text(item: Any) -> str:
    """An item's text without that of the lists in it, whose items are items of their own."""
    own = copy.deepcopy(item)
    for inner in own.xpath(".//ul | .//ol"):
        inner.drop_tree()
    own.tail = None
    return text_of(own)


def blocks_of(article: Article) -> list[Block]:
    """The body in reading order."""
    reader = Reader(article)
    for element in article.blocks:
        reader.read(element)
    return reader.blocks


# -- sentences --------------------------------------------------------------------------------------------


def sentences(text: str) -> list[str]:
    """A paragraph's sentences with their stops; together they are the paragraph, but for what has no word in it.

    Quotations stay whole.

    >>> sentences("“收成好。”他说。再来！")
    ['“收成好。”他说。', '再来！']
    """
    verbs = re.compile(rf"(?:[^，,。；“”]{{1,16}}[，,])?[^，,。；“”]{{0,24}}(?:{house().article['verbs']})")
    found, start, depth = [], 0, 0
    for place, character in enumerate(text):
        if character in OPEN:
            depth += 1
        elif character in CLOSED:
            depth = max(0, depth - 1)
        before, follows = text[max(0, place - 1) : place], text[place + 1 : place + 2]
        ended = character in STOPS and depth == 0 and (not follows or follows not in STOPS + CLOSED)
        quoted = character in CLOSED and depth == 0 and before in tuple(STOPS) and not verbs.match(text, place + 1)
        if ended or quoted:
            found.append(text[start : place + 1])
            start = place + 1
    if text[start:].strip():
        found.append(text[start:])
    # "……" says nothing
    return [one.strip().lstrip(MARKS) for one in found if any(character.isalnum() for character in one)]


def _units(sentence: str) -> Iterator[Unit]:
    """A sentence as it is, or the sound bite in it and what else it says."""
    words = house()
    verbs = words.article["verbs"]
    after = re.fullmatch(
        rf"“(?P<said>[^“”]*(?:“[^”]*”)?[^”]*[{STOPS}])”(?P<tail>(?:[^，,。：:；“”]{{1,16}}[，,])?(?P<who>[^，,。：:；“”]{{1,24}}?)(?:{verbs})(?P<more>[，,].+|道?[。！]?))",
        sentence,
    )
    before = re.fullmatch(
        rf"(?P<who>[^，,。：:；“”]{{1,24}}?)(?:{verbs})道?[：:，,]“(?P<said>[^”]{{6,}})”[。！？]?", sentence
    )
    alone = re.fullmatch(rf"“(?P<said>[^“”]{{6,}}[{STOPS}])”", sentence)
    found = after or before or alone
    post, name = person((found.groupdict().get("who") if found else "") or "")
    if found is None or not (post or name):  # nobody can be named
        yield Unit(sentence)
        return
    yield Unit(found["said"], name, post, bite=True)
    if after and re.match("[，,]", after["more"]):
        yield Unit(after["tail"])


def person(who: str) -> tuple[str, str]:
    """(post, name) of a speaker as the article names him: the name follows the title."""
    if house().pattern("nobody").match(who):
        return "", ""
    who = re.sub(r"^(?:对此|随后|当天|记者了解到)", "", who)
    who = re.sub(r"(?:.着.*|在.{1,6}[口里上旁边中前])$", "", who) or who  # 张三拨着算盘, 张三在村口
    titles = list(re.finditer(house().article["titles"], who))
    if titles:
        post, name = who[: titles[-1].end()], who[titles[-1].end() :]
        return post, re.sub(r"(?:也|还|笑着|高兴地|激动地|向记者|对记者|告诉记者)+$", "", name)
    return "", who


# -- choosing ---------------------------------------------------------------------------------------------


def key(text: str) -> str:
    """A text without punctuation: what makes two sentences the same."""
    return re.sub(r"[^\w]", "", text)


def stopped(text: str) -> str:
    """A sentence that can be followed by another: a line of its own without a stop gets one."""
    return text if not text or text[-1] in STOPS + CLOSED + "：:；;，," else f"{text}。"
