"""Who did what for an article (署名), and what was made by a machine (人工智能生成合成内容)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from pipeline.article.value import Frozen


class Group(StrEnum):
    """What a duty belongs to; printed together, in this order."""

    BYLINE = "byline"
    PICTURES = "pictures"
    DESK = "desk"
    REVIEW = "review"
    RELEASE = "release"


class Duty(StrEnum):
    """What a person did, whatever the newsroom calls it. A 通讯员 is never a 记者."""

    REPORTER = "reporter"
    CORRESPONDENT = "correspondent"
    AUTHOR = "author"
    PHOTOGRAPHER = "photographer"
    PRODUCER = "producer"
    """制图、视觉、剪辑、配音: who made what is seen and heard, but no photographs."""
    EDITOR = "editor"
    PROOFREADER = "proofreader"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    SUPERVISOR = "supervisor"
    """监制、总监制."""

    @property
    def group(self) -> Group:
        return _GROUPS[self]


_GROUPS = {
    Duty.REPORTER: Group.BYLINE,
    Duty.CORRESPONDENT: Group.BYLINE,
    Duty.AUTHOR: Group.BYLINE,
    Duty.PHOTOGRAPHER: Group.PICTURES,
    Duty.PRODUCER: Group.PICTURES,
    Duty.EDITOR: Group.DESK,
    Duty.PROOFREADER: Group.DESK,
    Duty.REVIEWER: Group.REVIEW,
    Duty.APPROVER: Group.RELEASE,
    Duty.SUPERVISOR: Group.RELEASE,
}


class Credit(Frozen):
    """One role and who had it, in the order of the manuscript."""

    role: str = Field(min_length=1)
    """As it is printed: 记者, 实习记者, 责编, 一审."""
    duty: Duty
    names: tuple[str, ...] = ()
    """Persons, without the spaces that pad a name of two characters."""
    organisations: tuple[str, ...] = ()
    """Offices and firms that had the role, such as 洛门镇党政办."""

    @property
    def group(self) -> Group:
        return self.duty.group

    @property
    def everybody(self) -> tuple[str, ...]:
        return (*self.names, *self.organisations)


ROLES = {
    Duty.REPORTER: "记者",
    Duty.CORRESPONDENT: "通讯员",
    Duty.AUTHOR: "作者",
    Duty.PHOTOGRAPHER: "摄影",
    Duty.PRODUCER: "制作",
    Duty.EDITOR: "编辑",
    Duty.PROOFREADER: "校对",
    Duty.REVIEWER: "审核",
    Duty.APPROVER: "签发",
    Duty.SUPERVISOR: "监制",
}
"""What a duty is called where nothing else is said."""

PEOPLE = {
    "reporters": Duty.REPORTER,
    "correspondents": Duty.CORRESPONDENT,
    "authors": Duty.AUTHOR,
    "photographers": Duty.PHOTOGRAPHER,
    "editors": Duty.EDITOR,
    "proofreaders": Duty.PROOFREADER,
    "reviewers": Duty.REVIEWER,
    "approvers": Duty.APPROVER,
}
"""An article's lists of persons by the name under which it answers them."""


def names_of(credits: Iterable[Credit], duty: Duty) -> tuple[str, ...]:
    """The persons with this duty, each once, in order."""
    return tuple(dict.fromkeys(name for credit in credits if credit.duty is duty for name in credit.names))


def joined(credits: Iterable[Credit]) -> tuple[Credit, ...]:
    """The credits with neighbours of one role put together and nobody named twice in it."""
    found: dict[tuple[str, Duty], Credit] = {}
    for credit in credits:
        before = found.get((credit.role, credit.duty), credit)
        found[(credit.role, credit.duty)] = credit.model_copy(
            update={
                "names": tuple(dict.fromkeys((*before.names, *credit.names))),
                "organisations": tuple(dict.fromkeys((*before.organisations, *credit.organisations))),
            }
        )
    return tuple(found.values())


class Certainty(StrEnum):
    """How sure it is that a machine made it: the values of `Label` (GB 45438-2025)."""

    IS = "1"
    MAY_BE = "2"
    SUSPECTED = "3"


class Aigc(Frozen):
    """The label of AI-made content (《人工智能生成合成内容标识办法》; GB 45438-2025, the implicit label `AIGC`).

    Whoever spreads a labelled file keeps what is in it and adds its own part.
    """

    label: Certainty
    producer: str = ""
    """`ContentProducer`."""
    produce_id: str = ""
    """`ProduceID`."""
    reserved1: str = ""
    """`ReservedCode1`: the producer's own check."""
    propagator: str = ""
    """`ContentPropagator`."""
    propagate_id: str = ""
    """`PropagateID`."""
    reserved2: str = ""
    """`ReservedCode2`: the propagator's own check."""
