"""What the suite has to be told of a kind, and how its failures are worded."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests

from pipeline.article import Outlet, Revision
from pipeline.channel import Channel, Delivery, Evidence, Setting, Standing
from pipeline.testing.contract import line
from pipeline.testing.rehearsal import MemoryNotebook, Rehearsal
from pipeline.testing.samples import article_of, newsroom_of, picture, revision_of

GONE = (Standing.WITHDRAWN, Standing.ABSENT)
TAKEN = (Standing.ACCEPTED, Standing.LIVE)


def told(did: str, must: str, do: str) -> str:
    """A failure for the kind's author: what it did, what the contract says, what to do."""
    return f"{did}\n  the contract: {must}\n  what to do: {do}"


class Kind:
    """What an author tells of the kind. Required: `channel`, `read`, `tamper`, `strike`."""

    shows_pictures: ClassVar[bool] = True
    """Whether people see the article's pictures there; a script or a text message says False."""

    # -- required -----------------------------------------------------------------------------------------

    @pytest.fixture
    def channel(self) -> Channel:
        """The channel, opened on a `rehearsal_setting`. Where the public finds it must not lie in `Setting.data`."""
        raise NotImplementedError("give the contract a `channel` fixture")

    def read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        """What people read of `revision` where the public gets it, as HTML or text, without what only programs read.

        Where the text stands a second time for another purpose (the manuscript below a script), once.
        """
        raise NotImplementedError("tell the contract what people read in the public copy: write `read`")

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        """Change what the public sees of `revision`, behind the channel's back."""
        raise NotImplementedError("tell the contract how to tamper with the public copy: write `tamper`")

    def strike(self, rehearsal: Rehearsal, revision: Revision, words: str) -> None:
        """Take these words out of what the public sees of `revision`, behind the channel's back."""
        raise NotImplementedError("tell the contract how to take words out of the public copy: write `strike`")

    # -- where a kind is special: each says what it is without it -------------------------------------------

    def elsewhere_of(self, channel: Channel, data: Path) -> Channel:
        """The same channel opened on a second machine, whose data folder is `data`; all else is the same."""
        return type(channel)(dataclasses.replace(channel.setting, data=data))

    def close(self, channel: Channel) -> None:
        """Let go of what `elsewhere_of` opened."""

    def fetch(self, rehearsal: Rehearsal, address: str) -> bytes | None:  # noqa: ARG002
        """What stands at the address of a picture, as `read` gives it; None if nothing does.

        By itself it understands `data:` and really asks `http:` and `https:`.
        """
        if address.startswith("data:"):
            return base64.b64decode(address.partition("base64,")[2])
        answer = requests.get(address, timeout=10)
        return answer.content if answer.ok else None

    @contextmanager
    def refusing(self, rehearsal: Rehearsal, after: int) -> Iterator[None]:  # noqa: ARG002
        """While the block runs, the outlet (or the storage) takes `after` more calls and refuses all that follow.

        By itself it does so to whatever goes out by `requests`; needed for every other outlet.
        """
        with line.refused(after) as made:
            yield
        assert made(), told(
            "the outlet was to refuse, and nothing was asked of it by `requests`",
            "an outlet that refuses is told in words, and leaves nothing half public",
            "ask the outlet in this step; or, if the kind does so in another way, write the test's `refusing`",
        )

    def losing(self, rehearsal: Rehearsal, after: int) -> AbstractContextManager[None]:  # noqa: ARG002
        """While the block runs, the outlet answers `after` calls, does what the next one asks, and its answer is lost.

        By itself it does so to whatever goes out by `requests`. A storage has no such thing.
        """
        return line.lost(after)

    def notice(self, rehearsal: Rehearsal, revision: Revision) -> str:
        """Where `corrects` is NOTICE: what the public reads once `revision` has corrected another, or is withdrawn."""
        return self.read(rehearsal, revision)

    def copies(self, rehearsal: Rehearsal, revision: Revision) -> int:  # noqa: ARG002
        """How often the public finds the article, for an outlet where it could stand twice."""
        return 1

    def pass_time(self, rehearsal: Rehearsal, time: timedelta) -> None:
        """Let so much time pass at the outlet (a stand-in's clock, never a sleep); for kinds with `visibility_lag`."""
        raise NotImplementedError("the kind has a visibility_lag: tell the contract how it passes, write `pass_time`")

    # -- what the tests share -----------------------------------------------------------------------------

    @pytest.fixture
    def rehearsal_setting(self, tmp_path: Path) -> Callable[..., Setting]:
        """(kind, **options) -> Setting in an empty data folder."""

        def setting(kind: str, *, name: str = "", secrets: dict[str, str] | None = None, **options: Any) -> Setting:
            outlet = Outlet(id=kind, kind=kind, name=name or kind, options=options)
            return Setting(
                outlet=outlet,
                newsroom=newsroom_of(outlet),
                data=tmp_path,
                notebook=MemoryNotebook(),
                secrets=secrets or {},
            )

        return setting

    @pytest.fixture
    def rehearsal(self, channel: Channel) -> Rehearsal:
        rehearsal = Rehearsal(channel)
        rehearsal.settle = lambda: self._settle(rehearsal)
        return rehearsal

    @pytest.fixture
    def elsewhere(
        self, rehearsal: Rehearsal, channel: Channel, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Rehearsal]:
        """The same channel on a second machine."""
        other = self.elsewhere_of(channel, tmp_path_factory.mktemp("elsewhere"))
        yield rehearsal.beside(other)
        self.close(other)

    @pytest.fixture
    def first(self, rehearsal: Rehearsal) -> Revision:
        return self.illustrated(rehearsal)

    @pytest.fixture
    def second(self, first: Revision) -> Revision:
        return corrected(first)

    def illustrated(self, rehearsal: Rehearsal, id: str = "a1", headline: str = "武山架豆喜获丰收") -> Revision:
        """An article with a picture."""
        image, data = picture(size=(640, 400), caption="架豆丰收")
        rehearsal.media[image.digest] = data
        return revision_of(article_of(headline, images=[image]), id=id)

    def _settle(self, rehearsal: Rehearsal) -> None:
        if lag := rehearsal.channel.visibility_lag:
            self.pass_time(rehearsal, lag)

    # -- judging ------------------------------------------------------------------------------------------

    def live(self, rehearsal: Rehearsal, delivery: Delivery, did: str, do: str = "") -> Evidence:
        """The evidence of what has to be public, and whole."""
        evidence = rehearsal.verify(delivery)
        assert evidence.standing is Standing.LIVE, told(
            f"{did}, and verify says {evidence.standing}, not live",
            "verify says LIVE exactly when the public sees this delivery's revision, and all of it",
            do or "read the copy back where the public gets it and compare it with what release has to put there",
        )
        return evidence

    def not_live(self, rehearsal: Rehearsal, delivery: Delivery, did: str, do: str) -> None:
        """Fail if this delivery's revision is public."""
        evidence = rehearsal.verify(delivery)
        assert evidence.standing is not Standing.LIVE, told(
            f"{did}, and verify says live",
            "verify says LIVE only if the public sees exactly this delivery's revision",
            do,
        )

    def once(self, rehearsal: Rehearsal, revision: Revision, did: str) -> None:
        """Fail unless the public finds the article, and finds it once."""
        copies = self.copies(rehearsal, revision)
        assert copies, told(
            f"{did}, and the public does not find the article",
            "what verify says is live can be found",
            "compare the test's `copies` with where release has put it",
        )
        assert copies == 1, told(
            f"{did}, and the public finds the article {copies} times",
            "nothing goes out twice: whoever does not know whether a deed happened asks before he repeats it",
            "look for the article by a mark of your own (Newsroom.guid, Delivery.key) before anything is made; what "
            "has to be remembered for that stands in Setting.notebook, where every machine reads it",
        )

    def noticed(self, rehearsal: Rehearsal, revision: Revision) -> str:
        """What the public reads of a correction or withdrawal, without white space; "" if nothing can be read."""
        try:
            return "".join(self.notice(rehearsal, revision).split())
        except (AssertionError, LookupError, OSError, ValueError):
            return ""  # where an article stands no more, a test's `read` may find nothing to read from

    def withdrawn(self, rehearsal: Rehearsal, gone: Delivery, did: str, do: str = "") -> None:
        """Fail unless what was public is gone, for everybody who asks, and is known to have been there."""
        told_by = {
            "the receipt": gone.receipt.standing if gone.receipt else None,
            "find": rehearsal.channel.find(gone).standing,
            "verify": rehearsal.verify(gone).standing,
        }
        wrong = {who: standing for who, standing in told_by.items() if standing is not Standing.WITHDRAWN}
        assert not wrong, told(
            f"{did}, and " + ", ".join(f"{who} says {standing}" for who, standing in wrong.items()),
            "what was public and no longer is is WITHDRAWN; ABSENT is said only of what never was there",
            do
            or "deleting alone forgets: where the outlet cannot tell, `delivery.entry.withdrawn_at` says that it was "
            "withdrawn, or the notebook does; while anything of it is public, the answer is LIVE",
        )


def corrected(first: Revision, after: timedelta | None = None) -> Revision:
    """The revision with another number in its text; `after` its publication, by default an hour."""
    article = first.article.model_copy(update={"body": first.article.body.replace("5.2万亩", "5.3万亩")})
    revision = revision_of(article, first.number + 1, id=first.id, at=first.published_at, note="种植面积应为5.3万亩")
    return revision if after is None else revision.model_copy(update={"corrected_at": first.published_at + after})


def tree(folder: Path) -> list[str]:
    """Everything below a folder."""
    return sorted(str(path) for path in folder.rglob("*"))
