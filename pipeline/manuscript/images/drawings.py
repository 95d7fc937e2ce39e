"""EMF and WMF: the drawings that Word keeps of pasted charts and WordArt. LibreOffice turns them into pixels.

It is asked by way of a one-page document of exactly the drawing's shape, which gives a picture without a margin, as
sharp as wanted.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.article.pixels import on_white
from pipeline.channel import Text
from pipeline.lazily import lazily
from pipeline.manuscript.images.limits import MOST_DRAWINGS, LeftOut

if TYPE_CHECKING:
    from PIL import Image as Pillow
else:
    Pillow = lazily("PIL.Image")

PROGRAMS = ("soffice", "libreoffice")
LONGEST = 60
"""Seconds for one drawing; the first start on a machine is the slowest."""
LONG_SIDE = 1600
"""Pixels of the longer side."""
_DOTS = 96
"""Pixels that LibreOffice draws to the inch."""

_AS_PICTURE = Text.of("in Word, copy the drawing, paste it as a picture (PNG) and delete the old one")
_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
 xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
 xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"
 office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text"><office:automatic-styles>
<style:page-layout style:name="page"><style:page-layout-properties fo:page-width="{width:.4f}in"
 fo:page-height="{height:.4f}in" fo:margin="0in"/></style:page-layout>
<style:style style:name="frame" style:family="graphic"><style:graphic-properties style:wrap="run-through"
 style:horizontal-pos="from-left" style:horizontal-rel="page" style:vertical-pos="from-top" style:vertical-rel="page"
 fo:padding="0in" fo:border="none"/></style:style></office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="page"/></office:master-styles>
<office:body><office:text><draw:frame draw:style-name="frame" text:anchor-type="page" text:anchor-page-number="1"
 svg:x="0in" svg:y="0in" svg:width="{width:.4f}in" svg:height="{height:.4f}in"><draw:image><office:binary-data>{data}\
</office:binary-data></draw:image></draw:frame><text:p/></office:text></office:body></office:document>
"""


class Drawings:
    """Draws those of one manuscript. After one that takes too long, or too many, the others are left out."""

    def __init__(self) -> None:
        self.left = MOST_DRAWINGS

    def pixels(self, data: bytes, kind: str, name: str) -> Pillow.Image:
        """The drawing on white, its longer side `LONG_SIDE` pixels. Raises `LeftOut`."""
        program = next((found for one in PROGRAMS if (found := shutil.which(one))), None)
        if program is None:
            raise LeftOut(
                Text.of(
                    "picture {number} ({name}) was left out: it is an {kind} drawing, and LibreOffice, which could "
                    "convert it, is not installed here",
                    kind=kind,
                ),
                Text.of("in Word, copy the drawing and paste it as a picture (PNG); or have LibreOffice installed"),
                name,
            )
        if self.left <= 0:
            raise LeftOut(
                Text.of(
                    "picture {number} ({name}) was left out: it is an {kind} drawing, and no more are converted",
                    kind=kind,
                ),
                _AS_PICTURE,
                name,
            )
        self.left -= 1
        width, height = shape(data)
        try:
            picture = _drawn(program, data, width, height)
        except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError, subprocess.SubprocessError) as error:
            self.left = 0 if isinstance(error, subprocess.TimeoutExpired) else self.left
            raise LeftOut(
                Text.of(
                    "picture {number} ({name}) was left out: it is an {kind} drawing, and LibreOffice failed to "
                    "convert it",
                    kind=kind,
                ),
                _AS_PICTURE,
                name,
            ) from error
        if picture.getcolors(1) is not None:
            raise LeftOut(
                Text.of("picture {number} ({name}) was left out: it is an {kind} drawing, and it is empty", kind=kind),
                Text.of("if something is seen there in Word, copy it and paste it as a picture (PNG)"),
                name,
            )
        return picture


def shape(data: bytes) -> tuple[int, int]:
    """Width and height in pixels at which a drawing is drawn, by what its head says of its shape."""
    width, height = _extent(data)
    if width <= 0 or height <= 0 or not 1 / 20 <= width / height <= 20:
        width, height = 4, 3
    scale = LONG_SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _extent(data: bytes) -> tuple[int, int]:
    """Width and height in any unit; (0, 0) where they are not said. [MS-EMF] 2.2.9, [MS-WMF] 2.3.2.3 and 2.3.5.30."""
    if data[40:44] == b" EMF":
        left, top, right, bottom = struct.unpack_from("<4i", data, 24)
        return right - left, bottom - top
    if data.startswith(b"\xd7\xcd\xc6\x9a") and len(data) >= 16:
        left, top, right, bottom = struct.unpack_from("<4h", data, 6)
        return right - left, bottom - top
    at = 18
    while at + 10 <= len(data):
        words, function = struct.unpack_from("<IH", data, at)
        if function == 0x020C:  # META_SETWINDOWEXT
            height, width = struct.unpack_from("<2h", data, at + 6)
            return abs(width), abs(height)
        if words < 3:
            break
        at += 2 * words
    return 0, 0


def _drawn(program: str, data: bytes, width: int, height: int) -> Pillow.Image:
    page = _DOCUMENT.format(width=width / _DOTS, height=height / _DOTS, data=base64.b64encode(data).decode())
    with tempfile.TemporaryDirectory(prefix="tongfa-drawing-", ignore_cleanup_errors=True) as folder:
        source = Path(folder, "drawing.fodt")
        source.write_text(page, encoding="utf-8")
        command = [
            program, "--headless", "--norestore", "--nologo", f"-env:UserInstallation={Path(folder, 'own').as_uri()}",
            "--convert-to", "png", "--outdir", folder, str(source),
        ]  # fmt: skip
        _run(command, folder)
        with Pillow.open(Path(folder, "drawing.png"), formats=("PNG",)) as opened:
            if opened.width > 2 * LONG_SIDE or opened.height > 2 * LONG_SIDE:
                raise ValueError("the page has another size than was asked for")
            # A page is rounded up to the next pixel, which stays empty.
            right, bottom = min(width, opened.width), min(height, opened.height)
            return on_white(opened.convert("RGBA").crop((0, 0, right, bottom)))


def _run(command: list[str], folder: str) -> None:
    """Run the program with a home of its own; whatever it has started ends with it."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": folder},
        cwd=folder,
        start_new_session=True,
    )
    try:
        process.wait(timeout=LONGEST)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
