"""Blocks → the body of an article, from a closed list of elements and attributes (see `Article.body`)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

from lxml import etree

from pipeline.manuscript.block import BREAK, HEADINGS, MARKS, Block, Run
from pipeline.manuscript.notes import numbered


def serialise(content: Iterable[Block]) -> str:
    """The body these blocks make: a well-formed fragment. Headings become h2 and h3, notes are numbered and last."""
    content = list(content)
    lowered = any(block.tag == "h1" for block in content)
    # A figure without an image is the place of a picture that was left out.
    shown = [block for block in content if block.tag != "figure" or block.image is not None]
    blocks = (_levelled(block, lowered) for block in numbered(shown))
    return "".join(etree.tostring(_element(block), encoding="unicode") for block in blocks)


def _levelled(block: Block, lowered: bool) -> Block:
    if block.tag in HEADINGS:
        level = int(block.tag[1]) + lowered
        return replace(block, tag="h2" if level <= 2 else "h3")
    return block


def _element(block: Block) -> etree._Element:
    element = etree.Element(block.tag, dict(block.spans))
    if block.image is not None:
        etree.SubElement(element, "img", src=f"image:{block.image.digest}", alt=block.image.alt)
        if block.image.caption:
            etree.SubElement(element, "figcaption").text = block.image.caption
        return element
    if block.note:
        element.set("id", f"note-{block.note}")
        element.text = f"[{block.note}] "
    _write(element, list(block.runs), ("a", *MARKS))
    if block.tag in ("td", "th") and not block.runs:
        element.text = ""  # written as <td></td>: HTML knows no <td/>
    parent = etree.SubElement(element, "tbody") if block.tag == "table" else element
    for child in block.children:
        parent.append(_element(child))
    return element


def _write(parent: etree._Element, runs: list[Run], marks: tuple[str, ...]) -> None:
    """Append runs to an element: neighbours that share a mark share its element."""
    if not marks:
        for run in runs:
            _append(parent, run)
        return
    mark, rest = marks[0], marks[1:]
    for value, group in itertools.groupby(runs, key=lambda run: run.href if mark == "a" else mark in run.marks):
        inside = list(group)
        if inside[0].note:
            etree.SubElement(etree.SubElement(parent, "sup"), "a", href=inside[0].href).text = f"[{inside[0].note}]"
        elif value:
            _write(etree.SubElement(parent, mark, {"href": str(value)} if mark == "a" else {}), inside, rest)
        else:
            _write(parent, inside, rest)


def _append(parent: etree._Element, run: Run) -> None:
    if run == BREAK:
        etree.SubElement(parent, "br")
    elif run.reading:
        ruby = etree.SubElement(parent, "ruby")
        ruby.text = run.text
        etree.SubElement(ruby, "rt").text = run.reading
    elif (last := next(parent.iterchildren(reversed=True), None)) is not None:  # len() would count them all
        last.tail = (last.tail or "") + run.text
    else:
        parent.text = (parent.text or "") + run.text
