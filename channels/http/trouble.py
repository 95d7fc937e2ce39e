"""What a call that failed, or an answer with an error's status, means: one of the contract's errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from channels.http.answer import Answer
from pipeline.channel import ChannelError, Problem, Refused, Text, Unavailable

NOT_NOW = frozenset({408, 425, 429})
"""Answers that say the request was not acted upon and may be repeated (RFC 9110, RFC 8470, RFC 6585)."""

LONGEST_WAIT = timedelta(days=1)
"""What an absurd Retry-After is cut to."""


class TooLong(ValueError):
    """An answer over the limit."""


def failed(
    error: Exception, place: str, *, detail: str, connect: float, limit: int, effect: bool, left: bool
) -> ChannelError:
    """What a failed call means; `left`: at least a part of the request has left this machine."""
    from requests import exceptions  # noqa: PLC0415 - whoever only opens a channel calls nobody
    from urllib3.exceptions import NameResolutionError  # noqa: PLC0415

    host = place.partition("/")[0]
    causes = _causes(error)
    check = Text.of("check that the server is running, the address in the channel's configuration and the network")
    slow = Text.of("if it stays so, ask the operator of {host}", host=host)
    match error:
        case (
            exceptions.InvalidURL()
            | exceptions.MissingSchema()
            | exceptions.InvalidSchema()
            | exceptions.InvalidHeader()
        ):
            return Refused(
                Problem(
                    field="http",
                    message=Text.of("{place} is no address that can be called", place=place),
                    remedy=Text.of("correct the address in the channel's configuration; it begins with https://"),
                ),
                code="address",
                detail=detail,
            )
        case TooLong():
            message = Text.of("the answer of {place} is longer than {limit} bytes", place=place, limit=limit)
            remedy = slow
        case exceptions.SSLError():
            message = Text.of("the secure connection to {place} failed", place=place)
            remedy = Text.of("check the certificate of {host} and this machine's clock", host=host)
        case exceptions.ConnectTimeout():
            message = Text.of("{place}: no connection within {seconds} seconds", place=place, seconds=connect)
            remedy = check
        case _ if any(isinstance(cause, NameResolutionError) for cause in causes):
            message = Text.of("{place}: the name {host} is unknown", place=place, host=host)
            remedy = Text.of("check the address in the channel's configuration and this machine's name server")
        case _ if any(isinstance(cause, TimeoutError | exceptions.Timeout) for cause in causes):
            message = Text.of("{place} did not answer in time", place=place)
            remedy = slow
        case _ if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
            message = Text.of("{place}: the connection was refused", place=place)
            remedy = check
        case _ if not left:
            message = Text.of("{place} cannot be reached", place=place)
            remedy = check
        case exceptions.ConnectionError() | exceptions.ChunkedEncodingError():
            message = Text.of("the connection to {place} broke off", place=place)
            remedy = slow
        case _:
            message = Text.of("the call of {place} failed", place=place)
            remedy = check
    return Unavailable(Problem(field="http", message=message, remedy=remedy), sent=effect and left, detail=detail)


def refused(answer: Answer, *, target: str, detail: str, now: Callable[[], datetime]) -> ChannelError:
    """What an answer's status means that is none that was expected; `target`: where it leads, if it does."""
    status, place = answer.status, answer.place
    retry_after = _retry_after(answer.headers, now)
    if status in NOT_NOW or (status == 503 and retry_after is not None):
        return Unavailable(
            Problem(
                field="http",
                message=Text.of("{place} is busy (status {status})", place=place, status=status),
                remedy=Text.of("the channel itself says when it may be tried again"),
            ),
            retry_after=retry_after,
            detail=detail,
        )
    if status >= 500:
        return Unavailable(
            Problem(
                field="http",
                message=Text.of("{place} failed with status {status}", place=place, status=status),
                remedy=Text.of("if it stays so, ask the channel's operator"),
            ),
            retry_after=retry_after,
            sent=answer.effect,
            detail=detail,
        )
    if status in (401, 403):
        problem = Problem(
            field="credentials",
            message=Text.of("{place} refused the credentials (status {status})", place=place, status=status),
            remedy=Text.of("check the channel's secret in the environment, its rights and its end date"),
        )
    elif status < 400:
        problem = Problem(
            field="http",
            message=Text.of(
                "{place} has moved to {target} (status {status})", place=place, target=target, status=status
            ),
            remedy=Text.of("put the new address into the channel's configuration"),
        )
    else:
        problem = Problem(
            field="http",
            message=Text.of("{place} refused the request with status {status}", place=place, status=status),
            remedy=Text.of("the log shows the channel's answer; check the channel's configuration and address"),
        )
    return Refused(problem, code=str(status), detail=detail)


def _retry_after(headers: Mapping[str, str], now: Callable[[], datetime]) -> timedelta | None:
    """Retry-After in seconds or as a date, which counts by the server's own clock; None if absent or senseless."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), LONGEST_WAIT.total_seconds()))
    moment = _date(value)
    if moment is None:
        return None
    wait = moment - (_date(headers.get("Date", "")) or now())
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _date(value: str) -> datetime | None:
    """An HTTP date, aware; None if it is none."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _causes(error: BaseException) -> list[BaseException]:
    """The error with everything wrapped in it: requests and urllib3 nest theirs in arguments and `reason`."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return found
