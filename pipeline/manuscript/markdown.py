"""Markdown with YAML front matter: the form in which every field has its name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

from pipeline.channel import Text
from pipeline.credit import PEOPLE
from pipeline.manuscript import fields
from pipeline.manuscript.body import Block, blocks
from pipeline.manuscript.characters import lines_of, one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.encodings import decode
from pipeline.manuscript.images import Pictures, beside

_FENCE = re.compile(r"-{3,}[ \t]*")
_MISSING_SPACE = re.compile(r"([^\s:：#'\"\[\]{}-][^:：'\"]{0,20}?)[ \t]*(：|:(?=[^\s]))")
_LONGEST = 100_000
"""Characters of front matter; PyYAML takes seconds for more."""
_NOTHING = ("", "~", "null", "Null", "NULL")


class _Markdown(MarkdownIt):
    """Every address passes: what may be linked and which pictures are taken is judged later, with a message."""

    def validateLink(self, url: str) -> bool:  # noqa: N802, ARG002
        return True


def read(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:
    """The body's blocks and the images' bytes; fields and problems go into the draft."""
    lines = decode(data, draft).split("\n")
    start = _front_matter(lines, draft)
    pictures = Pictures(draft, beside(path))
    content = blocks(_rendered("\n".join(lines[start:]), start), draft, pictures.take)
    content = [_alt_as_caption(block) for block in content]
    for block in content:
        if any("**" in run.text for run in block.runs):
            draft.notice(
                "body",
                Text.of("the signs ** are still in the text: {text}", text=block.text[:40]),
                Text.of("put a space outside each pair, or write <strong>…</strong>"),
                line=block.hints.line,
            )
    first = content[0] if content else None
    if first is not None and first.tag == "h1" and draft.text("headline") in ("", first.text):
        draft.put("headline", first.text, line=first.hints.line)
        content = content[1:]
    if "number" not in draft.fields and (counted := fields.series_number(draft.text("series"))):
        draft.put("number", counted, line=draft.lines.get("series"))
    return content, pictures.media


def _rendered(text: str, offset: int) -> str:
    """The Markdown as HTML whose elements name their line in the file (`offset` lines stand before `text`)."""
    markdown = _Markdown("commonmark", {"html": True}).enable("table")
    # Indented paragraphs and a line of --- under a paragraph mean an indent and a rule to those who write Chinese.
    markdown.disable(["code", "lheading"])
    tokens = markdown.parse(text)
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
    rendered: str = markdown.renderer.render(tokens, markdown.options, {})
    return rendered


def _alt_as_caption(block: Block) -> Block:
    """`![words](file)`: the words are all the author says of the picture."""
    if block.image is None or block.image.caption or not block.image.alt:
        return block
    return replace(block, image=block.image.model_copy(update={"caption": block.image.alt}))


def _front_matter(lines: list[str], draft: Draft) -> int:
    """Read the front matter into the draft; how many lines it and the fences take."""
    start = next((number for number, line in enumerate(lines) if line.strip()), None)
    if start is None or not _FENCE.fullmatch(lines[start]):
        return 0
    end = next((n for n in range(start + 1, len(lines)) if _FENCE.fullmatch(lines[n]) or lines[n] == "..."), None)
    if end is None:
        draft.wrong(
            "front matter",
            Text.of("the block of fields that begins with --- does not end"),
            Text.of("write a line --- below the last field"),
            line=start + 1,
        )
        return len(lines)
    text = "\n".join(lines[start + 1 : end])
    if len(text) > _LONGEST:
        draft.wrong(
            "front matter",
            Text.of("the block of fields that begins with --- has more than {limit} characters", limit=_LONGEST),
            Text.of("write a line --- below the last field"),
            line=start + 1,
        )
    elif not _colons_missing(lines[start + 1 : end], start + 2, draft):
        _fields(text, start + 2, draft)
    return end + 1


def _colons_missing(lines: list[str], first: int, draft: Draft) -> bool:
    """The commonest slip with a Chinese keyboard: 标题：… or 标题:…, which YAML does not take for a field."""
    found = False
    for number, line in enumerate(lines, first):
        slip = _MISSING_SPACE.match(line)
        if slip and fields.field_of(slip[1]):
            found = True
            draft.wrong(
                fields.field_of(slip[1]) or "",
                Text.of("{name} is not followed by a colon and a space", name=slip[1]),
                Text.of("write “{name}: ” with a half-width colon and a space", name=slip[1]),
                line=number,
            )
    return found


def _fields(text: str, first: int, draft: Draft) -> None:
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)  # every scalar stays the text that was written
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark and error.context_mark and mark.line >= text.count("\n"):
            mark = error.context_mark  # a quotation mark that is never closed: where it was opened
        draft.wrong(
            "front matter",
            Text.of("the fields cannot be read: {reason}", reason=error.problem or error.context or ""),
            Text.of("write “name: value”, one a line, and put values with : or # between quotation marks"),
            line=first + min(mark.line, text.count("\n")) if mark else first,
        )
        return
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        draft.wrong(
            "front matter",
            Text.of("the fields cannot be read: {reason}", reason=str(error).splitlines()[0]),
            Text.of("write “name: value”, one a line"),
            line=first,
        )
        return
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        draft.wrong(
            "front matter",
            Text.of("between the --- lines stand no fields"),
            Text.of("write “name: value”, one a line"),
            line=first,
        )
        return
    for key, value in root.value:
        _field(key, value, first + key.start_mark.line, draft)


def _field(key: yaml.Node, node: yaml.Node, line: int, draft: Draft) -> None:
    name = one_line(key.value) if isinstance(key, yaml.ScalarNode) else ""
    field = fields.field_of(name)
    if field is None:
        nearest = fields.nearest_name(name)
        draft.wrong(
            name or "front matter",
            Text.of("no field is called “{name}”", name=name),
            Text.of("did you mean “{nearest}”?", nearest=nearest)
            if nearest
            else Text.of("known are: {names}", names="、".join(names[0] for names in fields.NAMES.values())),
            line=line,
        )
        return
    if field in draft.lines:
        draft.wrong(
            field,
            Text.of("“{name}” gives a field that line {line} has given", name=name, line=draft.lines[field] or 0),
            Text.of("keep one of the two"),
            line=line,
        )
        return
    draft.lines[field] = line
    values = _scalars(node)
    if values is None or (isinstance(values, list) and field not in (*PEOPLE, "keywords")):
        draft.wrong(
            field,
            Text.of("“{name}” has more than one value or values inside values", name=name),
            Text.of("write one value behind “{name}: ”", name=name),
            line=line,
        )
        return
    _store(field, name, values, line, draft)


def _store(field: str, name: str, values: str | list[str], line: int, draft: Draft) -> None:
    text = values if isinstance(values, str) else "、".join(values)
    if field in PEOPLE:
        draft.fields[field] = fields.people(values)
    elif field == "keywords":
        draft.fields[field] = fields.keywords(values)
    elif field == "editors_note":
        draft.fields[field] = lines_of(text)
    elif field == fields.DATE:
        if one_line(text) and not fields.is_date(one_line(text)):
            draft.wrong(
                field,
                Text.of("“{text}” is not a date", text=one_line(text)),
                Text.of("write it like 2020-01-10 or 2020-01-10 16:18, or leave the line out"),
                line=line,
            )
    elif field == "number":
        number = fields.number(one_line(text))
        if number is not None:
            draft.fields[field] = number
        elif one_line(text):
            draft.wrong(
                field,
                Text.of("“{text}” is not a number from 1", text=one_line(text)),
                Text.of("write it in digits, such as “{name}: 3”", name=name),
                line=line,
            )
    else:
        draft.fields[field] = one_line(text)


def _scalars(node: yaml.Node) -> str | list[str] | None:
    """The node's text, or texts; None if it is built otherwise. Aliases are never followed further than that."""
    if isinstance(node, yaml.ScalarNode):
        return "" if node.style is None and node.value in _NOTHING else str(node.value)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [str(item.value) for item in node.value]
    return None
