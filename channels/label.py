"""The label of AI-made content (《人工智能生成合成内容标识办法》, GB 45438-2025), in one place for all channels.

The visible words stand with what they speak of: at the beginning of the text, with the picture's caption. What programs
read stands beside them, and says no more than is known: only what certainly is AI-made is called so.
"""

from __future__ import annotations

from types import MappingProxyType

from pipeline.article import Article, Image, Newsroom, Revision
from pipeline.article.credit import Aigc, Certainty

TEXT = MappingProxyType(
    {
        Certainty.IS: "人工智能生成",
        Certainty.MAY_BE: "可能由人工智能生成",
        Certainty.SUSPECTED: "疑似由人工智能生成",
    }
)
"""What is said of a text."""
PICTURE = MappingProxyType(
    {
        Certainty.IS: "图片由人工智能生成",
        Certainty.MAY_BE: "图片可能由人工智能生成",
        Certainty.SUSPECTED: "图片疑似由人工智能生成",
    }
)
"""What is said of a picture."""

SCHEME = "http://www.tc260.org.cn/ns/AIGC/1.0/"
"""The namespace of the standard's `AIGC`, which `Certainty` has its values from."""
MADE_BY_MACHINE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for what a model has made (NewsCodes, Digital Source Type)."""


def of_text(article: Article) -> str:
    """What is said of its text; "" if nothing has to be."""
    return TEXT[article.aigc.label] if article.aigc else ""


def of_picture(image: Image) -> str:
    """What is said of the picture; "" if nothing has to be."""
    return PICTURE[image.aigc.label] if image.aigc else ""


def of_pictures(article: Article) -> tuple[str, ...]:
    """What is said of its pictures, its banner's among them, each once."""
    return tuple(dict.fromkeys(words for image in article.pictures if (words := of_picture(image))))


def is_labelled(article: Article) -> bool:
    """Whether anything of it, text or picture, has a label."""
    return bool(of_text(article) or of_pictures(article))


def source_type(aigc: Aigc | None) -> str:
    """IPTC's name for what it was made by; "" where it is no more than possible."""
    return MADE_BY_MACHINE if aigc and aigc.label is Certainty.IS else ""


def metadata(aigc: Aigc, revision: Revision, newsroom: Newsroom) -> dict[str, str]:
    """The standard's seven fields of a text that this newsroom spreads.

    What others have said of it is kept; our part comes behind theirs, each time the same.
    """

    def also(theirs: str, ours: str) -> str:
        return ";".join(dict.fromkeys((*filter(None, theirs.split(";")), ours)))

    return {
        "Label": aigc.label,
        "ContentProducer": aigc.producer,
        "ProduceID": aigc.produce_id,
        "ReservedCode1": aigc.reserved1,
        "ContentPropagator": also(aigc.propagator, newsroom.name),
        "PropagateID": also(aigc.propagate_id, newsroom.guid(revision.id)),
        "ReservedCode2": aigc.reserved2,
    }
