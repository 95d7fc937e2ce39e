"""The Markdown that Chinese editors write, as HTML for `body.blocks`.

CommonMark with tables, struck text and footnotes, and where it was made for words with spaces between them, what is meant:
a line is a paragraph (see `paragraphs`), ** works beside Chinese marks, a number at a line's start is text, an indent is an indent,
and asterisks that hide a name or a number stay. Whatever the parser would let vanish is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from html import escape
from typing import Any

from lxml.html import defs
from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.fence import make_fence_rule
from markdown_it.rules_block.html_block import html_block
from markdown_it.rules_block.reference import reference
from markdown_it.rules_block.table import escapedSplit, getLine, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline.state_inline import Scanned, StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from pipeline.channel import Text
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.paragraphs import starts
from pipeline.manuscript.names import SURNAMES

_DEEPEST = 60
"""Lists and quotations inside each other; the parser leaves out what lies deeper."""
_MOST_MARKS = 5_000
"""In one paragraph; a long one has some dozens."""

_CHINESE = re.compile(
    "[\u2e80-\u303f\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\U00020000-\U000323af]"
)
_CLOSING = frozenset("，。、；：！？）】》」』〉〕…,.;:!?)]")
"""No emphasis begins before them, and no pair is made of an asterisk that stands there: it hides what follows a name."""
_OPENING = frozenset("（【《「『〈〔([")
_PARTICLES = frozenset("啦呀哦呢吧哈嘿哇噢喽呐哟啊嘛～")
"""Behind them ~~ draws out the voice; it strikes nothing."""
_RUN = re.compile(r"\*+")
_PAIR = re.compile(r"(?<!\*)\*\*(?!\*)")
_TASK = re.compile(r"\[([ xX✓√])\][ \t\u3000]+(?=\S)")
_DEFINED = re.compile(r"\[([^\[\]]{1,200})\]:[ \t]*<?(\S*)")
_LABEL = re.compile(r"\[([^\[\]]{1,200})\]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/#.]|[^\s>]+\.[A-Za-z0-9]{2,5}(?:[?#>]|$)")
_UNNOTED = re.compile(r"\[\^[^\[\]\s]{1,40}\]")

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)((?:\"[^\"]*\"|'[^']*'|[^'\">])*)>")
_ASIDE = re.compile(r"<!--(.*?)-->|<\?(.*?)\?>|<!(?=[A-Za-z])(.*?)>", re.DOTALL)
"""Comments and declarations, which are shown nowhere."""
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_RAW = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
"""Elements that swallow everything up to their end."""
_KNOWN = (frozenset(defs.tags) | {"svg", "math", "font", "center", "mark", "ruby", "rb", "rt", "rp", "rtc"}) - {
    "plaintext"
}
_VOID = frozenset(defs.empty_tags) | {"source", "track", "wbr", "embed"}
_LONG = re.compile(r"<(!--|script|style|textarea|pre|\?|!\[CDATA\[)", re.IGNORECASE)
"""How blocks begin that empty lines do not end."""
_ENDS = {"!--": "-->", "?": "?>", "![cdata[": "]]>"}
_SLIP = re.compile(r"[#＃]{1,6}(?=[^\s#＃!])(?=[^#＃]{2,60}$)(?!.*[。；，]$)")
_WIDE_HEADING = re.compile(r"＃{1,6}(?=\s)")


def rendered(lines: Sequence[str], offset: int, draft: Draft) -> str:
    """The Markdown as HTML whose elements name their line in the file (`offset` lines stand before `lines`).

    Notes are `<sup data-note="1"></sup>` in the text and `<p data-note="1">…</p>` at its end.
    """
    lines = [_mended(lines, place) for place in range(len(lines))]
    text = "\n".join(lines)
    env: dict[str, Any] = {
        "starts": starts(lines),
        "labels": Counter(label.lower() for label in _LABEL.findall(text)),
        "draft": draft,
        "offset": offset,
    }
    markdown = _parser()
    tokens = markdown.parse(text, env)
    if any(token.nesting == 1 and token.level >= _DEEPEST - 1 for token in tokens):
        draft.wrong(
            "body",
            Text.of("more than {limit} lists or quotations stand inside each other", limit=_DEEPEST // 2),
            Text.of("copy the text alone into a new document"),
        )
    for label, one in env.get("references", {}).items():
        if env["labels"][label.lower()] < 2:
            draft.dropped(f"[{label}]: {one['href']}", Text.of("an address to which nothing in the text points"))
    _place(tokens, offset)
    html: str = markdown.renderer.render(tokens, markdown.options, env)
    return html


def _parser() -> MarkdownIt:
    markdown = _Markdown("commonmark", {"html": True, "maxNesting": _DEEPEST})
    markdown.inline = _Inline()
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
    markdown.core.ruler.after("block", "items", _items)
    markdown.core.ruler.after("inline", "leftovers", _leftovers)
    markdown.core.ruler.after("leftovers", "markup", _markup)
    markdown.core.ruler.after("markup", "notes", partial(_notes, markdown))
    markdown.add_render_rule("footnote_ref", _note_mark)
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


# Blocks


def _paragraph(state: StateBlock, first: int, end: int, silent: bool) -> bool:  # noqa: ARG001, FBT001
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


def _start(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: ARG001, FBT001
    """Ends a table, or a quotation that would go on without its mark, before a paragraph."""
    return silent and line in state.env["starts"]


def _table(state: StateBlock, first: int, end: int, silent: bool) -> bool:  # noqa: FBT001
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


def _reference(state: StateBlock, first: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """[name]: address, where it is an address or something points to it; [注]: and words are text."""
    found = _DEFINED.match(getLine(state, first).strip())
    if found and not _ADDRESS.match(found[2]) and state.env["labels"][found[1].lower()] < 2:
        return False
    return reference(state, first, end, silent)


def _html_block(state: StateBlock, first: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Markup, up to an empty line, or to a paragraph behind its end."""
    if not html_block(state, first, end, silent):
        return False
    if silent or _LONG.match(state.tokens[-1].content.lstrip()):
        return True
    depth = 0
    for line in range(first, state.line - 1):
        depth += _depth(getLine(state, line))
        following = getLine(state, line + 1).strip()
        if depth <= 0 and following and not following.startswith("<"):
            token = state.tokens[-1]
            state.line = line + 1
            token.map = [first, state.line]
            token.content = state.getLines(first, state.line, state.blkIndent, True)
            break
    return True


