"""What a file is, by its content: suffixes lie."""

from __future__ import annotations

import re
from enum import Enum

from pipeline.channel import Text
from pipeline.manuscript.word.package import FileRefused, damaged

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR = 512
_WORD = b"\xec\xa5"
"""With which the text of a Word file (97 and later) begins; [MS-DOC] 2.5.2."""
_FLAGS, _LOCKED = 0x0B, 0x01
"""Where it says that it is enciphered."""
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument.text"
_PROLOGUE = re.compile(
    rb"(?:\s|<\?xml[^>]{0,200}>|<!doctype[^>]{0,300}>|<!--.{0,2000}?-->)*", re.DOTALL | re.IGNORECASE
)
_PAGE = re.compile(rb"<(?:html|head|body|meta)\b", re.IGNORECASE)
_WORD_2003 = re.compile(rb"schemas\.microsoft\.com/office/word/2003/wordml|progid=.Word\.Document", re.IGNORECASE)
_AHEAD = 8192
"""Bytes of a file in which it says what it is."""


class Kind(Enum):
    """What a file with a word processor's suffix may be. The value is the suffix that belongs to it."""

    DOCX = ".docx"
    DOC = ".doc"
    RTF = ".rtf"
    ODT = ".odt"
    WORD_2003 = ".xml"
    PAGE = ".html"
    """Offices' systems “export to Word” by giving a web page another name."""


def recognised(data: bytes) -> Kind:
    """Raises `FileRefused` for what is none of these, or locked."""
    if data.startswith(_OLE):
        if _is_locked(data):
            raise FileRefused(
                Text.of("the file is locked with a password"),
                Text.of("open it in Word or WPS, take the password away and save it"),
            )
        return Kind.DOC
    if data.startswith(b"PK"):
        return Kind.ODT if _OPEN_DOCUMENT in data[:200] else Kind.DOCX
    head = data[:_AHEAD].replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf")  # also where it is written in UTF-16
    head = head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").lstrip()
    if head[:5].lower() == b"{\\rtf":
        return Kind.RTF
    prologue = _PROLOGUE.match(head)
    if _PAGE.match(head, prologue.end() if prologue else 0):
        return Kind.PAGE
    if _WORD_2003.search(head):
        return Kind.WORD_2003
    raise damaged("PDF" if head.startswith(b"%PDF") else "its beginning is unknown")


def _is_locked(data: bytes) -> bool:
    """Whether an OLE file is enciphered, as Word 2007 and later do it, or as those before."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return True
    return any(
        data[start : start + 2] == _WORD and data[start + _FLAGS : start + _FLAGS + 1] != b""
        and data[start + _FLAGS] & _LOCKED
        for start in range(_SECTOR, len(data), _SECTOR)
    )  # fmt: skip
