"""The TV news: an article as one story in the programme of its broadcast day, on paper, on the prompter and over MOS.

`spoken` reads figures aloud, `script` makes the two-column script, `documents` what people hold in their hands, in the
words of `house`. `programme` says which day a story belongs to and what a running order is, `rundown` keeps it. `mos`
speaks to prompters and playout, `playout` brings them to the running order, `papers` puts the documents in their place.
`options` are the channel's, `channel` is the adapter and `commands` are those of `newsroom programme`.
"""

from channels.tv.channel import Television

__all__ = ["Television"]
