"""The life of staged files: a storage that refuses is found before the gate; what waits is nobody else's to see."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest

from channels.app import App
from channels.feeds import Feeds
from channels.files import Files
from channels.storage import INSIDE, PROBE
from channels.tree import TreeChannel
from channels.website import Website
from pipeline.article import Outlet, addresses, served
from pipeline.channel import Action, Delivery, Setting, Standing, Unavailable
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
from tests.channels.test_website import column_of, renamed
from tests.standins.store import object_store

KINDS: tuple[type[TreeChannel], ...] = (Website, Feeds, App)
MIB = 2**20
STORED = {
    "media/a1/p.webp": ("image/webp", served.content()),
    "feeds/rss.xml": ("application/rss+xml; charset=utf-8", served.content()),
    "assets/site.3f2a9c1b.css": ("text/css; charset=utf-8", served.LASTING),
}
"""Files of an object store, with what it tells whoever asks for them."""


def rehearsal_of(kind: type[TreeChannel], data: Path, **options: str) -> Rehearsal:
    newsroom = newsroom_of(Outlet(id=kind.kind, kind=kind.kind, name="青河", options=options))
    setting = Setting(notebook=MemoryNotebook(), outlet=newsroom.outlets[0], newsroom=newsroom, data=data)
    return Rehearsal(kind(setting))


def with_picture(rehearsal: Rehearsal, n: int = 1) -> Delivery:
    image, data = picture(f"#2f6f{n:02x}", (600, 400))
    rehearsal.media[image.digest] = data
    return rehearsal.delivery(revision_of(article_of(f"第{n}条", images=[image]), id=f"a{n}", at=NOON))


def files_of(rehearsal: Rehearsal) -> Files:
    assert isinstance(rehearsal.channel, TreeChannel)
    return rehearsal.channel.files


class Mounts:
    """File systems mounted in a test's folder, gone after it."""

    def __init__(self) -> None:
        self._mounted: list[Path] = []

    def __call__(self, *arguments: str, at: Path) -> None:
        at.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", *arguments, str(at)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"nothing may be mounted here: {done.stderr.strip()}")
        if at not in self._mounted:
            self._mounted.append(at)

    def end(self) -> None:
        for at in reversed(self._mounted):
            while os.path.ismount(at) or _is_bound(at):
                subprocess.run(["umount", str(at)], check=True)


def _is_bound(at: Path) -> bool:
    return any(line.split()[4] == str(at) for line in Path("/proc/self/mountinfo").read_text().splitlines())


@pytest.fixture
def mount() -> Iterator[Mounts]:
    mounts = Mounts()
    yield mounts
    mounts.end()


def refused(rehearsal: Rehearsal, delivery: Delivery) -> tuple[str, str]:
    """The problem that `prepare` finds, and what people are to do; nothing of the article is public."""
    with pytest.raises(Unavailable) as found:
        rehearsal.channel.prepare(delivery)
    problem = found.value.problem
    assert not found.value.sent
    doctor = [str(one.message) for one in rehearsal.channel.check() if one.field == "storage"]
    assert doctor == [str(problem.message)]  # the same is said before anybody publishes
    return str(problem.message), str(problem.remedy)


# -- really: file systems of their own -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_root_on_a_file_system_of_its_own_is_released_by_a_rename(
    kind: type[TreeChannel], tmp_path: Path, mount: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal = rehearsal_of(kind, tmp_path)
    root = Path(files_of(rehearsal).root)
    mount("-t", "tmpfs", "-o", "size=8m", "tongfa", at=root)
    delivery = rehearsal.prepare(with_picture(rehearsal))
    assert [path.name for path in root.iterdir()] == [INSIDE]
    assert (root / INSIDE).stat().st_mode & 0o777 == 0o700
    assert rehearsal.verify(rehearsal.release(delivery)).standing is Standing.LIVE
    assert rehearsal.channel.check() == []
    assert [path.name for path in (root / INSIDE).iterdir() if not path.name.startswith(".")] == []
    assert rehearsal.verify(rehearsal.withdraw(delivery.revision)).standing is Standing.WITHDRAWN


