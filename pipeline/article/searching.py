"""Searching: what the words of a question are, and where they stand in an article. One rule, whatever database seeks.

Chinese is written without spaces, so nobody has to say where a word ends: a run of characters is found wherever it
stands as it is asked for, two characters as well as twelve. Words of letters and figures are found by their beginning:
«app» in «APP», «2019» in «2019年», and never in the middle of another word. Whatever else a question holds (quotes,
stars, brackets, any query language) separates words and says nothing.

A database keeps of each text its `tokens`, every pair of neighbouring characters and every word, and asks for those of
the question. What has them all is looked at once more by the text itself, so that both databases find the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.article.article import Article, Revision
from pipeline.article.text import text_of
from pipeline.article.value import Frozen

RULE = 1
"""One more whenever `tokens` or `searched` gives something else than before: what was kept is made anew then."""
LONGEST_HEADLINE, LONGEST_TEXT = 2_000, 100_000
"""Characters that are searched; of a text three times the longest report. PostgreSQL keeps a megabyte of tokens."""
LONGEST_QUESTION, MOST_WORDS = 60, 8
"""Characters and words of a question that count."""
PAGE = 10
"""Articles on a page of what was found."""
DEEPEST = 50
"""Pages that can be turned to: whoever does not find it by then has to ask otherwise."""
AROUND = 30
"""Characters that are shown before the first word found in a text; twice as many after it."""

_WORD = re.compile(r"[^\W_]+")
_IDEOGRAPHS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3040-\u30ff\u3100-\u312f\u3131-\u318f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U000323af"
)
_RUN = re.compile(f"[{_IDEOGRAPHS}]+|[^{_IDEOGRAPHS}]+")
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}]")


class Token(NamedTuple):
    """What a database is asked for; unless `whole`, what begins so."""

    text: str
    whole: bool


class Part(NamedTuple):
    """A piece of a text that is shown, and whether it is what was sought."""

    text: str
    sought: bool


class Searched(NamedTuple):
    """What is searched of an article, folded: its headline with the lines above and below, and all the rest."""

    headline: str
    text: str

    @property
    def tokens(self) -> str:
        """Every token of both once, in their order, with spaces between them."""
        runs = dict.fromkeys(run for text in self for word in _WORD.findall(text) for run in _RUN.findall(word))
        return " ".join(dict.fromkeys(piece for run in runs for piece in _pieces(run)))


class Hit(Frozen):
    """An article that was found."""

    revision: Revision
    headline: tuple[Part, ...]
    extract: tuple[Part, ...]
    """What the text says around the first of the words; its opening where they stand in the headline only."""


class Found(Frozen):
    """A page of the answer to a question."""

    asked: str
    """As it was typed, on one line; cut where it was too long."""
    words: tuple[str, ...] = ()
    """What is sought; empty: the question has no words."""
    count: int = 0
    page: int = 1
    hits: tuple[Hit, ...] = ()

    @property
    def pages(self) -> int:
        """How many pages can be turned to."""
        return min(DEEPEST, -(-self.count // PAGE))

    @property
    def first(self) -> int:
        """The place of the page's first hit among all, from 1."""
        return (self.page - 1) * PAGE + 1


def folded(text: str) -> str:
    """The text as it is compared: full-width, half-width and capital letters are alike; character by character, so
    that a place in it can be traced back."""
    return text.translate(_FOLDS)


