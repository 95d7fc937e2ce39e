"""The script of a story, made from the article by rules that select and never invent.

    write(revision, newsroom, terms, slot)   # → Script

What an editor wrote for television wins: paragraphs of the body that begin with 导语： 解说： 同期声（人名）： 画面：
字幕： 编后：, or headings of these names, are used as they stand, in their order. Otherwise the house's order is made
from the text:

    导语      the sentence with the result, whole, and what follows it up to 60–110 characters; never the headline again
    解说      a segment a paragraph or 一是/二是/三是: facts that there is time for; a slogan only with its facts
    同期声    quoted persons, with speaker and post as the article names them

No sentence is cut, none is said without what it refers to, and none with an address of web or mail in it. What cannot
be selected so is left to an editor: `Script.needs` says what, on the script and in the report. 编后 is an editor's own.

A story of a column with a face of its own (a series or a banner) begins with the column's titles (片头), over which
its number in the series is said. The record that opens, renames or closes a column (开栏、更名、收官) is read by the
presenter as it stands, after the house's words.

Every sentence of it stands whole in the article. A notice (更正), the titles and the words before an announcement are
the exceptions: the house's templates.

`reading` makes blocks and sentences of the article, `choosing` takes from them what there is time for, `writing` makes
the script of it; `form` is what a script is, `pronunciation` what in it is read otherwise than it is printed.
"""

from channels.tv.script.form import Cue, Kind, Need, Script, Titles
from channels.tv.script.writing import write

__all__ = ["Cue", "Kind", "Need", "Script", "Titles", "write"]
