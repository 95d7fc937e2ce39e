"""Pictures as channels show them: colours, motion, the label of AI-made content, and nothing else of their files."""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
import requests
from lxml import html
from PIL import Image as Pillow
from PIL import ImageChops, ImageCms, PngImagePlugin

from channels.app import App
from channels.feeds import Feeds
from channels.pictures import common, derivative, holds, made, moving, produce, spread
from channels.website import Website
from channels.wechat import Wechat
from channels.wechat.media import MOST, content_bytes
from pipeline.article import Column, Image, Outlet, Revision, aigc, gif, pixels
from pipeline.article.credit import Aigc, Certainty
from pipeline.channel import Asset, Channel, Rendition, Setting, Standing
from pipeline.manuscript.images import take
from pipeline.standins.fake_wechat import Server, Settings
from pipeline.testing import MemoryMedia, MemoryNotebook, Rehearsal, article_of, newsroom_of, opening_of, revision_of

pillow_heif.register_heif_opener()

SECRET = b"GEHEIM-0931"
"""What must not leave the house."""
LABEL = Aigc(label=Certainty.IS, producer="某模型", produce_id="p-1", reserved1="r1")
P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
FORMS = ("image/jpeg", "image/png", "image/webp")


def saved(picture: Pillow.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def photo(size: tuple[int, int] = (64, 48)) -> Pillow.Image:
    slope = Pillow.linear_gradient("L").resize(size)
    return Pillow.merge("RGB", (slope, slope.rotate(180), slope.rotate(90).resize(size)))


def frames(count: int = 3, size: tuple[int, int] = (64, 48)) -> list[Pillow.Image]:
    return [Pillow.new("RGB", size, (80 * n % 256, 120, 60)) for n in range(count)]


def animation(kind: str, count: int = 3, size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    first, *others = frames(count, size)
    return saved(first, kind, save_all=True, append_images=others, duration=90, loop=0, **options)


def exif_of(**tags: Any) -> Pillow.Exif:
    exif = Pillow.Exif()
    exif[0x010E] = exif[0x013B] = SECRET.decode()
    exif[0x8825] = {1: "N", 2: (34.0, 43.0, 1.0)}
    return exif


def texts() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode())
    info.add_itxt("Description", SECRET.decode(), zip=False)
    return info


def with_iptc(jpeg: bytes) -> bytes:
    block = b"Photoshop 3.0\08BIM\4\4\0\0" + struct.pack(">I", len(SECRET)) + SECRET
    return jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def telling_originals() -> dict[str, bytes]:
    """Pictures whose files say more than is seen."""
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
    profile = pixels.matrix_profile(P3, 2.2, SECRET.decode())
    jpeg = {"comment": SECRET, "exif": exif_of(), "xmp": xmp, "icc_profile": profile, "dpi": (300, 300)}
    return {
        "JPEG": with_iptc(saved(photo(), "JPEG", **jpeg)),
        "MPO": saved(photo(), "MPO", save_all=True, append_images=[photo((20, 20))], comment=SECRET, exif=exif_of()),
        "PNG": saved(photo(), "PNG", pnginfo=texts(), exif=exif_of(), icc_profile=profile),
        "WEBP": saved(photo(), "WEBP", xmp=xmp, exif=exif_of(), icc_profile=profile),
        "GIF": saved(photo(), "GIF", comment=SECRET),
        "moving GIF": animation("GIF", comment=SECRET) + SECRET,
        "moving WebP": animation("WEBP", xmp=xmp, exif=exif_of().tobytes()),
    }


def image_of(data: bytes) -> Image:
    return take(data, "a").image


def opened(data: bytes) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize("name", telling_originals())
def test_nothing_of_a_file_goes_out_but_what_is_seen(name: str) -> None:
    data = telling_originals()[name]
    assert SECRET in data
    image = image_of(data)
    for width in (64, 32):
        for media_type in {*FORMS, moving(image)}:
            asset = derivative(image, width, media_type)
            out = produce(asset, data)
            assert holds(asset, out)
            assert SECRET not in out
            assert out == produce(asset, data)
            told = opened(out).info.keys() - {
                "jfif",
                "jfif_version",
                "jfif_unit",
                "jfif_density",
                "progressive",
                "progression",
            }
            assert told <= {"loop", "duration", "background", "timestamp", "version", "extension", "transparency"}
            assert not opened(out).getexif()


# -- every channel -----------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server("127.0.0.1", 0, tmp_path / "platform", {"wx0": Settings(secret="s", name="武山融媒")}) as server:
        yield server


def channel_of(kind: type[Channel], tmp_path: Path, server: Server, **options: Any) -> Channel:
    if kind is Wechat:
        options = {"appid": "wx0", "api": server.api, "follow": 0, "settling": 0, **options}
    outlet = Outlet(id=kind.kind, kind=kind.kind, name=kind.kind, options=options)
    secrets = {"TONGFA_WECHAT_SECRET": "s", "TONGFA_WECHAT_TOKEN": "t"}
    return kind(
        Setting(
            notebook=MemoryNotebook(),
            outlet=outlet,
            newsroom=newsroom_of(outlet),
            data=tmp_path / "data",
            secrets=secrets,
        )
    )


def shown(rehearsal: Rehearsal, *originals: bytes, number: int = 1, **said: Any) -> Revision:
    images = []
    for data in originals:
        image = image_of(data).model_copy(update=said)
        rehearsal.media[image.digest] = data
        images.append(image)
    return revision_of(article_of(f"第{number}条消息", images=images), id=f"a{number}")


def pictures_under(folder: Path) -> dict[Path, bytes]:
    """Every file that is a picture."""
    kinds = (".jpg", ".png", ".webp", ".gif")
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix in kinds}


