"""Where the site's pages lead beside its articles: the search, the form for mistakes, and links to what else the
county offers (政务公开, 互动), by groups. All of it is configured; what is not there is not shown.

    search = "/search"          # a page that takes `q`
    feedback = "/feedback"      # a form that takes `page`, the address of the page that it is about

    [[channel.links]]
    name = "政务公开"
    links = [{ name = "政府信息公开指南", url = "https://www.qinghe.gov.cn/zfxxgk/" }]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, TypeAdapter, ValidationError, field_validator

from channels.options import Takes
from pipeline.article.value import Frozen
from pipeline.channel import Text


def is_address(value: object) -> bool:
    """Whether a link can lead there: a whole web address, or one from the host's root."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        return False
    parts = urlsplit(value)
    if parts.scheme:
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    return value.startswith("/") and not value.startswith("//")


class Link(Frozen):
    """A link to another place."""

    name: str = Field(min_length=1)
    url: str

    @field_validator("url")
    @classmethod
    def _leads(cls, value: str) -> str:
        if not is_address(value):
            raise ValueError("no web address")
        return value


class Group(Frozen):
    """Links under one name."""

    name: str = Field(min_length=1)
    links: tuple[Link, ...] = Field(min_length=1)


_GROUPS = TypeAdapter(tuple[Group, ...])


def groups_of(options: Mapping[str, Any]) -> tuple[Group, ...]:
    """The configured groups; none where they are not as they should be, which `doctor` tells."""
    try:
        return _GROUPS.validate_python(options.get("links", ()))
    except ValidationError:
        return ()


def _are_groups(value: object) -> bool:
    try:
        _GROUPS.validate_python(value)
    except ValidationError:
        return False
    return True


ADDRESS = Takes(
    lambda value: value == "" or is_address(value),
    Text.of("write an address from the site's root, such as /search, or a whole one with https://"),
)
GROUPS = Takes(
    _are_groups,
    Text.of('write [[channel.links]] tables, each with a name and links = [{ name = "…", url = "https://…" }]'),
)
