"""The tail of a manuscript: credits, buttons, footers, and other articles' titles below the text.

Unknown lines never stop the rest from being recognised; a notice's 落款, 附件 and 抄送 are text and stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.channel import Text
from pipeline.credit import Duty, Group
from pipeline.manuscript import reasons
from pipeline.manuscript.body import Block, truncated
from pipeline.manuscript.credits import Said, closing
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.lines import Kind, Line, is_below, is_footer
from pipeline.manuscript.taking import take, take_said

_MOST_BEHIND = 3
"""Lines of text behind the credits that do not make them a part of the text."""
_SHORT = 30
"""Characters of an unknown line that among credits and noise is noise."""
_BELONGS = re.compile(r"^(?:附件?|附录|附表|抄送|抄报|主送|注|备注|说明|链接|电话|联系|地址|报名|咨询|时间|地点|（此件|\(此件|特此)")


def without_other_articles(lines: Sequence[Line], draft: Draft) -> list[Line]:
    """What stands below 相关新闻, 往期推荐 and the like is another article's; desk credits below it are still this one's."""
    start = next((place for place, line in enumerate(lines) if place and _begins_others(lines, place, draft)), None)
    if start is None:
        return list(lines)
    heading = lines[start]
    kept: list[Line] = []
    dropped = 0
    strange = False
    for line in lines[start + 1 :]:
        strange = strange or line.kind is Kind.TEXT
        desk = line.said is not None and line.said.labelled and not strange and _is_desk(line.said)
        if desk or (line.said is not None and line.said.labelled and any(c.group is Group.DESK for c in line.said.credits)):
            kept.append(line)
            continue
        dropped += 1
        if line.text:
            draft.dropped(line.text, Text.of(reasons.BELOW_NOISE.template, heading=heading.text), line=line.number)
    draft.dropped(heading.text, reasons.BUTTONS, line=heading.number)
    draft.notice(
        "body",
        Text.of("“{heading}” and what follows it ({count} paragraphs) were left out", heading=heading.text, count=dropped),
        Text.of("if it belongs to the article, move it before that line"),
        line=heading.number,
    )
    return [*lines[:start], *kept]


def _is_desk(told: Said) -> bool:
    return bool(told.credits) and all(one.group in (Group.DESK, Group.REVIEW, Group.RELEASE) for one in told.credits)


def _begins_others(lines: Sequence[Line], place: int, draft: Draft) -> bool:
    line = lines[place]
    if not line.block.runs or line.kind is Kind.SAID or not is_below(line.text, draft.words):
        return False
    if not any(one.kind is Kind.TEXT for one in lines[:place]):
        return False
    bare = "".join(line.text.split()).strip("【】[]●■◆▶:：")
    if bare in draft.words.noise.sidebar:
        # Newspapers set a text of their own under this heading; sites list titles there.
        following = [one for one in lines[place + 1 : place + 4] if one.block.runs]
        return not following or following[0].kind is not Kind.TEXT
    return True


def without_tail(lines: Sequence[Line], draft: Draft) -> list[Line]:
    """The lines that are left when credits and noise below the text have been taken."""
    start = _start(lines)
    left = list(lines[:start])
    tail = lines[start:]
    footers = {place for place, line in enumerate(tail) if is_footer(line.text, draft.words)}
    credited = {place for place, line in enumerate(tail) if line.said is not None and line.said.credits}
    known = {
        place
        for place, line in enumerate(tail)
        if (line.said is not None and line.said.became not in ((), ("date",))) or line.kind in (Kind.NOISE, Kind.CRUMB)
    }
    for place, line in enumerate(tail):
        if place in footers or (
            line.kind is not Kind.SAID
            and footers & {place - 1, place + 1, place - 2, place + 2}
            and draft.words.beside_footer.fullmatch(line.text)
        ):
            draft.dropped(line.text, reasons.FOOTER, line=line.number)
        elif line.said is not None and (line.said.became != ("date",) or any(one < place for one in known)):
            take_said(line, line.said, draft)
        elif line.kind in (Kind.NOISE, Kind.CRUMB) and line.said is None:
            draft.dropped(line.text, reasons.BUTTONS, line=line.number)
        elif line.kind is Kind.FORM and not line.block.children:
            draft.dropped(line.text, reasons.FORM, line=line.number)
        elif _is_noise_among(place, line, credited, known):
            draft.dropped(line.text, reasons.AFTER_CREDITS, line=line.number, guessed=True)
        else:
            left.append(line)
    return left


def _is_noise_among(place: int, line: Line, credited: set[int], known: set[int]) -> bool:
    """Whether an unknown short line stands behind the credits, where nobody continues a text."""
    before = [one for one in credited if one < place]
    return (
        bool(before)
        and line.kind is Kind.TITLE
        and bool(line.block.runs)
        and len(line.text) <= _SHORT
        and not _BELONGS.match(line.text)
    )


def _start(lines: Sequence[Line]) -> int:
    """Where the tail begins: behind the last text; a few lines of text behind a cluster of credits do not count."""
    texts = [place for place, line in enumerate(lines) if line.kind is Kind.TEXT or line.kind is Kind.NOTE]
    start = texts[-1] + 1 if texts else min(len(lines), 1)
    for behind in range(1, min(_MOST_BEHIND, len(texts) - 1) + 1):
        first = texts[-behind - 1] + 1
        between = lines[first : texts[-behind]]
        if _is_cluster(between):
            return first
    return start


def _is_cluster(lines: Sequence[Line]) -> bool:
    """Whether these lines are the credits at an article's end, so that what follows them is no text of it."""
    told = [line.said for line in lines if line.said is not None and line.said.credits and line.said.labelled]
    desk = sum(1 for one in told for credit in one.credits if credit.group is not Group.BYLINE)
    return desk >= 2 and len(told) >= len([line for line in lines if line.block.runs]) / 2


