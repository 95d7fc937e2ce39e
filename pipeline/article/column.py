"""Columns (栏目): what they are called, what becomes of them, and where an article stands in one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, model_validator

from pipeline.article.image import Image
from pipeline.article.text import numeral
from pipeline.article.value import Frozen

SLUG = r"^[a-z0-9][a-z0-9-]*$"


class Column(Frozen):
    """A named series of articles (栏目), configured or opened on every channel at once."""

    id: str = Field(pattern=SLUG)
    """Permanent: what articles and feeds know it by."""
    name: str = Field(min_length=1)
    description: str
    keywords: tuple[str, ...] = Field(min_length=1)
    type: str = "工作动态"
    """ColumnType of 《政府网站发展指引》."""
    note: str = ""
    """编者按 of the column, plain text; paragraphs separated by a newline."""
    note_on: Literal["first", "all"] = "first"
    """Which of its articles carry the 编者按."""
    series: str = ""
    """系列: what its articles are numbered in, such as 2019年脱贫攻坚奔小康系列报道; empty: they are not."""
    banner: Image | None = None
    """Stands above each of its articles."""
    address: str = Field(default="", pattern=rf"^$|{SLUG}")
    """Its part of public addresses: lower-case letters, digits, hyphens; default the id."""
    former_addresses: tuple[str, ...] = ()
    """Where it stood before it was renamed: they lead to its address for ever."""
    former_names: tuple[str, ...] = ()
    closed: str = ""
    """The closing line; empty as long as the column takes articles."""

    @model_validator(mode="before")
    @classmethod
    def _addressed(cls, values: Any) -> Any:
        return (
            {**values, "address": values["id"]}
            if isinstance(values, dict) and not values.get("address") and "id" in values
            else values
        )

    @property
    def counts(self) -> bool:
        """Whether what it adds to an article depends on those before it."""
        return bool(self.series or self.note)

    def line(self, number: int) -> str:
        """What an article of this number in the series says of itself, such as 2019年脱贫攻坚奔小康系列报道之三."""
        return f"{self.series}之{numeral(number)}"

    def renamed(self, name: str, address: str) -> Column:
        """The column under another name and address; those that it had stay known.

        An 编者按 that calls it by the old name (即日起开设《…》栏目) is that of its opening, and stays there.
        """
        return self.model_copy(
            update={
                "note": "" if name != self.name and self.name in self.note else self.note,
                "name": name,
                "address": address,
                "former_names": _and(self.former_names, self.name, name),
                "former_addresses": _and(self.former_addresses, self.address, address),
            }
        )

    def is_called(self, name: str) -> bool:
        """Whether an editor may mean it by this: its id, its name or address, or one that it had."""
        return name in (self.id, self.name, self.address, *self.former_names, *self.former_addresses)


def _and(former: tuple[str, ...], last: str, now: str) -> tuple[str, ...]:
    """The former ones with the last, without what is in use (again)."""
    return tuple(one for one in dict.fromkeys((*former, last)) if one != now)


class Place(Frozen):
    """Where in its column an article comes to stand: what was there before it."""

    number: int | None
    """Its number in the series; None if it is not counted."""
    first: bool
    """Whether it is the column's first."""

    @classmethod
    def unknown(cls) -> Place:
        """Where nobody has to know."""
        return cls(number=None, first=False)


class Deed(StrEnum):
    """What a record does to its column."""

    OPEN = "open"
    RENAME = "rename"
    CLOSE = "close"


class Announcement(Frozen):
    """What a record makes of its column, beside the text that tells people of it (开栏、更名、收官).

    The record is published like any article; from its moment on the column is as it says.
    """

    deed: Deed
    column: Column

    def of(self, before: Column) -> Column:
        """What it makes of the column, whatever else has become of that since it was written."""
        match self.deed:
            case Deed.OPEN:
                return self.column
            case Deed.RENAME:
                return before.renamed(self.column.name, self.column.address)
            case Deed.CLOSE:
                return before.model_copy(update={"closed": self.column.closed})


def columns_after(configured: Iterable[Column], announcements: Iterable[Announcement]) -> tuple[Column, ...]:
    """The configured columns and those opened, each as its announcements made it, in the order of their moments.

    What was not opened is left out.
    """
    columns = {column.id: column for column in configured}
    for one in announcements:
        if one.deed is Deed.OPEN or one.column.id in columns:
            columns[one.column.id] = one.of(columns.get(one.column.id, one.column))
    return tuple(columns.values())
