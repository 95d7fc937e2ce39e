"""What an article of a series says of the ones before and after it.

It is filled in when the draft is made, for only then it is known, and a post cannot be changed: a new one names what
came before it, a correction also what has come after it. Who reads on finds the others by 阅读原文. Numbers are never
given again: a withdrawn article is named as withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from channels.templating import templates
from channels.wechat.content.look import Look, styled
from channels.wechat.content.text import ROOM, SERIES
from pipeline.channel import Delivery, Entry

NEAR = 20
"""So many of its column's articles on both sides are looked at."""
MOST_GONE = 3
"""So many withdrawn ones in a row are named."""


class Linked(NamedTuple):
    """An article of the series, and its post if it has an address."""

    title: str
    url: str


class Way(NamedTuple):
    """One direction of the series: the next article that stands, and the withdrawn ones between."""

    entry: Linked | None
    gone: tuple[str, ...]
    """What they were in the series, such as 2019年脱贫攻坚奔小康系列报道之三."""


def lines(delivery: Delivery, look: Look) -> str:
    """The paragraphs that are filled in at `SERIES`; "" if there is nothing to say, or no place for it."""
    article, catalogue = delivery.revision.article, delivery.catalogue
    if article.number is None or delivery.rendition is None or SERIES not in delivery.rendition.body:
        return ""
    own, column = catalogue.entry(delivery.revision.id), article.column
    here = own.column_ordinal if own is not None else catalogue.last(column) + 1
    near = {
        entry.revision.article.number: entry
        for entry in catalogue.span(max(1, here - NEAR), here + NEAR, column)
        if entry.revision.id != delivery.revision.id and entry.revision.article.number is not None
    }
    numbers = sorted(number for number in near if number is not None)
    before = _way(near[number] for number in reversed(numbers) if number < article.number)
    after = _way(near[number] for number in numbers if number > article.number)
    page = templates("wechat").get_template("series.html").render(before=before, after=after)
    written = styled(page, look).partition(">")[2].rpartition("<")[0]
    return written if len(written) <= ROOM else ""


def _way(entries: Iterable[Entry]) -> Way:
    gone: list[str] = []
    for entry in entries:
        article = entry.revision.article
        if entry.withdrawn_at is None:
            # What is no address on the web (a draft, a file) is named all the same.
            url = entry.receipt.url if urlsplit(entry.receipt.url).scheme in ("http", "https") else ""
            return Way(Linked(" ".join(article.headline.split()), url), tuple(gone[:MOST_GONE]))
        gone.append(article.series)
    return Way(None, tuple(gone[:MOST_GONE]))
