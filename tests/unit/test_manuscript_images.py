"""Pictures: which are taken, which are refused and why."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pillow_heif
import pytest
from PIL import Image as Pillow
from PIL import ImageChops

from pipeline.article import aigc, gif
from pipeline.article.credit import Aigc, Certainty
from pipeline.manuscript import ManuscriptProblem, images, read
from pipeline.manuscript.images import LARGEST_READ, MOST_PICTURES, drawings, intake
from tests.unit.manuscripts import picture, problems_of, written

pillow_heif.register_heif_opener()


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


def left_out(path: Path) -> ManuscriptProblem:
    """The one notice of a manuscript whose one picture cannot be shown; its text is read."""
    manuscript = read(path)
    assert manuscript.article.images == ()
    assert "正文" in manuscript.article.body
    assert "<figure" not in manuscript.article.body
    (notice,) = manuscript.notices
    assert notice.field == "images"
    assert "picture 1" in str(notice.message)
    return notice


@pytest.mark.parametrize(
    ("kind", "said"), [("ICO", "ICO"), ("PPM", "no picture that is known"), ("PDF", "PDF"), ("EPS", "EPS")]
)
def test_other_kinds_are_left_out_and_told(tmp_path: Path, kind: str, said: str) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(kind, (32, 32)))
    notice = left_out(naming(tmp_path, "a.jpg"))
    assert said in str(notice.message)
    assert "as JPEG or PNG" in str(notice.remedy)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no picture that is known"),
        (b"GIF89a", "GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- x --><svg/>", "SVG"),
        (b"<!DOCTYPE html><html>404</html>", "HTML"),
        (b"%PDF-1.4", "PDF"),
        (b"8BPS\0\1", "PSD"),
        (b"II*\0\x10\0\0\0CR\2\0", "RAW"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "MP4"),
        (b"x" * 99, "no picture that is known"),
    ],
)
def test_what_is_no_picture_is_left_out_and_told_by_its_kind(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "a.png").write_bytes(data)
    notice = left_out(naming(tmp_path, "a.png"))
    assert notice.line == 6
    assert "(a.png)" in str(notice.message)
    assert said in str(notice.message)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF", "HEIF"])
def test_a_picture_cut_off_in_the_middle_is_left_out(tmp_path: Path, kind: str) -> None:
    noise = Pillow.effect_noise((200, 200), 80).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, kind)
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    notice = left_out(naming(tmp_path, "a.jpg"))
    assert "damaged" in str(notice.message)
    assert {"HEIF": "HEIC", "WEBP": "WebP"}.get(kind, kind) in str(notice.message)
    assert "undamaged copy" in str(notice.remedy)


def test_one_bad_picture_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "b.png").write_bytes(picture()[:40])
    (tmp_path / "c.png").write_bytes(picture(colour="blue"))
    manuscript = read(naming(tmp_path, "a.png", "b.png", "c.png", "b.png"))
    assert len(manuscript.article.images) == 2
    (notice,) = manuscript.notices
    assert "picture 2 (b.png)" in str(notice.message)


# -- converted ---------------------------------------------------------------------------------------------------


def painted(kind: str, mode: str = "RGB", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    """A photograph of sorts: more colours than a drawing has."""
    red, green = Pillow.linear_gradient("L").resize(size), Pillow.linear_gradient("L").rotate(90).resize(size)
    picture = Pillow.merge("RGB", (red, green, red))
    if mode != "RGB":
        picture = picture.convert(mode)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "AVIF", "HEIF"])
def test_other_kinds_are_kept_as_what_channels_take(tmp_path: Path, kind: str) -> None:
    (tmp_path / "photo").write_bytes(painted(kind))
    (tmp_path / "drawing").write_bytes(picture(kind, (64, 64), "blue"))
    manuscript = read(naming(tmp_path, "photo", "drawing"))
    photo, drawing = manuscript.article.images
    assert (photo.media_type, photo.width, photo.height) == ("image/jpeg", 60, 40)
    assert (drawing.media_type, drawing.width, drawing.height) == ("image/png", 64, 64)
    assert manuscript.notices == ()
    for image in (photo, drawing):
        data = manuscript.media[image.digest]
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (image.digest, image.size)
    with Pillow.open(io.BytesIO(manuscript.media[photo.digest])) as kept:
        wanted = Pillow.open(io.BytesIO(painted("PNG")))
        assert max(max(pair) for pair in ImageChops.difference(kept, wanted).getextrema()) < 24
    assert read(naming(tmp_path, "photo", "drawing")).article == manuscript.article


@pytest.mark.parametrize("kind", ["TIFF", "HEIF"])
def test_what_is_transparent_stays_so(tmp_path: Path, kind: str) -> None:
    out = io.BytesIO()
    Pillow.new("RGBA", (64, 64), (10, 20, 30, 0)).save(out, kind)
    (tmp_path / "a").write_bytes(out.getvalue())
    manuscript = read(naming(tmp_path, "a"))
    (image,) = manuscript.article.images
    assert image.media_type == "image/png"
    with Pillow.open(io.BytesIO(manuscript.media[image.digest])) as kept:
        assert kept.convert("RGBA").getpixel((5, 5))[3] == 0


@pytest.mark.parametrize(("kind", "orientation"), [("TIFF", 6), ("JPEG", 8), ("PNG", 5), ("WEBP", 7)])
def test_a_picture_that_its_camera_turned_is_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    (tmp_path / "a").write_bytes(painted(kind, exif=exif))
    (image,) = read(naming(tmp_path, "a")).article.images
    assert (image.width, image.height) == (40, 60)


def test_only_the_first_page_of_a_tiff_is_shown_and_it_is_told(tmp_path: Path) -> None:
    out = io.BytesIO()
    Pillow.new("RGB", (9, 9), "red").save(out, "TIFF", save_all=True, append_images=[Pillow.new("RGB", (9, 9))])
    (tmp_path / "a.tif").write_bytes(out.getvalue())
    manuscript = read(naming(tmp_path, "a.tif"))
    assert len(manuscript.article.images) == 1
    assert "several pages" in str(manuscript.notices[0].message)


def test_the_small_picture_in_a_cameras_raw_file_is_not_taken_for_it(tmp_path: Path) -> None:
    out = io.BytesIO()
    Pillow.new("RGB", (160, 120), "red").save(out, "TIFF", tiffinfo={254: 1})
    (tmp_path / "a.nef").write_bytes(out.getvalue())
    assert "RAW" in str(left_out(naming(tmp_path, "a.nef")).message)


def test_a_camera_file_too_large_to_keep_is_kept_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "LARGEST_KEPT", 20_000)
    noise = Pillow.merge("RGB", [Pillow.effect_noise((300, 200), 90) for _ in range(3)])
    noise.save(tmp_path / "a.jpg", quality=100, subsampling=0)
    manuscript = read(naming(tmp_path, "a.jpg"))
    (image,) = manuscript.article.images
    assert image.size <= 20_000
    assert image.width / image.height == pytest.approx(1.5, rel=0.02)
    assert "is kept smaller" in str(manuscript.notices[0].message)


# -- animated ----------------------------------------------------------------------------------------------------


def animation(kind: str, frames: int = 4, size: tuple[int, int] = (16, 12)) -> bytes:
    pictures = [Pillow.new("RGB", size, (60 * n % 256, 120, 80)) for n in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:], duration=120, loop=0)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "moves"), [("GIF", True), ("WEBP", True), ("PNG", False), ("TIFF", False)])
def test_what_moves_is_known(tmp_path: Path, kind: str, moves: bool) -> None:
    (tmp_path / "a").write_bytes(animation(kind))
    (tmp_path / "still").write_bytes(picture("PNG" if kind == "TIFF" else kind))
    manuscript = read(naming(tmp_path, "a", "still"))
    assert [image.animated for image in manuscript.article.images] == [moves, False]
    assert len(manuscript.notices) == (0 if moves else 1)


def test_what_moves_for_too_long_or_is_broken_later_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MOST_MOTION", 16 * 12 * 10)
    (tmp_path / "a.gif").write_bytes(animation("GIF", 8))
    (tmp_path / "b.gif").write_bytes(animation("GIF", 6))
    (tmp_path / "c.gif").write_bytes(animation("GIF", 11))
    manuscript = read(naming(tmp_path, "a.gif", "b.gif", "c.gif"))
    assert [image.animated for image in manuscript.article.images] == [True, False, False]
    assert ["standing still" in str(notice.message) for notice in manuscript.notices] == [True, True]


def test_a_gif_of_endless_frames_costs_no_time(tmp_path: Path) -> None:
    whole = animation("GIF", 2, (200, 200))
    frame = next(part for part in gif.parts(whole) if part.kind == 0x2C)
    (tmp_path / "a.gif").write_bytes(whole[:-1] + whole[frame.start : frame.end] * 20_000 + b";")
    (image,) = read(naming(tmp_path, "a.gif")).article.images
    assert not image.animated


# -- drawings ----------------------------------------------------------------------------------------------------


def emf(*records: bytes, frame: tuple[int, int] = (6000, 4000)) -> bytes:
    """A drawing; a frame in hundredths of a millimetre. [MS-EMF] 2.3.4.2."""
    body = b"".join(records) + struct.pack("<5I", 14, 20, 0, 16, 20)
    head = struct.pack("<II4i4i", 1, 108, 0, 0, 299, 199, 0, 0, *frame)
    head += struct.pack(
        "<IIIIHHIIIiiii", 0x464D4520, 0x10000, 108 + len(body), len(records) + 2, 1, 0, 0, 0, 0, 1920, 1080, 508, 286
    )
    return head.ljust(108, b"\0") + body


BRUSH = struct.pack("<6I", 39, 24, 1, 0, 0x0000FF, 0) + struct.pack("<3I", 37, 12, 1)
"""Red, and chosen. [MS-EMF] 2.3.7.1, 2.3.8.5."""
BOX = struct.pack("<II4i", 43, 24, 20, 20, 200, 150)
WMF = b"\xd7\xcd\xc6\x9a\0\0" + struct.pack("<4hHIH", 0, 0, 1000, 500, 1440, 0, 0) + b"\1\0\x09\0\0\3" + bytes(12)


def pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `soffice` on the path that is this script of a shell; `$OUT` is where the picture is awaited."""
    program = folder / "bin" / "soffice"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = --outdir ] && OUT="$2/drawing.png"; shift; done\n{script}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")