def _depth(markup: str) -> int:
    """How many elements a line opens, less those that it closes."""
    return sum(
        -1 if close else 1
        for close, name, rest in _TAG.findall(markup)
        if name.lower() not in _VOID and not rest.endswith("/")
    )


# Inline


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803, FBT001
        """What a run of marks may do (CommonMark 6.2, with the amendments for Chinese, Japanese and Korean of
        markdown-cjk-friendly: full-width marks are no punctuation, and Chinese beside a run is as good as a space)."""
        mark = self.src[start]
        end = start
        while end < self.posMax and self.src[end] == mark:
            end += 1
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < self.posMax else " "
        if end - start > 3 or (mark == "*" and (self.hides or (before.isdigit() and after.isdigit()))):
            return Scanned(False, False, end - start)
        left = _flanks(after, before) and after not in _CLOSING
        right = _flanks(before, after) and before not in _OPENING
        opens = left and (canSplitWord or not right or not before.isalnum())
        closes = right and (canSplitWord or not left or not after.isalnum())
        if mark == "~" and before in _PARTICLES:
            opens = False
        return Scanned(opens, closes, end - start)

    @cached_property
    def hides(self) -> bool:
        """Whether the asterisks of this paragraph hide parts of names: 张*军、李**."""
        runs = [found.start() for found in _RUN.finditer(self.src)]
        return bool(runs) and all(place and self.src[place - 1] in SURNAMES for place in runs)


class _Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token]:
        if sum(map(src.count, "*_[]!<`~^&\\")) > _MOST_MARKS:
            env["draft"].notice(
                "body",
                Text.of("a paragraph holds more than {limit} marks and was taken as plain text", limit=_MOST_MARKS),
                Text.of("if it should have emphasis or links, divide it"),
            )
            tokens.append(Token("text", "", 0, content=src))
            return tokens
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


def _flanks(inner: str, outer: str) -> bool:
    """Whether text begins on the inner side of a mark, as seen from the outer one."""
    if inner.isspace():
        return False
    return not _is_mark(inner) or outer.isspace() or _is_mark(outer) or bool(_CHINESE.match(outer))


