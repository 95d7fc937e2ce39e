"""One line of a manuscript: what it is by its own words, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from pipeline.manuscript.block import BREAK, Block, Run, tidy
from pipeline.manuscript.credits import Said, said
from pipeline.manuscript.words import Words

LONGEST_TITLE = 100
"""Characters; a first line longer than that is text."""
_MOST_ABOVE, _MOST_BELOW = 300, 500
"""Blocks at the beginning and at the end that are looked at; what lies between is text."""
_LONGEST_FORM = 60
_LONGEST_NOISE = 300

_CRUMB = re.compile(
    r"(?:您(?:现在|当前)?(?:所在)?的?位置|当前(?:所在)?(?:位置|页面|栏目)|现在的?位置|所在位置|位置)\s*[:：]|首页\s*(?:>|＞|»|/|-|→|·|›)"
)
_NOTE = re.compile(r"^(?:[【\[(（]\s*编者(?:按|的话)\s*[】\])）]\s*[:：]?|编者(?:按|的话)(?:\s*[:：]|\s+|$))\s*")
_SERIES = re.compile(
    r"^\S.{0,40}(?:系列|连载|走笔|述评).{0,10}(?:之|第|[（(])\s*[零一二三四五六七八九十\d]{1,4}\s*[篇期集回]?[)）]?\s*[:：]?$"
)
_COLUMN = re.compile(r"^[【\[〖]\s*([^【】\[\]〖〗]{1,20}?)\s*[】\]〗]\s*")
_SPOKEN_PART = re.compile(
    r"(?:导语|解说|同期声?|字幕|画面|现场|配音|正文|编后|串联|口播|出像|采访|旁白|片头|片尾|声音|记者出镜|出镜|编者按|编者的话|标题|音乐|转场|黑屏).{0,8}"
)
_PICTURED = re.compile(r"\s*[(（【\[](?:图|组图|多图|图文|高清图|视频|附图|有图)[)）】\]]$")
_NUMBERED = re.compile(
    r"^(?:[一二三四五六七八九十百]{1,3}[、．.]|第[一二三四五六七八九十百\d]{1,4}[章节条]|[（(][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}(?:[、．]|\.(?!\d))|[①-⑳])"
)
_DOCUMENT_NUMBER = re.compile(
    r"^[\u3400-\u9fff（）()]{1,20}[〔\[［(（【]\s*\d{4}\s*[〕\]］)）】]\s*第?\s*\d{1,5}\s*号(?:\s+签发人?\s*[:：].{0,12})?$"
)
_READS_ON = re.compile(r"[。！？!?；;…][”’」』）)】]*$|。")
_ENDS = ("。", "；", ";", "，", ",", "：", ":", "、", "．")
_BRACKETED = re.compile(r"[（(【\[][^（）()【】\[\]]{1,24}[)）】\]]$")
_DASHES = re.compile(r"^\s*[—–―─-]{1,4}\s*")


_ENTRY = re.compile(r"([\u3400-\u9fff]{2,8})[:：]")
_OF_A_FORM = re.compile("意见|审|签|稿|报送|播发|拟发")
"""What the labels of a form have and no fact of an event."""
_SIGNS = (
    r"[\[\]【】（）()●○■□◆◇▶►▷★☆※*·•|｜丨>＞»《》〉▼▽▲△↓↑→←⬇⬆➤⇩⇧~～＝=_\u2600-\u27bf\ufe0f\U0001f000-\U0001faff—–-]"
)
_DECORATION = re.compile(rf"^{_SIGNS}+|{_SIGNS}+$")


_INSET = re.compile(r"(?:相关|推荐|延伸|往期|更多|拓展)(?:阅读|报道|新闻|推荐|回顾)[:：].{2,60}[^。；;，,：:]$")
_FACT = re.compile(
    r"(?:会议|活动|讲座|培训|比赛|演出)?(?:时间|地点|地址|主持人?|出席(?:人员|领导)?|参加(?:人员)?|列席(?:人员)?|缺席|记录人?|议题|主题"
    r"|主讲人?|嘉宾|对象|内容|主办(?:单位|方)?|承办(?:单位|方)?|协办(?:单位|方)?|电话|联系人|附件)[:：]"
)


class Kind(Enum):
    """What a line is."""

    SAID = auto()
    """Credits, source, date, buttons."""
    FORM = auto()
    """The name or number of a form, an issue, a mark of the house."""
    NOISE = auto()
    CRUMB = auto()
    NOTE = auto()
    """Begins the 编者按."""
    SERIES = auto()
    COLUMN = auto()
    """【栏目】 alone."""
    NUMBER = auto()
    """文号."""
    TITLE = auto()
    """Nothing of these, and short and without a full stop: headline, 引题, 副题, a heading or an end of text."""
    TEXT = auto()
    """Running text, a list, a table."""
    PICTURE = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a paragraph, or a whole block that is none."""

    block: Block
    """The paragraph with only this line."""
    parent: int
    """The place of the paragraph it belongs to."""
    kind: Kind
    said: Said | None = None

    @property
    def text(self) -> str:
        return whole_text(self.block)

    @property
    def number(self) -> int | None:
        """In the file, from 1."""
        return self.block.hints.line


