"""How a text is read aloud: figures, units and signs as an anchor says them; nothing else changes.

    spoken("全县26341户，入户2次，拨打0938-3421234")   # 全县两万六千三百四十一户，入户两次，拨打零九三八三四二幺二三四

`wetext` (the runtime of WeTextProcessing) knows the language's general rules. `RULES` are the house's: what wetext gets
wrong in a county's news, and plain numbers, which it reads rightly but at half a millisecond each. They are tried
in order; each reads a part of the text into words without figures, so that no later one touches it again. What is left
with a figure goes to wetext. Text without figures and signs passes unchanged, and so do Roman letters, web and
mail addresses.

In telephone, room and document numbers, roads and trains the figure 1 is said 幺, as stations do.

`numerals` puts numbers into words, `rules` has the house's rules and their tables, `aloud` goes over a text with them.
"""

from channels.tv.spoken.aloud import model, spoken, syllables
from channels.tv.spoken.rules import RULES

__all__ = ["RULES", "model", "spoken", "syllables"]
