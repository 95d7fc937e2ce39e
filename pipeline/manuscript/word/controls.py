"""Content controls (`w:sdt`): what is in them is text, but for prompts and tables of contents."""

from __future__ import annotations

from pipeline.manuscript.word.fields import CHECKED, UNCHECKED
from pipeline.manuscript.word.names import W14, Element, child, properties, switched, value

_CONTENTS = "Table of Contents"
"""`docPartGallery`, in every language."""


def is_contents(control: Element) -> bool:
    """Whether it is a table of contents that Word made."""
    part = properties(properties(child(control, "sdtPr")).get("docPartObj"))
    return value(part, "docPartGallery") == _CONTENTS


def is_prompt(control: Element) -> bool:
    """Whether it shows what somebody should write there."""
    return bool(switched(properties(child(control, "sdtPr")), "showingPlcHdr"))


def check_box(control: Element) -> str:
    """A box as it is checked or not; "" where the control is none."""
    box = properties(child(control, "sdtPr")).get("w14:checkbox")
    if box is None:
        return ""
    state = properties(box).get("w14:checked")
    return CHECKED if state is not None and state.get(f"{W14}val") in ("1", "true", "on") else UNCHECKED
