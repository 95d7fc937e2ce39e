"""Faults put on purpose into the smallest kind of CONTRIBUTING.md: `test_smallest_kind` copies this module beside it.

Each class is a kind that an author could have written so. `TestLagging` is none of them: its outlet is slow to show
what was done, and the kind says so.
"""

# ruff: noqa: N801 - the classes of the faulty kinds are values of `Faulty.adapter`

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
import requests
from board import Board  # type: ignore[import-not-found]
from test_board import TestBoard as Contract  # type: ignore[import-not-found]

from channels import plain
from pipeline.channel import ChannelError, Correction, Delivery, Evidence, Receipt, Standing
from pipeline.testing import Rehearsal
from tests.standins.shelf import Shelf

LAG = timedelta(minutes=5)
TOKEN = "a-secret-of-the-board"


class Faulty(Contract):
    """The suite, over a kind of `adapter`'s class."""

    adapter: type[Board]
    lag = timedelta(0)

    @pytest.fixture
    def shelf(self) -> Iterator[Shelf]:
        with Shelf(token=TOKEN, lag=self.lag) as shelf:
            yield shelf

    @pytest.fixture
    def channel(self, rehearsal_setting, shelf):
        self.shelf = shelf
        return self.adapter(rehearsal_setting("board", url=shelf.url, secrets={"TONGFA_BOARD_TOKEN": TOKEN}))


class Lagging(Board):
    """Whose outlet shows a deed five minutes later."""

    visibility_lag = LAG

    def release(self, delivery: Delivery) -> Receipt:
        found = super().release(delivery)
        return found if delivery.is_late else found.model_copy(update={"standing": Standing.ACCEPTED})

    def withdraw(self, delivery: Delivery) -> Receipt:
        found = super().withdraw(delivery)
        return (
            found if delivery.is_late else Receipt(standing=Standing.WITHDRAWN if delivery.entry else Standing.ABSENT)
        )


class TestLagging(Faulty):
    """Its outlet itself refuses and loses answers; the others have a bad line."""

    adapter, lag = Lagging, LAG

    def refusing(self, rehearsal: Rehearsal, after: int) -> AbstractContextManager[None]:
        return self.shelf.refusing(after)

    def losing(self, rehearsal: Rehearsal, after: int) -> AbstractContextManager[None]:
        return self.shelf.losing(after)

    def pass_time(self, rehearsal: Rehearsal, time: timedelta) -> None:
        self.shelf.wait(time)


class TestImpatient(Faulty):
    class adapter(Board):
        """The same outlet, and the class says nothing of it."""

        def release(self, delivery: Delivery) -> Receipt:
            found = super().release(delivery)
            return found if delivery.is_late else found.model_copy(update={"standing": Standing.ACCEPTED})

    lag = LAG


class TestUnresolved(Faulty):
    class adapter(Board):
        """Publishes the rendition as it is: `src="image:…"`."""

        def _page(self, delivery: Delivery) -> bytes | None:
            return delivery.rendition.body.encode() if delivery.rendition else None

        def release(self, delivery: Delivery) -> Receipt:
            with self.setting.exclusive():
                if not delivery.is_late:
                    self.http.call("PUT", f"/{delivery.revision.id}", body=self._page(delivery), headers=self.headers)
            return self.find(delivery)

        def verify(self, delivery: Delivery) -> Evidence:
            evidence = super().verify(delivery)
            seen = self.http.get(f"/{delivery.revision.id}", headers=self.headers, expected=[404])
            is_ours = seen.status == 200 and self._page(delivery) in (None, seen.body)
            return evidence.model_copy(update={"standing": Standing.LIVE}) if is_ours else evidence


class TestUnannounced(Faulty):
    class adapter(Board):
        """Promises a notice and gives none."""

        corrects = Correction.NOTICE


class TestForgetful(Faulty):
    class adapter(Board):
        """Its withdrawal only deletes: nobody remembers, so a late release brings the article back."""

        def release(self, delivery: Delivery) -> Receipt:
            if delivery.rendition:
                page = plain.page(delivery.rendition, delivery.media)
                self.http.call("PUT", f"/{delivery.revision.id}", body=page, headers=self.headers)
            return self.find(delivery)

        def verify(self, delivery: Delivery) -> Evidence:
            evidence = super().verify(delivery)
            gone = evidence.standing is Standing.WITHDRAWN
            return evidence.model_copy(update={"standing": Standing.ABSENT}) if gone else evidence


class TestHasty(Faulty):
    class adapter(Board):
        """Releases whatever it is given, however late."""

        def release(self, delivery: Delivery) -> Receipt:
            if delivery.rendition:
                page = plain.page(delivery.rendition, delivery.media)
                self.http.call("PUT", f"/{delivery.revision.id}", body=page, headers=self.headers)
            return self.find(delivery)


class TestEager(Faulty):
    class adapter(Board):
        """Withdraws whatever it is given, however late."""

        def withdraw(self, delivery: Delivery) -> Receipt:
            self.http.call("DELETE", f"/{delivery.revision.id}", headers=self.headers, expected=[404])
            return self.find(delivery)


class TestCareless(Faulty):
    class adapter(Board):
        """Takes any page at the address for this revision's."""

        def find(self, delivery: Delivery) -> Receipt:
            seen = self.http.get(f"/{delivery.revision.id}", headers=self.headers, expected=[404])
            return Receipt(standing=Standing.LIVE) if seen.status == 200 else super().find(delivery)


class TestTrusting(Faulty):
    class adapter(Board):
        """Says that it is live without looking."""

        def verify(self, delivery: Delivery) -> Evidence:
            evidence = super().verify(delivery)
            receipt = delivery.receipt
            is_live = receipt is not None and receipt.standing is Standing.LIVE
            return evidence.model_copy(update={"standing": Standing.LIVE}) if is_live else evidence


class TestHoarding(Faulty):
    class adapter(Board):
        """Remembers in its data folder what it has withdrawn."""

        def withdraw(self, delivery: Delivery) -> Receipt:
            if delivery.entry and not delivery.is_late:
                (self.setting.data / f"{delivery.revision.id}.withdrawn").touch()
            return super().withdraw(delivery)

        def verify(self, delivery: Delivery) -> Evidence:
            evidence = super().verify(delivery)
            known = (self.setting.data / f"{delivery.revision.id}.withdrawn").exists()
            forgotten = evidence.standing is Standing.WITHDRAWN and not known
            return evidence.model_copy(update={"standing": Standing.ABSENT}) if forgotten else evidence


class TestTalkative(Faulty):
    class adapter(Board):
        """Its receipts' addresses carry the token."""

        def find(self, delivery: Delivery) -> Receipt:
            found = super().find(delivery)
            return found.model_copy(update={"url": f"{found.url}?token={TOKEN}"})


class TestSwallowing(Faulty):
    class adapter(Board):
        """Takes no error for an answer."""

        def release(self, delivery: Delivery) -> Receipt:
            try:
                return super().release(delivery)
            except ChannelError:
                return Receipt(standing=Standing.LIVE)


class TestLeaking(Faulty):
    class adapter(Board):
        """Lets its library's errors out."""

        def release(self, delivery: Delivery) -> Receipt:
            if delivery.rendition and not delivery.is_late:
                page = plain.page(delivery.rendition, delivery.media)
                url = f"{self.http.base}/{delivery.revision.id}"
                requests.put(url, data=page, headers=self.headers, timeout=10).raise_for_status()
            return self.find(delivery)