@pytest.mark.parametrize(
    ("data", "kind"),
    [(emf(BRUSH, BOX), "EMF"), (WMF, "WMF"), (gzip.compress(emf(BOX), mtime=0), "EMF")],
    ids=["EMF", "WMF", "packed EMF"],
)
def test_a_drawing_is_left_out_where_nothing_can_draw_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, kind: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.png").write_bytes(data)
    notice = left_out(naming(tmp_path, "a.png"))
    assert f"{kind} drawing" in str(notice.message)
    assert "not installed" in str(notice.message)
    assert "as a picture (PNG)" in str(notice.remedy)


def test_a_drawing_is_drawn_in_its_own_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Pillow.linear_gradient("L").resize((1601, 1067)).save(tmp_path / "made.png")
    pretend(tmp_path, monkeypatch, f'cp "{tmp_path}/made.png" "$OUT"')
    (tmp_path / "a.emf").write_bytes(emf(BOX))
    manuscript = read(naming(tmp_path, "a.emf"))
    (image,) = manuscript.article.images
    assert (image.media_type, image.width, image.height) == ("image/png", 1600, 1067)
    assert "compare" in str(manuscript.notices[0].remedy)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 1", "failed to convert"),
        ('echo nonsense > "$OUT"', "failed to convert"),
        ('cp "{made}" "$OUT"', "it is empty"),
        ("exec sleep 60", "failed to convert"),
    ],
)
def test_a_drawing_that_cannot_be_drawn_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    monkeypatch.setattr(drawings, "LONGEST", 0.5 if "sleep" in script else 30)
    Pillow.new("RGB", (20, 20), "white").save(tmp_path / "made.png")
    pretend(tmp_path, monkeypatch, script.replace("{made}", f"{tmp_path}/made.png"))
    (tmp_path / "a.emf").write_bytes(emf())
    assert said in str(left_out(naming(tmp_path, "a.emf")).message)


