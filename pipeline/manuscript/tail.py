"""The tail of a manuscript: credits, buttons, footers, and other articles' titles below the text.

Unknown lines never stop the rest from being recognised; a notice's 落款, 附件 and 抄送 are text and stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.article.credit import Duty, Group
from pipeline.channel import Text
from pipeline.manuscript import reasons
from pipeline.manuscript.block import Block, truncated
from pipeline.manuscript.credits import Said, alone, closing, said
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.line import Kind, Line, is_below, is_footer, is_inset, is_sidebar
from pipeline.manuscript.taking import take, take_said

_MOST_BEHIND = 2
"""Lines of text behind the credits that do not make them a part of the text."""
_SHORT = 30
"""Characters of an unknown line that behind the credits is noise."""
_BELONGS = re.compile(
    r"^(?:附件?|附录|附表|抄送|抄报|主送|[报送发][:：]|注|备注|说明|链接|电话|联系|地址|报名|咨询|时间|地点|（此件|\(此件|特此)"
)
"""How a line begins that belongs to the text even there."""
_BRACKETED = re.compile(r"^(.{0,30}?)[（(]([^（）()]{2,80})[)）]")
_DATELINE = re.compile(r"(?:\S{0,28}[讯电]|本报.{0,20}|.{0,12}消息)?\s*")
_SPOKEN_DATELINE = re.compile(
    r"^\S{0,24}?[讯电][\s　]+([\u3400-\u9fff]{0,12}记者[^，。]{2,30}?)(?:[\s　]*(?:报道)?[:：]|[\s　]{2,}|　)"
)


def without_other_articles(lines: Sequence[Line], draft: Draft) -> list[Line]:
    """Without what stands below 相关新闻, 往期推荐 and the like; desk credits there are still this article's."""
    lines = _without_insets(lines, draft)
    start = next((place for place in range(1, len(lines)) if _begins_others(lines, place, draft)), None)
    if start is None:
        return list(lines)
    heading, kept, dropped = lines[start], [], 0
    end = _end_of_inset(lines, start, draft)
    why = reasons.BELOW_NOISE.given(heading=heading.text)
    draft.dropped(heading.text, reasons.BUTTONS, line=heading.number)
    for line in lines[start + 1 : end]:
        if _is_desk(line.said):
            kept.append(line)
            continue
        dropped += 1
        draft.dropped(line.text, why, line=line.number)
    draft.notice(
        "body",
        Text.of(
            "“{heading}” and what follows it ({count} paragraphs) were left out", heading=heading.text, count=dropped
        ),
        Text.of("if it belongs to the article, move it before that line"),
        line=heading.number,
    )
    return [*lines[:start], *kept, *lines[end:]]


def _without_insets(lines: Sequence[Line], draft: Draft) -> list[Line]:
    """Links to other articles on lines of their own in the text: 相关阅读：…"""
    left = []
    for line in lines:
        if line.kind is Kind.TITLE and is_inset(line.text):
            draft.dropped(line.text, reasons.BUTTONS, line=line.number, guessed=True)
        else:
            left.append(line)
    return left


def _end_of_inset(lines: Sequence[Line], start: int, draft: Draft) -> int:
    """Where the article goes on, if 相关阅读 with titles stands in the middle of it; else the end of all."""
    if not is_sidebar(lines[start].text, draft.words):
        return len(lines)
    following = [
        place for place in range(start + 1, len(lines)) if lines[place].kind is Kind.TEXT and lines[place].block.runs
    ]
    return following[0] if following else len(lines)


def _is_desk(told: Said | None) -> bool:
    """Whether these are credits that a page sets at its very end: 责任编辑, 审核."""
    return told is not None and told.labelled and any(one.group is not Group.BYLINE for one in told.credits)


def _begins_others(lines: Sequence[Line], place: int, draft: Draft) -> bool:
    line = lines[place]
    if not line.block.runs or line.kind is Kind.SAID or not is_below(line.text, draft.words):
        return False
    if not any(one.kind is Kind.TEXT for one in lines[:place]):
        return False
    following = next((one for one in lines[place + 1 :] if one.block.runs), None)
    # Newspapers set a text of their own under 相关链接; sites list titles there.
    return following is None or following.kind is not Kind.TEXT or not is_sidebar(line.text, draft.words)


