"""How WeChat reads requests and what it leaves of a content."""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from html import escape
from typing import Any
from urllib.parse import urlsplit

from lxml import html as lxml_html

from pipeline.standins.fake_wechat.terms import Line, Wrong

_DROPPED = ("style", "script", "link", "meta", "form", "input", "button", "iframe", "object", "embed", "svg")
_COLOUR = re.compile(r"(background-color|border(?:-[a-z]+)?|color):([^;\"]*?)#([0-9a-fA-F]{6})")


def parsed(raw: bytes) -> Line:
    """JSON as WeChat reads it: escapes of characters are no escapes to it and stay as they are."""
    try:
        value = json.loads(re.sub(r"\\u(?=[0-9a-fA-F]{4})", r"\\\\u", raw.decode()))
    except ValueError:
        raise Wrong(47001) from None
    if not isinstance(value, dict):
        raise Wrong(47001)
    return value


def uploaded(raw: bytes, media_type: str) -> bytes:
    """The file in the form's field `media`."""
    form = message_from_bytes(b"Content-Type: " + media_type.encode() + b"\r\n\r\n" + raw)
    for part in form.walk():
        if part.get_param("name", header="content-disposition") == "media" and part.get_filename():
            data = part.get_payload(decode=True)
            return data if isinstance(data, bytes) else b""
    raise Wrong(41005)


def is_crop(value: str) -> bool:
    parts = value.split("_")
    if len(parts) != 4 or not all(re.fullmatch(r"(0|1|0?\.\d{1,6}|1\.0{1,6})", part) for part in parts):
        return False
    left, top, right, bottom = map(float, parts)
    return left < right and top < bottom


def text(content: str) -> str:
    return str(lxml_html.fragment_fromstring(content, create_parent="div").text_content())


def cleaned(content: str, pictures: str, posts: str) -> str:
    """What WeChat leaves of a content: no style sheets, names, scripts, foreign pictures and links.

    Pictures and posts of its own are those whose addresses begin so.
    """
    tree = lxml_html.fragment_fromstring(content, create_parent="div")
    for element in list(tree.iter(*_DROPPED)):
        element.drop_tree()
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        for name in [name for name in element.attrib if name in ("class", "id") or name.startswith("on")]:
            del element.attrib[name]
        if element.tag == "img":
            source = element.get("data-src") or element.get("src") or ""
            for name in ("src", "data-src"):
                element.attrib.pop(name, None)
            if source.startswith(pictures):
                element.set("src", source)
                element.set("data-src", source)
        if element.tag == "a":
            link = element.get("href") or ""
            if not link.startswith(posts) and "weixin.qq.com" not in (urlsplit(link).hostname or ""):
                element.attrib.pop("href", None)
    inner = escape(tree.text or "", quote=False)
    return inner + "".join(lxml_html.tostring(child, encoding="unicode") for child in tree)


def darkened(content: str) -> str:
    """About what a phone in dark mode makes of inline colours: grounds go dark, texts light, strong colours stay."""

    def turned(found: re.Match[str]) -> str:
        name, before, colour = found.groups()
        red, green, blue = (int(colour[place : place + 2], 16) for place in (0, 2, 4))
        light = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
        strong = max(red, green, blue) - min(red, green, blue) > 60
        if name == "background-color":
            factor = 0.85 if strong else 0.13 if light > 0.5 else 1.0
            shade = [round(part * factor) for part in (red, green, blue)]
        elif name.startswith("border"):
            shade = [red, green, blue] if strong else [70, 70, 70]
        elif light < 0.62:
            lift = 0.55 if strong else 0.68
            shade = [round(part + (255 - part) * lift) for part in (red, green, blue)]
        else:
            shade = [red, green, blue]
        return f"{name}:{before}#{shade[0]:02x}{shade[1]:02x}{shade[2]:02x}"

    return _COLOUR.sub(turned, content)


def xml(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(xml(key, one) for key, one in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(xml(name, one) for one in value)
    return f"<{name}>{value}</{name}>" if isinstance(value, int) else f"<{name}><![CDATA[{value}]]></{name}>"
