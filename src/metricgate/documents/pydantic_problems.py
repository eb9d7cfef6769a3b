"""Pydantic's errors in our own plain words, with our codes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from metricgate.documents import codes
from metricgate.documents.model_fields import keys_of, models_at
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Place, Problem

_MOST = 12
_LONG = 60
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "date_type": "a date such as 2026-01-31",
    "date_parsing": "a date such as 2026-01-31",
    "date_from_datetime_parsing": "a date such as 2026-01-31",
    "date_from_datetime_inexact": "a date without a time, such as 2026-01-31",
    "datetime_type": "a time such as 2026-01-31T12:00:00Z",
    "datetime_parsing": "a time such as 2026-01-31T12:00:00Z",
    "datetime_from_date_parsing": "a time such as 2026-01-31T12:00:00Z",
    "timezone_aware": "a time with its zone, such as 2026-01-31T12:00:00Z",
    "time_delta_parsing": "a duration such as PT30S",
    "time_delta_type": "a duration such as PT30S",
    "url_parsing": "a URL",
    "url_type": "a URL",
    "none_required": "null",
    "is_instance_of": "another type",
}
_BOUNDS = {
    "greater_than": ("gt", "must be more than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
    "multiple_of": ("multiple_of", "must be a multiple of"),
    "string_too_short": ("min_length", "must have this many characters or more:"),
    "string_too_long": ("max_length", "must have no more characters than"),
}


def problem_of_error(error: ErrorDetails, model: type[BaseModel], place: Place) -> Problem:
    """Return one pydantic error as a Problem at ``place``."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown_key(error, model, place)
    if kind in {"missing", "union_tag_not_found"}:
        return _missing_key(error, model, place)
    if kind in {"enum", "literal_error", "union_tag_invalid"}:
        return _not_a_choice(error, place)
    if kind in _WANTED:
        message = f"expected {_WANTED[kind]}, got {describe_value(error['input'])}"
        hint = _quote_hint(kind, error["input"])
        return Problem(code=codes.WRONG_TYPE, message=message, where=place, hint=hint)
    return Problem(code=codes.BAD_VALUE, message=_bad_value(error), where=place)


def _bad_value(error: ErrorDetails) -> str:
    kind = error["type"]
    facts = error.get("ctx", {})
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"{describe_value(error['input'])} {words} {facts.get(key)}"
    if kind in {"too_short", "too_long"}:
        bound = facts.get("min_length", facts.get("max_length"))
        few = "at least" if kind == "too_short" else "at most"
        return f"needs {few} {bound} items, has {facts.get('actual_length')}"
    if kind == "string_pattern_mismatch":
        return f"{describe_value(error['input'])} does not have the form {facts.get('pattern')}"
    return error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")


def describe_value(value: object) -> str:
    """Return a short description of a value for a message: its kind, and the value where it is short."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"{str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return repr(value) if len(value) <= _LONG else f"text of {len(value)} characters"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else type(value).__name__


def _unknown_key(error: ErrorDetails, model: type[BaseModel], place: Place) -> Problem:
    wrong = str(error["loc"][-1])
    here = models_at(model, error["loc"][:-1])
    keys = keys_of(here)
    hint = did_you_mean(wrong, keys) or f"Known here: {_list_some(sorted(keys))}."
    details: dict[str, Json] = {"known": sorted(keys)}
    return Problem(
        code=codes.UNKNOWN_KEY, message=f"unknown key {_quote_value(wrong)}", where=place, hint=hint, details=details
    )


def _missing_key(error: ErrorDetails, model: type[BaseModel], place: Place) -> Problem:
    if error["type"] == "missing":
        return Problem(code=codes.MISSING_KEY, message=f"the key {error['loc'][-1]!r} is missing", where=place)
    key = str(error.get("ctx", {}).get("discriminator", "type")).strip("'")
    choices = [
        str(value)
        for candidate in models_at(model, error["loc"])
        if key in candidate.model_fields
        for value in getattr(candidate.model_fields[key].annotation, "__args__", ())
    ]
    hint = f"Give one of {_list_some(choices)}." if choices else None
    return Problem(code=codes.MISSING_KEY, message=f"the key {key!r} is missing", where=place, hint=hint)


def _not_a_choice(error: ErrorDetails, place: Place) -> Problem:
    facts = error.get("ctx", {})
    wrong = facts.get("tag", error["input"])
    listed = str(facts.get("expected_tags", facts.get("expected", "")))
    choices = [part.strip().strip("'") for part in listed.replace(" or ", ", ").split(",") if part.strip()]
    key = f" for {str(facts['discriminator']).strip(chr(39))}" if "discriminator" in facts else ""
    shown = _quote_value(wrong.value if isinstance(wrong, StrEnum) else wrong)
    hint = did_you_mean(str(wrong), choices)
    details: dict[str, Json] = {"allowed": choices}
    return Problem(
        code=codes.BAD_VALUE,
        message=f"{shown} is not allowed{key}; it is one of {_list_some(choices)}",
        where=place,
        hint=hint,
        details=details,
    )


def _quote_hint(kind: str, value: object) -> str | None:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        written = str(value).lower() if isinstance(value, bool) else str(value)
        return f'Put quotes round it: "{written}".'
    return None


def _quote_value(value: object) -> str:
    if not isinstance(value, str):
        return describe_value(value)
    return repr(value) if len(value) <= _LONG else repr(value[: _LONG - 3] + "...")


def _list_some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST])
    return shown if len(names) <= _MOST else f"{shown} and {len(names) - _MOST} more"