CASES = [(Website, {}), (Feeds, {}), (App, {}), (Wechat, {}), (Wechat, {"mode": "payload"})]


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_no_channel_gives_away_what_stands_in_a_file(
    kind: type[Channel], options: dict[str, Any], tmp_path: Path, server: Server
) -> None:
    rehearsal = Rehearsal(channel_of(kind, tmp_path, server, **options))
    delivery = rehearsal.publish(shown(rehearsal, *telling_originals().values()))
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    _, preview = rehearsal.channel.preview(
        delivery.revision, delivery.rendition or _none(), rehearsal.newsroom, rehearsal.media
    )
    assert SECRET not in preview
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if SECRET in path.read_bytes()] == []


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_every_channel_keeps_the_label_and_adds_its_part(
    kind: type[Channel], options: dict[str, Any], tmp_path: Path, server: Server
) -> None:
    rehearsal = Rehearsal(channel_of(kind, tmp_path, server, **options))
    data = saved(photo(), "JPEG", xmp=aigc.packet(LABEL), comment=SECRET)
    plain, moves = saved(photo(), "PNG"), animation("GIF")
    revision = shown(rehearsal, data, moves)
    labelled = [image.model_copy(update={"aigc": LABEL}) for image in revision.article.images]
    content = revision.article.model_copy(update={"images": (*labelled, *shown(rehearsal, plain).article.images)})
    revision = revision.model_copy(update={"article": content})
    delivery = rehearsal.publish(revision)
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    wanted = aigc.spread(LABEL, rehearsal.newsroom.name, rehearsal.newsroom.guid(revision.id))
    assert delivery.rendition is not None
    assets = {asset.name: asset for asset in delivery.rendition.assets}
    assert {asset.aigc for asset in assets.values()} == {wanted, None}
    for asset in assets.values():
        assert (asset.aigc is None) == (asset.source == content.images[2].digest)
        out = produce(asset, rehearsal.media[asset.source])
        assert aigc.read(out, opened(out)) == asset.aigc
    if kind is not Wechat:
        public = {path: found for path, found in pictures_under(tmp_path / "data").items() if path.name in assets}
        assert public
        assert {aigc.read(found, opened(found)) for found in public.values()} == {wanted, None}


def test_the_banner_of_a_column_is_labelled_as_well(tmp_path: Path, server: Server) -> None:
    data = saved(photo((600, 200)), "JPEG", xmp=aigc.packet(LABEL))
    for kind in (Website, App):
        rehearsal = Rehearsal(channel_of(kind, tmp_path / kind.kind, server))
        rehearsal.media[image_of(data).digest] = data
        column = Column(id="xczx", name="乡村振兴", description="乡村", keywords=("乡村",), banner=image_of(data))
        opening = revision_of(opening_of(column))
        assert rehearsal.verify(rehearsal.publish(opening)).standing is Standing.LIVE
        found = {aigc.read(one, opened(one)) for one in pictures_under(tmp_path / kind.kind).values()}
        guid = rehearsal.newsroom.guid(f"column:{column.id}")
        assert aigc.spread(LABEL, rehearsal.newsroom.name, guid) in found


