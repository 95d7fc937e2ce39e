"""The client's icon: two mountains (武山) under a sun, drawn from one geometry as SVG and as PNG.

Coordinates are in a square of 512. Everything that matters lies in the middle circle of 80 %, which any launcher's
mask leaves alone (https://www.w3.org/TR/appmanifest/#icon-masks).
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

from pipeline.lazily import lazily

if TYPE_CHECKING:
    from PIL import Image, ImageDraw
else:
    Image = lazily("PIL.Image")
    ImageDraw = lazily("PIL.ImageDraw")

SIZE = 512
RED, DEEP, LIGHT = "#b3261e", "#8f1c16", "#fdf6f1"
SUN = (340, 164, 38)
"""Centre and radius."""
BEHIND = ((236, 368), (340, 232), (424, 368))
BEFORE = ((96, 368), (216, 150), (336, 368))
GROUND = (96, 364, 424, 376)
FINER = 4
"""How many times larger it is drawn, then made smaller, for smooth edges."""


def svg() -> bytes:
    """The icon as it scales."""
    x, y, radius = SUN
    left, top, right, bottom = GROUND
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}">\n'
        f'<rect width="{SIZE}" height="{SIZE}" fill="{RED}"/>\n'
        f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{LIGHT}"/>\n'
        f'<polygon points="{_points(BEHIND)}" fill="{DEEP}"/>\n'
        f'<polygon points="{_points(BEFORE)}" fill="{LIGHT}"/>\n'
        f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" fill="{LIGHT}"/>\n'
        "</svg>\n"
    ).encode()


@cache
def png(size: int) -> bytes:
    """The icon in so many pixels; the same bytes with one version of Pillow."""
    scale = size * FINER / SIZE
    picture = Image.new("RGB", (size * FINER, size * FINER), RED)
    draw = ImageDraw.Draw(picture)
    x, y, radius = SUN
    draw.ellipse([scale * value for value in (x - radius, y - radius, x + radius, y + radius)], fill=LIGHT)
    for points, colour in ((BEHIND, DEEP), (BEFORE, LIGHT)):
        draw.polygon([(scale * x, scale * y) for x, y in points], fill=colour)
    draw.rectangle([scale * value for value in GROUND], fill=LIGHT)
    out = io.BytesIO()
    picture.resize((size, size), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _points(points: tuple[tuple[int, int], ...]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
