"""Arguments in forms that clients often send and that can mean one thing only: read as meant, and told.

Null where an argument is optional; a whole number as ``"5"`` or ``5.0``; true or false as text; one item where a list
is wanted; a list or an object as a string of JSON. Each leaves a note for the answer. The rules follow the schema, so
they are the same for every argument of every tool, nested ones included. Nothing else is changed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from metricgate.gateway.argument_schemas import kinds_of
from metricgate.vocabulary.json import Json

_WHOLE: Final = re.compile(r"(-?(?:0|[1-9][0-9]{0,17}))(?:\.0{1,17})?")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_EXACT: Final = 2.0**53
"""Up to here every whole number has a float of its own."""
_LONGEST_JSON: Final = 262_144


@dataclass(slots=True)
class _Told:
    """What was forgiven, by argument."""

    nulls: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def notes(self) -> tuple[str, ...]:
        if not self.nulls:
            return tuple(self.others)
        listed = ", ".join(f"`{each}`" for each in self.nulls)
        return (*self.others, f"Null counts as left out: {listed}.")

    def tell(self, path: str, came: str, read: str, wanted: str) -> None:
        self.others.append(f"`{path}` came as {came} and was read as {read}; send {wanted} next time.")


def forgive(raw: Mapping[str, Json], schema: Mapping[str, Json]) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Return the arguments in the forms that the (accepted) schema wants, and notes on what was changed."""
    told = _Told()
    return _forgive_object(raw, schema, "", told), told.notes()


def texts_for(raw: Mapping[str, Json], schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the arguments with numbers and booleans as text where nothing but text is wanted.

    For corrected calls only: a number in the place of a name is more often a mistake than a name.
    """
    parts = schema.get("properties")
    known = parts if isinstance(parts, Mapping) else {}
    return {name: _texted(value, known.get(name)) for name, value in raw.items()}


def _texted(value: Json, part: Json) -> Json:
    kinds = kinds_of(part) if isinstance(part, Mapping) else {}
    plain = kinds.keys() - {"null"} == {"string"} and not {"format", "enum"} & kinds["string"].keys()
    if not plain or not isinstance(value, bool | int | float):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _forgive_object(raw: Mapping[str, Json], schema: Mapping[str, Json], path: str, told: _Told) -> dict[str, Json]:
    parts, required = schema.get("properties"), schema.get("required")
    if not isinstance(parts, Mapping):
        return dict(raw)
    needed = required if isinstance(required, list) else []
    out: dict[str, Json] = {}
    for name, value in raw.items():
        part, where = parts.get(name), f"{path}.{name}".lstrip(".")
        if not isinstance(part, Mapping):
            out[name] = value
        elif value is None and name not in needed:
            told.nulls.append(where)
        else:
            out[name] = _forgive_value(value, part, where, told)
    return out


def _forgive_value(value: Json, schema: Mapping[str, Json], path: str, told: _Told) -> Json:
    kinds = kinds_of(schema)
    if isinstance(value, str):
        value = _from_text(value, kinds, path, told)
    elif isinstance(value, float) and "integer" in kinds and value.is_integer() and abs(value) <= _EXACT:
        told.tell(path, f"the number {value}", "a whole one", f"{int(value)}")
        value = int(value)
    listing = kinds.get("array")
    if listing is not None and isinstance(value, str | dict) and not kinds.keys() & _kinds_of_value(value):
        told.tell(path, "one item", "a list of it", "a list")
        value = [value]
    if isinstance(value, dict) and "object" in kinds:
        return _forgive_object(value, kinds["object"], path, told)
    items = None if listing is None else listing.get("items")
    if isinstance(value, list) and isinstance(items, Mapping):
        return [_forgive_value(item, items, f"{path}[{index}]", told) for index, item in enumerate(value)]
    return value


def _from_text(text: str, kinds: Mapping[str, Mapping[str, Json]], path: str, told: _Told) -> Json:
    """Return what a text stands for, where text is not what is wanted."""
    structured = _from_json(text, kinds)
    if structured is not None:
        told.tell(path, "a string of JSON", "JSON", "it as JSON")
        return structured
    if not kinds or "string" in kinds:
        return text
    bare = text.strip()
    read: bool | int | float
    if "boolean" in kinds and bare.lower() in {"true", "false"}:
        read = bare.lower() == "true"
    elif "integer" in kinds and (whole := _WHOLE.fullmatch(bare)):
        read = int(whole[1])
    elif "number" in kinds and _NUMBER.fullmatch(bare) and math.isfinite(float(bare)):
        read = float(bare)
    else:
        return text
    told.tell(path, f"the text {text[:40]!r}", f"{orjson.dumps(read).decode()}", "it without quotes")
    return read


def _from_json(text: str, kinds: Mapping[str, Mapping[str, Json]]) -> list[Json] | dict[str, Json] | None:
    """Return the list or object that a text spells, where one may stand.

    A template, ``{{ ... }}``, is text. Where names may stand as well, only an object is looked for: no name begins so.
    """
    begun = text.lstrip()
    wanted = "{" if "string" in kinds else "[{"
    structured = not kinds or kinds.keys() & {"array", "object"}
    if not structured or not begun or begun[0] not in wanted or begun.startswith("{{") or len(text) > _LONGEST_JSON:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, list | dict) else None


def _kinds_of_value(value: str | dict[str, Json]) -> set[str]:
    return {"string"} if isinstance(value, str) else {"object"}
