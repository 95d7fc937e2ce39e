"""What people hold in their hands: the script as a two-column form (DOCX, HTML), the prompter's text (plain, RTF,
a page), the rundown of a day and the list of days. All made from scripts and programmes: the same in, the same bytes
out. What a day's pages show of one story is kept, so that a story more costs what that story costs.

`wording` is what all of them say of a script, `pages` makes the pages, `word` the DOCX, `plain` text and RTF.
"""

from channels.tv.documents.pages import assets, gone, index, link, load, page, preview, prompter, rundown
from channels.tv.documents.plain import rtf, text
from channels.tv.documents.wording import captions, head, label, lines, played
from channels.tv.script import Script

__all__ = [
    "assets",
    "captions",
    "docx",
    "gone",
    "head",
    "index",
    "label",
    "lines",
    "link",
    "load",
    "page",
    "played",
    "preview",
    "prompter",
    "rtf",
    "rundown",
    "text",
]


def docx(script: Script) -> bytes:
    """See `word.docx`, which is imported when a document is made: whoever only renders needs none."""
    from channels.tv.documents import word  # noqa: PLC0415 - python-docx is large

    return word.docx(script)
