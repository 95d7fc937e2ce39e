"""The description of the app's API for machines: OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html).

Its schemas are made from the models that write the documents, so it cannot tell anything else than they do.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from pydantic.json_schema import models_json_schema

from channels.app.documents import NUMBERS, Changes, Envelope, Listing, SeriesHead, SeriesPage, Start
from channels.app.ninjs import Part
from pipeline.article import Newsroom, ids

REFERENCE = "#/components/schemas/{model}"


class Resource(NamedTuple):
    """One address and what is found there."""

    path: str
    name: str
    summary: str
    model: type[Part]


RESOURCES = (
    Resource("/newsroom.json", "getNewsroom", "Where a client begins: the columns as they stand now", Start),
    Resource("/latest.json", "getLatest", "The newest articles of all columns", Listing),
    Resource("/latest/{page}.json", "getLatestPage", "An older page of the list of all columns", Listing),
    Resource("/columns/{column}.json", "getColumn", "The newest articles of a column", Listing),
    Resource("/columns/{column}/{page}.json", "getColumnPage", "An older page of a column's list", Listing),
    Resource("/articles/{article}.json", "getArticle", "An article; withdrawn, only its notice", Envelope),
    Resource("/series/{column}.json", "getSeries", "How far a column's series has come", SeriesHead),
    Resource("/series/{column}/{page}.json", "getSeriesPage", f"{NUMBERS} numbers of a column's series", SeriesPage),
    Resource("/changes.json", "getChanges", "The newest changes", Changes),
    Resource("/changes/{page}.json", "getChangesPage", "An older page of changes; it never changes", Changes),
)
PARAMETERS: dict[str, tuple[str, dict[str, Any]]] = {
    "article": ("The article's permanent id", {"type": "string", "pattern": ids.ARTICLE}),
    "column": ("The column's id", {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"}),
    "page": ("The page's number, counted from the oldest", {"type": "integer", "minimum": 1}),
}
HEADERS: dict[str, Any] = {
    "ETag": {"description": "Names this version of the document", "schema": {"type": "string"}},
    "Last-Modified": {"description": "When it was written", "schema": {"type": "string"}},
    "Cache-Control": {"description": "How long it may be kept", "schema": {"type": "string"}},
    "Access-Control-Allow-Origin": {"description": "Any site may read it", "schema": {"const": "*"}},
}


def description(newsroom: Newsroom, name: str, api: str) -> bytes:
    """The document; `api` is the public address of the API's root, with a slash at its end."""
    document = {
        "openapi": "3.1.1",
        "info": {
            "title": name,
            "version": "1",
            "summary": f"Articles of {newsroom.name} for apps",
            "description": "Static documents. Addresses in them are relative to the document they stand in, except in "
            "ninjs. To stay up to date keep the cursor of the last change applied: read /changes.json, follow "
            "`previous` until the cursor is met, and read the articles changed since. Articles name their column by "
            "its id; what it is called, and whether it still takes articles, stands in /newsroom.json: columns are "
            "opened, renamed and closed by records (`announces`), and then it is to be read again.",
            "license": {"name": newsroom.name, "url": newsroom.site.url},
        },
        "servers": [{"url": api.removesuffix("/")}],
        "paths": {resource.path: {"get": _operation(resource)} for resource in RESOURCES},
        "components": {"schemas": _schemas()},
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


@cache
def _schemas() -> Any:
    """The documents' schemas, by the model's name."""
    models: list[tuple[type[Part], Any]] = [
        (model, "serialization") for model in dict.fromkeys(resource.model for resource in RESOURCES)
    ]
    _, schemas = models_json_schema(models, by_alias=True, ref_template=REFERENCE)
    return _without_nulls(schemas["$defs"])


def _operation(resource: Resource) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "description": text, "schema": schema}
        for name, (text, schema) in PARAMETERS.items()
        if f"{{{name}}}" in resource.path
    ]
    schema = {"$ref": REFERENCE.format(model=resource.model.__name__)}
    missing = {kind: {"schema": {"type": "string"}} for kind in ("text/html", "text/plain")}
    return {
        "operationId": resource.name,
        "summary": resource.summary,
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "The document",
                "headers": HEADERS,
                "content": {"application/json": {"schema": schema}},
            },
            "304": {
                "description": "It has not changed since the version that If-None-Match or If-Modified-Since names"
            },
            "404": {"description": "There is no such document (yet)", "content": missing},
        },
    }


def _without_nulls(schema: Any) -> Any:
    """The schema of what is written: a name without a value is left out, it is never null."""
    match schema:
        case {"anyOf": [one, {"type": "null"}], **rest}:
            rest.pop("default", None)
            return {**_without_nulls(one), **{name: _without_nulls(value) for name, value in rest.items()}}
        case dict():
            return {name: _without_nulls(value) for name, value in schema.items()}
        case list():
            return [_without_nulls(value) for value in schema]
        case _:
            return schema
