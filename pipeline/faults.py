"""What an adapter raises and the contract does not know: a fault of the adapter, told with its place in its files."""

from __future__ import annotations

import inspect
import traceback
from typing import NamedTuple

from pipeline.article import Newsroom, Outlet, Revision
from pipeline.channel import Channel, ChannelError, Problem, Rendition, Text

OURS = "pipeline"
"""The package of whoever calls adapters; theirs are elsewhere."""


class NotRendered(Exception):
    """An adapter failed while it rendered a text: it has done nothing yet. Its own exception is the cause."""


class Place(NamedTuple):
    """A line of a file."""

    file: str
    line: int


def rendered(channel: Channel, revision: Revision, newsroom: Newsroom) -> Rendition:
    """The revision in the channel's form. Raises the contract's three errors, and `NotRendered`."""
    try:
        return channel.render(revision, newsroom)
    except ChannelError:
        raise
    except Exception as error:
        raise NotRendered from error


def fault(outlet: Outlet, error: Exception, adapter: type[Channel] | None = None) -> Problem:
    """What an adapter's unexpected exception is to people: the channel, its kind, the line where it failed.

    `adapter`: its class, if it could be opened: it may fail before a line of its own is reached.
    """
    cause = error.__cause__ if isinstance(error, NotRendered) and error.__cause__ else error
    found = _place(cause) or (_defined(adapter) if adapter else None)
    return Problem(
        field="adapter",
        message=Text.of(
            "the adapter of {channel} (kind {kind}) failed in {place}: {error}",
            channel=outlet.id,
            kind=outlet.kind,
            place=f"{found.file}:{found.line}" if found else "?",
            error=f"{type(cause).__name__}: {cause}",
        ),
        remedy=Text.of("tell its maker; the log has the details. Once it is mended: newsroom retry"),
    )


def unfit(channel: Channel, error: ChannelError | NotRendered) -> Problem:
    """Why a text that is handed in has no rendition on a channel."""
    if isinstance(error, ChannelError):
        return error.problem
    remedy = Text.of(
        "tell its maker. Nothing has been stored; a new article can go out without this channel: "
        "queue-submit --channels"
    )
    return fault(channel.outlet, error, type(channel)).model_copy(update={"remedy": remedy})


def _place(error: BaseException) -> Place | None:
    """The innermost line of the adapter's own package: the engine calls it, and it may have called a library."""
    own, found = "", None
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        if not own and module.partition(".")[0] != OURS:
            own = module.rpartition(".")[0] or module
        if own and f"{module}.".startswith(f"{own}."):
            found = Place(frame.f_code.co_filename, line)
    return found


def _defined(adapter: type[Channel]) -> Place | None:
    try:
        return Place(inspect.getfile(adapter), inspect.getsourcelines(adapter)[1])
    except (OSError, TypeError):  # it has no file
        return None
