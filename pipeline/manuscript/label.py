"""The label of AI-made content as files and editors write it (《人工智能生成合成内容标识办法》; GB 45438-2025)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline.article.credit import Aigc, Certainty
from pipeline.channel import Text

_FIELDS = {
    "Label": "label",
    "ContentProducer": "producer",
    "ProduceID": "produce_id",
    "ReservedCode1": "reserved1",
    "ContentPropagator": "propagator",
    "PropagateID": "propagate_id",
    "ReservedCode2": "reserved2",
}
"""The members of the implicit label, by the standard's names."""
_FIELD_OF = {name.lower(): field for name, field in _FIELDS.items()}
_WORDS = {
    "是": Certainty.IS, "有": Certainty.IS, "yes": Certainty.IS, "true": Certainty.IS, "1": Certainty.IS,
    "可能": Certainty.MAY_BE, "2": Certainty.MAY_BE,
    "疑似": Certainty.SUSPECTED, "3": Certainty.SUSPECTED,
    "否": None, "无": None, "不是": None, "没有": None, "no": None, "false": None, "0": None, "": None,
}  # fmt: skip


class NoLabel(Exception):
    """What is written is no label; the message says what is wrong with it, the remedy how to write it."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message
        self.remedy = Text.of("write 是, 可能 or 否, or the label as its producer gave it (Label, ContentProducer, …)")


def labelled(value: str | Mapping[str, str]) -> Aigc | None:
    """The label that a word, a JSON object or a mapping with the standard's names says; None for 否. Raises `NoLabel`.

    >>> labelled("是").label, labelled("否"), labelled('{"Label": "2", "ProduceID": "a1"}').produce_id
    (<Certainty.IS: '1'>, None, 'a1')
    """
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith("{"):
            return _of({"Label": text})
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NoLabel(Text.of("the label AIGC cannot be read: {reason}", reason=str(error))) from error
        if isinstance(found.get("AIGC"), dict):
            found = found["AIGC"]
        if any(isinstance(one, dict | list) for one in found.values()):
            raise NoLabel(Text.of("the label AIGC has values inside values"))
        value = {name: "" if one is None else str(one) for name, one in found.items()}
    return _of(value)


def _of(members: Mapping[str, str]) -> Aigc | None:
    found: dict[str, str] = {}
    for name, text in members.items():
        field = _FIELD_OF.get(name.strip().lower())
        if field is None:
            raise NoLabel(Text.of("the label AIGC has no member “{name}”", name=name))
        found[field] = text.strip()
    said = found.pop("label", "")
    if said.lower() not in _WORDS or (not said and found):
        raise NoLabel(Text.of("“{text}” is no label of AI-made content", text=said))
    certainty = _WORDS[said.lower()]
    return None if certainty is None else Aigc(label=certainty, **found)
