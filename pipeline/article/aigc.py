"""The label of AI-made content in a picture's file (GB 45438-2025, annex E; TC260-PG-20258A).

A file has one label: JSON in the XMP property `TC260:AIGC`. Others write it into Exif's UserComment, a PNG text chunk
or a comment, with or without `{"AIGC": …}` around it; what is read is what was meant. What is written is XMP.

Whoever spreads a labelled file keeps the label and adds its own part. There is one place for it, and one label a file:
where another propagator's part stands already, ours follows behind a semicolon, in both fields. Nobody's part is
overwritten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape, unescape
from typing import TYPE_CHECKING, Any

from lxml import etree

from pipeline.article import gif
from pipeline.article.credit import Aigc, Certainty
from pipeline.lazily import lazily

if TYPE_CHECKING:
    from PIL import ExifTags
    from PIL import Image as Pillow
else:
    ExifTags = lazily("PIL.ExifTags")
    Pillow = lazily("PIL.Image")

NAMESPACE = "http://www.tc260.org.cn/ns/AIGC/1.0/"
FIELDS = {
    "label": "Label",
    "producer": "ContentProducer",
    "produce_id": "ProduceID",
    "reserved1": "ReservedCode1",
    "propagator": "ContentPropagator",
    "propagate_id": "PropagateID",
    "reserved2": "ReservedCode2",
}
"""`Aigc`'s fields by the standard's names, in its order."""
LONGEST = 1024
"""Characters of a value; a longer one is no name, number or check."""

_LARGEST = 1024 * 1024
"""Bytes of a packet or comment that is looked at."""
_LARGEST_BROKEN = 64 * 1024
"""Characters of one that is no JSON any more."""
_CHARSETS = {b"ASCII\0\0\0": "utf-8", b"UNICODE\0": "utf-16", b"\0" * 8: "utf-8"}
"""How Exif's UserComment says what it is written in."""
_MADE_BY_MACHINE = re.compile(rb"digitalsourcetype/(?:composite[Ww]ith)?[Tt]rainedAlgorithmicMedia")
"""IPTC's word for it: no label of the standard, but a trace (《标识办法》第六条: 疑似)."""
_CONTROLS = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def read(data: bytes, opened: Pillow.Image) -> Aigc | None:
    """The label in a picture's file, None if it has none. `opened` is the same file, loaded. Never raises."""
    packets = list(_packets(data, opened))
    for text in (*(text for packet in packets for text in _properties(packet)), *_texts(opened)):
        if (found := parse(text)) is not None:
            return found
    if any(_MADE_BY_MACHINE.search(packet) for packet in packets):
        return Aigc(label=Certainty.SUSPECTED)
    return None


def parse(text: str) -> Aigc | None:
    """The label that a text says; None if it says none. Takes what is broken as far as it can be read.

    >>> parse('{"AIGC": {"Label": 1, "ContentProducer": "某模型"}}').producer
    '某模型'
    >>> parse("A tea garden") is None
    True
    """
    if len(text) > _LARGEST or "label" not in text.lower():
        return None
    said = _said(_object(text)) or _said(_object(unescape(text))) or _pairs(unescape(text[:_LARGEST_BROKEN]))
    return _label(said) if said else None


def spread(label: Aigc, propagator: str, propagate_id: str) -> Aigc:
    """The label with the part of who spreads the file now; doing it twice changes nothing.

    >>> from pipeline.article.credit import Certainty
    >>> first = spread(Aigc(label=Certainty.IS, producer="某模型"), "甲网", "a1")
    >>> spread(first, "乙网", "b2").propagator, spread(first, "乙网", "b2").propagate_id
    ('甲网;乙网', 'a1;b2')
    """
    if not label.propagator and not label.propagate_id:
        return label.model_copy(update={"propagator": propagator, "propagate_id": propagate_id})
    if (label.propagator.split(";")[-1], label.propagate_id.split(";")[-1]) == (propagator, propagate_id):
        return label
    return label.model_copy(
        update={
            "propagator": f"{label.propagator};{propagator}",
            "propagate_id": f"{label.propagate_id};{propagate_id}",
        }
    )


