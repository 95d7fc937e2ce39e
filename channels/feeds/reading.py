"""The documents of a feed read back, as a subscriber's software does."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, NamedTuple

from lxml import etree

from channels.feeds.documents import ATOM, Form

_PARSER = {"resolve_entities": False, "no_network": True, "remove_blank_text": True, "huge_tree": False}
_WHERE = {Form.RSS: ("item", "guid"), Form.ATOM: (f"{{{ATOM}}}entry", f"{{{ATOM}}}id")}


class Seen(NamedTuple):
    """An item as found in a document."""

    title: str
    text: str
    """All of it in one canonical form, the pictures' lengths set to 0: they are not known before they are made."""
    lengths: dict[str, int]
    """The lengths it tells, by address."""


def read(form: Form, document: bytes, guid: str, unsaid: Collection[str] = ()) -> list[Seen]:
    """The items of this GUID: none or one, if the document is sound. A document that cannot be parsed has none.

    Tags that are among `unsaid` are passed over.
    """
    return _read_json(document, guid, unsaid) if form is Form.JSON else _read_xml(form, document, guid, unsaid)


def listed(document: bytes) -> dict[str, str]:
    """The feeds of an OPML document: names by address. One that cannot be parsed has none."""
    try:
        outlines = etree.fromstring(document, etree.XMLParser(**_PARSER)).iter("outline")
    except etree.XMLSyntaxError:
        return {}
    return {str(one.get("xmlUrl")): str(one.get("title")) for one in outlines if one.get("xmlUrl")}


def _read_xml(form: Form, document: bytes, guid: str, unsaid: Collection[str]) -> list[Seen]:
    name, id_ = _WHERE[form]
    try:
        root = etree.fromstring(document, etree.XMLParser(**_PARSER))
    except etree.XMLSyntaxError:
        return []
    return [_seen(element, unsaid) for element in root.iter(name) if element.findtext(id_) == guid]


def _seen(element: Any, unsaid: Collection[str]) -> Seen:
    lengths = {}
    for tag in element.findall("{*}category"):
        if (tag.text or tag.get("term")) in unsaid:
            element.remove(tag)
    for attribute in ("length", "fileSize"):
        for carrier in element.iterfind(f".//*[@{attribute}]"):
            lengths[carrier.get("url") or carrier.get("href")] = int(carrier.get(attribute))
            carrier.set(attribute, "0")
    text = etree.tostring(element, method="c14n", exclusive=True, with_tail=False).decode()
    return Seen(element.findtext("{*}title") or "", text, lengths)


def _read_json(document: bytes, guid: str, unsaid: Collection[str]) -> list[Seen]:
    try:
        items = [item for item in json.loads(document)["items"] if item["id"] == guid]
        found = []
        for item in items:
            lengths = {one["url"]: int(one["size_in_bytes"]) for one in item.get("attachments", ())}
            for one in item.get("attachments", ()):
                one["size_in_bytes"] = 0
            item["tags"] = [tag for tag in item["tags"] if tag not in unsaid]
            found.append(Seen(str(item["title"]), json.dumps(item, ensure_ascii=False, sort_keys=True), lengths))
    except (ValueError, KeyError, TypeError, AttributeError):  # not JSON, or not a JSON Feed
        return []
    return found
