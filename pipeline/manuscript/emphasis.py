"""Emphasis in Markdown beside Chinese marks, and asterisks that are none.

CommonMark tells opening marks from closing ones by the spaces and punctuation around them, and so leaves ** in most
Chinese texts. Its amendments for Chinese, Japanese and Korean (github.com/tats-u/markdown-cjk-friendly, specification)
are followed here; what they leave is paired where it can only be emphasis. Asterisks that hide a part of a name or a
number are no marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline.state_inline import Scanned, StateInline
from markdown_it.token import Token

from pipeline.channel import Text
from pipeline.manuscript.names import SURNAMES

MOST_MARKS = 5_000
"""In one paragraph; a long one has some dozens."""

_CHINESE = re.compile(
    "[\u2e80-\u303f\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\U00020000-\U000323af]"
)
_CLOSING = frozenset("，。、；：！？）】》」』〉〕…,.;:!?)]")
"""No emphasis begins before them: an asterisk that stands there hides what follows a name."""
_OPENING = frozenset("（【《「『〈〔([")
_PARTICLES = frozenset("啦呀哦呢吧哈嘿哇噢喽呐哟啊嘛～")
"""Behind them ~~ draws out the voice; it strikes nothing."""
_RUN = re.compile(r"\*+")
PAIR = re.compile(r"(?<!\*)\*\*(?!\*)")


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803
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


class Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token]:
        if sum(map(src.count, "*_[]!<`~^&\\")) > MOST_MARKS:
            env["draft"].notice(
                "body",
                Text.of("a paragraph holds more than {limit} marks and was taken as plain text", limit=MOST_MARKS),
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


def hides(text: str) -> bool:
    """Whether every run of asterisks in a text hides something: a part of a name, a number or an identity card.

    >>> hides("张**、李*明，电话138****1234"), hides("**重点")
    (True, False)
    """
    runs = list(_RUN.finditer(text))
    return bool(runs) and all(
        len(run[0]) > 3 or text[max(run.start() - 1, 0) : run.start()] in {*SURNAMES, *"0123456789"} for run in runs
    )


def leftovers(state: StateCore) -> None:
    """Pairs of ** that are left in a paragraph are emphasis: ** so ** and **“so”**2024."""
    for token in state.tokens:
        children = token.children
        if token.type != "inline" or not children or "**" not in token.content:
            continue
        places = [
            (number, found.start())
            for number, child in enumerate(children)
            if child.type == "text" and child.level == 0
            for found in PAIR.finditer(child.content)
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