def without_tail(lines: Sequence[Line], draft: Draft) -> list[Line]:
    """The lines that are left when credits and noise below the text have been taken."""
    start = _start(lines)
    left, tail = list(lines[:start]), lines[start:]
    credited = dated = False
    for place, line in enumerate(tail):
        told = line.said or _authors(line, draft)
        if _is_foot(tail, place, draft):
            draft.dropped(line.text, reasons.FOOTER, line=line.number)
        elif told is not None and (told.became != ("date",) or dated):
            take_said(line, told, draft)
        elif line.kind in (Kind.NOISE, Kind.CRUMB):
            _drop(line, draft)
        elif line.kind is Kind.FORM and not _BELONGS.match(line.text):
            draft.dropped(line.text, reasons.FORM, line=line.number)
        elif credited and _is_left_over(tail, place):
            draft.dropped(line.text, reasons.AFTER_CREDITS, line=line.number, guessed=True)
        else:
            left.append(line)
        credited = credited or (told is not None and bool(told.credits))
        # A date above the credits is a notice's own; below them, or below noise, it is the page's.
        dated = (
            dated or line.kind in (Kind.NOISE, Kind.CRUMB) or (told is not None and told.became not in ((), ("date",)))
        )
    return left


def _is_left_over(tail: Sequence[Line], place: int) -> bool:
    """Whether an unknown short line behind the credits is noise: neither a caption nor a part of a notice."""
    line, below_picture = tail[place], place > 0 and tail[place - 1].kind is Kind.PICTURE
    short = line.kind is Kind.TITLE and len(line.text) <= _SHORT
    return short and not below_picture and not _BELONGS.match(line.text)


def _authors(line: Line, draft: Draft) -> Said | None:
    """Names alone in brackets on a line of their own."""
    names = re.fullmatch(r"[（(]([^（）()]{2,30})[)）]", line.text) if line.kind is Kind.TITLE else None
    return alone(names[1], draft.words) if names else None


def _drop(line: Line, draft: Draft) -> None:
    """Leave a line of noise out; credits that close it (原标题：… （责任编辑：张三）) are taken."""
    found = closing(line.text, draft.words)
    if found:
        take(found[1], draft, line.number)
    draft.took(line.text, found[1].became if found else (), reasons.BUTTONS, line=line.number)


def _is_foot(tail: Sequence[Line], place: int, draft: Draft) -> bool:
    """Whether the line is the foot of a site, or what stands beside one."""
    line = tail[place]
    if line.kind is Kind.SAID:
        return False
    beside = (*tail[max(place - 2, 0) : place], *tail[place + 1 : place + 3])
    return is_footer(line.text, draft.words) or (
        draft.words.beside_footer.fullmatch(line.text) is not None
        and any(is_footer(one.text, draft.words) for one in beside)
    )


def _start(lines: Sequence[Line]) -> int:
    """Where the tail begins: behind the last text; a few lines of text behind a cluster of credits do not count."""
    texts = [place for place, line in enumerate(lines) if line.kind in (Kind.TEXT, Kind.NOTE)]
    if not texts:
        return min(len(lines), 1)
    for last, following in zip(texts[-2 : -_MOST_BEHIND - 2 : -1], texts[-1 : -_MOST_BEHIND - 1 : -1], strict=False):
        if _is_cluster(lines[last + 1 : following]):
            return last + 1
    return texts[-1] + 1


def _is_cluster(lines: Sequence[Line]) -> bool:
    """Whether these lines are the credits at an article's end, so that what follows them is no text of it."""
    told = [line.said for line in lines if line.said is not None and line.said.credits and line.said.labelled]
    desk = sum(credit.group is not Group.BYLINE for one in told for credit in one.credits)
    return desk >= 2 and len(told) >= 2 and len(told) * 2 >= len(lines)


def without_closing(content: list[Block], draft: Draft) -> list[Block]:
    """Credits in brackets, or «… 张三 摄», that close the last paragraph."""
    last = next((place for place in reversed(range(len(content))) if content[place].image is None), None)
    if last is None or content[last].tag != "p":
        return content
    whole = "".join(run.text for run in content[last].runs)
    found = closing(whole, draft.words)
    if found is None:
        return content
    start, told = found
    line = content[last].hints.line
    alone = not told.labelled and [credit.duty for credit in told.credits] == [Duty.AUTHOR]
    take(told, draft, line)
    why = reasons.NAMES_ALONE if alone else reasons.CLOSING
    draft.took(whole[start:].strip(), told.became, why, line=line, guessed=alone)
    left = truncated(content[last], start)
    return [*content[:last], *([left] if left.runs else []), *content[last + 1 :]]


def opening(content: Sequence[Block], draft: Draft) -> None:
    """本报讯（记者 张三）…: the reporter is noted, the sentence stays as its author wrote it."""
    first = next((block for block in content if block.tag == "p"), None)
    if first is None:
        return
    bracketed = _BRACKETED.match(first.text)
    spoken = _SPOKEN_DATELINE.match(first.text)
    told = None
    if bracketed and _DATELINE.fullmatch(bracketed[1]):
        told = said(f"（{bracketed[2]}）", draft.words)
    elif spoken:
        told = said(spoken[1], draft.words)
    if told and not told.fields and all(one.group in (Group.BYLINE, Group.PICTURES) for one in told.credits):
        draft.credit(*told.credits)
