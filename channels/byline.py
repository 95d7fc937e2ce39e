"""Who did what, as channels print it (署名). The rule stands here; a channel's templates only set it.

    printed(article, newsroom.house, Group.BYLINE)     # → (Printed(role="记者", names="张三、李四"), …)
    lines(article, newsroom.house, *Group)             # → ("记者：张三　通讯员：王五", "责任编辑：…", …), one a group

Roles are printed as the manuscript has them (but see `IN_PUBLIC`), in its order, group by group. So nobody becomes what
he is not: what is called 记者 in public was called so by the newsroom.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pipeline.article import Article, House
from pipeline.article.credit import Credit, Duty, Group, joined

BETWEEN = "、"
"""Between names."""
APART = "　"
"""Between credits on one line, and within a name of two characters that is printed as wide as one of three."""
WRITERS = (Duty.REPORTER, Duty.AUTHOR, Duty.CORRESPONDENT)
"""Whom metadata calls the authors, for it has no word for their roles; where there is room for one, the first."""
IN_PUBLIC: Mapping[str, str] = MappingProxyType({"编辑": "责任编辑"})
"""Roles that a government's site has to call otherwise than manuscripts do: one word for one thing, wherever people
read it. TV's script, which the house reads, has the manuscript's."""

_TWO = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]{2}")


class Printed(NamedTuple):
    """A credit as it is printed."""

    role: str
    names: str

    def __str__(self) -> str:
        return f"{self.role}：{self.names}"


class Author(NamedTuple):
    """Whom metadata names as an author."""

    name: str
    is_person: bool


def credits_of(article: Article, *groups: Group) -> tuple[Credit, ...]:
    """The credits of these groups, group by group, those of one role together; without those that name nobody."""
    order = list(Group)
    credits = sorted(article.credits, key=lambda credit: order.index(credit.group))
    return tuple(one for one in joined(credits) if one.group in groups and one.everybody)


def name_printed(name: str, house: House) -> str:
    """A person's name as the house prints it."""
    return APART.join(name) if house.spaced_names and _TWO.fullmatch(name) else name


def names_printed(credit: Credit, house: House) -> tuple[str, ...]:
    """Everybody of a credit: persons as the house prints them, then offices as they are."""
    return (*(name_printed(name, house) for name in credit.names), *credit.organisations)


def printed(article: Article, house: House, *groups: Group) -> tuple[Printed, ...]:
    """The credits of these groups as people read them."""
    return tuple(
        Printed(IN_PUBLIC.get(credit.role, credit.role), BETWEEN.join(names_printed(credit, house)))
        for credit in credits_of(article, *groups)
    )


def lines(article: Article, house: House, *groups: Group) -> tuple[str, ...]:
    """The same, all credits of a group on one line."""
    return tuple(filter(None, (in_line(printed(article, house, group)) for group in groups)))


def in_line(credits: Iterable[Printed]) -> str:
    """Credits on one line, further apart than anything in them."""
    texts = [str(one) for one in credits]
    return (APART * 2 if any(APART in text for text in texts) else APART).join(texts)


def side_by_side(names: Iterable[str]) -> str:
    """Names in a form's field; those that have a space in them need more than a space between them."""
    names = tuple(names)
    return (BETWEEN if any(APART in name for name in names) else APART).join(names)


def authors(article: Article, otherwise: str) -> tuple[Author, ...]:
    """Whom metadata names as the authors, persons and offices; the source, or else this organisation, if nobody is."""
    written = [credit for credit in credits_of(article, Group.BYLINE) if credit.duty in WRITERS]
    found = [
        *(Author(name, is_person=True) for credit in written for name in credit.names),
        *(Author(name, is_person=False) for credit in written for name in credit.organisations),
    ]
    return tuple(dict.fromkeys(found)) or (Author(article.source or otherwise, is_person=False),)


def by(article: Article) -> str:
    """Who wrote it, in a sentence's place; "" if nobody is named. Without a role, who is named is a 记者."""
    written = credits_of(article, Group.BYLINE)
    if {credit.duty for credit in written} <= {Duty.REPORTER}:
        return BETWEEN.join(dict.fromkeys(name for credit in written for name in credit.everybody))
    return APART.join(f"{credit.role} {BETWEEN.join(credit.everybody)}" for credit in written)
