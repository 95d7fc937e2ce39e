"""The documents of a feed read back, as a subscriber's software does."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from lxml import etree

from channels.feeds.documents import ATOM, Form

_PARSER = {"resolve_entities": False, "no_network": True, "remove_blank_text": True, "huge_tree": False}
_LENGTH = re.compile(r"[0-9]{1,15}")
"""A picture's length in bytes; what has more figures is none."""
_WHERE = {Form.RSS: ("item", "guid"), Form.ATOM: (f"{{{ATOM}}}entry", f"{{{ATOM}}}id")}


Items = Mapping[str, Sequence[Any]]
"""What `found` looks in."""


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
    return found(form, items_of(form, document), guid, unsaid)


def found(form: Form, items: Items, guid: str, unsaid: Collection[str] = ()) -> list[Seen]:
    """`read`, of a document whose items are known."""
    seen = _seen_json if form is Form.JSON else _seen
    return [seen(deepcopy(item), unsaid) for item in items.get(guid, ())]


def without(form: Form, text: str, unsaid: Collection[str]) -> str:
    """The text of an item (`Seen.text`) without these tags."""
    return (_seen_json(json.loads(text), unsaid) if form is Form.JSON else _seen(etree.fromstring(text), unsaid)).text


def items_of(form: Form, document: bytes | None) -> Items:
    """A document's items by their GUIDs. One that cannot be parsed has none."""
    if document is None:
        return {}
    return _items_json(document) if form is Form.JSON else _items_xml(form, document)


def listed(document: bytes | None) -> dict[str, str]:
    """The feeds of an OPML document: names by address. One that cannot be parsed has none."""
    try:
        outlines = etree.fromstring(document or b"", etree.XMLParser(**_PARSER)).iter("outline")
    except etree.XMLSyntaxError:
        return {}
    return {str(one.get("xmlUrl")): str(one.get("title")) for one in outlines if one.get("xmlUrl")}


def _items_xml(form: Form, document: bytes) -> Items:
    name, id_ = _WHERE[form]
    items: dict[str, list[Any]] = {}
    try:
        root = etree.fromstring(document, etree.XMLParser(**_PARSER))
    except etree.XMLSyntaxError:
        return items
    for element in root.iter(name):
        items.setdefault(element.findtext(id_) or "", []).append(element)
    return items


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


def _items_json(document: bytes) -> Items:
    items: dict[str, list[Any]] = {}
    try:
        for item in json.loads(document, parse_int=_number)["items"]:
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                items.setdefault(item["id"], []).append(item)
    except (ValueError, LookupError, TypeError, RecursionError):  # not JSON, or not a JSON Feed
        return {}
    return items


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
