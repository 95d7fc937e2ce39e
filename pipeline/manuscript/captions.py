"""Captions: which text of a manuscript says what a picture shows. One rule for every format.

What is taken for a caption stands right beside a picture and either says so itself (a style, 图为…, ▲, 图片说明：) or
looks like one (centred or in italics, short, no sentence of the text). Where a line may be either, it stays text: a
caption in the text is ugly, a paragraph in a caption is lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum

from pipeline.channel import Text
from pipeline.manuscript import fields
from pipeline.manuscript.block import Block
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.layout import BESIDE
from pipeline.manuscript.photographers import CREDITED, credits_in, without_credit

LONGEST = 200
"""Characters of a caption that says so itself."""
LONGEST_SENTENCE = 120
"""Characters of one that begins with 图为 or the like, as sentences of the text may."""
LONGEST_LINE = 40
"""Characters of one that is only set apart."""

_ABOVE, _BELOW, _EITHER = "▲△↑⬆☝👆", "▼▽↓⬇👇", "◆◇"
_MARKS = _ABOVE + _BELOW + _EITHER
_NUMBER = "[0-9０-９一二三四五六七八九十①-⑳]{1,3}"
_PLACE = "左上|左下|右上|右下|[左右上下中前后]"
_LABEL = re.compile(
    r"[【\[]\s*(?:图片说明|图片注释|图说|图注)\s*[】\]]\s*[:：]?\s*|(?:图片说明|图片注释|图说|图注|图片|图)\s*[:：]\s*"
)
_SAID = re.compile(
    rf"[{_MARKS}]|[【\[]?\s*(?:图片说明|图片注释|图说|图注)\s*[】\]:：]|[（(]\s*图片?\s*{_NUMBER}\s*[)）]\s*\S|.*[{_ABOVE}]$"
)
"""Signs that nothing but a caption has."""
_SHOWS = re.compile(
    rf"[（(]?\s*(?:(?:{_PLACE}|[大小主组首题本])?图片?\s*(?:{_NUMBER})?\s*[为:：]|(?:{_PLACE})图(?:片|中)?|图\s*{_NUMBER}(?:\s*[.．、]|\s+))\s*\S"
)
"""What a caption begins with, and what a sentence may begin with."""
_FIGURE_OF_SPEECH = re.compile("图为?(?:的|方便|便利|便捷|省|快|了|此|何|谋|求|长远|安稳|利益|名利)")
_DIVIDED = re.compile(rf"(?:(?P<place>{_PLACE})图|图\s*(?P<number>{_NUMBER}))(?=\s*[:：为是，]|\s)")
_RANKS = {"左": 0, "上": 0, "前": 0, "左上": 0, "右上": 1, "中": 1, "左下": 2, "右": 3, "下": 3, "后": 3, "右下": 3}
_SOURCE = re.compile(r"[（(]?\s*图片?(?:来源|源|提供)\s*[:：]\s*\S{2,20}[)）]?$")
"""Whose picture it is: a caption where there is no other, or the end of one."""
_TOGETHER = re.compile(rf"(?:{_PLACE})图|组图|以上(?:图|照)|图\s*{_NUMBER}\s*[、和至-]\s*图?\s*{_NUMBER}")
_NO_LINE = re.compile(
    r"[一二三四五六七八九十百]+、|[（(][一二三四五六七八九十\d]+[)）]|第[一二三四五六七八九十百\d]+[章节条篇部集期]|"
    r"\d{1,2}[.．、](?!\d)|[①-⑳]|[—–\-*#>]|编者按|编者的话|【.*】$|[“\"].*[”\"]$|(?:end|END)\b|"
    r".*(?:扫一?扫|扫码|长按|二维码|点击|关注|往期|阅读原文|推荐阅读|延伸阅读|相关(?:阅读|链接|新闻)|热门|更多|版权|免责|转载)"
)
"""Headings, quotations, and what a page says of itself: no captions, however they are set."""
_CREDITS = re.compile(
    r"[（(\[【]?\s*(?:[\u4e00-\u9fff]{0,14}?(?:记\s*者|通\s*讯\s*员|作\s*者|编\s*辑|责\s*编|校\s*对|审\s*核|签\s*发|监\s*制|来\s*源|"
    r"供\s*稿|撰\s*稿|采\s*写|初\s*审|复\s*审|终\s*审|[一二三]\s*审)\s*(?:[:：/／|｜]|\s|[\u4e00-\u9fff]{2,4}\s*(?:[)）\s]|$))"
    r"|文\s*[/／、]?\s*图\s*[:：/／\s]|图\s*[/／]\s*文|.*摄影报[道导]\s*[)）]?$)"
)
"""Lines that belong to the whole article, at its head or its end."""
_SENTENCE_ENDS = "。！？!?"

_AUTOMATIC = re.compile(
    r".*\.(?:jpe?g|png|gif|webp|bmp|tiff?|hei[cf]|avif|emf|wmf|svg|psd)(?:[?#].*)?|(?:https?:|data:|file:)\S*|"
    r"640(?:\?\S*)?|[\d_.\s-]+|[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|(?=[a-z_-]*\d)[a-z0-9_-]{16,}|"
    r"(?:图片|图像|图|照片|图表|截图|屏幕截图|微信图片|微信截图|qq图片|qq截图|文本框|形状|picture|image|img|photo|pic|dsc[fn]?|"
    r"mmexport|screenshot|snipaste|wx_camera|未命名|无标题|未标题|untitled|logo)[\s_\-()（）\d.:]*(?:副本|拷贝|copy)?|"
    r"[pw]\d{5,}[\w-]*|(?:点击|单击)?(?:此处)?(?:查看|放大|观看)(?:原图|大图|图片)?|"
    r".*(?:描述已自动生成|description automatically generated).*|.*(?:AI 生成的内容可能不正确|ai-generated content).*",
    re.IGNORECASE | re.DOTALL,
)


def spoken(text: str) -> str:
    """What a person wrote of a picture; "" for the names that cameras, programs and Word give.

    >>> spoken("640.jpg"), spoken("IMG_0318"), spoken("图片 1"), spoken("茶农在采茶")
    ('', '', '', '茶农在采茶')
    """
    return "" if _AUTOMATIC.fullmatch(text.strip()) else text


class Sign(IntEnum):
    """How surely a paragraph beside a picture is its caption."""

    NONE = 0
    LOOK = 1
    """It only looks like one."""
    WORDS = 2
    """It begins as captions do."""
    MARK = 3
    """It says so."""


def captioned(content: Sequence[Block], draft: Draft) -> list[Block]:
    """The blocks with every caption in its picture, and without the places of pictures that were left out.

    A figure without an image stands where one was left out. Who took a picture, as a caption says, becomes a credit.
    """
    blocks = [_cleaned(block) for block in content]
    text = _Text(blocks, draft.text("headline"))
    words: dict[int, str] = {}
    """The caption of a figure, by its place."""
    taken: set[int] = set()
    for first, last in text.runs:
        lines = [place for place in text.lines_of(first, last) if place not in taken]
        figures = [place for place in range(first, last) if not _caption(blocks[place])]
        texts = [blocks[place].text for place in lines]
        shares = _shared(blocks, figures, texts, above=min(lines, default=last) < first)
        if shares:
            taken.update(lines)
            words |= shares
            if text.names_photographer(lines[-1] + 1) and lines[-1] >= last:
                taken.add(lines[-1] + 1)
                words[max(shares)] += f" {blocks[lines[-1] + 1].text}"
        elif text.repeats(last):
            taken.add(last)
    return _written(blocks, words, taken, draft)


class _Text:
    """The blocks of a text, and what its habits say of a line that stands beside a picture."""

    def __init__(self, blocks: Sequence[Block], headline: str) -> None:
        self.blocks = blocks
        self.headline = "".join(headline.split())
        self.runs = _runs(blocks)
        """Pictures that follow each other: the first's place, and the place behind the last."""
        self.figures = {place for first, last in self.runs for place in range(first, last)}
        lines = [block for place, block in enumerate(blocks) if block.tag == "p" and not self._is_near(place)]
        sizes = Counter(block.hints.size for block in blocks if len(block.text) > LONGEST_LINE)
        self.usual_size = sizes.most_common(1)[0][0] if sizes else 0.0
        self.is_centred = len(lines) > 2 and 2 * sum(block.hints.centred for block in lines) > len(lines)
        """Whether it is all centred, so that being centred says nothing of a line."""
        self.signs = [self._sign(place) for place in range(len(blocks))]
        self.is_above = self._stand_above()
        """Whether captions stand above their pictures."""

    def lines_of(self, first: int, last: int) -> list[int]:
        """The places of the captions of the pictures `first` … `last` - 1."""
        many = sum(not _caption(self.blocks[place]) for place in range(first, last))
        below = [] if self.is_above and not self._points(last, _ABOVE) else self._below(last, many)
        if below or not many:
            return below
        before = first - 1
        points = self._points(before, _BELOW)
        return [before] if before >= 0 and (points or (self.is_above and self.signs[before])) else []

    def names_photographer(self, place: int) -> bool:
        """Whether a line names who took the picture above it, and is not the end of the article's own credits."""
        if not self._is_line(place) or self._ends(place):
            return False
        text = self.blocks[place].text
        if _SOURCE.match(text):
            return True
        return bool(CREDITED.fullmatch(text) and credits_in(text) and not _CREDITS.match(text))

    def repeats(self, place: int) -> bool:
        """Whether a line says once more what the picture above it has for its caption."""
        if not self._is_line(place) or not self.signs[place]:
            return False
        return _words(self.blocks[place].text) == _caption(self.blocks[place - 1]) != ""

    def _below(self, place: int, many: int) -> list[int]:
        found: list[int] = []
        while len(found) < many and self._is_line(place) and self.signs[place] >= Sign.WORDS:
            if self._points(place, _BELOW) and place + 1 in self.figures:
                break
            found.append(place)
            place += 1
        mark = self.blocks[found[0]].text[0] if found else ""
        if mark in _MARKS and mark and self._is_line(place) and self.blocks[place].text[0] == mark:
            return [] if place + 1 not in self.figures else found  # points of a list, which begin with the same sign
        if not found and many and self._is_line(place) and self.signs[place] is Sign.LOOK:
            return [place]
        return found

    def _points(self, place: int, marks: str) -> bool:
        return self._is_line(place) and self.signs[place] is Sign.MARK and self.blocks[place].text[0] in marks

    def _is_near(self, place: int) -> bool:
        return bool({place - 1, place + 1} & self.figures)

    def _is_line(self, place: int) -> bool:
        return 0 <= place < len(self.blocks) and place not in self.figures and bool(self.blocks[place].text)

    def _stand_above(self) -> bool:
        """Captions that begin as captions do, all with a picture below them and not all with one above; or, where there
        are none, lines that look like captions above every one of several pictures."""
        said = [place for place, sign in enumerate(self.signs) if sign >= Sign.WORDS and self._is_near(place)]
        if said:
            said = [place for place in said if not self._points(place, _MARKS)]
            above = [place + 1 in self.figures for place in said]
            return bool(said) and all(above) and not all(place - 1 in self.figures for place in said)
        has_text = next((place for place, block in enumerate(self.blocks) if len(block.text) > LONGEST_LINE), None)
        return (
            len(self.runs) > 1
            and has_text is not None
            and all(first - 1 > has_text and self.signs[first - 1] for first, _ in self.runs)
            and not (self._is_line(self.runs[-1][1]) and self.signs[self.runs[-1][1]])
        )

    def _sign(self, place: int) -> Sign:
        block = self.blocks[place]
        text = block.text
        is_other = block.hints.role in ("title", "subtitle") or "".join(text.split()) == self.headline
        if block.tag != "p" or not text or len(text) > LONGEST or is_other:
            return Sign.NONE
        if (block.hints.role == "caption" or _SAID.match(text)) and _words(text):
            return Sign.MARK
        if text.endswith(("：", ":")) or not self._is_near(place):
            return Sign.NONE
        if _SHOWS.match(text) and not _FIGURE_OF_SPEECH.match(text):
            return Sign.WORDS if len(text) <= LONGEST_SENTENCE and _sentences(text) <= 2 else Sign.NONE
        return Sign.WORDS if _SOURCE.match(text) else Sign.LOOK if self._looks(place, block) else Sign.NONE

    def _looks(self, place: int, block: Block) -> bool:
        """Whether a line is set apart as captions are, and is nothing else that is set apart."""
        text, hints = block.text, block.hints
        letters = [run for run in block.runs if run.text.strip()]
        is_small = 0 < hints.size < self.usual_size
        is_apart = is_small or (hints.centred and not self.is_centred and text[-1] != "。")
        is_apart = is_apart and len(text) <= LONGEST_LINE and text[-1] not in "；;，,"
        is_italic = all("em" in run.marks for run in letters) and len(text) <= LONGEST_LINE * 3 // 2
        names_somebody = bool(credits_in(text)) and len(text) <= LONGEST_LINE * 5 // 4
        if names_somebody:
            names_somebody = self._has_text_beside(place) if without_credit(text) else self.names_photographer(place)
        if not (is_apart or is_italic or names_somebody) or _sentences(text) > 1:
            return False
        if _NO_LINE.match(text) or _CREDITS.match(text) or fields.is_date(text) or len(re.findall(r"\w", text)) < 2:
            return False
        if hints.bold or all("strong" in run.marks for run in letters) or 0 < self.usual_size < hints.size:
            return False
        return bool(self.headline) or not self._may_be_title(place)

    def _may_be_title(self, place: int) -> bool:
        """Whether nothing but pictures stands above a line, and nothing larger below it."""
        size = self.blocks[place].hints.size
        larger = (
            block.hints.role == "title" or block.tag == "h1" or block.hints.size > size
            for block in self.blocks[place + 1 : place + 6]
        )
        return all(before in self.figures for before in range(place)) and not any(larger)

    def _has_text_beside(self, place: int) -> bool:
        """Whether the article has text without this paragraph."""
        return any(
            block.tag != "figure" and other != place and (len(block.text) > LONGEST_LINE or block.children)
            for other, block in enumerate(self.blocks)
        )

    def _ends(self, place: int) -> bool:
        """Whether only credits follow."""
        return all(_CREDITS.match(block.text) or not block.text for block in self.blocks[place + 1 :])


