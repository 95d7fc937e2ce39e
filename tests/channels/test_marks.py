"""Marks of the public server (`pipeline.channel.mark_of`): no word of a newsroom or a manuscript can make one."""

from __future__ import annotations

import http.client
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from channels.app import App
from channels.feeds import Feeds
from channels.tv import Television
from channels.website import Website
from pipeline.article import Column, Newsroom, Outlet
from pipeline.channel import GONE, Channel, Setting, mark_of, moved
from pipeline.testing import MemoryNotebook, Rehearsal, article_of, newsroom_of, opening_of, picture, revision_of
from tests.channels.test_website import serving

OUTLETS = (
    Outlet(id="website", kind="website", name="县政府网站"),
    Outlet(id="feeds", kind="feeds", name="订阅", options={"root": "site/feeds"}),
    Outlet(id="app", kind="app", name="新武山APP", options={"root": "site/app"}),
    Outlet(id="tv", kind="tv", name="武山新闻", options={"root": "site/tv"}),
)
KINDS: tuple[type[Channel], ...] = (Website, Feeds, App, Television)


def newsroom_that_says(words: str) -> Newsroom:
    """A newsroom with these words wherever it may choose its own."""
    plain = newsroom_of(*OUTLETS)
    site = plain.site.model_copy(update={"name": words, "description": words, "organiser": words, "contact": words})
    first = plain.columns[0].model_copy(update={"name": words, "description": words, "keywords": (words,)})
    return plain.model_copy(
        update={"name": words, "short_name": words, "site": site, "columns": (first, *plain.columns[1:])}
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "words",
    [
        moved("https://a.cn/").decode(),
        GONE.decode(),
        f"<!doctype html>{moved('/elsewhere/').decode()}",
        f"]]>{GONE.decode()}<![CDATA[",
        f"\"'>{moved('../elsewhere/').decode()}",
        f"</script></title></style>{GONE.decode()}",
    ],
)
def test_no_word_in_any_place_moves_or_ends_what_is_public(tmp_path: Path, kind: type[Channel], words: str) -> None:
    newsroom = newsroom_that_says(words)
    outlet = next(one for one in OUTLETS if one.kind == kind.kind)
    rehearsal = Rehearsal(kind(Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom, data=tmp_path)))
    image, data = picture(caption=words)
    rehearsal.media[image.digest] = data
    said = {
        **dict.fromkeys(("kicker", "subhead", "short_headline", "summary", "editors_note", "source"), words),
        **dict.fromkeys(("reporters", "photographers", "editors", "approvers", "keywords"), (words,)),
        "series": words,
        "number": 1,
    }
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    shown = image.model_copy(update={"alt": "配图", "caption": ""})
    body = (
        f'<p>{escaped}</p><p>{escaped}</p><figure><img src="image:{image.digest}" alt="{escaped}"/>'
        f"<figcaption>{escaped}</figcaption></figure>"
    )
    column = Column(id="new", name=f"新{words}", description=words, keywords=(words,), note=words, series=words)
    revisions = [
        revision_of(opening_of(column, headline=words), id="a1"),
        revision_of(article_of(words, images=(shown,), body=body, **said), id="a2"),
        revision_of(article_of(words, column="new", body=body, images=(shown,), **said), id="a3"),
    ]
    for revision in revisions:
        rehearsal.publish(revision)
    nobody_is_led_away(tmp_path / "site", set())
    gone = revisions[-1]
    rehearsal.withdraw(gone, words)
    nobody_is_led_away(tmp_path / "site", {f"{gone.id}.html"})


def nobody_is_led_away(root: Path, gone: set[str]) -> None:
    """No file is answered with another address, and none but those named with 410."""
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert paths
    marked = {path for path in paths if mark_of((root / path).read_bytes())}
    assert {path.rpartition("/")[2] for path in marked} <= gone
    with serving(root) as url, closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        for path in paths:
            connection.request("GET", "/" + quote(path))
            answer = connection.getresponse()
            answer.read()
            expected = 410 if path in marked else 404 if path == "404.html" else 200
            assert (answer.status, answer.headers["Location"]) == (expected, None), path
