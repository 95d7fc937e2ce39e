"""The TV news: an article as one story in the programme of its broadcast day, on paper, on the prompter and over MOS.

`spoken` reads figures aloud, `script` makes the two-column script, `documents` what people hold in their hands,
`programme` says which day a story belongs to and keeps its running order, `mos` speaks to prompters and playout,
`channel` is the adapter and `commands` are those of `newsroom programme`.
"""

from channels.tv.channel import Television

__all__ = ["Television"]
