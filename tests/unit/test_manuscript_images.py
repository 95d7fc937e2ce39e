"""Pictures: which are taken, which are refused and why."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zlib
from pathlib import Path
from unittest.mock import Mock

import pytest
from PIL import Image as Pillow

from pipeline.manuscript import read
from pipeline.manuscript.images import LARGEST_FILE, MOST_PICTURES
from tests.unit.manuscripts import picture, problems_of, written


def naming(folder: Path, *sources: str) -> Path:
    text = "\n\n".join(f"![]({source})" for source in sources)
    return written(folder, "a.md", f"---\n标题: 武山\n---\n正文。\n\n{text}\n")


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("GIF", "image/gif"), ("WEBP", "image/webp"), ("MPO", "image/jpeg")],
)
def test_the_kinds_that_channels_take(tmp_path: Path, kind: str, media_type: str) -> None:
    data = picture(kind, (40, 30))
    (tmp_path / "a").write_bytes(data)
    manuscript = read(naming(tmp_path, "a"))
    (image,) = manuscript.article.images
    assert image.media_type == media_type
    assert (image.width, image.height, image.size) == (40, 30, len(data))
    assert image.digest == hashlib.sha256(data).hexdigest()
    assert manuscript.media == {image.digest: data}


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM"])
def test_other_kinds_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(kind, (32, 32)))
    (problem,) = problems_of(naming(tmp_path, "a.jpg"))
    assert "not a PNG, JPEG, GIF or WebP picture" in str(problem.message)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4", b"x" * 99])
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    (problem,) = problems_of(naming(tmp_path, "a.png"))
    assert (problem.field, problem.line) == ("images", 6)
    assert "a.png" in str(problem.message)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_cut_off_in_the_middle_is_refused(tmp_path: Path, kind: str) -> None:
    noise = Pillow.effect_noise((200, 200), 80)
    buffer = io.BytesIO()
    noise.save(buffer, kind)
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (problem,) = problems_of(naming(tmp_path, "a.jpg"))
    assert "damaged" in str(problem.message)
    assert "undamaged copy" in str(problem.remedy)


def test_a_picture_turned_by_its_camera_has_the_size_at_which_it_is_shown(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    (image,) = read(naming(tmp_path, "a.jpg")).article.images
    assert (image.width, image.height) == (30, 40)


def test_a_file_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture() + b"\0" * LARGEST_FILE)
    (problem,) = problems_of(naming(tmp_path, "a.png"))
    assert "at most 10 MB" in str(problem.message)
    assert "1920 pixels" in str(problem.remedy)


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(tmp_path: Path, side: int) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
    (tmp_path / "a.png").write_bytes(bomb + chunk(b"IEND", b""))
    (problem,) = problems_of(naming(tmp_path, "a.png"))
    assert "more than 50 million pixels" in str(problem.message)


OUTSIDE = [
    "../secret.png",
    "b/../../secret.png",
    "..\\secret.png",
    "%2e%2e/secret.png",
    "link.png",
    "folder/secret.png",
]


@pytest.mark.parametrize("source", OUTSIDE)
def test_a_picture_outside_the_folder_is_refused(tmp_path: Path, source: str) -> None:
    (tmp_path / "secret.png").write_bytes(picture())
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    (inside / "folder").symlink_to(tmp_path)
    (problem,) = problems_of(written(inside, "a.html", f'<h1>武山</h1><p>一</p><img src="{source}">'))
    assert problem.field == "images"
    assert "outside the manuscript's folder" in str(problem.message)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/etc/passwd", "outside the manuscript's folder"),
        ("file:///etc/passwd", "not the path of a picture"),
        ("C:/图.png", "there is no picture"),
        ("cid:part1@example.com", "not the path of a picture"),
        ("javascript:alert(1)", "not the path of a picture"),
        ("没有.png", "there is no picture"),
        ("a" * 5000, "cannot be read"),
        ("%00", "cannot be read"),
        (".", "there is no picture"),
        ("", "there is no picture"),
        ("data:image/png;base64,a", "damaged"),
        ("data:image/png;base64", "damaged"),
        ("data:image/png;base64,aGVsbG8=", "not a PNG"),
        ("data:text/html,<script>alert(1)</script>", "not a PNG"),
    ],
)
def test_sources_that_lead_nowhere(tmp_path: Path, source: str, said: str) -> None:
    (problem,) = problems_of(written(tmp_path, "a.html", f"<h1>武山</h1><p>一</p><img src='{source}'>"))
    assert problem.field == "images"
    assert said in str(problem.message)
    assert len(str(problem)) < 600


def test_a_picture_used_twice_is_kept_once_and_inspected_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "copy.png").write_bytes(picture())
    opened = Mock(wraps=Pillow.open)
    monkeypatch.setattr(Pillow, "open", opened)
    manuscript = read(naming(tmp_path, "a.png", "a.png", "copy.png", "a.png"))
    assert len(manuscript.article.images) == len(manuscript.media) == 1
    assert manuscript.article.body.count("<figure>") == 4
    assert opened.call_count == 2


def test_a_text_of_too_many_pictures_is_refused(tmp_path: Path) -> None:
    sources = ["data:image/png;base64," + base64.b64encode(picture(size=(1, n))).decode() for n in range(1, 102)]
    assert len(read(naming(tmp_path, *sources[:MOST_PICTURES])).article.images) == MOST_PICTURES
    (problem,) = problems_of(naming(tmp_path, *sources))
    assert "more than 100 pictures" in str(problem.message)


def test_all_pictures_that_are_wrong_are_told(tmp_path: Path) -> None:
    problems = problems_of(naming(tmp_path, "a.png", "../b.png", "https://a.cn/c.png"))
    assert [problem.line for problem in problems] == [6, 8, 10]


def test_the_words_of_a_markdown_picture_are_its_caption(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    path = written(
        tmp_path, "a.md", '---\n标题: 武山\n---\n![甲](a.png)\n\n![乙](a.png "丙")\n\n![](a.png)\n\n图：丁\n'
    )
    body = read(path).article.body
    captions = [part.split("</figcaption>")[0] for part in body.split("<figcaption>")[1:]]
    assert captions == ["甲", "丙", "丁"]
