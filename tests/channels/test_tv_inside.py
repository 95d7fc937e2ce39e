"""A programme's papers over the web: for the newsroom's own network or by a signed link, not for the public."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.tv import Television
from channels.tv.admission import ALL, Admission, is_page
from pipeline.article import Outlet
from pipeline.channel import Setting
from pipeline.testing import MemoryNotebook, Rehearsal, newsroom_of
from tests.channels.test_website import serving
from tests.channels.tv_newsroom import DAY, put, story, television

SECRET = "a secret of sixteen characters and more"
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
ADMISSION = Admission.of("tv", {}, {"TONGFA_TV_LINKS": SECRET})
PAPERS = [
    f"{DAY}/{name}"
    for name in ("index.html", "a1.html", "a1.docx", "a1.txt", "a1.rtf", "prompter.html", "programme.txt")
]


def channel_of(data: Path, **options: object) -> Television:
    outlet = Outlet(id="tv", kind="tv", name="武山新闻", options=options)
    setting = Setting(
        notebook=MemoryNotebook(),
        outlet=outlet,
        newsroom=newsroom_of(outlet),
        data=data,
        secrets={"TONGFA_TV_LINKS": SECRET},
    )
    return Television(setting)


@pytest.fixture
def channel(tmp_path: Path) -> Television:
    made = channel_of(tmp_path)
    put(Rehearsal(made), story(1))
    return made


@pytest.fixture
def server(channel: Television, tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "site", lambda _, path, client: channel.inside(path, client)) as address:
        yield address


def ask(address: str, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


@pytest.mark.parametrize("path", ["", "index.html", *PAPERS])
def test_the_newsroom_s_own_network_reads_everything(server: str, path: str) -> None:
    status, headers, body = ask(server, f"/inside/tv/{path}")
    assert (status, headers["Cache-Control"], headers["Referrer-Policy"]) == (200, "no-store", "no-referrer")
    assert "noindex" in headers["X-Robots-Tag"]
    assert body
    for public in (f"/{path}", f"/tv/{path}", f"/tv/pages/{path}"):
        assert path == "" or ask(server, public)[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "203.0.113.9"},
        {"X_Forwarded_For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X_Real_IP": "127.0.0.1"},
        {"Via": "1.1 cdn"},
        {"Host": "www.wushan.gov.cn"},
        {"Host": "127.0.0.1.evil.example"},
    ],
)
def test_who_asks_through_a_proxy_or_a_strange_name_reads_nothing(server: str, headers: dict[str, str]) -> None:
    for path in PAPERS:
        status, said, body = ask(server, f"/inside/tv/{path}", **headers)
        assert (status, body) == (404, b"404 Not Found\n")
        assert "noindex" in said["X-Robots-Tag"]


def test_a_signed_link_opens_its_day_until_its_time(server: str) -> None:
    outside = {"X_Forwarded_For": "203.0.113.9"}
    today = ADMISSION.link(DAY, datetime.now(UTC) + timedelta(hours=1))
    page = ask(server, f"/inside/tv/{today}{DAY}/a1.html", **outside)
    assert page[0] == 200
    style = page[2].split(b'rel="stylesheet" href="../')[1].split(b'"')[0].decode()
    assert ask(server, f"/inside/tv/{today}{style}", **outside)[0] == 200
    for link, path in [
        (today, "index.html"),
        (today, "2026-11-25/index.html"),
        (ADMISSION.link(DAY, datetime.now(UTC) - timedelta(seconds=1)), f"{DAY}/a1.html"),
        (today.replace(DAY, ALL), "index.html"),
        (today.replace("~1", "~2"), f"{DAY}/a1.html"),
        (Admission.of("other", {}, {"TONGFA_OTHER_LINKS": SECRET}).link(DAY, NOW), f"{DAY}/a1.html"),
    ]:
        assert ask(server, f"/inside/tv/{link}{path}", **outside)[0] == 404
    whole = ADMISSION.link(ALL, datetime.now(UTC) + timedelta(hours=1))
    assert ask(server, f"/inside/tv/{whole}index.html", **outside)[0] == 200


def test_without_a_secret_no_link_opens_anything() -> None:
    bare = Admission.of("tv", {}, {})
    forged = Admission(channel="tv", networks=(), secret="").link(DAY, NOW + timedelta(hours=1))
    assert bare.opens(f"{forged}{DAY}/a1.html", "203.0.113.9", NOW) == (f"{DAY}/a1.html", False)


def test_a_withdrawn_story_is_gone_inside_too(channel: Television, server: str) -> None:
    rehearsal = Rehearsal(channel)
    rehearsal.publish(story(2))
    rehearsal.withdraw(story(2), "数据有误")
    status, _, body = ask(server, f"/inside/tv/{DAY}/a2.html")
    assert status == 410
    assert "数据有误" in body.decode()
    assert ask(server, f"/inside/tv/{DAY}/a2.docx")[0] == 404


@pytest.mark.parametrize(
    ("public", "after", "path", "shown"),
    [
        ("never", True, f"{DAY}/a1.html", False),
        ("after-air", False, f"{DAY}/a1.html", False),
        ("after-air", True, f"{DAY}/a1.html", True),
        ("after-air", True, f"{DAY}/a1.docx", True),
        ("after-air", True, f"{DAY}/index.html", False),
        ("after-air", True, f"{DAY}/prompter.html", False),
        ("after-air", True, "index.html", False),
    ],
)
def test_public_after_air_only_if_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public: str, after: bool, path: str, shown: bool
) -> None:
    channel = channel_of(tmp_path, public=public)
    assert channel.check() == []
    put(Rehearsal(channel), story(1))
    monkeypatch.setattr("channels.tv.channel.utc_now", lambda: NOW + timedelta(hours=10 if after else 7))
    assert (channel.inside(path, "203.0.113.9") is not None) is shown


def test_an_object_store_s_papers_are_read_the_same_way(tmp_path: Path) -> None:
    channel = channel_of(tmp_path, root="memory://tv-inside")
    put(Rehearsal(channel), story(1))
    found = channel.inside(f"{DAY}/a1.html", "127.0.0.1")
    assert found is not None
    assert channel.inside(f"{DAY}/a1.html", "203.0.113.9") is None
    assert channel.inside(f"mos/{DAY}/1000-roCreate.mos.xml", "127.0.0.1") is None


@pytest.mark.parametrize(
    ("client", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.10.7", False),
        ("", False),
        ("testclient", False),
    ],
)
def test_the_network_is_this_machine_if_nothing_is_said(client: str, own: bool) -> None:
    assert ADMISSION.is_own(client) is own
    wider = Admission.of("tv", {"networks": ["192.168.10.0/24"]}, {})
    assert wider.is_own("192.168.10.7")
    assert not wider.is_own("192.168.11.7")


def test_doctor_tells_what_is_wrong(tmp_path: Path) -> None:
    assert [one.field for one in television(tmp_path, networks=["office"]).check()] == ["networks"]
    assert [one.field for one in television(tmp_path, networks="10.0.0.0/8").check()] == []
    assert [one.field for one in television(tmp_path, public="always").check()] == ["public"]


@given(st.text(max_size=60))
def test_no_path_leads_out(path: str) -> None:
    if is_page(path):
        assert ".." not in path
        assert not path.startswith((".", "/"))
        assert path.count("/") <= 1


@pytest.mark.parametrize("path", ["index.html", *(f"{DAY}/{one}.html" for one in ("index", "a1", "prompter", "a2"))])
def test_every_page_says_whose_it_is(channel: Television, path: str) -> None:
    rehearsal = Rehearsal(channel)
    rehearsal.publish(story(2))
    rehearsal.withdraw(story(2), "数据有误")
    found = channel.inside(path, "127.0.0.1")
    assert found is not None
    site, page = channel.newsroom.site, found[1].decode()
    for name, value in (("SiteName", site.name), ("SiteDomain", site.domain), ("SiteIDCode", site.id_code)):
        assert f'<meta name="{name}" content="{value}">' in page
    assert '<meta name="robots" content="noindex, nofollow">' in page
