"""Manuscripts → articles: .md, .docx (and .doc, .wps, .rtf, .odt), .html and .txt.

    manuscript = read(Path("examples/wushan-sibuzhai.md"))
    manuscript.article.headline

One module a format makes blocks of text and fills the fields; `finished` here makes the article of them. Nothing
of a file is run or fetched. Whatever is wrong with a file is found in one reading and told together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from pipeline.article import Article, House, Image
from pipeline.article.reading import ManuscriptProblem, Reading
from pipeline.channel import Text
from pipeline.manuscript import fields, html, markdown, punctuation, text
from pipeline.manuscript.body import Block, serialise
from pipeline.manuscript.characters import clean
from pipeline.manuscript.draft import BadManuscript, Draft, Manuscript
from pipeline.manuscript.warnings import warnings_of
from pipeline.manuscript.words import Words

__all__ = ["FORMATS", "BadManuscript", "Manuscript", "ManuscriptProblem", "read"]


def _word(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:
    from pipeline.manuscript import word  # noqa: PLC0415 - the largest of the formats, and no other needs it

    return word.read(data, path, draft)


FORMATS: Mapping[str, Callable[[bytes, Path, Draft], tuple[list[Block], dict[str, bytes]]]] = MappingProxyType(
    {
        ".md": markdown.read,
        ".markdown": markdown.read,
        ".docx": _word,
        ".doc": _word,
        ".wps": _word,
        ".rtf": _word,
        ".odt": _word,
        ".html": html.read,
        ".htm": html.read,
        ".txt": text.read,
    }
)
"""What reads a file, by its suffix in small letters."""

_MB = 1024 * 1024
LARGEST = MappingProxyType({**dict.fromkeys((".docx", ".doc", ".wps", ".rtf", ".odt"), 100 * _MB), ".txt": 2 * _MB})
LARGEST_OTHER = 20 * _MB
"""Bytes, by suffix. A text of 2 MB is a thick book; the rest is room for the pictures in the file."""


def read(
    path: Path,
    *,
    untitled: str = "",
    decided: Mapping[str, str] = MappingProxyType({}),
    words: Words | None = None,
    house: House = House(),  # noqa: B008 - a frozen value
    today: date | None = None,
) -> Manuscript:
    """Read a manuscript. Raises `BadManuscript` with all its problems, and nothing else.

    `untitled`: the headline of one that has none, for texts that need none of their own.
    `decided`: the editor's answers to `Doubt`s, by field. `words`: those of the newsroom, default the shipped ones.
    `house`, `today`: see `warnings_of`; of the house also what it does about half-width punctuation.
    """
    draft = Draft(clean(path.name), decided, words)
    suffix = clean(path.suffix).lower()
    content: list[Block] = []
    media: dict[str, bytes] = {}
    reader = FORMATS.get(suffix)
    if reader is None:
        _unknown(suffix, draft)
    elif (data := _bytes(path, suffix, draft)) is not None:
        content, media = reader(data, path, draft)
        if untitled and not draft.text("headline"):
            draft.put("headline", untitled)
        if house.punctuation == "mend":
            content = punctuation.mend(content, draft)
        if not any(problem.field in ("file", "text") for problem in draft.problems):
            ask = partial(warnings_of, house=house, today=today, words=words)
            return finished(path, draft, content, media, ask=None if untitled else ask)
    raise BadManuscript(path, draft.problems)


def finished(
    path: Path,
    draft: Draft,
    content: list[Block],
    media: Mapping[str, bytes],
    *,
    ask: Callable[[Article, Reading], Sequence[ManuscriptProblem]] | None = None,
) -> Manuscript:
    """The manuscript that a draft has become. Raises `BadManuscript`.

    `ask`: what an editor would ask about the article as it was read; it joins the reading's warnings.
    """
    images: dict[str, Image] = {}
    for block in content:
        if block.image is not None:
            images.setdefault(block.image.digest, block.image)
    body = serialise(content)
    told = {problem.field for problem in draft.problems}
    if not draft.text("headline") and not told & {"headline", "front matter", "body"}:
        draft.wrong(
            "headline",
            Text.of("the article has no headline"),
            Text.of("write “标题: …” between the --- lines at the top")
            if path.suffix.lower() in (".md", ".markdown")
            else Text.of("write the headline as the first line, or with the style “Title”"),
            line=draft.lines.get("headline"),
        )
    if not body and not told & {"body", "front matter"}:
        draft.wrong("body", Text.of("the article has no text"), Text.of("write the text below the headline"))
    if not draft.problems:
        known = {name: value for name, value in draft.fields.items() if name != fields.DATE}
        try:
            article = Article.model_validate(
                {
                    **known,
                    "credits": tuple(draft.credits),
                    "aigc": draft.aigc,
                    "body": body,
                    "images": tuple(images.values()),
                }
            )
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False):
                field = str(one["loc"][0]) if one["loc"] else "article"
                draft.wrong(
                    field,
                    Text.of("the value is not accepted: {reason}", reason=one["msg"]),
                    Text.of("correct the field"),
                    line=draft.lines.get(field),
                )
        else:
            reading = draft.reading()
            return Manuscript(
                article=article,
                media=MappingProxyType({digest: media[digest] for digest in images}),
                reading=reading.warned(ask(article, reading)) if ask else reading,
            )
    raise BadManuscript(path, sorted(draft.problems, key=lambda problem: (problem.line is None, problem.line or 0)))


def _bytes(path: Path, suffix: str, draft: Draft) -> bytes | None:
    limit = LARGEST.get(suffix, LARGEST_OTHER)
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        draft.wrong(
            "file",
            Text.of("the file cannot be read: {reason}", reason=reason),
            Text.of("check its name and folder, and that it may be read"),
        )
        return None
    if len(data) <= limit:
        return data
    draft.wrong(
        "file",
        Text.of("the file has more than {limit} MB", limit=limit // _MB),
        Text.of("keep pictures as files beside the text, and make them smaller"),
    )
    return None


def _unknown(suffix: str, draft: Draft) -> None:
    draft.wrong(
        "file",
        Text.of("files of the kind “{suffix}” are not read", suffix=suffix),
        Text.of("hand in one of: {suffixes}", suffixes=" ".join(FORMATS)),
    )
