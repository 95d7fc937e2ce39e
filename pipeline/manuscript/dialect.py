"""The Markdown that Chinese editors write, as HTML for `body.blocks`.

CommonMark with tables, struck text and footnotes, and where it was made for words with spaces between them, what is
meant: a line is a paragraph (see `paragraphs`), ** works beside Chinese marks (see `emphasis`), a number at a line's
start is text, an indent is an indent. Whatever the parser would let vanish is kept or told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.fence import make_fence_rule
from markdown_it.rules_block.html_block import html_block
from markdown_it.rules_block.reference import reference
from markdown_it.rules_block.table import escapedSplit, getLine, table
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from pipeline.channel import Text
from pipeline.manuscript import tokens
from pipeline.manuscript.characters import place_private
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.emphasis import PAIR, Inline, leftovers
from pipeline.manuscript.paragraphs import starts
from pipeline.manuscript.tokens import LONG, TAG, VOID

_DEEPEST = 60
"""Lists and quotations inside each other; the parser leaves out what lies deeper."""
_DEFINED = re.compile(r"\[([^\[\]]{1,200})\]:[ \t]*<?(\S*)")
_LABEL = re.compile(r"\[([^\[\]]{1,200})\]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/#.]|[^\s>]+\.[A-Za-z0-9]{2,5}(?:[?#>]|$)")
_CHINESE = re.compile("[\u3400-\u9fff]")
_INDENT = re.compile(r"^[\s\u3000]*(?:[-*+>][ \t]+)*")
_SLIP = re.compile(r"[#＃]{1,6}(?=[^\s#＃!])(?=[^#＃]{2,60}$)(?!.*[。；，]$)")
_WIDE_HEADING = re.compile(r"＃{1,6}(?=\s)")


def rendered(lines: Sequence[str], offset: int, draft: Draft) -> str:
    """The Markdown as HTML whose elements name their line in the file (`offset` lines stand before `lines`).

    Notes are `<sup data-note="1"></sup>` in the text and `<p data-note="1">…</p>` at its end.
    """
    lines = [_mended(lines, place) for place in range(len(lines))]
    begun = starts(lines)
    text = "\n".join(_paired(lines, begun))
    env: dict[str, Any] = {
        "starts": begun,
        "labels": Counter(label.lower() for label in _LABEL.findall(text)),
        "draft": draft,
        "offset": offset,
    }
    markdown = _parser()
    parsed = markdown.parse(text, env)
    if any(token.nesting == 1 and token.level >= _DEEPEST - 1 for token in parsed):
        draft.wrong(
            "body",
            Text.of("more than {limit} lists or quotations stand inside each other", limit=_DEEPEST // 2),
            Text.of("copy the text alone into a new document"),
        )
    for label, one in env.get("references", {}).items():
        if env["labels"][label.lower()] < 2:
            draft.dropped(f"[{label}]: {one['href']}", Text.of("an address to which nothing in the text points"))
    tokens.place(parsed, offset)
    html: str = markdown.renderer.render(parsed, markdown.options, env)
    return place_private(html, draft)  # written as references: &#xE863;


def _parser() -> MarkdownIt:
    markdown = _Markdown("commonmark", {"html": True, "maxNesting": _DEEPEST})
    markdown.inline = Inline()
    markdown.configure("commonmark", {"html": True, "maxNesting": _DEEPEST})
    markdown.enable(["table", "strikethrough"])
    # Indented paragraphs and a line of --- under a paragraph mean an indent and a rule to those who write Chinese.
    markdown.disable(["code", "lheading"])
    markdown.use(footnote_plugin, move_to_end=False)
    block = markdown.block.ruler
    block.at("paragraph", _paragraph)
    block.at("fence", make_fence_rule(markers=("`",)), {"alt": ["paragraph", "reference", "blockquote", "list"]})
    block.at("table", _table, {"alt": ["paragraph", "reference"]})
    block.at("reference", _reference)
    block.at("html_block", _html_block, {"alt": ["paragraph", "reference", "blockquote"]})
    block.before("paragraph", "start", _start, {"alt": ["blockquote"]})
    markdown.core.ruler.after("block", "items", tokens.items)
    markdown.core.ruler.after("inline", "leftovers", leftovers)
    markdown.core.ruler.after("leftovers", "captions", tokens.captions)
    markdown.core.ruler.after("captions", "bracketed", tokens.bracketed)
    markdown.core.ruler.after("bracketed", "markup", tokens.markup)
    markdown.core.ruler.after("markup", "notes", tokens.notes)
    markdown.add_render_rule("footnote_ref", tokens.note_mark)
    markdown.add_render_rule("footnote_reference_open", tokens.note_open)
    markdown.add_render_rule("footnote_reference_close", tokens.note_close)
    return markdown


class _Markdown(MarkdownIt):
    """Every address passes: what may be linked and which pictures are taken is judged later, with a message."""

    def validateLink(self, url: str) -> bool:  # noqa: N802, ARG002
        return True


def _mended(lines: Sequence[str], place: int) -> str:
    """The line with the commonest slips of a heading put right: no space, or a full-width sign."""
    line = lines[place]
    alone = (place == 0 or not lines[place - 1].strip()) and (place + 1 == len(lines) or not lines[place + 1].strip())
    if found := _WIDE_HEADING.match(line) or (_SLIP.match(line) if alone and _CHINESE.search(line) else None):
        return f"{'#' * len(found[0])} {line[found.end() :].lstrip()}"
    return line


def _paired(lines: Sequence[str], begun: Collection[int]) -> list[str]:
    """The lines with ** that opens in one paragraph and closes in a later one closed and opened again between them."""
    written = list(lines)
    first = 0
    while first < len(lines):
        last = first
        while last < len(lines) and lines[last].strip():
            last += 1
        marks = [len(PAIR.findall(line)) for line in lines[first:last]]
        if sum(marks) % 2 == 0 and any(count % 2 for count in marks):
            is_open = False
            for place in range(first, last):
                if is_open and place in begun:
                    written[place - 1] += "**"
                    written[place] = _INDENT.sub(r"\g<0>**", written[place], count=1)
                is_open ^= bool(marks[place - first] % 2)
        first = last + 1
    return written


# Blocks


def _paragraph(state: StateBlock, first: int, end: int, silent: bool) -> bool:  # noqa: ARG001
    """Lines up to an empty one, to one that begins something else, or to one that begins a paragraph."""
    last = first + 1
    state.parentType, outer = "paragraph", state.parentType
    rules = state.md.block.ruler.getRules("paragraph")
    while last < state.lineMax and not state.isEmpty(last) and last not in state.env["starts"]:
        at_margin = 0 <= state.sCount[last] <= state.blkIndent + 3
        if at_margin and any(rule(state, last, state.lineMax, True) for rule in rules):
            break
        last += 1
    state.line = last
    state.push("paragraph_open", "p", 1).map = [first, last]
    token = state.push("inline", "", 0)
    token.content = state.getLines(first, last, state.blkIndent, False).strip(" \t\n")
    token.map = [first, last]
    token.children = []
    state.push("paragraph_close", "p", -1)
    state.parentType = outer
    return True


def _start(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: ARG001
    """Ends a table, or a quotation that would go on without its mark, before a paragraph."""
    return silent and line in state.env["starts"]


def _table(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """A table whose rows keep the cells that its head has no column for."""
    before = len(state.tokens)
    if not table(state, first, end, silent):
        return False
    written = state.tokens[before:]
    del state.tokens[before:]
    columns = cells = 0
    row = first
    for token in written:
        if token.type == "tr_open":
            row, cells = (token.map or [first])[0], 0
        cells += token.type in ("th_close", "td_close")
        columns = max(columns, cells)
        if token.type == "tr_close":
            for text in _cells(getLine(state, row))[columns:]:
                state.tokens += _cell(text, row, token.level + 1)
        state.tokens.append(token)
    return True


def _cells(line: str) -> list[str]:
    found = escapedSplit(line.strip())
    return [cell.strip() for cell in found[found[:1] == [""] : len(found) - (found[-1:] == [""])]]


def _cell(text: str, row: int, level: int) -> list[Token]:
    inline = Token("inline", "", 0, map=[row, row + 1], content=text, children=[], level=level + 1, block=True)
    return [
        Token("td_open", "td", 1, level=level, block=True),
        inline,
        Token("td_close", "td", -1, level=level, block=True),
    ]


def _reference(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """[name]: address, where it is an address or something points to it; [注]: and words are text."""
    found = _DEFINED.match(getLine(state, first).strip())
    if found and not _ADDRESS.match(found[2]) and state.env["labels"][found[1].lower()] < 2:
        return False
    return reference(state, first, end, silent)


def _html_block(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Markup, up to an empty line, or to a paragraph behind its end."""
    if not html_block(state, first, end, silent):
        return False
    if silent or LONG.match(state.tokens[-1].content.lstrip()):
        return True
    token = state.tokens[-1]
    depth = 0
    for line in range(first, state.line - 1):
        depth += _depth(getLine(state, line))
        following = getLine(state, line + 1).strip()
        if depth <= 0 and following and not following.startswith("<"):
            state.line = line + 1
            break
    token.map = [first, state.line]
    token.content = "".join(
        _parted(getLine(state, line).rstrip(), line in state.env["starts"], line > first and getLine(state, line - 1))
        for line in range(first, state.line)
    )
    return True


def _parted(line: str, begins: bool, before: str | bool) -> str:
    """A line within markup, with an empty one before it where two lines of text are paragraphs."""
    texts = before and not str(before).rstrip().endswith(">") and not line.lstrip().startswith("<")
    return f"<br><br>{line}\n" if begins and texts else f"{line}\n"


def _depth(markup: str) -> int:
    """How many elements a line opens, less those that it closes."""
    return sum(
        -1 if close else 1
        for close, name, rest in TAG.findall(markup)
        if name.lower() not in VOID and not rest.endswith("/")
    )
