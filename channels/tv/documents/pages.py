"""The pages: a story's script, the rundown of a day, the prompter, the list of days, and the files that they load."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from markupsafe import Markup

from channels.templating import TEMPLATES, templates
from channels.tv.documents.wording import KEPT, captions, head, label, lines, number, weekday
from channels.tv.house import house
from channels.tv.programme import Calendar, Programme
from channels.tv.script import Script
from pipeline.article import Site

ASSETS = ("tv.css", "prompter.js")


@cache
def _asset(name: str) -> tuple[str, bytes]:
    data = (TEMPLATES / "tv" / name).read_bytes()
    stem, _, ending = name.partition(".")
    return f"assets/{stem}.{hashlib.sha256(data).hexdigest()[:16]}.{ending}", data


def assets() -> Mapping[str, bytes]:
    """The files that the pages load, by their path under the channel's root."""
    return dict(_asset(name) for name in ASSETS)


def load() -> None:
    """Compile the templates of the pages, so that the first one is made as quickly as any."""
    for name in templates("tv").list_templates(extensions=["html"]):
        templates("tv").get_template(name)


def _render(template: str, up: str, site: Site | None = None, **values: Any) -> bytes:
    """`up`: the way from the page to the channel's root; `site`: whose page it is, for those who gather a government's
    sites (《政府网站发展指引》)."""
    hrefs = {name: up + _asset(name)[0] for name in ASSETS}
    known: dict[str, Any] = {
        "words": house().words, "house": house(), "up": up, "site": site,
        "css": hrefs["tv.css"], "js": hrefs["prompter.js"],
        "number": number, "label": label, "weekday": weekday, "length": house().length,
    }  # fmt: skip
    return templates("tv").get_template(template).render(**known, **values).encode()


@lru_cache(maxsize=KEPT)
def page(script: Script, digest: str, site: Site | None = None) -> bytes:
    """The script as a page for reading and printing; it bears the rendition's digest."""
    return _render(
        "script.html", "../", site, script=script, head=head(script), captions=captions(script), digest=digest
    )


def preview(script: Script, digest: str) -> bytes:
    """The same with its style inside."""
    shown = page(script, digest).decode()
    css = _asset("tv.css")[1].decode()
    link = f'<link rel="stylesheet" href="../{_asset("tv.css")[0]}">'
    return shown.replace(link, f"<style>{css}</style>").encode()


def gone(headline: str, day: str, reason: str, site: Site | None = None) -> bytes:
    """What stands in the place of a withdrawn story's script."""
    return _render("gone.html", "../", site, headline=headline, day=day, reason=reason)


def rundown(programme: Programme, calendar: Calendar, *, station: str, site: Site | None = None) -> bytes:
    """The day's running order with planned and used time, and back-timing."""
    used, over, zone, lock = programme.used(), programme.over(calendar.terms), calendar.zone, programme.lock
    return _render(
        "rundown.html",
        "../",
        site,
        programme=programme,
        terms=calendar.terms,
        rows=programme.rows(calendar),
        used=used,
        over=over,
        clock=lambda moment: f"{moment.astimezone(zone):%H:%M:%S}",
        locked_at=f"{lock.at.astimezone(zone):%m-%d %H:%M}" if lock else "",
        begins=calendar.on_air(programme.day),
        ends=calendar.over(programme.day),
        station=station,
    )


def link(story: str, digest: str = "") -> bytes:
    """How the rundown refers to a story's page, with the rendition's digest; without one, how that begins."""
    begins = f'<a href="{story}.html" data-digest="'
    return (f'{begins}{digest}">' if digest else begins).encode()


def prompter(programme: Programme, scripts: Sequence[Script], calendar: Calendar, *, site: Site | None = None) -> bytes:
    """The whole programme in large type, scrolling by itself."""
    shown = [(script, _read(script)) for script in scripts]
    return _render("prompter.html", "../", site, programme=programme, shown=shown, terms=calendar.terms)


@lru_cache(maxsize=KEPT)
def _read(script: Script) -> Markup:
    """What is read of a story, as the prompter's page has it."""
    return Markup(_render("read.html", "../", lines=lines(script)).decode())  # noqa: S704 - rendered with escaping on


def index(programmes: Sequence[Programme], calendar: Calendar, *, station: str, site: Site | None = None) -> bytes:
    """The list of days, the newest first."""
    return _render("index.html", "", site, programmes=programmes, terms=calendar.terms, station=station)
