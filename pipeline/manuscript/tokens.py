"""What the Markdown parser made of a text, put right before it becomes HTML: tasks, numbers, markup, notes, lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from lxml.html import defs
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from pipeline.channel import Text
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft

_TASK = re.compile(r"\[([ xX✓√])\][ \t\u3000]+(?=\S)")
_UNNOTED = re.compile(r"\[\^[^\[\]\s]{1,40}\]")
_LONGEST_CAPTION = 40
"""Characters of one that is told by nothing but its place."""
TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)((?:\"[^\"]*\"|'[^']*'|[^'\"<>])*)>")
_NO_TAG = re.compile(rf"({TAG.pattern})|<(?=[A-Za-z/!?])")
"""A tag, or what begins like one, or like a comment, and would take the text with it that follows."""
_ASIDES = tuple(
    (re.compile(f"{start}(.*?){re.escape(end)}", re.DOTALL), end)
    for start, end in (("<!--", "-->"), (r"<\?", "?>"), (r"<!\[CDATA\[", "]]>"), ("<!(?=[A-Za-z])", ">"))
)
"""Comments, declarations and marked sections, which browsers show nowhere, and how each ends."""
_RAW = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
"""Elements that swallow everything up to their end."""
_KNOWN = frozenset(defs.tags) | {"main", "picture"}
VOID = frozenset(defs.empty_tags)
LONG = re.compile(r"<(!--|script|style|textarea|pre|\?|!\[CDATA\[)", re.IGNORECASE)
"""How blocks begin that empty lines do not end."""
_ENDS = {"!--": "-->", "?": "?>", "![cdata[": "]]>"}


def items(state: StateCore) -> None:
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


def markup(state: StateCore) -> None:
    """What HTML would swallow: comments are told, tags that are none stay text, and so do those that do not end."""
    draft: Draft = state.env["draft"]
    for token in state.tokens:
        line = token.map[0] + 1 + state.env["offset"] if token.map else None
        if token.type == "html_block":
            _tell_unended(token.content, draft, line)
            tagged = _tagged(token.content, token.content, draft, line)
            token.content = _NO_TAG.sub(lambda found: found[1] or "&lt;", tagged)
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
    for aside, end in _ASIDES:
        last = markup.rfind(end) + len(end)  # behind it nothing ends, and looking there takes long
        for said in map(one_line, aside.findall(markup, 0, max(last, 0)) if end in markup else ()):
            if said and said != "more":
                draft.dropped(said, Text.of("a comment (<!-- -->) is not published"), line=line)
        if end in markup:
            markup = aside.sub("", markup[:last]) + markup[last:]
    closed = {name.lower() for close, name, _ in TAG.findall(around) if close}

    def kept(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        is_one = (name in _KNOWN or ":" in name) and (name not in _RAW or name in closed or bool(tag[1]))
        return tag[0] if is_one else escape(tag[0], quote=False)

    return TAG.sub(kept, markup)


def _tell_unended(markup: str, draft: Draft, line: int | None) -> None:
    """A comment or a script without an end takes all that follows."""
    found = LONG.match(markup.lstrip())
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


def bracketed(state: StateCore) -> None:
    """Notes in brackets within the text, ^[…], are paragraphs at its end, and what they hold is read like any text."""
    for number, one in state.env.get("footnotes", {}).get("list", {}).items():
        if "tokens" in one:
            opening = Token("paragraph_open", "p", 1, attrs={"data-note": f"^{number}"}, block=True)
            inside = Token("inline", "", 0, content=one.get("content", ""), children=one["tokens"], block=True)
            state.tokens += [opening, inside, Token("paragraph_close", "p", -1, block=True)]


def notes(state: StateCore) -> None:
    """A note to which no mark points is told."""
    draft: Draft = state.env["draft"]
    for name, number in state.env.get("footnotes", {}).get("refs", {}).items():
        if number < 0:
            draft.notice(
                "body",
                Text.of("no mark in the text points to the note [^{label}]", label=name[1:]),
                Text.of("write [^{label}] where it belongs", label=name[1:]),
            )


def note_mark(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, env: Any) -> str:
    number = tokens[place].meta["id"]
    name = env["footnotes"]["list"][number].get("label") or f"^{number}"
    return f'<sup data-note="{escape(str(name))}"></sup>'


def note_open(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, _env: Any) -> str:
    line = tokens[place].attrGet("data-line")
    return f'<div data-note="{escape(str(tokens[place].meta["label"]))}" data-line="{line}">'


def note_close(_renderer: Any, _tokens: Sequence[Token], _place: int, _options: Any, _env: Any) -> str:
    return "</div>"


def captions(state: StateCore) -> None:
    """The paragraph below a picture is its caption if all of it is emphasised, or if it is short and alone and no empty
    line stands between."""
    tokens = [token for token in state.tokens if not token.hidden]
    for at, token in enumerate(tokens[3:], 3):
        before = tokens[at - 2]
        if token.type != "paragraph_open" or before.type != "inline" or not _shows_picture(before):
            continue
        inline = tokens[at + 1]
        following = tokens[at + 3] if at + 3 < len(tokens) else None
        alone = following is None or not following.map or following.map[0] > (token.map or [0, 0])[1]
        alone = alone or (following is not None and _shows_picture(tokens[at + 4]))
        below = (token.map or [0])[0] == (before.map or [0, -1])[1]
        short = below and len(inline.content) <= _LONGEST_CAPTION and not inline.content.startswith("\u3000")
        if _is_emphasised(inline) or (short and alone):
            token.attrSet("data-role", "caption")


def _shows_picture(inline: Token) -> bool:
    """Whether a paragraph is a picture and nothing else."""
    shown = [child.type for child in inline.children or () if child.type != "text" or child.content.strip()]
    return bool(shown) and all(kind == "image" for kind in shown)


def _is_emphasised(inline: Token) -> bool:
    children = [child for child in inline.children or () if child.type != "text" or child.content.strip()]
    return len(children) > 2 and children[0].type == "em_open" and children[-1].type == "em_close"


def place(tokens: Sequence[Token], offset: int) -> None:
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
