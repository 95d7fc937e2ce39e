"""The documents of a feed read back, as a subscriber's software does."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, NamedTuple

from lxml import etree

from channels.feeds.documents import ATOM, Form

_PARSER = {"resolve_entities": False, "no_network": True, "remove_blank_text": True, "huge_tree": False}
_LENGTH = re.compile(r"[0-9]{1,15}")
"""A picture's length in bytes; what has more figures is none."""
_WHERE = {Form.RSS: ("item", "guid"), Form.ATOM: (f"{{{ATOM}}}entry", f"{{{ATOM}}}id")}


class Seen(NamedTuple):
    """An item as found in a document."""

    title: str
    text: str
    """All of it in one canonical form, the pictures' lengths set to 0: they are not known before they are made. What is
    no length stays in it, so that it is nothing that anybody has written here."""
    lengths: frozenset[tuple[str, int]]
    """What it tells of its pictures' lengths: (address, bytes)."""


def read(form: Form, document: bytes, guid: str, unsaid: Collection[str] = ()) -> list[Seen]:
    """The items of this GUID: none or one, if the document is sound. A document that cannot be parsed has none; an item
    of which something is not as it should be is one of another text.

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
    lengths: set[tuple[str, int]] = set()
    for tag in element.findall("{*}category"):
        if (tag.text or tag.get("term")) in unsaid:
            element.remove(tag)
    for attribute in ("length", "fileSize"):
        for carrier in element.iterfind(f".//*[@{attribute}]"):
            address, length = carrier.get("url") or carrier.get("href"), carrier.get(attribute)
            if address and _LENGTH.fullmatch(length):
                lengths.add((address, int(length)))
                carrier.set(attribute, "0")
    try:
        text = etree.tostring(element, method="c14n", exclusive=True, with_tail=False).decode()
    except etree.C14NError:  # entities, relative names of namespaces: nothing of ours
        text = etree.tostring(element, encoding="unicode", with_tail=False)
    return Seen(element.findtext("{*}title") or "", text, frozenset(lengths))


def _read_json(document: bytes, guid: str, unsaid: Collection[str]) -> list[Seen]:
    try:
        items = json.loads(document, parse_int=_number)["items"]
        return [_seen_json(item, unsaid) for item in items if isinstance(item, dict) and item.get("id") == guid]
    except (ValueError, LookupError, TypeError, RecursionError):  # not JSON, or not a JSON Feed
        return []


def _seen_json(item: dict[str, Any], unsaid: Collection[str]) -> Seen:
    lengths: set[tuple[str, int]] = set()
    attachments, tags = item.get("attachments"), item.get("tags")
    for one in attachments if isinstance(attachments, list) else ():
        address, length = (one.get("url"), one.get("size_in_bytes")) if isinstance(one, dict) else (None, None)
        if isinstance(address, str) and type(length) is int and _LENGTH.fullmatch(str(length)):
            lengths.add((address, length))
            one["size_in_bytes"] = 0
    if isinstance(tags, list):
        item["tags"] = [tag for tag in tags if not (isinstance(tag, str) and tag in unsaid)]
    text = json.dumps(item, ensure_ascii=False, sort_keys=True)
    return Seen(_sayable(str(item.get("title", ""))), _sayable(text), frozenset(lengths))


def _number(figures: str) -> int | str:
    """A number of JSON; what has more figures than anything that is counted here stays as it is."""
    return int(figures) if len(figures) <= 15 else figures


def _sayable(text: str) -> str:
    """The text with halves of characters, which JSON can name and nothing can show, as their names."""
    return text.encode(errors="backslashreplace").decode()
