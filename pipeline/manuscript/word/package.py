"""A Word file opened: its parts, within limits, whatever the file says of itself. Nothing is fetched."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from lxml import etree

from pipeline.channel import Text
from pipeline.manuscript.images import PictureRefused
from pipeline.manuscript.word.alternatives import settle
from pipeline.manuscript.word.names import STRICT, Element, R, name

_MB = 1024 * 1024
LARGEST_UNPACKED = 100 * _MB
"""Bytes, of all parts together; more is refused before anything is unpacked."""
LARGEST_XML = 10 * _MB
"""Bytes, of all parts but the pictures; a hundred pages take two or three MB."""
MOST_PARTS = 5000
_CHUNK = 64 * 1024
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What the Open Packaging Conventions allow; other methods cannot be unpacked a piece at a time."""


class FileRefused(Exception):
    """The file cannot be read at all; why, and what to do."""

    def __init__(self, message: Text, remedy: Text) -> None:
        super().__init__(str(message))
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Relations:
    """What one part refers to."""

    parts: Mapping[str, str]
    """Names of other parts, by relationship."""
    addresses: Mapping[str, str]
    """Of links and linked pictures, by relationship."""
    kinds: Mapping[str, str]
    """Names of other parts by what they are: styles, numbering, footnotes …"""


class Package:
    """The parts of one file by name. Raises `FileRefused` where the file is not what it should be."""

    def __init__(self, data: bytes) -> None:
        if data.count(b"PK\x01\x02") > 4 * MOST_PARTS:  # their list alone takes a second for each 100,000
            raise damaged("too many parts")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except Exception as error:  # zipfile meets broken packages with whatever it stumbles over
            raise damaged(str(error) or type(error).__name__) from error
        self._entries = {entry.filename.replace("\\", "/").lstrip("/").lower(): entry for entry in self._zip.infolist()}
        self._left = LARGEST_UNPACKED
        self._weigh()
        main = self.relations("").kinds.get("officeDocument", "word/document.xml")
        self.main = main if self._has(main) else "word/document.xml"

    def _weigh(self) -> None:
        entries = self._zip.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        text = sum(entry.file_size for entry in entries if entry.filename.lower().endswith((".xml", ".rels")))
        if unpacked > LARGEST_UNPACKED or text > LARGEST_XML or len(entries) > MOST_PARTS:
            raise _too_large(unpacked, len(entries), text)

    def _has(self, part: str) -> bool:
        return part.lower() in self._entries

    def data(self, part: str) -> bytes:
        """The bytes of a part. They are unpacked a piece at a time: what a package says of their number is not
        believed, and all parts together cannot be more than `LARGEST_UNPACKED`."""
        entry = self._entries.get(part.lower())
        if entry is None:
            raise damaged(f"{part} is missing")
        if entry.compress_type not in _KNOWN:
            raise damaged(f"{part} is packed in a way that Word does not know")
        chunks = []
        try:
            with self._zip.open(entry) as file:
                while chunk := file.read(_CHUNK):
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise _too_large(LARGEST_UNPACKED, len(self._entries), 0)
                    chunks.append(chunk)
        except FileRefused:
            raise
        except Exception as error:  # as above
            raise damaged(str(error) or type(error).__name__) from error
        return b"".join(chunks)

    def xml(self, part: str) -> Element:
        """The root of a part, each `AlternateContent` settled."""
        root = _parsed(self.data(part))
        spaces = {space for space in root.nsmap.values() if space}
        if any(space.startswith(tuple(STRICT)) for space in spaces):
            text = etree.tostring(root, encoding="utf-8")
            for strict, usual in STRICT.items():
                text = text.replace(strict.encode(), usual.encode())
            root = _parsed(text)
        settle(root)
        return root

    def relations(self, part: str) -> Relations:
        """The relationships of a part; of the package itself for ""."""
        folder, _, base = part.rpartition("/")
        listed = posixpath.join(folder, "_rels", f"{base}.rels")
        parts: dict[str, str] = {}
        addresses: dict[str, str] = {}
        kinds: dict[str, str] = {}
        for one in self.xml(listed) if self._has(listed) else ():
            if name(one) != "rel:Relationship":
                continue
            number, target = one.get("Id", ""), one.get("Target", "")
            if one.get("TargetMode") == "External":
                addresses[number] = target
                continue
            parts[number] = self._named(folder, target)
            kinds.setdefault(one.get("Type", "").rpartition("/")[2], parts[number])
        return Relations(parts, addresses, kinds)

    def _named(self, folder: str, target: str) -> str:
        path = posixpath.normpath(posixpath.join("/", folder, target.replace("\\", "/"))).lstrip("/")
        return path if self._has(path) else unquote(path)

    def related(self, relations: Relations, kind: str) -> Element | None:
        """The root of the part of this kind; None where there is none, or none that can be read."""
        part = relations.kinds.get(kind)
        return self.xml(part) if part is not None and self._has(part) else None

    def picture(self, part: str) -> bytes:
        """`Load` of embedded pictures by the part's name, of linked ones by their address."""
        if part and not self._has(part):
            raise PictureRefused(
                Text.of("the picture {name} is only linked, not in the document", name=part[:200]),
                Text.of("insert the picture itself: Insert – Pictures, not “link to file”"),
            )
        if not part:
            raise PictureRefused(
                Text.of("a picture of the document is missing in the file"),
                Text.of("insert the picture again and save"),
            )
        try:
            return self.data(part)
        except FileRefused as refused:
            raise PictureRefused(refused.message, refused.remedy) from refused


def picture_name(relations: Relations, element: Element) -> str | None:
    """What `Package.picture` knows a picture by: the part that an `a:blip` or `v:imagedata` shows, or its address; ""
    where that is missing, None where nothing should be shown."""
    ids = [number for at in ("embed", "link", "id", "pict") if (number := element.get(f"{R}{at}"))]
    found = [relations.parts.get(number) or relations.addresses.get(number, "") for number in ids]
    return next(filter(None, found), "") if ids else None


def damaged(reason: str) -> FileRefused:
    return FileRefused(
        Text.of("the file is damaged or no Word document: {reason}", reason=reason),
        Text.of("open it in Word or WPS and save it again as “Word document (.docx)”"),
    )


def _too_large(unpacked: int, parts: int, text: int) -> FileRefused:
    return FileRefused(
        Text.of(
            "unpacked, the file has {size} MB in {parts} parts, of that {text} MB text; "
            "at most {limit} MB are read, {text_limit} MB of them text",
            size=unpacked // _MB,
            parts=parts,
            text=text // _MB,
            limit=LARGEST_UNPACKED // _MB,
            text_limit=LARGEST_XML // _MB,
        ),
        Text.of("make its pictures smaller, or copy text and pictures into a new document"),
    )


def _parsed(data: bytes) -> Element:
    """A part's root. libxml2 refuses what nests deeper than 256 elements."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    if b"<!DOCTYPE" not in data.replace(b"\0", b""):  # also where it is written in UTF-16
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            raise damaged(str(error)) from error
        if root.getroottree().docinfo.internalDTD is None:  # in whatever encoding
            return root
    raise damaged("a document type declaration is not allowed in a Word file")
