"""The JSON Schemas of a tool's arguments: all that is accepted, and the plain one that models are shown.

Programs are told everything (``accepted_schema``). Models and their frameworks are shown one type for each argument
(``shown_schema``): no alternatives, no null, no empty default, no bound on sizes. Some frameworks cannot load a tool
whose schema has these, others rewrite it wrongly, and all pay for its length. What is shown is always accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from pydantic import BaseModel

from metricgate.vocabulary.json import Json

_NOT_SHOWN: Final = frozenset(
    {"title", "anyOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "maxProperties", "propertyNames"}
)

_REMEMBERED: Final = 2_048
"""As governed actions are edited, models of arguments come and go."""


@lru_cache(_REMEMBERED)
def accepted_schema(model: type[BaseModel]) -> dict[str, Json]:
    """Return the closed JSON Schema of the arguments, with references resolved in place (some clients know none).

    Raises:
        TypeError: the arguments are no object: a programming error.
    """
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    whole = inline_references(schema, definitions)
    if not isinstance(whole, dict):
        raise TypeError("an arguments schema is an object")
    whole.pop("title", None)
    whole.pop("description", None)
    return whole


@lru_cache(_REMEMBERED)
def shown_schema(model: type[BaseModel]) -> dict[str, Json]:
    """Return the schema that models are shown; closed as well, one plain type for every part."""
    return _shown_schema(accepted_schema(model))


def kinds_of(schema: Mapping[str, Json]) -> dict[str, Mapping[str, Json]]:
    """Return what a part may be: JSON Schema's names of types with the alternative for each; empty for anything."""
    listed = schema.get("anyOf")
    options = listed if isinstance(listed, list) else [schema]
    return {str(each["type"]): each for each in options if isinstance(each, Mapping) and "type" in each}


def inline_references(part: Json, definitions: Mapping[str, Json]) -> Json:
    """Return a schema with its references resolved in place and without titles."""
    if isinstance(part, list):
        return [inline_references(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str):
        rest = {name: value for name, value in part.items() if name != "$ref"}
        target = inline_references(definitions[reference.removeprefix("#/$defs/")], definitions)
        return {**target, **rest} if isinstance(target, dict) else target
    return {
        name: inline_references(value, definitions)
        for name, value in part.items()
        if not (name == "title" and isinstance(value, str))
    }


def _shown_schema(schema: Mapping[str, Json]) -> dict[str, Json]:
    kinds = {name: option for name, option in kinds_of(schema).items() if name != "null"}
    # Of several forms the first is the plainest: names before objects. Anything at all: an object.
    chosen: Mapping[str, Json] = next(iter(kinds.values()), {"type": "object"})
    merged = {name: value for name, value in {**chosen, **schema}.items() if name not in _NOT_SHOWN}
    if "default" in merged and merged["default"] in (None, "", [], {}):
        del merged["default"]
    properties, items, others = (merged.get(name) for name in ("properties", "items", "additionalProperties"))
    if isinstance(properties, Mapping):
        merged["properties"] = {
            name: _shown_schema(part) for name, part in properties.items() if isinstance(part, Mapping)
        }
    if isinstance(items, Mapping):
        merged["items"] = _shown_schema(items)
    if isinstance(others, Mapping):
        merged["additionalProperties"] = _shown_schema(others) if others else True
    return merged