def _none() -> Rendition:
    raise AssertionError("no rendition")


# -- labels ------------------------------------------------------------------------------------------------------


def test_a_label_is_written_into_every_form() -> None:
    data = animation("WEBP")
    for original in (saved(photo(), "PNG"), animation("GIF"), data):
        image = image_of(original).model_copy(update={"aigc": LABEL})
        for media_type in {*FORMS, moving(image)}:
            for width in (64, 20):
                asset = derivative(image, width, media_type)
                out = produce(asset, original)
                assert aigc.read(out, opened(out)) == LABEL
                assert holds(asset, out)
                assert out == produce(asset, original)


def test_a_picture_without_its_label_does_not_hold() -> None:
    data = saved(photo(), "PNG")
    image = image_of(data)
    labelled = derivative(image.model_copy(update={"aigc": LABEL}), 64, "image/png")
    other = derivative(image.model_copy(update={"aigc": Aigc(label=Certainty.IS, producer="别家")}), 64, "image/png")
    assert holds(labelled, produce(labelled, data))
    assert not holds(labelled, produce(derivative(image, 64, "image/png"), data))
    assert not holds(labelled, produce(other, data))
    assert len({labelled.name, other.name, derivative(image, 64, "image/png").name}) == 3


def test_a_label_leaves_the_digests_of_other_renditions_alone() -> None:
    asset = Asset(name="a.png", media_type="image/png", source="ab", width=1, height=1)
    written = '{"name":"a.png","media_type":"image/png","source":"ab","width":1,"height":1}'
    digest = hashlib.sha256(f"text/html\0x\0{written}".encode()).hexdigest()
    assert Rendition.of("text/html", "x", [asset]).digest == digest
    assert Rendition.of("text/html", "x", [asset.model_copy(update={"aigc": LABEL})]).digest != digest


def test_spreading_adds_and_never_overwrites() -> None:
    newsroom = newsroom_of(Outlet(id="website", kind="website", name="网站"))
    image = image_of(saved(photo(), "PNG"))
    assert spread(image, newsroom, "a1") is image
    first = spread(image.model_copy(update={"aigc": LABEL}), newsroom, "a1").aigc
    assert first == LABEL.model_copy(update={"propagator": newsroom.name, "propagate_id": newsroom.guid("a1")})
    assert spread(image.model_copy(update={"aigc": first}), newsroom, "a1").aigc == first
    foreign = LABEL.model_copy(update={"propagator": "某平台", "propagate_id": "x9"})
    both = spread(image.model_copy(update={"aigc": foreign}), newsroom, "a1").aigc
    assert both is not None
    assert (both.producer, both.produce_id, both.reserved1) == ("某模型", "p-1", "r1")
    assert both.propagator == f"某平台;{newsroom.name}"
    assert both.propagate_id == f"x9;{newsroom.guid('a1')}"


JSON = '{"Label":"1","ContentProducer":"某模型","ProduceID":"p-1","ReservedCode1":"r1"}'


def xmp_of(inside: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{inside}</rdf:RDF></x:xmpmeta>'
    ).encode()


ELEMENT = f'<rdf:Description xmlns:TC260="{aigc.NAMESPACE}"><TC260:AIGC>{JSON}</TC260:AIGC></rdf:Description>'
ATTRIBUTE = f"<rdf:Description xmlns:TC260='{aigc.NAMESPACE}' TC260:AIGC='{JSON}'/>"
ESCAPED = ELEMENT.replace(JSON, JSON.replace('"', "&amp;quot;"))


def commented(text: str, charset: bytes = b"ASCII\0\0\0", encoding: str = "utf-8") -> Pillow.Exif:
    exif = Pillow.Exif()
    exif.get_ifd(0x8769)[0x9286] = charset + text.encode(encoding)
    return exif


def chunk(key: str, text: str) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_itxt(key, text, zip=key != "AIGC")
    return info


