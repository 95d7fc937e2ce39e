"""The TV news: an article as one story in the programme of its broadcast day, on paper, on the prompter and over MOS.

`spoken` reads figures aloud, `script` makes the two-column script, `documents` what people hold in their hands, in the
words of `house`. `programme` says which day a story belongs to and what a running order is, `rundown` keeps it. `mos`
speaks to prompters and playout, `playout` brings them to the running order, `papers` puts the documents in their place.
`options` are the channel's, `channel` is the adapter, `commands` are those of `newsroom programme` and `duty` does
them.

The adapter is imported when it is asked for: `newsroom --help` lists the commands and needs none of it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from channels.tv.channel import Television

__all__ = ["Television"]


def __getattr__(name: str) -> object:
    if name == "Television":
        from channels.tv.channel import Television  # noqa: PLC0415 - see above

        return Television
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
