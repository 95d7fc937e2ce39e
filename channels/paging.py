"""Pages of a list by their articles' ordinals: a page's place is for ever, whatever comes after it.

What is released fills the pages 1, 2 … from the oldest on. What is imported from an archive was there before all
that: its ordinals are below zero, the newest -1, and it fills the pages -1, -2 … from its newest on. There is no
ordinal and no page 0: page -1 comes right before page 1.
"""

from __future__ import annotations


def page_of(ordinal: int, size: int) -> int:
    """The page that an ordinal belongs to.

    >>> [page_of(one, 20) for one in (1, 20, 21, -1, -20, -21)]
    [1, 1, 2, -1, -1, -2]
    """
    page = (abs(ordinal) - 1) // size + 1
    return page if ordinal > 0 else -page


def ordinals(page: int, size: int) -> tuple[int, int]:
    """The lowest and the highest ordinal of a page.

    >>> ordinals(2, 20), ordinals(-2, 20)
    ((21, 40), (-40, -21))
    """
    return ((page - 1) * size + 1, page * size) if page > 0 else (page * size, (page + 1) * size - 1)


def before(page: int) -> int:
    """The page of the articles before these: `before(1)` is -1."""
    return page - 1 if page != 1 else -1


def after(page: int) -> int:
    return page + 1 if page != -1 else 1


def pages(last: int, imported: int, size: int) -> list[int]:
    """Every page there is, the oldest first, but for the one that is being filled: `last` ordinals above zero and
    `imported` below it have been given.

    >>> pages(45, 21, 20)
    [-2, -1, 1, 2]
    """
    return [*range(page_of(-imported, size) if imported else 0, 0), *range(1, last // size + 1)]


def exists(page: int, last: int, imported: int, size: int) -> bool:
    """Whether it is one of those.

    >>> [exists(one, 45, 21, 20) for one in (3, 2, -2, -3, 0)]
    [False, True, True, False, False]
    """
    return 0 < page <= last // size or page_of(-max(imported, 1), size) <= page < 0 < imported


def named(page: int) -> str:
    """What a page is called in addresses.

    >>> named(2), named(-2)
    ('2', 'archive-2')
    """
    return str(page) if page > 0 else f"archive-{-page}"