def labelled_files() -> dict[str, bytes]:
    one = photo()
    return {
        "JPEG, XMP element": saved(one, "JPEG", xmp=xmp_of(ELEMENT)),
        "JPEG, XMP attribute": saved(one, "JPEG", xmp=xmp_of(ATTRIBUTE)),
        "JPEG, XMP escaped twice": saved(one, "JPEG", xmp=xmp_of(ESCAPED)),
        "WebP, XMP": saved(one, "WEBP", xmp=xmp_of(ATTRIBUTE)),
        "PNG, packed XMP": saved(one, "PNG", pnginfo=chunk("XML:com.adobe.xmp", xmp_of(ELEMENT).decode())),
        "PNG, text": saved(one, "PNG", pnginfo=chunk("AIGC", JSON)),
        "GIF, XMP": gif.bare(animation("GIF"), xmp_of(ELEMENT)),
        "JPEG, comment": saved(one, "JPEG", comment=f'{{"AIGC": {JSON}}}'.encode()),
        "JPEG, Exif": saved(one, "JPEG", exif=commented(f'{{"AIGC": {JSON}}}')),
        "JPEG, Exif in UTF-16": saved(one, "JPEG", exif=commented(JSON, b"UNICODE\0", "utf-16")),
        "JPEG, JSON in JSON": saved(one, "JPEG", comment=json.dumps({"AIGC": JSON}).encode()),
        "JPEG, other capitals": saved(one, "JPEG", comment=f'{{"aigc": {JSON.replace("Label", "label")}}}'.encode()),
        "JPEG, a number": saved(one, "JPEG", comment=JSON.replace('"1"', "1").encode()),
        "JPEG, broken": saved(one, "JPEG", comment=f'{{"AIGC": {JSON[:-1]}, "x": '.encode()),
        "PNG, behind its end": saved(one, "PNG") + xmp_of(ELEMENT),
        "HEIC": saved(one, "HEIF", xmp=xmp_of(ELEMENT)),
        "AVIF": saved(one, "AVIF", xmp=xmp_of(ELEMENT)),
    }


@pytest.mark.parametrize("name", labelled_files())
def test_a_label_is_read_wherever_it_stands(name: str) -> None:
    assert image_of(labelled_files()[name]).aigc == LABEL


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('{"Label": "2"}', Certainty.MAY_BE),
        ('{"Label": "3", "ContentProducer": ""}', Certainty.SUSPECTED),
        ('{"Label": "value1", "ContentProducer": "某模型"}', Certainty.SUSPECTED),
        ('{"Label": "value1"}', None),
        ('{"AIGC": {"Label": {"x": 1}}}', None),
        ('{"AIGC": []}', None),
        ("AIGC", None),
        ("Label: a tea garden", None),
        ('{"Label"' * 500, None),
        ("[" * 100_000, None),
        ('{"AIGC":' * 5000 + '"Label"', None),
        ('AIGC Label="' * 50_000, None),
        ("label" * 500_000, None),
    ],
)
def test_whatever_is_written_there_is_read_or_left(text: str, label: Certainty | None) -> None:
    found = aigc.parse(text)
    assert (found and found.label) == label


def test_a_value_that_is_none_is_left_out_of_a_label() -> None:
    found = aigc.parse(json.dumps({"Label": "1", "ContentProducer": "x" * 5000, "ProduceID": "a\x00\x1fb"}))
    assert found is not None
    assert (found.producer, found.produce_id) == ("", "ab")
    longest = Aigc(label=Certainty.IS, **{field: "<&" * 512 for field in aigc.FIELDS if field != "label"})
    data = saved(photo(), "JPEG")
    out = produce(derivative(image_of(data).model_copy(update={"aigc": longest}), 64, "image/jpeg"), data)
    assert aigc.read(out, opened(out)) == longest


def test_what_other_programs_say_of_a_machine_is_a_suspicion() -> None:
    said = (
        '<rdf:Description xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" i:DigitalSourceType='
        '"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
    )
    assert image_of(saved(photo(), "JPEG", xmp=xmp_of(said))).aigc == Aigc(label=Certainty.SUSPECTED)
    camera = said.replace("trainedAlgorithmicMedia", "digitalCapture")
    assert image_of(saved(photo(), "JPEG", xmp=xmp_of(camera))).aigc is None


# -- colours -----------------------------------------------------------------------------------------------------


def converted(picture: Pillow.Image, profile: bytes) -> Pillow.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    out = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert out is not None
    return out


def difference(one: Pillow.Image, other: Pillow.Image) -> int:
    return max(high for _, high in ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getextrema())