def without_closing(content: list[Block], draft: Draft) -> list[Block]:
    """Credits in brackets, or «… 张三 摄», that close the last paragraph."""
    last = next((place for place in reversed(range(len(content))) if content[place].tag == "p"), None)
    if last is None or any(block.tag not in ("figure", "p") for block in content[last + 1 :]):
        return content
    whole = "".join(run.text for run in content[last].runs)
    found = closing(whole, draft.words)
    if found is None:
        return content
    start, told = found
    alone = not told.labelled and told.credits[0].duty is Duty.AUTHOR and len(told.credits) == 1
    take(told, draft, content[last].hints.line)
    draft.took(
        whole[start:].strip(),
        told.became,
        reasons.NAMES_ALONE if alone else reasons.CLOSING,
        line=content[last].hints.line,
        guessed=alone,
    )
    left = truncated(content[last], start)
    return [*content[:last], *([left] if left.runs else []), *content[last + 1 :]]


def opening(content: Sequence[Block], draft: Draft) -> None:
    """本报讯（记者 张三）…: the reporter is noted, the sentence stays as its author wrote it."""
    from pipeline.manuscript.credits import said

    first = next((block for block in content if block.tag == "p"), None)
    if first is None:
        return
    match = re.match(r"^(.{0,30}?)[（(]([^（）()]{2,80})[)）]", first.text)
    if match and re.fullmatch(r"(?:\S{0,28}[讯电]|本报.{0,20}|.{0,12}消息)?\s*", match[1]):
        found = said(f"（{match[2]}）", draft.words)
    else:
        match = re.match(r"^\S{0,24}?(?:讯|电)[\s　]+([\u3400-\u9fff]{0,12}记者[^，。]{2,30}?)(?:[\s　]*(?:报道)?[:：]|[\s　]{2,}|　)", first.text)
        found = said(match[1], draft.words) if match else None
    if found and found.credits and not found.fields and all(one.group is Group.BYLINE or one.duty is Duty.PHOTOGRAPHER for one in found.credits):
        draft.credit(*found.credits)