def lines_of(content: Sequence[Block], words: Words) -> list[Line]:
    """Every line of the content, known by its words."""
    found: list[Line] = []
    for place, block in enumerate(content):
        if _MOST_ABOVE < place < len(content) - _MOST_BELOW:
            found.append(Line(block, place, Kind.PICTURE if block.tag == "figure" else Kind.TEXT))
        elif block.tag == "blockquote" and all(
            one.tag == "p" and said(one.text, words) is not None for one in block.children
        ):
            # Credits in a quotation, as Markdown editors set them apart.
            found.extend(Line(one, place, *kind_of(one.text, words)) for one in block.children)
        elif block.tag == "table" and (cells := _credited(block, words)):
            # Credits side by side in a table without lines.
            found.extend(Line(one, place, Kind.SAID, said(one.text, words)) for one in cells)
        elif block.tag == "p" or (block.tag[0] == "h" and block.runs):
            for one in divided(block):
                kind, told = kind_of(one.text, words)
                found.append(Line(one, place, kind, told))
        else:
            found.append(Line(block, place, Kind.PICTURE if block.tag == "figure" else Kind.TEXT))
    return found


def _credited(table: Block, words: Words) -> list[Block]:
    """The lines of a table that holds credits and nothing else; none of any other."""
    cells = [cell for row in table.children for cell in row.children if cell.text]
    lines = [replace(line, tag="p", spans=()) for cell in cells for line in divided(cell)]
    return lines if lines and all(said(line.text, words) is not None for line in lines) else []


def whole_text(block: Block) -> str:
    """The text of a block with all that is in it, on one line."""
    return " ".join(text for text in (block.text, *map(whole_text, block.children)) if text)


def behind(block: Block, skip: int) -> Block:
    """The paragraph without the first `skip` characters of its text."""
    runs = []
    for run in block.runs:
        runs.append(replace(run, text=run.text[skip:]))
        skip = max(skip - len(run.text), 0)
    return replace(block, runs=tidy(run for run in runs if run.text))


def kind_of(text: str, words: Words) -> tuple[Kind, Said | None]:
    """What a line is by its words, and what it says if it is credits. The first that fits holds."""
    if is_crumb(text):
        return Kind.CRUMB, None
    if note_of(text) is not None:
        return Kind.NOTE, None
    if (told := said(text, words)) is not None:
        return Kind.SAID, told
    known = (
        (Kind.FORM, is_form(text, words)),
        (Kind.NOISE, is_noise(text, words)),
        (Kind.SERIES, bool(_SERIES.match(text))),
        (Kind.COLUMN, column_of(text)[0] != "" and not column_of(text)[1]),
        (Kind.NUMBER, bool(_DOCUMENT_NUMBER.match(text))),
        (Kind.TITLE, may_be_title(text)),
    )
    return next((kind for kind, fits in known if fits), Kind.TEXT), None


def is_crumb(text: str) -> bool:
    """Whether it says where on a site the page is: 当前位置：首页 > 新闻."""
    return len(text) < 120 and bool(_CRUMB.match(text))


def is_form(text: str, words: Words) -> bool:
    """Whether it is the name of a form or a mark of the house (送审稿, 新闻稿件审签单, 2026年第35期) and nothing else.

    >>> from pipeline.manuscript.words import shipped
    >>> [is_form(one, shipped()) for one in ("（送审稿）", "稿件审签单（青河融媒）", "送审稿件管理办法发布")]
    [True, True, False]
    """
    if len(text) > _LONGEST_FORM:
        return False
    bare = "".join(text.split())
    entry = _ENTRY.match(bare)
    if entry and entry[1].endswith(words.forms.private) and _OF_A_FORM.search(entry[1]):
        return True
    spellings = {bare, bare.strip('（）()【】[]《》“”"*★☆·-—:：'), _BRACKETED.sub("", bare)}
    return any(words.form.fullmatch(one) for one in spellings if one)


