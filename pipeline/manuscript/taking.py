"""What a recognised line gives to the draft."""

from __future__ import annotations

from pipeline.manuscript import fields, reasons
from pipeline.manuscript.credits import Said
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.label import labelled
from pipeline.manuscript.line import Line, column_of, is_form, without_mark

LONGEST_FORM_NAME = 7
"""Characters; what is longer and looks like a form's name may be a headline after all."""


def put_headline(text: str, draft: Draft, line: int | None = None) -> None:
    """Take `text` as the headline: a column in 【】 before it and a «(图)» behind it are not part of it."""
    if is_form(text, draft.words) and len(text) <= LONGEST_FORM_NAME:
        return
    column, rest = column_of(text)
    if column and rest and draft.text("column") in ("", column):
        draft.put("column", column, line=line)
        text = rest
    draft.put("headline", without_mark(text), line=line)


def take_said(line: Line, told: Said, draft: Draft, *, guessed: bool = False) -> None:
    """Fill the draft from a line of credits, sources and dates, and note it in the reading."""
    take(told, draft, line.number)
    draft.took(
        line.text,
        told.became,
        reasons.LABELLED
        if told.fields and not told.credits and len(told.fields) == 1
        else reasons.CREDITS
        if told.became
        else reasons.BUTTONS,
        line=line.number,
        guessed=guessed,
    )


def take(told: Said, draft: Draft, line: int | None) -> None:
    draft.credit(*told.credits)
    draft.date = draft.date or told.date
    for name, value in told.fields:
        if name == "headline":
            put_headline(str(value), draft, line)
        elif name == "aigc":
            draft.aigc = draft.aigc or labelled(str(value))
        elif name == "number":
            draft.put(name, int(value) if isinstance(value, int) else fields.number(str(value)) or 0, line=line)
        else:
            draft.put(name, value, line=line)