@pytest.mark.parametrize("kind", KINDS)
def test_a_root_that_is_bound_from_the_same_file_system(kind: type[TreeChannel], tmp_path: Path, mount: Mounts) -> None:
    """Two mounts of one file system: the device's number is the same, and yet no rename leads from one to the other."""
    rehearsal = rehearsal_of(kind, tmp_path / "data")
    (tmp_path / "public").mkdir()
    mount("--bind", str(tmp_path / "public"), at=Path(files_of(rehearsal).root))
    assert rehearsal.verify(rehearsal.publish(with_picture(rehearsal).revision)).standing is Standing.LIVE


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_only_root_is_found_before_the_gate(kind: type[TreeChannel], tmp_path: Path, mount: Mounts) -> None:
    rehearsal = rehearsal_of(kind, tmp_path / "data")
    root = Path(files_of(rehearsal).root)
    (tmp_path / "public").mkdir()
    mount("--bind", str(tmp_path / "public"), at=root)
    mount("-o", "remount,bind,ro", at=root)
    message, remedy = refused(rehearsal, with_picture(rehearsal))
    assert message == f"the file system of {root} is read-only"
    assert "mount it" in remedy


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_root_is_found_before_the_gate(kind: type[TreeChannel], tmp_path: Path, mount: Mounts) -> None:
    rehearsal = rehearsal_of(kind, tmp_path)
    root = Path(files_of(rehearsal).root)
    mount("-t", "tmpfs", "-o", "size=1m", "tongfa", at=root)
    delivery = with_picture(rehearsal)
    (root / "film.mp4").write_bytes(b"\0" * (MIB - 100 * 1024))
    message, remedy = refused(rehearsal, delivery)
    assert message.startswith("there is no space left in ")
    assert str(root) in message
    assert "df -h" in remedy
    (root / "film.mp4").unlink()
    assert rehearsal.verify(rehearsal.release(rehearsal.prepare(delivery))).standing is Standing.LIVE


def test_a_staging_on_another_file_system_is_found_before_the_gate(tmp_path: Path, mount: Mounts) -> None:
    mount("-t", "tmpfs", "-o", "size=8m", "tongfa", at=tmp_path / "elsewhere")
    rehearsal = rehearsal_of(Website, tmp_path, staging="elsewhere")
    message, remedy = refused(rehearsal, with_picture(rehearsal))
    assert message == f"{tmp_path} is not on the file system of {tmp_path}/elsewhere, where prepared files wait"
    assert "option staging" in remedy


def test_a_month_on_a_file_system_of_its_own_is_found_before_the_gate(tmp_path: Path, mount: Mounts) -> None:
    month = tmp_path / "site" / "2026" / "11"
    mount("-t", "tmpfs", "-o", "size=8m", "tongfa", at=month)
    rehearsal = rehearsal_of(Website, tmp_path)
    with pytest.raises(Unavailable) as found:
        rehearsal.channel.prepare(with_picture(rehearsal))
    assert str(found.value.problem.message).startswith(f"{month} is not on the file system of ")


# -- everywhere: a storage that refuses ----------------------------------------------------------------------

