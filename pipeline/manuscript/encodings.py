"""Bytes → text, by evidence: which encoding makes Chinese of them that somebody may have written.

What is sure comes first: a byte order mark, then UTF-8 that is valid. Everything else is decoded in each encoding of
the country, strictly, and the reading with the most `plausibility` is taken; what a page declares only tips a balance,
for pages lie. Nothing implausible is taken: a file that no encoding makes sense of is refused, with what it looks like.

charset-normalizer, which comes with requests, is not asked: it weighs every encoding of the world by statistics of its
version, and takes a line of names in GBK, or a headline in Big5, for UTF-16. Here the choice is among few, the measure
is one table, and the same bytes give the same text for ever.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.channel import Text
from pipeline.manuscript.characters import REAL, clean, invisible, line_of, place_private
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.plausibility import plausibility

_SURE = 0.3
"""Plausibility from which a reading is taken without a word."""
_LEAST = 0.1
"""Plausibility below which nothing but valid UTF-8 is taken."""
_DECLARED = 0.2
"""What a declaration adds: as much as lets four characters be read that say nothing by themselves."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks; UTF-32's before UTF-16's, which it begins with."""

_PRIORS = {"gb18030": 0.05, "utf-16-le": 0.0, "utf-16-be": 0.0, "cp950": 0.0, "big5hkscs": -0.01}
"""What a file may be in without saying so, and what speaks for it beforehand: GB18030 holds GB 2312 and GBK, and is
what old programs of the country write; cp950 is Big5 as Windows has it, and Hong Kong adds characters to that."""

_NAMES = {
    "utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32-le": "UTF-32", "utf-32-be": "UTF-32",
    "gb18030": "GB18030", "cp950": "Big5", "big5hkscs": "Big5",
}  # fmt: skip
_LABELS = {
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "gb18030": "gb18030", "gb_2312-80": "gb18030",
    "cp936": "gb18030", "big5": "cp950", "big5-hkscs": "big5hkscs", "x-x-big5": "cp950", "cp950": "cp950",
}  # fmt: skip
"""What pages call the encodings of the country (WHATWG Encoding Standard, names and labels)."""

