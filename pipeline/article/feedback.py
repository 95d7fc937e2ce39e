"""What a reader tells the newsroom through the site's own form (网站找错): what it may hold, and what is kept of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from pipeline.article.value import Frozen

SHORTEST_TEXT, LONGEST_TEXT = 4, 2000
LONGEST_CONTACT, LONGEST_PAGE = 100, 300
"""Characters of each field; a contact that is longer is none."""
REFERENCE = re.compile(r"f[1-9][0-9]{0,17}")
"""What a message is called."""

_UNSEEN = re.compile(r"[^\n\S]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]")
"""White space of any width, controls, and what turns the direction of what follows."""

Trouble = Literal["", "short", "long", "contact", "robot", "often", "away"]
"""Why it was not taken: too little or too much text, too long a contact, the field filled that nobody sees, too many
messages, or a newsroom that cannot write it down now."""


class Told(Frozen):
    """A reader's message, as it was typed but for what nobody can see."""

    page: str = ""
    """The path of the page that it is about; "" for none."""
    text: str = ""
    contact: str = ""
    """By which he can be asked, if he wants to."""

    @property
    def trouble(self) -> Trouble:
        """Why it cannot be taken as it is; "" if it can."""
        if len(self.text) < SHORTEST_TEXT:
            return "short"
        if len(self.text) > LONGEST_TEXT:
            return "long"
        return "contact" if len(self.contact) > LONGEST_CONTACT else ""

    @property
    def digest(self) -> str:
        """By which an event names it, and the same told twice is known; nothing of the contact is in it."""
        return hashlib.sha256(f"{self.page}\0{self.text}".encode()).hexdigest()


class Form(Frozen):
    """The form's page: empty, with what has to be mended, or with the reference of what has been taken."""

    told: Told = Told()
    trouble: Trouble = ""
    reference: str = ""


def told(fields: Mapping[str, str], site: str) -> Told:
    """A message of a form's fields; whatever else was sent is let go. `site`: the public address of `/`."""
    return Told(
        page=page_of(fields.get("page", ""), site),
        text=_line_by_line(fields.get("text", "")),
        contact=" ".join(_line_by_line(fields.get("contact", "")).split()),
    )


def page_of(address: str, site: str) -> str:
    """The path of a page of the site; "" for whatever is none."""
    path = address.removeprefix(site).strip()
    try:
        parts = urlsplit(path)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or not re.fullmatch(r"/(?!/)[!-~\u00a0-\U0010ffff]*", path) or "\\" in path:
        return ""
    return path if len(path) <= LONGEST_PAGE and path.isprintable() else ""


def _line_by_line(text: str) -> str:
    text = _UNSEEN.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
