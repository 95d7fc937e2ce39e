"""A reader of manuscripts in which much is in doubt, for files with the suffix .draft.

Its first line is taken as the headline, unless the editor decides for the second. A line «===» may begin another
article: then the file has to be divided. A line «栏目？NAME» is a column, if the editor says so. `python -m
tests.standins.doubting read FILE` is `newsroom read FILE` with this reader.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pipeline import manuscript
from pipeline.article.credit import Credit, Duty
from pipeline.article.reading import Doubt
from pipeline.channel import Text
from pipeline.commands import main
from pipeline.manuscript.body import Block, Hints, paragraph
from pipeline.manuscript.draft import Draft

TEXT = """\
送审稿
架豆喜获丰收
一段正文，说架豆。
两段正文，说药材。
编辑 丁某
下载APP
"""
HEADLINE = Text.of("“{first}” looks like a form: use the second line as the headline?", first="送审稿")
DIVIDED = Text.of("are these two articles?")
COLUMN = Text.of("is this the column?")


def read(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:
    form, title, *rest = data.decode().splitlines()
    headline = draft.decided.get("headline", form)
    draft.put("headline", headline, line=1)
    draft.put("source", "青河县融媒体中心")
    draft.date = "2026年11月24日"
    if "headline" not in draft.decided:
        draft.doubts.append(Doubt(field="headline", question=HEADLINE, taken=form, instead=title, line=1))
    else:
        draft.dropped(form, Text.of("it names a form"), line=1)
    content = []
    for number, line in enumerate([title, *rest] if headline == form else rest, 2 + (headline != form)):
        if line == "===":
            draft.doubts.append(Doubt(field="body", question=DIVIDED, taken="one article", instead="", line=number))
        elif line.startswith("栏目？"):
            name = line.removeprefix("栏目？")
            if "column" in draft.decided:
                draft.put("column", draft.decided["column"])
            else:
                draft.doubts.append(Doubt(field="column", question=COLUMN, taken="–", instead=name, line=number))
        elif line.startswith("编辑 "):
            draft.credit(Credit(role="编辑", duty=Duty.EDITOR, names=(line.removeprefix("编辑 "),)))
            draft.took(line, ["editors"], Text.of("a role and a name"), line=number, guessed=True)
        elif line == "下载APP":
            draft.dropped(line, Text.of("a button of a page"), line=number)
        elif block := paragraph(line, Hints(line=number)):
            content.append(block)
    return content, {}


def formats() -> dict[str, Callable[[bytes, Path, Draft], tuple[list[Block], dict[str, bytes]]]]:
    """The formats that are known, with this one."""
    return {**manuscript.FORMATS, ".draft": read}


if __name__ == "__main__":
    manuscript.FORMATS = formats()
    sys.argv[0] = "newsroom"
    main.main_newsroom()