@pytest.mark.parametrize("colorants", [P3, ADOBE], ids=["Display P3", "Adobe RGB"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "HEIF"])
def test_a_picture_with_a_profile_does_not_go_dull(colorants: Any, kind: str) -> None:
    profile = pixels.matrix_profile(colorants, 2.2)
    plain = Pillow.new("RGB", (64, 48), (210, 90, 60))
    quality = {} if kind in ("PNG", "TIFF") else {"quality": 100}
    taken = take(saved(plain, kind, icc_profile=profile, **quality), "a")
    out = opened(produce(derivative(taken.image, 64, "image/png"), taken.data))
    wanted = converted(plain, profile)
    assert difference(plain, wanted) > 8
    assert difference(out, wanted) <= 4
    assert "icc_profile" not in out.info


def test_transparent_parts_stay_where_colours_change() -> None:
    profile = pixels.matrix_profile(P3, 2.2)
    data = saved(Pillow.new("RGBA", (64, 48), (210, 90, 60, 0)), "PNG", icc_profile=profile)
    out = opened(produce(derivative(image_of(data), 64, "image/png"), data))
    assert out.mode == "RGBA"
    assert out.getpixel((3, 3))[3] == 0  # type: ignore[index]
    flat = opened(produce(derivative(image_of(data), 64, "image/jpeg"), data))
    assert flat.getpixel((3, 3)) == (255, 255, 255)


def test_a_camera_that_only_names_adobe_rgb_is_believed() -> None:
    plain = Pillow.new("RGB", (64, 48), (60, 200, 90))
    exif = Pillow.Exif()
    exif._ifds[0x8769] = {0xA001: 0xFFFF, 0xA005: {1: "R03"}}
    data = saved(plain, "JPEG", exif=exif, quality=100)
    out = opened(produce(derivative(image_of(data), 64, "image/png"), data))
    assert difference(out, converted(plain, pixels.matrix_profile(ADOBE, 563 / 256))) <= 4
    assert difference(out, plain) > 8


def without_adobe(jpeg: bytes) -> bytes:
    at = jpeg.index(b"\xff\xee")
    return jpeg[:at] + jpeg[at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0] :]


def test_cmyk_is_read_as_it_was_meant() -> None:
    ink = Pillow.new("CMYK", (64, 48), (0, 120, 200, 10))
    paper = ink.convert("RGB")
    for data in (saved(ink, "JPEG", quality=100), saved(ink, "TIFF")):
        taken = take(data, "a")
        assert difference(opened(produce(derivative(taken.image, 64, "image/png"), taken.data)), paper) <= 6
    upright = without_adobe(saved(ImageChops.invert(ink), "JPEG", quality=100))
    assert difference(opened(produce(derivative(image_of(upright), 64, "image/jpeg"), upright)), paper) <= 10


def test_sixteen_bits_are_not_cut_to_white() -> None:
    for kind in ("PNG", "TIFF"):
        taken = take(saved(Pillow.new("I;16", (64, 48), 40_000), kind), "a")
        out = opened(produce(derivative(taken.image, 64, "image/png"), taken.data))
        assert out.convert("L").getpixel((3, 3)) == pytest.approx(40_000 / 257, abs=1)


def test_profiles_that_do_not_fit_or_are_none_change_nothing() -> None:
    grey = Pillow.new("L", (64, 48), 90)
    for profile in (b"no profile", pixels.matrix_profile(P3, 2.2), pixels.matrix_profile(P3, 2.2)[:150]):
        data = saved(grey, "PNG", icc_profile=profile)
        assert difference(opened(produce(derivative(image_of(data), 64, "image/png"), data)), grey) == 0


def test_a_drawing_of_few_colours_is_scaled_smoothly() -> None:
    drawn = Pillow.new("P", (64, 48), 0)
    drawn.putpalette([255, 255, 255, 0, 0, 0])
    drawn.paste(1, (0, 0, 31, 48))
    data = saved(drawn, "PNG")
    out = opened(produce(derivative(image_of(data), 21, "image/png"), data)).convert("L")
    assert len(out.getcolors() or ()) > 2


# -- motion ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
@pytest.mark.parametrize("width", [64, 20])
def test_what_moves_goes_on_moving(kind: str, width: int) -> None:
    data = animation(kind)
    image = image_of(data)
    asset = derivative(image, width, moving(image))
    out = opened(produce(asset, data))
    assert asset.animated
    assert getattr(out, "n_frames", 1) == 3
    assert out.size == (asset.width, asset.height)
    colours = []
    for number in range(3):
        out.seek(number)
        out.load()
        assert out.info["duration"] == 90
        colours.append(out.convert("RGB").getpixel((2, 2)))
    wanted = [one.getpixel((2, 2)) for one in frames()]
    assert all(
        abs(a - b) < 16 for one, other in zip(colours, wanted, strict=True) for a, b in zip(one, other, strict=True)
    )  # type: ignore[arg-type]
    assert out.info["loop"] == 0
    still = derivative(image, width, common(image))
    assert getattr(opened(produce(still, data)), "n_frames", 1) == 1
    assert not holds(asset, produce(still.model_copy(update={"media_type": image.media_type}), data))