_SIGNATURES = (
    (b"PK\x03\x04", "ZIP", ".docx"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Word 97–2003", ".doc"),
    (b"{\\rtf", "RTF", ".rtf"),
    (b"%PDF-", "PDF", ".pdf"),
    (b"\x89PNG", "PNG", ".png"),
    (b"\xff\xd8\xff", "JPEG", ".jpg"),
    (b"GIF8", "GIF", ".gif"),
    (b"II*\x00", "TIFF", ".tif"),
    (b"MM\x00*", "TIFF", ".tif"),
    (b"\x1f\x8b", "gzip", ".gz"),
    (b"Rar!", "RAR", ".rar"),
    (b"7z\xbc\xaf", "7-Zip", ".7z"),
)
"""How files begin that are no text, what they are, and the suffix they should have."""

_PLACED = {ord(private): character for private, character in REAL.items()}
"""Python's gb18030 follows the edition of 2000, later versions another: what has its place in Unicode today gets it."""

_LATIN = {**{byte: chr(byte) for byte in range(0x80, 0x100)}, **{
    byte: bytes([byte]).decode("cp1252") for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}}  # fmt: skip
"""Windows-1252 as browsers and editors read it: the five bytes that it leaves open are control characters."""
_BYTE_OF = {ord(character): byte for byte, character in _LATIN.items()} | {byte: byte for byte in range(0x80, 0xA0)}
_LEAD = "".join(_LATIN[byte] for byte in range(0xE2, 0xF1))
_TRAIL = "".join(dict.fromkeys([*(_LATIN[byte] for byte in range(0x80, 0xC0)), *map(chr, range(0x80, 0xA0))]))
_TWICE = re.compile(f"(?:[{re.escape(_LEAD)}][{re.escape(_TRAIL)}]{{2,3}})+")
"""Chinese in UTF-8 that was read as Windows-1252 and written as UTF-8 once more: æ­¦å±±."""
_IDEOGRAPH = re.compile("[\u3400-\u9fff]")
_LOST = ("\ufffd", "锟斤拷")
"""What stands where an earlier program could not read: U+FFFD, and how it looks in GBK's eyes."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What bytes say."""

    text: str
    encoding: str
    """Python's name of it."""
    plausibility: float
    through: str = ""
    """The encoding in which an earlier program read the text wrongly before it was written again."""


class NoText(Exception):
    """Bytes that are no text anybody can read: why, what to do, and the first bad place, counted in lines."""

    def __init__(self, message: Text, remedy: Text, line: int | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.remedy = remedy
        self.line = line


def decode(data: bytes, draft: Draft, *, declared: str = "") -> str:
    """The file's text, cleaned. What was removed, replaced or guessed is told; bytes that make no sense are a problem
    of the draft, and "" is the answer. `declared`: what the file calls its encoding, if it does."""
    try:
        found = decoded(data, declared)
    except NoText as no:
        draft.wrong("text", no.message, no.remedy, line=no.line)
        return ""
    _tell(found, draft)
    text = _undoubled(found.text, draft)
    if count := invisible(text):
        draft.notice(
            "text",
            Text.of("{count} invisible or control characters were removed", count=count.number),
            Text.of("nothing to do, unless words near them look wrong"),
            line=count.line,
        )
    for lost in _LOST:
        if lost in text:
            draft.notice(
                "text",
                Text.of("the text holds a character that an earlier program could not read ({sign})", sign=lost),
                Text.of("compare the place with the original and type the character again"),
                line=line_of(text, text.index(lost)),
            )
    return clean(place_private(text, draft))


def decoded(data: bytes, declared: str = "") -> Decoded:
    """The text of a file. Raises `NoText`.

    >>> decoded("武山县的架豆".encode("gb18030")).encoding, decoded("青河縣的茶".encode("big5")).encoding
    ('gb18030', 'cp950')
    >>> decoded("武山县".encode("utf-16-be")).text
    '武山县'
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return _of(data[len(mark) :].decode(encoding), encoding)
            except UnicodeDecodeError as error:
                raise _damaged(data[len(mark) :], encoding) from error
    _refuse_known(data)
    unicode = _strictly(data, "utf-8")
    if unicode is not None and "\0" not in unicode.text and unicode.plausibility >= 0:
        return unicode
    if unicode is None and _is_nearly(data, "utf-8"):
        raise _damaged(data, "utf-8")
    others = _candidates(data, _LABELS.get(declared.strip().lower(), ""))
    best, weight = max(others, key=lambda one: one[1], default=(None, -1.0))
    if unicode is not None and (best is None or not _outdoes(best, unicode)):
        if unicode.text.count("\0") * 10 > len(unicode.text):
            raise _senseless(data)
        return unicode  # whatever it says: Tibetan, Uyghur, symbols
    if best is None or weight < _LEAST:
        raise _senseless(data)
    return best


def _of(text: str, encoding: str) -> Decoded:
    return _mended(Decoded(text, encoding, plausibility(text)))


def _strictly(data: bytes, encoding: str) -> Decoded | None:
    try:
        return _of(data.decode(encoding), encoding)
    except UnicodeDecodeError:
        return None


def _outdoes(other: Decoded, unicode: Decoded) -> bool:
    """Whether bytes that are valid UTF-8 are something else all the same: a few characters of GBK may be, by chance,
    and so is the ASCII in UTF-16. Letters with accents never: in GBK they are single ideographs within words."""
    runs = re.findall(r"[^\x00-\x7f]+", other.text)
    together = all(len(run) > 1 for run in runs)
    return other.plausibility >= _SURE and other.plausibility >= unicode.plausibility + 0.5 and together


def _candidates(data: bytes, declared: str) -> Iterator[tuple[Decoded, float]]:
    """What the bytes say in each encoding in which they say anything, and the weight of each."""
    for encoding, prior in _PRIORS.items():
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        text = text.translate(_PLACED) if encoding == "gb18030" else text
        found = Decoded(text, encoding, plausibility(text))
        yield found, found.plausibility + prior + (_DECLARED if encoding == declared else 0)


def _mended(found: Decoded) -> Decoded:
    """The text as it was before a program read it in the wrong encoding, where every character tells."""
    if found.plausibility >= _SURE or found.text.isascii():
        return found
    for through, encoding in (("cp1252", "gb18030"), ("gb18030", "utf-8"), ("cp1252", "cp950")):
        try:
            data = _bytes_of(found.text) if through == "cp1252" else found.text.encode(through)
            text = data.decode(encoding)
        except UnicodeError:
            continue
        if (weight := plausibility(text)) >= max(_SURE, found.plausibility + _SURE):
            return Decoded(text, found.encoding, weight, through)
    if _was_mangled(found.text):
        raise NoText(
            Text.of("the text was read as GBK by an earlier program though it was UTF-8, and characters were lost"),
            Text.of("go back to the original file and save that as UTF-8"),
        )
    return found


def _bytes_of(text: str) -> bytes:
    """The bytes that Windows-1252 shows as this text. Raises UnicodeEncodeError."""
    return text.translate(_BYTE_OF).encode("latin-1")


def _was_mangled(text: str) -> bool:
    """UTF-8 in GBK's eyes, where something else stands for what had no pair: 姝﹀北鍘?. Three of its bytes were one."""
    read = text.encode("gb18030", "replace").decode("utf-8", "replace")
    chinese = _IDEOGRAPH.findall(read)
    return (
        len(chinese) > 2
        and len(chinese) * 2 > len(_IDEOGRAPH.findall(text))
        and plausibility("".join(chinese)) > _LEAST
    )


def _undoubled(text: str, draft: Draft) -> str:
    """The text with what was encoded twice read once."""
    places: list[int] = []

    def once(found: re.Match[str]) -> str:
        try:
            read = _bytes_of(found[0]).decode("utf-8")
        except UnicodeError:
            return found[0]
        places.append(found.start())
        return read

    mended = _TWICE.sub(once, text)
    if places:
        draft.notice(
            "text",
            Text.of("{count} passages had been encoded twice (such as æ­¦å±±) and were read rightly", count=len(places)),
            Text.of("compare the text with the original"),
            line=line_of(text, places[0]),
        )
    return mended


def _tell(found: Decoded, draft: Draft) -> None:
    if found.encoding in ("cp950", "big5hkscs"):
        draft.notice(
            "text",
            Text.of("the file was read as Big5, the encoding of Taiwan and Hong Kong"),
            Text.of("its characters stay traditional; rewrite them where the house prints simplified ones"),
        )
    if found.through:
        draft.notice(
            "text",
            Text.of("an earlier program had read the text in the wrong encoding; it was read rightly again"),
            Text.of("compare the text with the original"),
        )
    if found.encoding in _PRIORS and found.plausibility < _SURE:
        draft.notice(
            "text",
            Text.of("the file may be in another encoding; it was read as {encoding}", encoding=_NAMES[found.encoding]),
            Text.of("if the text below makes no sense, save the file as UTF-8"),
        )


def _refuse_known(data: bytes) -> None:
    """Raises `NoText` for files that begin as no text does."""
    for signature, kind, suffix in _SIGNATURES:
        if data.startswith(signature):
            raise NoText(
                Text.of("the file is no text but a file of the kind {kind}", kind=kind),
                Text.of("give it the suffix {suffix}, or hand in the text itself", suffix=suffix),
            )


def _is_nearly(data: bytes, encoding: str) -> bool:
    """Whether it is text of this encoding but for a few bytes. In another such a file often decodes, into nonsense."""
    text = data.decode(encoding, "replace")
    broken = text.count("\ufffd")
    rest = text.replace("\ufffd", "")
    meant = sum(character > "\u07ff" for character in rest)
    return 0 < broken * 3 < meant and plausibility(rest) > _SURE


def _damaged(data: bytes, encoding: str) -> NoText:
    text = data.decode(encoding, "replace")
    return NoText(
        Text.of("the file is {encoding} text with damaged bytes", encoding=_NAMES[encoding]),
        Text.of("open the file in the program that made it and save it as UTF-8"),
        line_of(text, text.index("\ufffd")),
    )


def _senseless(data: bytes) -> NoText:
    for encoding in _PRIORS:
        if _is_nearly(data, encoding):
            return _damaged(data, encoding)
    high = re.findall(rb"[\x80-\xff]+", data)
    if high and sum(len(one) == 1 for one in high) > 0.8 * len(high) and b"\0" not in data:
        return NoText(
            Text.of("the bytes look like Windows-1252, the encoding of Western Europe"),
            Text.of("open the file in the program that made it and save it as UTF-8"),
            _first_line(data),
        )
    return NoText(
        Text.of("the bytes are no text in UTF-8, UTF-16, GB18030 or Big5"),
        Text.of("open the file in the program that made it and save it as UTF-8"),
        _first_line(data),
    )


def _first_line(data: bytes) -> int | None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return None