def _runs(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for place, block in enumerate(blocks):
        if block.tag != "figure":
            continue
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


def _shared(blocks: Sequence[Block], figures: list[int], texts: list[str], *, above: bool) -> dict[int, str]:
    """Which of these pictures has which caption; empty where that cannot be told."""
    if not figures or not texts:
        return {}
    if len(texts) > 1:
        return dict(zip(figures[-len(texts) :], texts, strict=True))
    text = texts[0]
    parts = _divided(text)
    if 1 < len(parts) <= len(figures):
        return dict(zip(figures[-len(parts) :], parts, strict=True))
    own = figures[0] if above else figures[-1]
    role = blocks[own].hints.role
    row = [place for place in figures if role.startswith(BESIDE) and blocks[place].hints.role == role]
    if len(row) > 1 or _TOGETHER.match(_words(text)):
        return dict.fromkeys(row if len(row) > 1 else figures, text)
    if blocks[own].image is None and any(blocks[place].image for place in figures):
        return {}  # of two pictures one was left out, and nobody knows which the words are for
    return {own: text}


def _divided(text: str) -> list[str]:
    """What 左图为…，右图为…, or ▲… ▲…, says of each picture, in their order; empty where it says one thing."""
    words = _words(text)
    if text[0] in _MARKS and text[0] in words:  # ▲… ▲…, one line after the other
        return [part.strip(" 　") for part in words.split(text[0])]
    marks = list(_DIVIDED.finditer(words))
    if len(marks) < 2 or marks[0].start() > 1 or len({mark[0] for mark in marks}) < len(marks):
        return []
    ends = [*(mark.start() for mark in marks[1:]), len(words)]
    parts = [words[mark.start() : end].strip(" 　，,；;、。（(") for mark, end in zip(marks, ends, strict=True)]
    ranks = [_RANKS.get(mark["place"] or "", place) for place, mark in enumerate(marks)]
    return [part for _, part in sorted(zip(ranks, parts, strict=True), key=lambda pair: pair[0])]


def _words(text: str) -> str:
    """A caption without the signs that say it is one."""
    words = text.strip(f" 　{_MARKS}")
    label = _LABEL.match(words)
    return words[label.end() :] if label else words


def _sentences(text: str) -> int:
    """Sentences in a caption, its credit not counted."""
    return len([part for part in re.split(f"[{_SENTENCE_ENDS}]", without_credit(text)) if part.strip(" 　”’）)")])


def _caption(block: Block) -> str:
    return block.image.caption if block.image else ""


def _cleaned(block: Block) -> Block:
    """A picture without names that nobody gave it."""
    image = block.image
    if image is None:
        return block
    return replace(
        block, image=image.model_copy(update={"alt": spoken(image.alt), "caption": _words(spoken(image.caption))})
    )


def _written(blocks: Sequence[Block], words: dict[int, str], taken: set[int], draft: Draft) -> list[Block]:
    written: list[Block] = []
    lost: dict[str, int | None] = {}
    for place, block in enumerate(blocks):
        if block.tag != "figure":
            if place not in taken:
                written.append(block)
            continue
        caption = _words(words[place]) if place in words else _caption(block)
        if place in words and not words[place].strip(f" 　{_MARKS}").startswith(caption):
            draft.took(words[place], ("images",), Text.of("it begins as captions do"), line=block.hints.line)
        if block.image is None:
            if caption:
                lost.setdefault(caption, block.hints.line)
            continue
        draft.credit(*credits_in(caption))
        image = block.image.model_copy(update={"caption": caption, "alt": block.image.alt or caption})
        written.append(replace(block, image=image))
    for caption, line in lost.items():
        draft.dropped(caption, Text.of("the caption of a picture that was left out"), line=line)
        draft.notice(
            "images",
            Text.of("the caption of a picture that was left out went with it: {text}", text=caption),
            Text.of("replace the picture, or write in the text what its caption says"),
            line=line,
        )
    return written