def test_a_gif_of_its_own_size_is_taken_over_as_it_is() -> None:
    data = animation("GIF", comment=SECRET)
    asset = derivative(image_of(data), 64, "image/gif")
    out = produce(asset, data)
    assert len(data) - 30 < len(out) < len(data)


@pytest.mark.parametrize(("kind", "media_type"), [("GIF", "image/gif"), ("WEBP", "image/webp")])
def test_website_feeds_and_app_show_it_moving(kind: str, media_type: str, tmp_path: Path, server: Server) -> None:
    data = animation(kind)
    for channel in (Website, Feeds, App):
        rehearsal = Rehearsal(channel_of(channel, tmp_path / channel.kind, server))
        delivery = rehearsal.publish(shown(rehearsal, data, saved(photo(), "GIF")))
        assert rehearsal.verify(delivery).standing is Standing.LIVE
        assert delivery.rendition is not None
        (asset,) = [one for one in delivery.rendition.assets if one.animated]
        assert asset.media_type == media_type
        assert asset.name in delivery.rendition.body
        public = {path.name: found for path, found in pictures_under(tmp_path / channel.kind).items()}
        assert getattr(opened(public[asset.name]), "n_frames", 1) == 3


def test_a_list_shows_it_standing_still(tmp_path: Path, server: Server) -> None:
    rehearsal = Rehearsal(channel_of(Website, tmp_path, server))
    rehearsal.publish(shown(rehearsal, animation("GIF")))
    (root,) = [path.parent for path in (tmp_path / "data").rglob("404.html")]
    page = html.document_fromstring((root / "index.html").read_text())
    assert page.xpath("//img/@src")
    assert not [
        address for address in page.xpath("//img/@src | //img/@srcset") if "gif" in address or "moving" in address
    ]


def test_wechat_shows_a_small_gif_moving(tmp_path: Path, server: Server) -> None:
    rehearsal = Rehearsal(channel_of(Wechat, tmp_path, server))
    rehearsal.publish(shown(rehearsal, animation("GIF"), animation("WEBP"), saved(photo(), "JPEG")))
    (post,) = server.wechat.memory.every("post")
    content = html.fragment_fromstring(post["news_item"][0]["content"], create_parent="div")
    seen = [opened(requests.get(address, timeout=10).content) for address in content.xpath("//img/@src")]
    assert [(one.format, getattr(one, "n_frames", 1)) for one in seen] == [("GIF", 3), ("JPEG", 1), ("JPEG", 1)]
    deeds = [one["deed"] for one in server.wechat.memory.every("deed")]
    assert (deeds.count("add_material"), deeds.count("uploadimg")) == (2, 2)  # the GIF and the cover


def test_of_a_large_gif_wechat_gets_the_first_picture() -> None:
    noise = [Pillow.effect_noise((640, 480), 120).convert("RGB") for _ in range(6)]
    data = saved(noise[0], "GIF", save_all=True, append_images=noise[1:], duration=90)
    assert len(data) > MOST
    image = image_of(data)
    media = MemoryMedia({image.digest: data})
    out, media_type = content_bytes(derivative(image, 1080, "image/gif"), media)
    assert (media_type, getattr(opened(out), "n_frames", 1)) == ("image/jpeg", 1)
    assert len(out) <= MOST
    small = animation("GIF")
    out, media_type = content_bytes(
        derivative(image_of(small), 1080, "image/gif"), MemoryMedia({image_of(small).digest: small})
    )
    assert (media_type, getattr(opened(out), "n_frames", 1)) == ("image/gif", 3)


def test_an_animation_that_was_kept_before_it_was_known_to_move_stands_still() -> None:
    data = animation("GIF")
    image = image_of(data).model_copy(update={"animated": False})
    out = made(derivative(image, 64, moving(image)), MemoryMedia({image.digest: data}))
    assert getattr(opened(out), "n_frames", 1) == 1