def is_noise(text: str, words: Words) -> bool:
    """Whether it is what pages and apps put around an article."""
    if len(text) > _LONGEST_NOISE:
        return False
    return bool(words.line.fullmatch(_undecorated(text) or "--")) or is_footer(text, words)


def is_footer(text: str, words: Words) -> bool:
    return len(text) <= 160 and any(mark in text for mark in words.noise.footer) and not _READS_ON.search(text)


def is_below(text: str, words: Words) -> bool:
    """Whether what follows this line belongs to other articles."""
    return len(text) <= 60 and bool(words.below.fullmatch(_undecorated(text).strip(":：“”")))


def is_sidebar(text: str, words: Words) -> bool:
    """Whether it is one of those headings under which newspapers also set a text of their own: 相关链接."""
    return _undecorated(text).strip(":：“”") in words.noise.sidebar


def is_inset(text: str) -> bool:
    """Whether it is a link to another article: 相关阅读：… without a full stop."""
    return bool(_INSET.match(_undecorated(text)))


def _undecorated(text: str) -> str:
    """A line without spaces and without the arrows, signs and brackets that pages set around it."""
    return _DECORATION.sub("", "".join(text.split()))


def may_be_title(text: str) -> bool:
    """Whether a line may be a headline: short enough, and it does not end as text does."""
    return (
        0 < len(text) <= LONGEST_TITLE
        and not text.endswith(_ENDS)
        and not (
            "。" in text.rstrip("。”’」』）)")
            or (len(text) > 60 and "，" in text and _READS_ON.search(text) is not None)
        )
    )


def is_numbered(text: str) -> bool:
    """Whether it begins with a number as headings and points do: 一、 （二） 3."""
    return bool(_NUMBERED.match(text))


def is_dashed(text: str) -> bool:
    """Whether it begins with the dash of a 副题."""
    return bool(re.match(r"\s*(?:[—–―─]{1,4}|--+)", text))


def without_dashes(text: str) -> str:
    return _DASHES.sub("", text).strip()


def is_bold(block: Block) -> bool:
    """Whether all of its letters are bold."""
    letters = [run for run in block.runs if run.text.strip()]
    return block.hints.bold or (bool(letters) and all("strong" in run.marks for run in letters))


def is_labelled(text: str) -> bool:
    """Whether it is a fact of a meeting or an event with its name before it (时间：…, 出席：…), which no title is."""
    return bool(_FACT.match("".join(text.split())))


def note_of(text: str) -> str | None:
    """What stands behind «编者按» on a line that begins so."""
    match = _NOTE.match(text)
    return text[match.end() :] if match else None


def column_of(text: str) -> tuple[str, str]:
    """A column in brackets at the beginning of a line, and the rest; ("", text) if there is none."""
    match = _COLUMN.match(text)
    if match and not _SPOKEN_PART.fullmatch(match[1]):
        return match[1], text[match.end() :]
    return "", text


def without_mark(text: str) -> str:
    """A headline without the «（图）» behind it."""
    return _PICTURED.sub("", text).strip()


def divided(block: Block) -> list[Block]:
    """The lines of a paragraph or a cell, each as one of its own."""
    if BREAK not in block.runs:
        return [block]
    parts: list[list[Run]] = [[]]
    for run in block.runs:
        if run == BREAK:
            parts.append([])
        else:
            parts[-1].append(run)
    lines = [replace(block, runs=runs) for part in parts if (runs := tidy(part))]
    sizes = block.hints.rows
    if len(sizes) != len(lines):
        return lines
    return [
        replace(line, hints=replace(line.hints, size=size, rows=())) for line, size in zip(lines, sizes, strict=True)
    ]


def joined(lines: Sequence[Line]) -> list[Block]:
    """The blocks that lines make: neighbours of one paragraph together again, sentences on lines of their own apart."""
    found: list[Block] = []
    group: list[Line] = []
    for line in [*lines, None]:
        if group and (line is None or line.parent != group[-1].parent):
            found.extend(_paragraphs(group))
            group = []
        if line is not None:
            group.append(line)
    return found


def _paragraphs(group: Sequence[Line]) -> list[Block]:
    blocks = [line.block for line in group]
    if len(blocks) == 1:
        return blocks
    ended = [len(one.text) for one in blocks if _READS_ON.search(one.text[-3:])]
    if len(ended) == len(blocks) and 2 * sum(length > 15 for length in ended) > len(ended):
        return blocks
    runs = [run for one in blocks for run in (BREAK, *one.runs)][1:]
    return [replace(blocks[0], runs=tuple(runs))]