REFUSALS = [
    (errno.EXDEV, "is not on the file system of", "option staging"),
    (errno.EROFS, "is read-only", "mount it"),
    (errno.ENOSPC, "there is no space left in", "df -h"),
    (errno.EDQUOT, "the quota for", "raise the quota"),
    (errno.EACCES, "may not write in", "give this user the right"),
    (errno.EPERM, "may not write in", "give this user the right"),
    (errno.EIO, "Input/output error", "check that the folder"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("number", "said", "remedy"), REFUSALS)
def test_what_a_release_would_be_refused_is_found_by_prepare(
    kind: type[TreeChannel],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    said: str,
    remedy: str,
) -> None:
    rehearsal = rehearsal_of(kind, tmp_path)
    root, replace = Path(files_of(rehearsal).root), os.replace
    root.mkdir(parents=True)

    def refuses(source: str, target: str) -> None:
        if Path(target).is_relative_to(root):
            raise OSError(number, os.strerror(number), source, None, target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuses)
        message, advice = refused(rehearsal, with_picture(rehearsal))
    assert said in message
    assert str(root) in message
    assert remedy in advice
    assert not list(root.rglob("*"))
    assert rehearsal.channel.find(with_picture(rehearsal)).standing is Standing.ABSENT


@contextmanager
def nobody() -> Iterator[None]:
    """Nothing is refused to root, so it is somebody else meanwhile."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(("folder", "refuses"), [("site", True), ("site/2026", True), ("site/2025", False)])
def test_a_folder_of_somebody_elses_is_found_before_the_gate(folder: str, refuses: bool) -> None:
    with tempfile.TemporaryDirectory() as base:
        data = Path(base)
        data.chmod(0o777)
        (data / "site").mkdir(mode=0o777)
        (data / "site").chmod(0o777)
        closed = data / folder
        closed.mkdir(exist_ok=True)
        closed.chmod(0o555)
        said = []
        with nobody():
            if not os.access(data, os.W_OK, effective_ids=True):
                pytest.skip("the folder of temporary files is root's alone")
            try:
                Files(str(data / "site"), near=str(data / "website" / "staging")).prove("2026/11/a1.html")
            except Unavailable as trouble:
                said.append(str(trouble.problem.message))
        assert [one.endswith(f"may not write in {closed}") for one in said] == ([True] if refuses else [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("refusal", [PermissionError(errno.EACCES, "Access Denied"), RuntimeError("endpoint is away")])
@pytest.mark.parametrize("call", ["pipe_file", "rm_file"])
def test_an_object_store_that_refuses_is_found_before_the_gate(
    kind: type[TreeChannel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception, call: str
) -> None:
    """Its library's errors are of any kind."""
    root = f"memory://tree-{uuid.uuid4().hex}/site"
    rehearsal = rehearsal_of(kind, tmp_path, root=root)
    fs = files_of(rehearsal).storage.fs
    real: Callable[..., Any] = getattr(fs, call)

    def refuses(path: str, *given: Any, **named: Any) -> Any:
        if path.endswith(f"/{PROBE}"):
            raise refusal
        return real(path, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(fs, call, refuses)
        with pytest.raises(Unavailable) as found:
            rehearsal.channel.prepare(with_picture(rehearsal))
    assert files_of(rehearsal).root in str(found.value.problem.message)
    assert rehearsal.verify(rehearsal.publish(with_picture(rehearsal).revision)).standing is Standing.LIVE
    assert not fs.exists(f"{files_of(rehearsal).root}/{PROBE}")


# -- whose it is to see ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_two_machines_share_what_is_staged_where_they_share_the_root(kind: type[TreeChannel], tmp_path: Path) -> None:
    """Each has a data folder of its own: what one prepared the other finds and releases."""
    public = str(tmp_path / "shared" / "site")
    one = rehearsal_of(kind, tmp_path / "one", root=public)
    other = rehearsal_of(kind, tmp_path / "two", root=public)
    other.catalogue, other.media = one.catalogue, one.media
    delivery = one.prepare(with_picture(one))
    assert other.channel.find(delivery).standing is Standing.STAGED
    assert (Path(public) / INSIDE).stat().st_mode & 0o777 == 0o700
    one.catalogue.place(delivery.revision)
    other.media.clear()  # everything it needs is staged
    other.channel.release(delivery)
    assert other.verify(delivery).standing is Standing.LIVE
    assert one.channel.find(delivery).standing is Standing.LIVE


@pytest.mark.parametrize("kind", KINDS)
def test_a_release_before_its_moment_shows_nothing(kind: type[TreeChannel], tmp_path: Path) -> None:
    rehearsal = rehearsal_of(kind, tmp_path)
    first = rehearsal.publish(revision_of(article_of("第一版")))
    second = rehearsal.prepare(rehearsal.delivery(revision_of(article_of("第二版"), 2)))
    assert rehearsal.channel.release(second).standing is Standing.STAGED
    assert rehearsal.verify(first).standing is Standing.LIVE
    early = rehearsal.prepare(rehearsal.delivery(revision_of(article_of(), id="a2")))
    assert rehearsal.channel.release(early).standing is Standing.STAGED


# -- addresses that move and come back ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Website, Feeds])
def test_a_listing_that_is_lost_is_made_again(kind: type[TreeChannel], tmp_path: Path) -> None:
    rehearsal = rehearsal_of(kind, tmp_path)
    column = column_of(rehearsal)
    for n, revision in enumerate((opening_of(column), opening_of(renamed(column, "hmxc"))), 1):
        rehearsal.publish(revision_of(revision, id=f"a{n}", at=NOON + timedelta(minutes=n)))
    listing = Path(files_of(rehearsal).root) / addresses.LISTING
    assert listing.read_text() == "xczx hmxc;\n"
    before = tree(listing.parent)
    listing.unlink()
    left = listing.parent / "xczx" / "index.html"
    left.write_text("<!doctype html>\n<!-- tongfa:moved /hmxc/ -->")  # as the first edition left it
    again = rehearsal_of(kind, tmp_path)
    again.catalogue = rehearsal.catalogue
    again.prepare(again.delivery(revision_of(article_of(), id="a3")))
    assert tree(listing.parent) == before


def tree(root: Path) -> dict[str, bytes]:
    found = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def test_moves_lead_to_what_is_standing_and_nowhere_else() -> None:
    renewed = addresses.renewed
    assert renewed({}, {"a": "b"}, {"b"}) == {"a": "b"}
    assert renewed({"a": "b"}, {"b": "c"}, {"c"}) == {"a": "c", "b": "c"}
    assert renewed({"a": "b"}, {"b": "a"}, {"a"}) == {"b": "a"}  # it has come back
    assert renewed({"a": "b", "b": "a"}, {}, {"c"}) == {}
    assert renewed({"a": "b", "c": "d"}, {}, {"b"}) == {"a": "b"}
    assert renewed({"A": "b", "../a": "b", "a/b": "b"}, {}, {"b"}) == {}


def test_a_listing_is_read_as_it_was_written() -> None:
    moves = {"xczx": "hmxc", "default": "a1", "include": "b", "hostnames": "c", "volatile": "d"}
    assert addresses.read(addresses.written(moves)) == moves
    assert addresses.written(moves) == addresses.written(dict(reversed(moves.items())))
    assert addresses.read(None) == addresses.read(b"\xff\n<html>") == {}


def test_a_withdrawal_needs_no_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage in trouble holds up no withdrawal elsewhere before the gate."""
    rehearsal = rehearsal_of(Website, tmp_path)
    live = rehearsal.publish(revision_of(article_of()))
    monkeypatch.setattr(Files, "prove", lambda *_: pytest.fail("proven"))
    gone = rehearsal.delivery(live.revision, Action.WITHDRAW)
    assert rehearsal.channel.prepare(gone).standing is Standing.STAGED


def test_what_another_machine_does_in_an_object_store_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings are remembered by the client of a store; what stands there is asked each time."""
    with object_store("public") as keys:
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        fsspec.config.set_conf_env(fsspec.config.conf)
        here, there = Files("s3://public/site"), fsspec.filesystem("s3", skip_instance_cache=True)
        here.write("media/a1/p.jpg", b"one")
        here.prune("media/a1", {"p.jpg"})  # has listed the folder
        assert (here.exists("media/a1/p.jpg"), here.size("media/a1/p.jpg")) == (True, 3)
        there.pipe_file("public/site/media/a1/p.jpg", b"other")
        assert here.size("media/a1/p.jpg") == 5
        here.stage("a1.1", "p.webp", b"RIFF")
        here.publish("a1.1", "p.webp", "media/a1/p.webp")
        here.write("feeds/rss.xml", b"<rss/>")
        here.write("assets/site.3f2a9c1b.css", b"body {}")
        told = {path: there.call_s3("head_object", Bucket="public", Key=f"site/{path}") for path in STORED}
        assert {path: (one["ContentType"], one["CacheControl"]) for path, one in told.items()} == STORED
        there.rm_file("public/site/media/a1/p.jpg")
        assert (here.exists("media/a1/p.jpg"), here.size("media/a1/p.jpg")) == (False, None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://www.qinghe.gov.cn", True),
        ("http://192.168.10.2:8000", True),
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("http://[::1]:8000", False),
        ("http://news.localhost", False),
    ],
)
def test_it_is_read_back_as_the_public_gets_it(
    kind: type[TreeChannel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, asked: bool
) -> None:
    """Wherever anybody but this machine can; unless it is said otherwise. What a person is told says which."""
    for verify, expected in ((None, asked), ("http", True), ("storage", False)):
        outlet = Outlet(id=kind.kind, kind=kind.kind, name="青河", options={"verify": verify} if verify else {})
        newsroom = newsroom_of(outlet, url=url)
        channel = kind(Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom, data=tmp_path))
        assert channel.files.is_asked is expected
        monkeypatch.setattr(channel.files, "seen", lambda _path: None)
        (told,) = channel.figures()
        assert ("not through" in str(told)) is not expected
        assert str(told).find(url) > 0


def test_an_operator_is_told_that_the_public_address_cannot_be_reached(tmp_path: Path) -> None:
    outlet = Outlet(id="website", kind="website", name="青河", options={"verify": "http"})
    newsroom = newsroom_of(outlet, url="http://127.0.0.1:9")
    setting = Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom, data=tmp_path)
    _, told, why = map(str, Website(setting).figures())
    assert "cannot be reached" in told
    assert "127.0.0.1:9" in why
