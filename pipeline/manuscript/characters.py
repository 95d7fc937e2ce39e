"""Characters: bytes → text, and what never belongs in a text that goes out."""

from __future__ import annotations

import codecs
import re
import unicodedata

from pipeline.channel import Text
from pipeline.manuscript.draft import Draft

_STRIPPED = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls (the line separators among them are kept as newlines)
    "\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible
    "\ud800-\udfff\ufdd0-\ufdef"  # lone surrogates, noncharacters
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "]"
    "|(?<![\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])\u200d"  # a joiner joins emoji, nothing else
)
_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def clean(text: str) -> str:
    """`text` in NFC with newlines as `\\n`, without control characters, noncharacters, lone surrogates, zero-width
    characters and direction marks. Punctuation is the author's and stays. Cleaning twice changes nothing."""
    return unicodedata.normalize("NFC", _STRIPPED.sub("", _NEWLINES.sub("\n", text)))


def one_line(text: str) -> str:
    """Cleaned and on one line: every run of white space is one space, none at the ends."""
    return " ".join(clean(text).split())


def lines_of(text: str) -> str:
    """Cleaned; each line trimmed, empty ones dropped: how plain text of several paragraphs is kept."""
    return "\n".join(line for line in (" ".join(line.split()) for line in clean(text).split("\n")) if line)


def decode(data: bytes, draft: Draft, *, declared: str = "") -> str:
    """The file's text, cleaned. UTF-8 and UTF-16 (with its mark), the encoding the file declares, or GB18030;
    everything is read strictly. Undecodable bytes are a problem of the draft, and "" is the answer."""
    text = _decoded(data, draft, declared)
    if match := _STRIPPED.search(text):
        draft.notice(
            "text",
            Text.of("{count} invisible or control characters were removed", count=len(_STRIPPED.findall(text))),
            Text.of("nothing to do, unless words near them look wrong"),
            line=_line(text, match.start()),
        )
    text = clean(text)
    if "\ufffd" in text:
        draft.notice(
            "text",
            Text.of("the text holds a character that an earlier program could not read (\N{REPLACEMENT CHARACTER})"),
            Text.of("compare the place with the original and type the character again"),
            line=_line(text, text.index("\ufffd")),
        )
    return text


def _decoded(data: bytes, draft: Draft, declared: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", declared, "gb18030"] if declared else ["utf-8-sig", "gb18030"]
        if _damaged_utf8(data):
            encodings = encodings[:1]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    try:
        data.decode("utf-8")
        line = None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    draft.wrong(
        "text",
        Text.of("the bytes are neither UTF-8 nor GB18030 text"),
        Text.of("open the file in the program that made it and save it as UTF-8"),
        line=line,
    )
    return ""


def _damaged_utf8(data: bytes) -> bool:
    """Whether it is UTF-8 with a few broken bytes. As GB18030 such a file often decodes, into nonsense."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return 0 < broken * 3 < sum(character > "\u07ff" for character in text) - broken


def _line(text: str, position: int) -> int:
    return len(_NEWLINES.sub("\n", text[:position]).split("\n"))