def _is_mark(character: str) -> bool:
    return not character.isalnum() and not character.isspace() and not _CHINESE.match(character)


# What the parser made of it


def _items(state: StateCore) -> None:
    """Tasks as ☑ and ☐; lists whose numbers are not 1, 2, 3 … as paragraphs that keep them."""
    tokens = state.tokens
    kept: list[Token] = []
    numbered: list[bool] = []
    number = ""
    for place, token in enumerate(tokens):
        if token.type == "ordered_list_open":
            numbered.append(_counts_otherwise(tokens, place))
        elif token.type == "bullet_list_open":
            numbered.append(False)
        in_text = bool(numbered) and numbered[-1]
        if token.type in ("ordered_list_close", "bullet_list_close"):
            numbered.pop()
        if token.type == "list_item_open":
            number = f"{token.info}{token.markup} " if in_text else ""
        if in_text and token.type in ("ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close"):
            continue
        if in_text and token.type.startswith("paragraph"):
            token.hidden = False
        if token.type == "inline" and kept and kept[-1].type == "paragraph_open":
            begins = len(kept) > 1 and kept[-2].type == "list_item_open"
            if begins and (task := _TASK.match(token.content)):
                token.content = f"{'☐' if task[1] == ' ' else '☑'} {token.content[task.end() :]}"
            token.content, number = number + token.content, ""
        kept.append(token)
    state.tokens = kept


def _counts_otherwise(tokens: Sequence[Token], place: int) -> bool:
    level = tokens[place].level
    numbers: list[str] = []
    for token in tokens[place + 1 :]:
        if token.level == level and token.type == "ordered_list_close":
            break
        if token.level == level + 1 and token.type == "list_item_open":
            numbers.append(token.info)
    return len(numbers) == 1 or numbers != [str(n) for n in range(1, len(numbers) + 1)]


def _leftovers(state: StateCore) -> None:
    """Pairs of ** that are left in a paragraph are emphasis: ** so ** and **“so”**2024."""
    for token in state.tokens:
        children = token.children
        if token.type != "inline" or not children or "**" not in token.content:
            continue
        places = [
            (number, found.start())
            for number, child in enumerate(children)
            if child.type == "text" and child.level == 0
            for found in _PAIR.finditer(child.content)
        ]
        if len(places) % 2 == 0 and _may_pair(children, places):
            token.children = list(_paired(children, places))


def _may_pair(children: Sequence[Token], places: Sequence[tuple[int, int]]) -> bool:
    for turn, (number, start) in enumerate(places):
        text = children[number].content
        before, after = text[start - 1 : start], text[start + 2 : start + 3]
        hides = (before and before in SURNAMES and not turn % 2) or (
            before.isdigit() and (after.isdigit() or not turn % 2)
        )
        if hides or (after if turn % 2 == 0 else before) in (_OPENING if turn % 2 else _CLOSING):
            return False
    return bool(places)


def _paired(children: Sequence[Token], places: Sequence[tuple[int, int]]) -> Iterator[Token]:
    turn = 0
    of: dict[int, list[int]] = {}
    for number, start in places:
        of.setdefault(number, []).append(start)
    for number, child in enumerate(children):
        cut = 0
        for start in of.get(number, ()):
            yield Token("text", "", 0, content=child.content[cut:start])
            yield Token("strong_close", "strong", -1) if turn % 2 else Token("strong_open", "strong", 1)
            turn, cut = turn + 1, start + 2
        if cut:
            child.content = child.content[cut:]
        yield child


def _markup(state: StateCore) -> None:
    """What HTML would swallow: comments are told, tags that are none stay text, and so do those that do not end."""
    draft: Draft = state.env["draft"]
    for token in state.tokens:
        line = token.map[0] + 1 + state.env["offset"] if token.map else None
        if token.type == "html_block":
            _tell_unended(token.content, draft, line)
            token.content = _tagged(token.content, token.content, draft, line)
        elif token.type == "fence" and token.info.strip():
            draft.dropped(token.info.strip(), Text.of("what stands behind ``` names a language"), line=line)
        elif token.type == "inline":
            markup = "".join(child.content for child in token.children or () if child.type == "html_inline")
            for child in token.children or ():
                if child.type == "html_inline":
                    child.content = _tagged(child.content, markup, draft, line)
                elif child.type == "link_open" and child.attrGet("title"):
                    draft.dropped(
                        str(child.attrGet("title")), Text.of("the title of a link is shown nowhere"), line=line
                    )
            _tell_unnoted(token, draft, line)


