"""What readers ask and tell: the pages that the server makes when they are asked for, in the frame of a channel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from pipeline.article import Newsroom, searching
from pipeline.article.feedback import Form, Told, page_of, told
from pipeline.article.searching import Found
from pipeline.channel import Channel
from pipeline.engine.engine import Engine
from pipeline.record.feedback import TooMany

__all__ = ["Away", "Readers", "TooMany", "forget"]


class Away(Exception):
    """The record cannot be reached, or answers nobody now."""


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise Away(str(error)) from error


class Readers:
    """The readers of one channel, whose `asked` makes the pages. KeyError if it is not configured."""

    def __init__(self, engine: Engine, channel_id: str) -> None:
        self._engine, self._id = engine, channel_id

    @property
    def _channel(self) -> Channel:
        """As it is configured now."""
        return self._engine.channel(self._id)

    def search(self, question: str, page: int) -> bytes | None:
        """The page with what is public now and has the words of a question, however that may be written."""
        asked = searching.asked(question)
        words = searching.words_of(asked)
        found = Found(asked=asked, words=words)
        page = max(1, min(page, searching.DEEPEST))
        with _reachable():
            if words:
                found = self._found(found, page)
                if not found.hits and found.page > 1:  # there are not so many
                    first = self._found(found, 1)
                    found = self._found(found, first.pages) if first.pages > 1 else first
            return self._channel.asked(found, self._newsroom())

    def _found(self, asked: Found, page: int) -> Found:
        at = (page - 1) * searching.PAGE
        finding = self._engine.store.found(
            self._id, asked.words, self._engine.clock.now(), first=at, limit=searching.PAGE
        )
        hits = tuple(searching.hit(one, asked.words) for one in finding.revisions)
        return asked.model_copy(update={"page": page, "count": finding.total, "hits": hits})

    def form(self, form: Form) -> bytes | None:
        """The page of the form: also where the record is away, so that nobody has to type anything twice."""
        try:
            newsroom = self._newsroom()
        except SQLAlchemyError:
            newsroom = self._engine.newsroom
        return self._channel.asked(form, newsroom)

    def about(self, address: str) -> Told:
        """A message about a page that says nothing yet."""
        return Told(page=page_of(address, self._engine.newsroom.site.url))

    def read(self, fields: dict[str, str]) -> Told:
        """A message of the form's fields."""
        return told(fields, self._engine.newsroom.site.url)

    def tell(self, message: Told) -> str:
        """Keep a message; its reference. Raises `TooMany` and `Away`."""
        with _reachable():
            return self._engine.store.tell(message, self._engine.clock.now())

    def _newsroom(self) -> Newsroom:
        return self._engine.newsroom.with_columns(self._engine.columns())


def forget(engine: Engine) -> int:
    """Delete whom to ask from messages whose time is over; how many."""
    now = engine.clock.now()
    return engine.store.forget_contacts(now - timedelta(days=engine.newsroom.site.keep_contacts), now)
