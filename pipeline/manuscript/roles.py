"""Roles as newsrooms print them, and the duty behind each."""

from __future__ import annotations

from pipeline.article.credit import Duty
from pipeline.manuscript.words import Words, shipped


def duty_of(role: str, words: Words | None = None) -> Duty | None:
    """The duty that a role means, with or without a grade or an employer before it; None if it is none.

    >>> duty_of("实习记者"), duty_of("责　编"), duty_of("青河县融媒体中心记者"), duty_of("单位")
    (<Duty.REPORTER: 'reporter'>, <Duty.EDITOR: 'editor'>, <Duty.REPORTER: 'reporter'>, None)
    """
    known = words or shipped()
    bare = printed(role)
    if bare in known.duties:
        return known.duties[bare]
    match = known.role.fullmatch(bare)
    return known.duties[match["word"]] if match else None


def printed(role: str) -> str:
    """A role without the spaces that make lines equally long."""
    return "".join(role.split())
