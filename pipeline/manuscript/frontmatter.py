"""Front matter: the fields between --- (YAML) or +++ (TOML) lines at the top, as editors, Hexo and Hugo write it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import yaml

from pipeline.article.credit import PEOPLE, ROLES, Credit, Duty
from pipeline.channel import Text
from pipeline.manuscript import fields, names
from pipeline.manuscript.characters import lines_of, one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.label import NoLabel, labelled
from pipeline.manuscript.roles import duty_of, printed

_FENCE = re.compile(r"-{3,}[ \t]*")
_TOML_FENCE = re.compile(r"\+{3,}[ \t]*")
_MISSING_SPACE = re.compile(r"([^\s:：#'\"\[\]{}-][^:：'\"]{0,20}?)[ \t]*(：|:(?=[^\s]))")
_BARE = re.compile(r"([^\s:：#'\"\[\]{}-][^:：'\"]{0,20}?)[ \t]*:(?:[ \t]+\S|[ \t]*$)")
_UNDER = re.compile(r"[ \t]+\S|-[ \t]|[ \t]*$")
_LONGEST = 100_000
"""Characters of front matter; PyYAML takes seconds for more."""
_MOST_BARE = 60
"""Lines of fields that nothing opens."""
_NOTHING = ("", "~", "null", "Null", "NULL")
_ZONE = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")

_ENGLISH = {form: duty for name, duty in PEOPLE.items() for form in (name, name.removesuffix("s"))}
_LISTS = {duty: name for name, duty in PEOPLE.items()}
_LEAD = frozenset({"头条", "lead"})
_UNTIL = re.compile(r"^(?:头条)?[至到]\s*|^until\s+|\s*(?:为?止|前)$", re.IGNORECASE)
"""What stands around the moment: 至……止, until …"""
_CLOCK = re.compile(r"[:：时]")
_AIGC = frozenset({"aigc", "ai生成", "人工智能生成", "ai标识", "人工智能标识", "人工智能生成合成内容标识"})
_SUMMARIES = frozenset({"excerpt", "description", "abstract"})
"""What Hexo and Hugo call a summary; 摘要 goes first."""
_PICTURES = frozenset({
    "cover", "cover_image", "cover_img", "thumbnail", "thumb", "featured_image", "featuredimage", "feature_image",
    "image", "images", "banner", "banner_img", "index_img", "header_img", "top_img", "photos", "og_image",
    "feature",
})  # fmt: skip
_GENERATORS = frozenset({
    "layout", "permalink", "slug", "lang", "language", "locale", "type", "weight", "url", "alias", "aliases",
    "draft", "published", "publishdate", "publish_date", "pubdate", "expirydate", "updated", "update", "lastmod",
    "modified", "last_modified_at", "comments", "comment", "toc", "mathjax", "math", "katex", "mermaid",
    "copyright", "license", "sticky", "top", "pin", "pinned", "hidden", "hide", "password", "category",
    "categories", "section", "markup", "outputs", "cascade", "params", "menu", "menus", "resources", "sitemap",
    "translationkey", "disablenunjucks", "abbrlink", "archives", "hiddenfromhomepage", "showtoc", "tocopen",
    "searchhidden", "robotsnoindex", "linktitle", "reward", "declare", "noindex", "redirect", "aside",
    "iscjklanguage", "author_profile", "excerpt_separator", "show_title", "created", "filename", "typora_root_url",
    "typora_copy_images_to", "encoding", "theme", "sidebar", "readingtime",
}) | _PICTURES  # fmt: skip
"""Fields of site generators and editors that say how a page is built, and nothing that is published."""


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    value: str | list[str] | dict[str, str] | None
    """None if it is built otherwise."""
    raw: str
    """As it is written."""
    line: int


def read(lines: Sequence[str], draft: Draft) -> int:
    """Read the front matter into the draft; how many lines it and its fences take, 0 if there is none."""
    start = next((number for number, line in enumerate(lines) if line.strip()), None)
    if start is None:
        return 0
    for fence, ends in ((_FENCE, ("...",)), (_TOML_FENCE, ())):
        if fence.fullmatch(lines[start]):
            end = next((n for n in range(start + 1, len(lines)) if fence.fullmatch(lines[n]) or lines[n] in ends), None)
            return _between(lines, start + 1, end, draft, toml=fence is _TOML_FENCE)
    if (end := _end_of_bare(lines, start)) is not None:
        return _between(lines, start, end, draft, toml=False)
    return 0


def _between(lines: Sequence[str], first: int, end: int | None, draft: Draft, *, toml: bool) -> int:
    mark = "+++" if toml else "---"
    text = "\n".join(lines[first:end])
    if end is None or len(text) > _LONGEST:
        draft.wrong(
            "front matter",
            Text.of("the block of fields that begins with {mark} does not end", mark=mark)
            if end is None
            else Text.of("the block of fields has more than {limit} characters", limit=_LONGEST),
            Text.of("write a line {mark} below the last field", mark=mark),
            line=first,
        )
        return len(lines) if end is None else end + 1
    if toml:
        _take(_toml(text, first + 1, draft), draft)
    elif not _colons_missing(lines[first:end], first + 1, draft):
        _take(_yaml(text, first + 1, draft), draft)
    return end + 1


def _end_of_bare(lines: Sequence[str], start: int) -> int | None:
    """The --- line below fields that no line opens, as older Hexo has it; None if that is not what stands there."""
    for number in range(start, min(start + _MOST_BARE, len(lines))):
        line = lines[number]
        if number > start and _FENCE.fullmatch(line):
            return number
        field = _BARE.match(line)
        if not (field and (number > start or _is_known(field[1]))) and not (number > start and _UNDER.match(line)):
            return None
    return None


def _is_known(name: str) -> bool:
    known = _GENERATORS | _SUMMARIES | _AIGC | _LEAD | _ENGLISH.keys()
    return bool(fields.field_of(name) or duty_of(name) or _plain(name) in known)


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _colons_missing(lines: Sequence[str], first: int, draft: Draft) -> bool:
    """The commonest slip with a Chinese keyboard: 标题：… or 标题:…, which YAML does not take for a field."""
    found = False
    for number, line in enumerate(lines, first):
        slip = _MISSING_SPACE.match(line)
        if slip and _is_known(slip[1]):
            found = True
            draft.wrong(
                fields.field_of(slip[1]) or slip[1],
                Text.of("{name} is not followed by a colon and a space", name=slip[1]),
                Text.of("write “{name}: ” with a half-width colon and a space", name=slip[1]),
                line=number,
            )
    return found


# The two languages


def _composed(text: str) -> yaml.Node | None:
    """The text's node, every scalar as it was written. Raises `yaml.YAMLError`, `RecursionError` and the like.

    By libyaml where it is built in, in a tenth of the time; what is wrong is looked for by the other, which can
    tell where it is.
    """
    if yaml.__with_libyaml__:
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=yaml.CBaseLoader)
    return yaml.compose(text, Loader=yaml.BaseLoader)


def _yaml(text: str, first: int, draft: Draft) -> list[_Entry]:
    try:
        root = _composed(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark and error.context_mark and mark.line >= text.count("\n"):
            mark = error.context_mark  # a quotation mark that is never closed: where it was opened
        _unreadable(
            error.problem or error.context or "",
            Text.of("write “name: value”, one a line, and put values with : or # between quotation marks"),
            first + min(mark.line, text.count("\n")) if mark else first,
            draft,
        )
        return []
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        _unreadable(str(error).splitlines()[0], Text.of("write “name: value”, one a line"), first, draft)
        return []
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        draft.wrong(
            "front matter",
            Text.of("between the --- lines stand no fields"),
            Text.of("write “name: value”, one a line"),
            line=first,
        )
        return []
    return [
        _Entry(
            one_line(key.value) if isinstance(key, yaml.ScalarNode) else "",
            _value(node),
            text[key.start_mark.index : node.end_mark.index],
            first + key.start_mark.line,
        )
        for key, node in root.value
    ]


def _value(node: yaml.Node) -> str | list[str] | dict[str, str] | None:
    """The node's text or texts. Aliases are never followed further than that."""
    if isinstance(node, yaml.ScalarNode):
        return "" if not node.style and node.value in _NOTHING else str(node.value)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [str(item.value) for item in node.value]
    if isinstance(node, yaml.MappingNode) and all(
        isinstance(part, yaml.ScalarNode) for pair in node.value for part in pair
    ):
        return {str(key.value): str(value.value) for key, value in node.value}
    return None


