"""What is too much, and how a picture is refused or left out."""

from __future__ import annotations

from pipeline.channel import Text

MB = 1024 * 1024
LARGEST_READ = 60 * MB
"""Bytes of a file that is looked at: a scanner's TIFF, a camera's largest JPEG."""
LARGEST_KEPT = 10 * MB
"""Bytes that are kept of a picture, the most that WeChat's permanent material takes. Larger ones are written anew."""
LARGEST_AREA = 50_000_000
"""Pixels."""
MOST_MOTION = 50_000_000
"""Pixels of all frames of a manuscript's animations together: a minute of a small one. Beyond it they stand still."""
MOST_PIXELS = 2_000_000_000
"""Of all pictures of a manuscript together: a hundred photographs of a telephone."""
MOST_PICTURES = 100
MOST_DRAWINGS = 20
"""EMF and WMF of a manuscript that LibreOffice is asked to draw; each takes it seconds."""


class PictureRefused(Exception):
    """A picture cannot be found, or nobody can tell which is meant: the manuscript waits for its editor."""

    def __init__(self, message: Text, remedy: Text) -> None:
        super().__init__(str(message))
        self.message = message
        self.remedy = remedy


class LeftOut(PictureRefused):
    """A picture is there and cannot be shown: the article goes without it. `message` has {number} and {name}."""

    def __init__(self, message: Text, remedy: Text, name: str = "") -> None:
        super().__init__(message.given(number=1, name=name), remedy)


AS_JPEG = Text.of("open it in a picture program, save it as JPEG or PNG, and put that in its place")
UNDAMAGED = Text.of("replace it by an undamaged copy")
SMALLER = Text.of("save it smaller: 1920 pixels wide is enough for every channel")


def too_heavy(name: str, size: int) -> LeftOut:
    """`size` in bytes."""
    return LeftOut(
        Text.of(
            "picture {number} ({name}) was left out: it has {size} MB, at most {limit} MB are read",
            size=round(size / MB, 1),
            limit=LARGEST_READ // MB,
        ),
        SMALLER,
        name,
    )


def too_many_pixels(name: str) -> LeftOut:
    return LeftOut(
        Text.of(
            "picture {number} ({name}) was left out: it has more than {limit} million pixels",
            limit=LARGEST_AREA // 1_000_000,
        ),
        SMALLER,
        name,
    )


def damaged(name: str, kind: str, reason: str) -> LeftOut:
    return LeftOut(
        Text.of(
            "picture {number} ({name}) was left out: it is {kind} and damaged: {reason}", kind=kind, reason=reason[:200]
        ),
        UNDAMAGED,
        name,
    )


def unreadable(name: str, kind: str) -> LeftOut:
    """`kind`: "" where nobody knows what it is."""
    message = (
        Text.of("picture {number} ({name}) was left out: it is {kind}, which cannot be shown", kind=kind)
        if kind
        else Text.of("picture {number} ({name}) was left out: it is no picture that is known")
    )
    return LeftOut(message, AS_JPEG, name)
