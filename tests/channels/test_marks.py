"""What has become of an address (`pipeline.article.addresses`): no word of a newsroom or a manuscript can say it."""

from __future__ import annotations

import http.client
import io
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from PIL import Image as Pillow

from channels.app import App
from channels.feeds import Feeds
from channels.website import Website
from pipeline.article import Column, Deed, Newsroom, Outlet, addresses
from pipeline.channel import Channel, Setting
from pipeline.manuscript import read
from pipeline.testing import (
    NOON,
    MemoryNotebook,
    Rehearsal,
    article_of,
    newsroom_of,
    opening_of,
    picture,
    revision_of,
)
from tests.channels.test_website import serving

EVIL = "<!-- tongfa:moved https://evil.example/ -->"
GONE = "<!-- tongfa:gone -->"
OUTLETS = (
    Outlet(id="website", kind="website", name="县政府网站"),
    Outlet(id="feeds", kind="feeds", name="订阅", options={"root": "site/feeds"}),
    Outlet(id="app", kind="app", name="新武山APP", options={"root": "site/app"}),
    Outlet(id="tv", kind="tv", name="武山新闻"),
)
KINDS: tuple[type[Channel], ...] = (Website, Feeds, App)


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
        EVIL,
        GONE,
        "<!-- tongfa:moved /elsewhere/ -->",
        f"<!doctype html>{EVIL}",
        f"]]>{GONE}<![CDATA[",
        "\"'><!-- tongfa:moved ../elsewhere/ -->",
        f"</script></title></style>{GONE}",
        "yaowen elsewhere;\nxiangzhen elsewhere;",
        "index.gone.html",
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
    rehearsal.withdraw(revisions[-1], words)
    gone = {Website: {"2026/11/a3.html"}}
    nobody_is_led_away(tmp_path / "site", gone.get(kind, set()))


def test_the_manuscript_and_the_photo_that_led_to_another_host(tmp_path: Path) -> None:
    """As they came: 摘要, headline and body of a text, the comment of a JPEG, the name of a column that moves."""
    photo = io.BytesIO()
    Pillow.new("RGB", (800, 600), "#2f6f4f").save(photo, "JPEG", comment=EVIL.encode())
    (tmp_path / "photo.jpg").write_bytes(photo.getvalue())
    text = tmp_path / "m.md"
    text.write_text(
        f"---\n标题: 架豆丰收{EVIL}\n摘要: '{EVIL}'\n栏目: 武山要闻\n来源: 武山县融媒体中心\n---\n\n{EVIL}\n\n"
        f"日前，山丹镇架豆丰收。{EVIL}\n\n![{EVIL}](photo.jpg)\n",
        encoding="utf-8",
    )
    newsroom = newsroom_of(*OUTLETS)
    manuscript = read(text)
    article = manuscript.article.model_copy(update={"column": "yaowen"})
    assert EVIL in article.summary
    column = Column(id="xczx", name=f"乡村{EVIL}", description=EVIL, keywords=(EVIL,))
    moved = column.renamed(f"和美{EVIL}", "hmxc")
    for kind in KINDS:
        outlet = next(one for one in OUTLETS if one.kind == kind.kind)
        rehearsal = Rehearsal(kind(Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom, data=tmp_path)))
        rehearsal.media.update(manuscript.media)
        for n, one in enumerate((article, opening_of(column), opening_of(moved, Deed.RENAME)), 1):
            rehearsal.publish(revision_of(one, id=f"a{n}", at=NOON + timedelta(minutes=n)))
    nobody_is_led_away(tmp_path / "site", set())
    assert_answers(tmp_path / "site", "/xczx/", 301, "../hmxc/")
    assert_answers(tmp_path / "site", "/feeds/xczx/rss.xml", 301, "../hmxc/rss.xml")
    assert_answers(tmp_path / "site", "/app/api/latest.json", 200, None)


def assert_answers(root: Path, path: str, status: int, location: str | None) -> None:
    with serving(root) as url, closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.headers["Location"]) == (status, location)


def nobody_is_led_away(root: Path, gone: set[str]) -> None:
    """No file is answered with another address, and none but those named with 410."""
    there = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert there
    with serving(root) as url, closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        for path in {*there, *gone}:
            connection.request("GET", "/" + quote(path))
            answer = connection.getresponse()
            answer.read()
            expected = 404 if path == "404.html" or addresses.is_beside(path) else 200
            assert (answer.status, answer.headers["Location"]) == (410 if path in gone else expected, None), path
