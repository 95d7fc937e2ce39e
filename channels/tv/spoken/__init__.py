"""How a text is read aloud: figures, units and signs as an anchor says them; nothing else changes.

    spoken("全县26341户，入户2次，拨打0938-3421234")   # 全县两万六千三百四十一户，入户两次，拨打零九三八三四二幺二三四

`wetext` (the runtime of WeTextProcessing) knows the language's general rules. `RULES` are the house's: what wetext gets
wrong in a county's news, and what is frequent there, which it reads rightly but at half a millisecond each. They are
tried in order; each reads a part of the text into words without figures, so that no later one touches it again. What is
left with a figure goes to wetext. Text without figures and signs passes unchanged, so do Roman letters, web and mail
addresses. No text takes more than in proportion to its length.

Amounts and counts are read as numbers, however long; figure by figure are read telephone, identity, account, postcode,
room, document and serial numbers, roads, trains and cars, with 幺 for 1 as stations say it.

`numerals` puts numbers into words; `tables` has the words that the rules look for, `rules` what each finds in a text,
`readers` how that is read; `aloud` goes over a text with them, `general` is wetext. Each rule has the cases that
justify it in `tests/channels/cases/spoken/rules.tsv`.
"""

from channels.tv.spoken.aloud import ADDRESS, spoken, syllables
from channels.tv.spoken.general import model
from channels.tv.spoken.rules import RULES

__all__ = ["ADDRESS", "RULES", "model", "spoken", "syllables"]