def _tagged(markup: str, around: str, draft: Draft, line: int | None) -> str:
    """Markup without what is shown nowhere, and with tags that are none as text. `around`: the markup it stands in."""
    for asides in _ASIDE.findall(markup):
        if (said := one_line("".join(asides))) and said != "more":
            draft.dropped(said, Text.of("a comment (<!-- -->) is not published"), line=line)
    markup = _CDATA.sub(lambda found: escape(found[1], quote=False), _ASIDE.sub("", markup))
    closed = {name.lower() for close, name, _ in _TAG.findall(around) if close}

    def kept(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        is_one = (name in _KNOWN or ":" in name) and (name not in _RAW or name in closed or bool(tag[1]))
        return tag[0] if is_one else escape(tag[0], quote=False)

    return _TAG.sub(kept, markup)


def _tell_unended(markup: str, draft: Draft, line: int | None) -> None:
    """A comment or a script without an end takes all that follows."""
    found = _LONG.match(markup.lstrip())
    if not found or found[1].lower() == "pre":
        return
    name = found[1].lower()
    end = _ENDS.get(name, f"</{name}>")
    if end not in markup.lower():
        draft.wrong(
            "body",
            Text.of("what begins with <{name} does not end, and would take the rest of the text with it", name=name),
            Text.of("write {end} where it ends, or delete it", end=end),
            line=line,
        )


def _tell_unnoted(token: Token, draft: Draft, line: int | None) -> None:
    for child in token.children or ():
        for mark in _UNNOTED.findall(child.content) if child.type == "text" else ():
            draft.notice(
                "body",
                Text.of("there is no note for the mark {mark}, which stays in the text", mark=mark),
                Text.of("write the note as “{mark}: …” on a line of its own, or delete the mark", mark=mark),
                line=line,
            )


# Notes


def _notes(markdown: MarkdownIt, state: StateCore) -> None:
    """Notes leave their places and stand at the end in the order of their marks; one without a mark is told."""
    notes = state.env.get("footnotes", {})
    bodies, state.tokens = _taken_out(state.tokens, state.env)
    for number, one in sorted(notes.get("list", {}).items()):
        label = one.get("label")
        texts = bodies.pop(label, [[]]) if label is not None else [one["tokens"]]
        inside = "<br>".join(
            markdown.renderer.renderInline(text, markdown.options, state.env) for text in texts if text
        )
        state.tokens.append(Token("html_block", "", 0, content=f'<p data-note="{number + 1}">{inside}</p>'))
    for label, texts in bodies.items():
        said = one_line(" ".join(child.content for text in texts for child in text))
        draft: Draft = state.env["draft"]
        draft.dropped(said, Text.of("a note to which no mark in the text points"))
        draft.notice(
            "body",
            Text.of("the note [^{label}] was left out, for no mark in the text points to it", label=label),
            Text.of("write [^{label}] where it belongs", label=label),
        )


def _taken_out(tokens: Sequence[Token], env: dict[str, Any]) -> tuple[dict[str, list[list[Token]]], list[Token]]:
    """The notes' paragraphs by label, and the tokens without them. Of two notes with one label both are kept."""
    bodies: dict[str, list[list[Token]]] = {}
    left: list[Token] = []
    label: str | None = None
    for token in tokens:
        if token.type == "footnote_reference_open":
            label = str(token.meta["label"])
            bodies.setdefault(label, [])
        elif token.type == "footnote_reference_close":
            label = None
        elif label is None:
            left.append(token)
        elif token.type == "inline":
            bodies[label].append(token.children or [])
        elif token.content:
            bodies[label].append([Token("text", "", 0, content=token.content.strip())])
    return bodies, left


def _note_mark(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, _env: Any) -> str:
    return f'<sup data-note="{tokens[place].meta["id"] + 1}"></sup>'


def _place(tokens: Sequence[Token], offset: int) -> None:
    """Say of every element and picture on which line of the file it stands."""
    for token in tokens:
        if token.map is None:
            continue
        line = token.map[0] + offset + 1
        token.attrSet("data-line", str(line))
        for child in token.children or ():
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            elif child.type == "image":
                child.attrSet("data-line", str(line))