def _toml(text: str, first: int, draft: Draft) -> list[_Entry]:
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        _unreadable(
            str(error),
            Text.of('write “name = "value"”, one a line'),
            first + (int(place[1]) - 1 if place else text.count("\n")),
            draft,
        )
        return []
    places = {match[1].strip("\"' []").split(".")[0]: number for number, match in _toml_keys(text)}
    return [
        _Entry(name, _written(value), f"{name} = {value}", first + places.get(name, 0)) for name, value in found.items()
    ]


def _toml_keys(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    for number, line in reversed(list(enumerate(text.split("\n")))):
        if match := re.match(r"\s*([^=\s][^=]*?)\s*=|\s*(?=\[)", line):
            yield number, match if match[1] else re.match(r"\s*\[+([^\]]+)", line) or match


def _written(value: Any) -> str | list[str] | dict[str, str] | None:
    if isinstance(value, list):
        return [str(item) for item in value] if not any(isinstance(item, list | dict) for item in value) else None
    if isinstance(value, dict):
        flat = not any(isinstance(item, list | dict) for item in value.values())
        return {name: str(item) for name, item in value.items()} if flat else None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unreadable(reason: str, remedy: Text, line: int, draft: Draft) -> None:
    draft.wrong("front matter", Text.of("the fields cannot be read: {reason}", reason=reason), remedy, line=line)


# What the fields say


def _take(entries: Sequence[_Entry], draft: Draft) -> None:
    """Fields into the draft; generators' own words for a summary last, for the editor's goes first."""
    for entry in sorted(entries, key=lambda one: _plain(one.name) in _SUMMARIES):
        field = fields.field_of(entry.name)
        plain = _plain(entry.name)
        duty = _duty(entry, field, draft)
        if plain in _AIGC:
            _label(entry, draft)
        elif plain in _LEAD:
            _lead(entry, draft)
        elif duty is not None:
            _credit(entry, *duty, draft)
        elif field is not None:
            _field(entry, field, draft)
        elif plain in _SUMMARIES and isinstance(entry.value, str) and not draft.text("summary"):
            _field(entry, "summary", draft)
        elif plain in _GENERATORS | _SUMMARIES:
            _note(entry, plain, draft)
        else:
            _unknown(entry, draft)


def _duty(entry: _Entry, field: str | None, draft: Draft) -> tuple[str, Duty] | None:
    """The role as it is printed and the duty, if the field names people; 供稿 may as well name an office."""
    if field is not None and field not in PEOPLE:
        people = entry.name.startswith("供稿") and [name for text in _texts(entry) for name in names.split(text)]
        if not people or any(names.is_organisation(name, draft.words) for name in people):
            return None
    if not entry.name.isascii() and (duty := duty_of(entry.name, draft.words)):
        return printed(entry.name), duty
    english = _ENGLISH.get(_plain(entry.name)) or PEOPLE.get(field or "")
    return (ROLES[english], english) if english else None


def _texts(entry: _Entry) -> list[str]:
    return entry.value if isinstance(entry.value, list) else [entry.value] if isinstance(entry.value, str) else []


def _credit(entry: _Entry, role: str, duty: Duty, draft: Draft) -> None:
    if entry.value is None or isinstance(entry.value, dict):
        _too_much(entry, _LISTS.get(duty, "credits"), draft)
        return
    everybody = names.split(entry.value)
    offices = tuple(name for name in everybody if names.is_organisation(name, draft.words))
    people = tuple(name for name in everybody if name not in offices)
    if everybody:
        draft.credit(Credit(role=role, duty=duty, names=people, organisations=offices))


def _label(entry: _Entry, draft: Draft) -> None:
    value = entry.value
    try:
        if value is None or isinstance(value, list):
            raise NoLabel(Text.of("the label AIGC has values inside values"))
        draft.aigc = labelled(value)
    except NoLabel as no:
        draft.wrong("aigc", no.message, no.remedy, line=entry.line)


def _lead(entry: _Entry, draft: Draft) -> None:
    """Until when it leads; a day without a time means to its end."""
    text = one_line(" ".join(_texts(entry)))
    when = _UNTIL.sub("", text)
    moment = fields.moment_of(when, UTC)
    if moment is not None:
        draft.put("lead", f"{moment:%Y-%m-%d %H:%M}" if _CLOCK.search(when) else f"{moment:%Y-%m-%d} 23:59")
    elif text or isinstance(entry.value, dict):
        draft.wrong(
            "lead",
            Text.of("“{text}” does not say until when the article leads", text=text or one_line(entry.raw)),
            Text.of("write it like “{name}: 2026-11-28 12:00”, or leave the line out", name=entry.name),
            line=entry.line,
        )


def _note(entry: _Entry, plain: str, draft: Draft) -> None:
    """A generator's field: it is told, not published."""
    said = one_line(" ".join(_texts(entry)) if entry.value is not None else entry.raw).lower()
    if not said and not isinstance(entry.value, dict):
        return
    if (plain, said) in (("draft", "true"), ("published", "false")):
        draft.warn(
            "front matter",
            Text.of("the front matter says that this is a draft ({field})", field=one_line(entry.raw)),
            Text.of("delete the line if the article is to go out"),
            line=entry.line,
        )
    if plain in _PICTURES:
        draft.notice(
            "images",
            Text.of("the picture in “{name}” is not shown in the article", name=entry.name),
            Text.of("if it belongs to the text, put it there: ![what it shows](file)"),
            line=entry.line,
        )
    why = (
        Text.of("a section of a site is no column of the newsroom; a column is called 栏目 or column")
        if plain in ("category", "categories", "section")
        else Text.of("it says how a site generator builds the page")
    )
    draft.dropped(entry.raw.strip(), why, line=entry.line)


def _unknown(entry: _Entry, draft: Draft) -> None:
    nearest = fields.nearest_name(entry.name)
    draft.wrong(
        entry.name or "front matter",
        Text.of("no field is called “{name}”", name=entry.name),
        Text.of("did you mean “{nearest}”?", nearest=nearest)
        if nearest
        else Text.of("known are: {names}", names="、".join(one[0] for one in fields.NAMES.values())),
        line=entry.line,
    )


def _too_much(entry: _Entry, field: str, draft: Draft) -> None:
    draft.wrong(
        field,
        Text.of("“{name}” has more than one value or values inside values", name=entry.name),
        Text.of("write one value behind “{name}: ”", name=entry.name),
        line=entry.line,
    )


def _field(entry: _Entry, field: str, draft: Draft) -> None:
    if field in draft.lines:
        draft.wrong(
            field,
            Text.of("“{name}” gives a field that line {line} has given", name=entry.name, line=draft.lines[field] or 0),
            Text.of("keep one of the two"),
            line=entry.line,
        )
        return
    draft.lines[field] = entry.line
    value = entry.value
    if value is None or isinstance(value, dict) or (isinstance(value, list) and field != "keywords"):
        _too_much(entry, field, draft)
    elif field == "keywords":
        draft.fields[field] = fields.keywords(value)
    elif isinstance(value, str):
        _store(field, entry.name, value, entry.line, draft)


def _store(field: str, name: str, text: str, line: int, draft: Draft) -> None:
    if field == "editors_note":
        draft.fields[field] = lines_of(text)
    elif field == fields.DATE:
        date = _ZONE.sub("", one_line(text))
        if date and not fields.is_date(date):
            draft.wrong(
                field,
                Text.of("“{text}” is not a date", text=date),
                Text.of("write it like 2020-01-10 or 2020-01-10 16:18, or leave the line out"),
                line=line,
            )
        draft.date = draft.date or one_line(text)
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
