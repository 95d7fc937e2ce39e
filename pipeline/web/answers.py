"""Answers that were given once and are given again, byte for byte, as long as their file is the same.

The application makes each answer by its rules; here are none. An answer is kept under what was asked, word for word,
and only where nothing else of the question can change it. Before it is given again its file is looked at: a name that
leads to other bytes, or to none, makes the application answer anew. So a release, a correction or a withdrawal is
answered at once, as ever.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.web.representation import File

ROOM = 64 * 2**20
"""Bytes of answers that are kept."""
OVERHEAD = 2048
"""Bytes that keeping one costs beside its own."""
TELLING = frozenset(
    {
        *(b"range", b"if-range", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"),
        *(b"expect", b"upgrade", b"content-length", b"transfer-encoding"),
    }
)
"""Headers that make more of a question than its address and the codings that its asker takes."""


class Question(NamedTuple):
    """What an answer depends on."""

    target: bytes
    """As it stands in the request's first line."""
    codings: bytes


class Kept(NamedTuple):
    """An answer with status 200, and the file that it shows."""

    path: str
    seen: tuple[int, int, int]
    """Inode, nanoseconds of its last change, and bytes."""
    head: bytes
    """The headers' lines, but for those of the connection."""
    body: bytes


class Answers:
    """What is kept. For one thread: the event loop's."""

    def __init__(self, room: int = ROOM) -> None:
        self._whole = self._room = room
        self._kept: dict[Question, Kept] = {}
        self._others = False

    def forget(self) -> None:
        """Another application makes the answers from now on: those that are kept are not given any more. For any
        thread."""
        self._others = True

    def find(self, question: Question) -> Kept | None:
        """The answer, if its file is as it was."""
        if self._others:
            self._others, self._room = False, self._whole
            self._kept.clear()
        kept = self._kept.get(question)
        if kept is None:
            return None
        try:
            now = os.stat(kept.path)
        except OSError:
            now = None
        if now is None or (now.st_ino, now.st_mtime_ns, now.st_size) != kept.seen:
            self._room += _size(self._kept.pop(question))
            return None
        return kept

    def keep(self, question: Question, file: File, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Keep an answer; those kept longest make room."""
        if question in self._kept:
            self._room += _size(self._kept.pop(question))
        head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
        kept = Kept(file.path, (file.inode, file.modified, file.size), head, body)
        self._kept[question] = kept
        self._room -= _size(kept)
        while self._room < 0:
            self._room += _size(self._kept.pop(next(iter(self._kept))))


class Keeping:
    """The application, with its answers kept: those to plain questions that show a whole file."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app, self._answers = app, answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        question = question_of(scope["method"], scope["target"], scope["headers"]) if "target" in scope else None
        if question is None:
            await self._app(scope, receive, send)
            return
        started: dict[str, Any] = {}

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            elif not message.get("more_body") and started.get("status") == 200:
                file = shown_by(scope)
                if file is not None and file.data is not None:
                    self._answers.keep(question, file, started["headers"], message["body"])
            await send(message)

        await self._app(scope, receive, kept)


def question_of(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Question | None:
    """The question, if it is a plain one."""
    codings = b""
    for name, value in headers:
        if name in TELLING:
            return None
        if name == b"accept-encoding":
            codings = codings + b"," + value if codings else value
    return Question(target, codings) if method == "GET" else None


def shows(scope: Scope, file: File) -> None:
    """Say that the answer to this request is this file, whole."""
    scope.setdefault("state", {})["shows"] = file


def shown_by(scope: Scope) -> File | None:
    file: File | None = scope.get("state", {}).get("shows")
    return file


def _size(kept: Kept) -> int:
    return len(kept.body) + len(kept.head) + OVERHEAD
