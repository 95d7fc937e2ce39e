"""A bad line between a kind and its outlet, for whatever goes out by `requests` (and so by `channels.http`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

Send = Callable[..., requests.Response]


@contextmanager
def refused(after: int) -> Iterator[Callable[[], int]]:
    """While the block runs, `after` more requests arrive and all that follow are answered with 503; gives how many
    were made."""
    made = 0

    def send(real: Send, adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        nonlocal made
        made += 1
        return real(adapter, request, **options) if made <= after else _busy(request)

    with _instead(send):
        yield lambda: made


@contextmanager
def lost(after: int) -> Iterator[None]:
    """While the block runs, `after` requests are answered, and of the next one the answer is lost on the way."""
    made = 0

    def send(real: Send, adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        nonlocal made
        made += 1
        answer = real(adapter, request, **options)
        if made == after + 1:
            answer.close()
            raise requests.ConnectionError("the connection broke off before the answer", request=request)
        return answer

    with _instead(send):
        yield


@contextmanager
def _instead(send: Callable[..., requests.Response]) -> Iterator[None]:
    real = HTTPAdapter.send
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HTTPAdapter, "send", lambda *given, **options: send(real, *given, **options))
        yield


def _busy(request: requests.PreparedRequest) -> requests.Response:
    answer = requests.Response()
    answer.status_code, answer.reason, answer.request, answer.url = 503, "refused", request, request.url or ""
    answer._content, answer._content_consumed = b"refused", True  # type: ignore[attr-defined]
    return answer