class _Folds(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = unicodedata.normalize("NFKC", chr(code)).casefold()
        return self[code]


_FOLDS = _Folds()


def asked(question: str) -> str:
    """A question as it is answered: on one line, no longer than counts, without what nobody can see."""
    visible = "".join(one if one.isprintable() else " " for one in question[: LONGEST_QUESTION * 20])
    return " ".join(visible.split())[:LONGEST_QUESTION]


def words_of(question: str) -> tuple[str, ...]:
    """The words of a question, folded, each once."""
    return tuple(dict.fromkeys(_WORD.findall(folded(question))))[:MOST_WORDS]


def tokens_of(words: Sequence[str]) -> tuple[Token, ...]:
    """What a text must have, for it to be looked at whether it has the words. Whoever asks for a pair of characters
    need not ask for the last one alone."""
    found: list[Token] = []
    for run in (run for word in words for run in _RUN.findall(word)):
        pieces = _pieces(run)
        found += [Token(one, whole=len(pieces) > 1) for one in (pieces[:-1] or pieces)]
    return tuple(dict.fromkeys(found))


def is_exact(word: str) -> bool:
    """Whether a text that has the word's tokens has the word."""
    return len(tokens_of([word])) == 1


def _pieces(run: str) -> Sequence[str]:
    """Every pair of neighbouring characters, and the last one alone: so one is found wherever it stands. A word of
    letters and figures as it is."""
    return [run[at : at + 2] for at in range(len(run))] if _IDEOGRAPH.match(run) else [run]


def searched(article: Article) -> Searched:
    """What is searched of an article: what its page says of it."""
    lines = "\n".join(filter(None, (article.kicker, article.headline, article.subhead)))
    rest = "\n".join(_passages(article))
    return Searched(folded(lines)[:LONGEST_HEADLINE], folded(rest[:LONGEST_TEXT])[:LONGEST_TEXT])


def hit(revision: Revision, words: Sequence[str]) -> Hit:
    """The article as one that was found by these words."""
    article = revision.article
    first = ""
    for passage in _passages(article):
        first = first or passage
        if any(word in folded(passage) for word in words):
            first = passage
            break
    headline = " ".join(article.headline.split())
    return Hit(revision=revision, headline=_marked(headline, words), extract=_extract(first, words))


def _passages(article: Article) -> Iterator[str]:
    """Whatever the article's page says in words, the text first; but its headline, and its source, which is the house
    itself nearly always, so that its name would find everything."""
    yield from article.paragraphs(marked=True)
    for block in article.blocks:
        yield from (text_of(one) for one in block.iter("figcaption"))
    yield from article.notes
    yield from filter(None, (*article.editors_note.splitlines(), article.series, article.summary))
    yield from (" ".join(one.names) for one in article.credits)
    yield from filter(None, [" ".join(article.keywords)])


def _extract(passage: str, words: Sequence[str]) -> tuple[Part, ...]:
    """The passage around the first word found, cut where it is longer."""
    places = _places(passage[:LONGEST_TEXT], words)
    first = places[0][0] if places else 0
    start = max(0, first - AROUND)
    if start:  # rather at the beginning of a sentence, or of a part of one
        start = _after("。！？；", passage, start, first) or _after("，、：", passage, start, first) or start
    end = min(len(passage), start + 3 * AROUND)
    shown = _marked(passage[start:end], words)
    before, after = ("…" if start else ""), ("…" if end < len(passage) else "")
    return tuple(one for one in (Part(before, False), *shown, Part(after, False)) if one.text)


def _after(marks: str, passage: str, start: int, end: int) -> int:
    """Behind the first of the marks between two places; 0 if there is none."""
    return min((at + 1 for mark in marks if (at := passage.find(mark, start, end)) >= 0), default=0)


def _marked(text: str, words: Sequence[str]) -> tuple[Part, ...]:
    """The text in pieces: what is sought, and what stands between."""
    parts, at = [], 0
    for start, end in _places(text, words):
        parts += [Part(text[at:start], False), Part(text[start:end], True)]
        at = end
    return tuple(one for one in (*parts, Part(text[at:], False)) if one.text)


def _places(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words stand in a text, from left to right; those that touch are one."""
    if not words:
        return []
    origins = [at for at, one in enumerate(text) for _ in folded(one)]
    wanted = "|".join(map(_pattern, sorted(words, key=len, reverse=True)))
    found: list[tuple[int, int]] = []
    for match in re.finditer(wanted, folded(text)):
        start, end = origins[match.start()], origins[match.end() - 1] + 1
        if found and start <= found[-1][1]:
            start = found.pop()[0]
        found.append((start, end))
    return found


def _pattern(word: str) -> str:
    """A word of letters and figures stands at the beginning of one, or behind a Chinese character."""
    begins = "" if _IDEOGRAPH.match(word) else rf"(?<![^\W_{_IDEOGRAPHS}])"
    return begins + re.escape(word)
