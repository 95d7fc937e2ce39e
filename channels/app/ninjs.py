"""IPTC ninjs 3.1, news in JSON, as a model (https://iptc.org/standards/ninjs/; JSON Schema `ninjs-schema_3.1.json`).

What this model takes is valid ninjs: `uri` is required, a name that the standard does not know is refused at every
level, and enumerations, ranges and «one of» hold. Its names are the standard's in Python's spelling; written and read
they are camelCase. Taken as they come are only the parts of planning items, which a newsroom's articles never have.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

VERSION = "3.1"
SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#"

Uri = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$")]
"""An absolute URI (RFC 3986): ASCII with a scheme."""
PubStatus = Literal["usable", "withheld", "canceled"]
Kind = Literal[
    "text", "audio", "video", "picture", "graphic", "composite", "planning", "component", "event"
]  # fmt: skip
Percent = Annotated[int, Field(ge=0, le=100)]


class Part(BaseModel):
    """A value of the standard: immutable, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def written(self) -> dict[str, Any]:
        """As JSON: the standard's names, and nothing that is not said."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=False)


class Standard(Part):
    """Which standard the object follows."""

    name: str = "ninjs"
    version: str = VERSION
    schema_: Uri = Field(default=SCHEMA, alias="schema")


class Words(Part):
    """A headline or a description, by its role."""

    role: str | None = None
    content_type: str | None = None
    value: str


class Body(Words):
    """The text in one form; counts leave figure captions out."""

    char_count: int | None = None
    word_count: int | None = None


class Address(Part):
    lines: tuple[str, ...] | None = None
    locality: str | None = None
    area: str | None = None
    postal_code: str | None = None
    country: str | None = None


class ContactInfo(Part):
    type: str | None = None
    role: str | None = None
    lang: str | None = None
    name: str | None = None
    value: str | None = None
    address: Address | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.value is None) == (self.address is None):
            raise ValueError("contactInfo has either a value or an address")
        return self


class Concept(Part):
    """Something the article is about or was made with: a name, and where there is one an identifier."""

    name: str | None = None
    rel: str | None = None
    uri: Uri | None = None
    literal: str | None = None


class Person(Concept):
    contact_info: tuple[ContactInfo, ...] | None = None


class Symbol(Part):
    exchange: str | None = None
    symbol_type: Uri | None = None
    symbol: str | None = None


class Organisation(Person):
    symbols: tuple[Symbol, ...] | None = None


class Place(Person):
    geo_json: dict[str, Any] | None = Field(default=None, alias="geoJSON")


class Subject(Concept):
    creator: str | None = None
    relevance: Percent | None = None
    confidence: Percent | None = None


class Event(Concept):
    id: str | None = None


class InfoSource(Part):
    name: str | None = None
    role: str | None = None
    uri: Uri | None = None
    literal: str | None = None
    contact_info: tuple[ContactInfo, ...] | None = None


class Genre(Part):
    name: str | None = None
    uri: Uri | None = None
    literal: str | None = None


class AltId(Part):
    role: str | None = None
    value: str | None = None


class TrustIndicator(Part):
    role: Uri | None = None
    title: str | None = None
    href: Uri | None = None


class RightsInfo(Part):
    lang_id: Uri | None = None
    linked_rights: Uri | None = None
    encoded_rights: str | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.linked_rights is None) == (self.encoded_rights is None):
            raise ValueError("rightsInfo has either linkedRights or encodedRights")
        return self


class Point(Part):
    x: int | None = None
    y: int | None = None


class Rendition(Part):
    """A file that shows the object; `width` and `height` in pixels, `size_in_bytes` in bytes, `duration` in seconds."""

    name: str
    href: Uri | None = None
    content_type: str | None = None
    title: str | None = None
    width: int | None = None
    height: int | None = None
    size_in_bytes: int | None = None
    duration: float | None = None
    format: str | None = None
    aspect_ratio: str | None = None
    video_codec: str | None = None
    frame_rate: float | None = None
    poi: Point | None = None
    transport_protocol: str | None = None
    scan_type: Literal["progressive", "interlaced"] | None = None
    bitrate: str | None = None


class Ninjs(Part):
    """One news object."""

    uri: Uri
    """Its permanent name: the same for all its versions."""
    standard: Standard | None = None
    type: Kind | None = None
    representation_type: Literal["full", "partial"] | None = None
    profile: str | None = None
    version: str | None = None
    first_created: AwareDatetime | None = None
    version_created: AwareDatetime | None = None
    content_created: AwareDatetime | None = None
    embargoed_until: AwareDatetime | None = None
    expires: AwareDatetime | None = None
    pub_status: PubStatus | None = None
    urgency: Annotated[int, Field(ge=1, le=9)] | None = None
    language: str | None = None
    title: str | None = None
    slugline: str | None = None
    by: str | None = None
    located: str | None = None
    ed_note: str | None = None
    copyright_holder: str | None = None
    copyright_notice: str | None = None
    usage_terms: str | None = None
    rights_info: RightsInfo | None = None
    headlines: tuple[Words, ...] | None = None
    descriptions: tuple[Words, ...] | None = None
    bodies: tuple[Body, ...] | None = None
    people: tuple[Person, ...] | None = None
    organisations: tuple[Organisation, ...] | None = None
    places: tuple[Place, ...] | None = None
    subjects: tuple[Subject, ...] | None = None
    events: tuple[Event, ...] | None = None
    objects: tuple[Concept, ...] | None = None
    genres: tuple[Genre, ...] | None = None
    info_sources: tuple[InfoSource, ...] | None = None
    digital_source_type: Genre | None = None
    trust_indicators: tuple[TrustIndicator, ...] | None = None
    alt_ids: tuple[AltId, ...] | None = None
    renditions: tuple[Rendition, ...] | None = None
    associations: tuple[Association, ...] | None = None
    event_details: dict[str, Any] | None = None
    planned_coverage: tuple[dict[str, Any], ...] | None = None


class Association(Ninjs):
    """A news object that belongs to another one, such as a picture."""

    name: str
    rel: str | None = None


Ninjs.model_rebuild()
