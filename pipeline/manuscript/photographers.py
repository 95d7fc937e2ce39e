"""Who took a picture, as the end of its caption says: …。苏伟 摄, （记者甲 摄）, （县林业局供图）, 摄影：苏伟."""

from __future__ import annotations

import re

from pipeline.article.credit import Credit, Duty
from pipeline.manuscript import names
from pipeline.manuscript.words import shipped

ROLES = {"摄": "摄影", "摄影": "摄影", "图": "摄影", "供图": "供图", "提供": "供图", "图片提供": "供图"}
"""How the word in a caption is printed among the credits. Who gave a picture did not take it."""

_END = re.compile(r"(?P<did>(?<![拍航合])摄影?|供图|(?<=[\s\u3400-\u9fff])图(?=\s*[)）】\]]))[)）】\]\s]*[。.]?$")
_BEHIND = re.compile(
    r"(?:^|[。！？!?；;，,\s（(【\[])(?P<did>(?:摄影|摄|供图|图片提供)(?=\s*[:：/／|｜])|图(?=\s*[/／|｜]))\s*.\s*"
    r"(?P<who>[^。！？!?；;，,（()）【】\[\]:：]{2,40}?)[)）】\]\s]*[。.]?$"
)
_GIVEN = re.compile(
    r"(?:图片?|照片)[均都]?由\s*(?P<who>[^。！？!?；;，,（()）【】\[\]\s]{2,20}?)\s*(?P<did>提供)[)）】\]\s]*[。.]?$"
)
_STOP = re.compile(r"[。！？!?；;（(【\[—，,:：）)】\]]")
_SOFT = "，,:：）)】]"
"""Stops behind which the sentence may go on."""
_ROLE = re.compile(
    r"(?:[\u3400-\u9fff]{0,12}?(?:记者|通讯员|摄影师|摄影家|拍客|网友)|"
    r"(?:以上|本文)?(?:图片|照片)?(?:均为|均由|皆由|都由))\s*"
)
_NOBODY = frozenset({
    "资料", "网络", "网友", "作者", "记者", "通讯员", "本人", "家属", "单位", "受访者", "采访对象", "来源", "视频",
    "同上", "读者", "村民", "本报", "本台", "本网", "自己", "老师", "学生", "主办方", "活动方",
    "示意", "效果", "设计", "规划", "概念", "鸟瞰", "实景", "模拟", "对比", "合成", "平面", "位置", "区位", "流程",
})  # fmt: skip
CREDITED = re.compile(r"[（(]?\s*[^。！？!?；;，,（()）:：]{2,30}?\s*(?:(?<![拍航合])摄影?|供图)\s*[)）]?。?")
"""A whole line that says nothing else."""


def credits_in(caption: str) -> tuple[Credit, ...]:
    """The credits at a caption's end; empty where nobody is named.

    >>> credits_in("图为茶农采摘春茶。苏伟 摄")[0].names, credits_in("植树现场（县林业局供图）")[0].organisations
    (('苏伟',), ('县林业局',))
    >>> credits_in("图为记者在现场拍摄"), credits_in("村里的晒场（示意图）")
    ((), ())
    """
    return _found(caption)[1]


def without_credit(caption: str) -> str:
    """What the caption says of the picture.

    >>> without_credit("植树现场（县林业局供图）")
    '植树现场'
    """
    return caption[: _found(caption)[0]].rstrip(" 　（(【[")


def _found(caption: str) -> tuple[int, tuple[Credit, ...]]:
    """(where the credits begin, or the caption's length; the credits)."""
    if behind := _GIVEN.search(caption) or _BEHIND.search(caption):
        start, did, words = behind.start(), behind["did"], list(names.split(_ROLE.sub("、", behind["who"])))
    elif end := _END.search(caption):
        start, words = _before(caption[: end.start()])
        did = end["did"]
    else:
        return len(caption), ()
    known = [word for word in words if word not in _NOBODY]
    offices = tuple(word for word in known if names.is_organisation(word, shipped()))
    persons = tuple(word for word in known if names.is_person(word, shipped()))
    if not persons and not offices:
        return len(caption), ()
    return start, (Credit(role=ROLES[did], duty=Duty.PHOTOGRAPHER, names=persons, organisations=offices),)


def _before(text: str) -> tuple[int, list[str]]:
    """(where they begin, the words at the end of a text that name somebody).

    Behind a full stop or a bracket all words do, behind a comma or a space the last, and those joined to it by 、.
    """
    stop = max((found.end() for found in _STOP.finditer(text)), default=0)
    said = text[stop:]
    if role := _ROLE.search(said):
        return stop + role.start(), list(names.split(_ROLE.sub("、", said[role.end() :])))
    words = list(names.split(said))
    divided = stop > 0 and text[stop - 1] not in _SOFT
    if words and not (divided and len(said) <= 30):
        words = words[-1 - said.count("、") :]
    at = text.rfind(words[0][0], stop) if words else len(text)
    return (stop if divided else at), words
