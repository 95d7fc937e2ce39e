"""The contract suite, and what it is made of: samples, a rehearsal of the engine, the promises of every kind.

    class TestMine(ChannelContract):
        @pytest.fixture
        def channel(self, rehearsal_setting): return Mine(rehearsal_setting("mine", name="我的"))

        def read(self, rehearsal, revision): return "<p>…</p>"  # what people read of it, as HTML or text
        def tamper(self, rehearsal, revision): ...              # make the public copy differ
        def strike(self, rehearsal, revision, words): ...       # take these words out of the public copy

`pipeline.testing.contract.kind` has what else a kind can tell of itself; CONTRIBUTING.md leads through all of it.
"""

import pytest

# Before they are imported, so that a failure shows its values in everybody's tests, not only in this project's.
pytest.register_assert_rewrite("pipeline.testing.rehearsal", "pipeline.testing.contract")

from pipeline.testing.contract import ChannelContract  # noqa: E402
from pipeline.testing.rehearsal import (  # noqa: E402
    FOLLOW_AT_MOST,
    MemoryCatalogue,
    MemoryMedia,
    MemoryNotebook,
    Rehearsal,
)
from pipeline.testing.samples import (  # noqa: E402
    LABELS,
    NOON,
    article_of,
    laden_of,
    newsroom_of,
    opening_of,
    picture,
    revision_of,
)

__all__ = [
    "FOLLOW_AT_MOST",
    "LABELS",
    "NOON",
    "ChannelContract",
    "MemoryCatalogue",
    "MemoryMedia",
    "MemoryNotebook",
    "Rehearsal",
    "article_of",
    "laden_of",
    "newsroom_of",
    "opening_of",
    "picture",
    "revision_of",
]