def test_of_very_many_drawings_some_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawings, "MOST_DRAWINGS", 1)
    Pillow.linear_gradient("L").save(tmp_path / "made.png")
    pretend(tmp_path, monkeypatch, f'cp "{tmp_path}/made.png" "$OUT"')
    for name in ("a.emf", "b.emf"):
        (tmp_path / name).write_bytes(emf(BOX))
    manuscript = read(naming(tmp_path, "a.emf", "b.emf"))
    assert len(manuscript.article.images) == 1
    assert "no more are converted" in str(manuscript.notices[-1].message)


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (emf(), (1600, 1067)),
        (emf(frame=(3000, 6000)), (800, 1600)),
        (emf(frame=(0, 0)), (1600, 1200)),
        (emf(frame=(10, 90000)), (1600, 1200)),
        (WMF, (1600, 800)),
        (b"\1\0\x09\0\0\3" + bytes(12) + struct.pack("<IH2h", 5, 0x020C, 300, 600), (1600, 800)),
        (b"\1\0\x09\0\0\3" + bytes(90), (1600, 1200)),
        (b"\xd7\xcd\xc6\x9a", (1600, 1200)),
    ],
)
def test_the_shape_of_a_drawing(data: bytes, shape: tuple[int, int]) -> None:
    assert drawings.shape(data) == shape


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_draws_what_is_in_an_emf(tmp_path: Path) -> None:
    (tmp_path / "a.emf").write_bytes(emf(BRUSH, BOX))
    manuscript = read(naming(tmp_path, "a.emf"))
    if not manuscript.article.images:
        pytest.skip("this LibreOffice has no part that draws")
    (image,) = manuscript.article.images
    with Pillow.open(io.BytesIO(manuscript.media[image.digest])) as drawn:
        assert drawn.getpixel((600, 400)) == (255, 0, 0)
        assert drawn.getpixel((1500, 1000)) == (255, 255, 255)


