"""What a person has to be told: a message with its values, and a problem with its remedy."""

from __future__ import annotations

from pydantic import Field

from pipeline.article.value import Frozen


class Text(Frozen):
    """A message for a person, translated where it is shown: an English template and its values.

    >>> str(Text.of("{field} is too long by {over}", field="title", over=3))
    'title is too long by 3'
    """

    template: str
    values: dict[str, str | int | float] = Field(default_factory=dict)

    @classmethod
    def of(cls, template: str, /, **values: str | int | float) -> Text:
        return cls(template=template, values=values)

    def given(self, **values: str | int | float) -> Text:
        """The same message with these values: for tables of messages."""
        return self.model_copy(update={"values": {**self.values, **values}})

    def __str__(self) -> str:
        return self.template.format_map(self.values) if self.values else self.template


class Problem(Frozen):
    """Something a person has to know: what happened, where, and what to do."""

    field: str
    """The article's field (as in `Article`), the channel's option, or the step concerned."""
    message: Text
    remedy: Text