def packet(label: Aigc) -> bytes:
    """The XMP packet that says the label, UTF-8; the same label gives the same bytes."""
    said = {key: str(getattr(label, name)) for name, key in FIELDS.items()}
    text = escape(_CONTROLS.sub("", json.dumps(said, ensure_ascii=False, separators=(",", ":"))), quote=False)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:TC260="{NAMESPACE}"><TC260:AIGC>{text}</TC260:AIGC></rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _packets(data: bytes, opened: Pillow.Image) -> Iterator[bytes]:
    """XMP: as Pillow found it, as GIF keeps it, and wherever in the file it may stand."""
    found = [opened.info.get("xmp"), opened.info.get("XML:com.adobe.xmp")]
    if data.startswith(b"GIF8"):
        found.append(gif.xmp(data))
    if (at := data.find(b"tc260.org.cn/ns/AIGC")) >= 0:
        start = data.rfind(b"<x:xmpmeta", 0, at)
        end = data.find(b"</x:xmpmeta>", at)
        found.append(data[start : end + 12] if 0 <= start < end else b"")
    for one in found:
        content = one.encode("utf-8", "replace") if isinstance(one, str) else one
        if isinstance(content, bytes) and 0 < len(content) <= _LARGEST:
            yield content


def _properties(content: bytes) -> Iterator[str]:
    """The values of `AIGC`, written as attributes or elements."""
    content = re.sub(rb"<\?xpacket[^>]*>|\0+$", b"", content).strip().removeprefix(b"\xef\xbb\xbf")
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        return
    for element in root.iter(etree.Element):
        for name, value in element.attrib.items():
            if etree.QName(name).localname == "AIGC":
                yield str(value)
        if etree.QName(element).localname == "AIGC":
            yield "".join(element.itertext())
            # A structure instead of JSON: its fields stand as attributes or elements of their own.
            inside = {etree.QName(one).localname: one.text or "" for one in element.iter(etree.Element)}
            inside |= {etree.QName(name).localname: str(value) for name, value in element.attrib.items()}
            yield json.dumps(inside)


def _texts(opened: Pillow.Image) -> Iterator[str]:
    """Text chunks, comments and Exif's UserComment."""
    for key, value in list(opened.info.items()):
        if str(key).lower() in ("aigc", "comment", "description"):
            if isinstance(value, bytes):
                yield value[:_LARGEST].decode("utf-8", "replace")
            elif isinstance(value, str):
                yield value
    try:
        exif = opened.getexif()
        comment = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
        others = [exif.get(ExifTags.Base.ImageDescription), exif.get(ExifTags.Base.XPComment)]
    except Exception:  # Exif is what a camera, or anybody, wrote: Pillow stumbles as it may
        return
    if isinstance(comment, bytes):
        encoding = _CHARSETS.get(comment[:8])
        text = (comment[8:] if encoding else comment)[:_LARGEST]
        yield text.decode(encoding or "utf-8", "replace")
        if encoding == "utf-16":
            yield text.decode("utf-16-be", "replace")
    for one in (comment, *others):
        if isinstance(one, str):
            yield one
        elif isinstance(one, bytes):
            yield one[:_LARGEST].decode("utf-16-le", "replace")


def _object(text: str) -> Any:
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        return json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None


def _said(value: Any, depth: int = 3) -> dict[str, str]:
    """The label's values by their names in small letters; empty if it is none."""
    if isinstance(value, str) and depth:
        return _said(_object(value), depth - 1)
    if not isinstance(value, dict):
        return {}
    values = {str(key).lower(): one for key, one in value.items()}
    if "aigc" in values and depth:
        return _said(values["aigc"], depth - 1)
    known = {name.lower() for name in FIELDS.values()}
    return {key: str(one) for key, one in values.items() if key in known and isinstance(one, str | int)}


def _pairs(text: str) -> dict[str, str]:
    """The same from JSON that is none any more."""
    said = {}
    for name in FIELDS.values():
        found = re.search(rf"""\b{name}["']?\s*[:=]\s*(?:"([^"]{{0,{LONGEST}}})"|'([^']{{0,{LONGEST}}})'|(\d))""", text)
        if found:
            said[name.lower()] = next(part for part in found.groups() if part is not None)
    return said if "AIGC" in text or len(said) > 1 else {}


def _label(said: dict[str, str]) -> Aigc | None:
    values = {field: _CONTROLS.sub("", said.get(name.lower(), "")).strip() for field, name in FIELDS.items()}
    values = {field: value if len(value) <= LONGEST else "" for field, value in values.items()}
    certainty = values.pop("label")
    if certainty not in set(Certainty):
        if not any(values.values()):
            return None
        certainty = Certainty.SUSPECTED
    return Aigc.model_validate({**values, "label": certainty})