# -- labels of AI-made content -----------------------------------------------------------------------------------


def test_what_a_file_says_of_its_maker_stands_in_the_record(tmp_path: Path) -> None:
    label = Aigc(label=Certainty.IS, producer="某模型", produce_id="p1")
    (tmp_path / "a.jpg").write_bytes(painted("JPEG", xmp=aigc.packet(label)))
    (tmp_path / "b.tif").write_bytes(painted("TIFF", tiffinfo={700: aigc.packet(label)}))
    (tmp_path / "c.jpg").write_bytes(painted("JPEG"))
    assert [image.aigc for image in read(naming(tmp_path, "a.jpg", "b.tif", "c.jpg")).article.images] == [
        label,
        label,
        None,
    ]


def test_a_picture_turned_by_its_camera_has_the_size_at_which_it_is_shown(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    (image,) = read(naming(tmp_path, "a.jpg")).article.images
    assert (image.width, image.height) == (30, 40)


def test_a_file_too_large_is_left_out(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.write(picture())
        file.truncate(LARGEST_READ + 1)
    notice = left_out(naming(tmp_path, "a.png"))
    assert "at most 60 MB" in str(notice.message)
    assert "1920 pixels" in str(notice.remedy)


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
def test_a_picture_of_too_many_pixels_is_left_out_before_it_is_unpacked(tmp_path: Path, side: int) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
    (tmp_path / "a.png").write_bytes(bomb + chunk(b"IEND", b""))
    assert "more than 50 million pixels" in str(left_out(naming(tmp_path, "a.png")).message)


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
    ],
)
def test_sources_that_lead_nowhere(tmp_path: Path, source: str, said: str) -> None:
    (problem,) = problems_of(written(tmp_path, "a.html", f"<h1>武山</h1><p>一</p><img src='{source}'>"))
    assert problem.field == "images"
    assert said in str(problem.message)
    assert len(str(problem)) < 600


@pytest.mark.parametrize("source", ["data:image/png;base64,aGVsbG8=", "data:text/html,<script>alert(1)</script>"])
def test_data_that_is_no_picture_is_left_out(tmp_path: Path, source: str) -> None:
    notice = left_out(written(tmp_path, "a.html", f"<h1>武山</h1><p>正文</p><img src='{source}'>"))
    assert source.partition(",")[0] in str(notice.message)
    assert "aGVsbG8" not in str(notice.message)


def test_a_picture_used_twice_is_kept_once_and_inspected_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "copy.png").write_bytes(picture())
    opened = Mock(wraps=Pillow.open)
    monkeypatch.setattr(Pillow, "open", opened)
    manuscript = read(naming(tmp_path, "a.png", "a.png", "copy.png", "a.png"))
    assert len(manuscript.article.images) == len(manuscript.media) == 1
    assert manuscript.article.body.count("<figure>") == 4
    assert opened.call_count == 2


def test_of_pictures_too_large_together_the_last_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST_PIXELS", 20)
    for name, colour in (("a.png", "red"), ("b.png", "blue"), ("c.png", "green")):
        (tmp_path / name).write_bytes(picture(colour=colour))
    manuscript = read(naming(tmp_path, "a.png", "b.png", "c.png"))
    assert len(manuscript.article.images) == 2
    assert "picture 3 (c.png)" in str(manuscript.notices[0].message)


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
