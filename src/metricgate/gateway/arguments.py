"""A tool's arguments: read strictly, but for a few forms that can mean one thing only (``forgiving``), which is told.

Everything else that is not exactly right is refused, with the corrected call where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import orjson
from pydantic import BaseModel

from metricgate.documents import codes as document_codes
from metricgate.documents.yaml_documents import check
from metricgate.gateway import codes
from metricgate.gateway.argument_schemas import accepted_schema
from metricgate.gateway.lenient_arguments import forgive, texts_for
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import nearest
from metricgate.vocabulary.problem import Place, Problem, Problems

MOST_BYTES = 262_144
"""Arguments larger than this (as JSON) are refused before they are looked at."""

_OTHER_WORDS: Mapping[str, str] = {
    "filter": "where",
    "filters": "where",
    "dimensions": "group_by",
    "by": "group_by",
    "measures": "metrics",
    "sort": "order_by",
    "top": "limit",
    "query": "text",
}
"""What callers of other semantic layers call our arguments: for hints only, never accepted in their place."""

A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedArguments(Generic[A]):
    """Checked arguments, what was forgiven, and their size in bytes of JSON."""

    value: A
    notes: tuple[str, ...]
    size: int


def read_arguments(tool: str, raw: Json, model: type[A]) -> ParsedArguments[A] | Problems:
    """Return the arguments as a ``model``, or every mistake in them."""
    if not isinstance(raw, dict):
        problem = Problem(
            code=codes.ARGUMENTS_NOT_OBJECT,
            message=f"The arguments of {tool} must be a JSON object.",
            hint=f"Send an object with keys from: {', '.join(model.model_fields)}.",
        )
        return Problems((problem,))
    forgiven, notes = forgive(raw, accepted_schema(model))
    size = _size_of(forgiven)
    if size > MOST_BYTES:
        message = f"The arguments are larger than {MOST_BYTES} bytes of JSON, or too deeply nested."
        return Problems(
            (Problem(code=codes.ARGUMENTS_TOO_LARGE, message=message, hint=codes.ARGUMENTS_TOO_LARGE.cure),)
        )
    checked = check(forgiven, model)
    if isinstance(checked, Problems):
        return _as_arguments(checked, tool, forgiven, model)
    if (nul := _nul(forgiven, "")) is not None:
        return Problems((Problem(code=codes.INVALID_ARGUMENT, message="A text holds a NUL character.", where=nul),))
    return ParsedArguments(value=checked, notes=notes, size=size)


def _size_of(arguments: Mapping[str, Json]) -> int:
    """Bytes of JSON; more than allowed where it cannot be written, as when it is nested too deeply."""
    try:
        return len(orjson.dumps(arguments))
    except (TypeError, ValueError, RecursionError):
        return MOST_BYTES + 1


def _as_arguments(problems: Problems, tool: str, raw: Mapping[str, Json], model: type[BaseModel]) -> Problems:
    """The same problems in the words of a call; unknown arguments first, because they explain the missing ones.

    The first one has the corrected call, where there is one.
    """
    unknown, others = [], []
    for problem in problems:
        where = problem.where if problem.where is not None and problem.where.path else None
        message = problem.message.replace("unknown key", "unknown argument").replace("the key ", "the argument ")
        if problem.code is document_codes.UNKNOWN_KEY:
            other = _OTHER_WORDS.get(where.path or "", "") if where is not None else ""
            hint = f"Did you mean {other!r}?" if other in model.model_fields else problem.hint
            code, message = codes.UNKNOWN_ARGUMENT, f"{message} of {tool}"
            unknown.append(replace(problem, code=code, message=message, where=where, hint=hint))
        else:
            others.append(replace(problem, code=codes.INVALID_ARGUMENT, message=message, where=where))
    first, *rest = (*unknown, *others)
    corrected = _corrected(raw, model)
    if corrected is not None:
        first = replace(first, details={**first.details, "corrected": {"tool": tool, "arguments": corrected}})
    return Problems((first, *rest))


def _corrected(raw: Mapping[str, Json], model: type[BaseModel]) -> dict[str, Json] | None:
    """The call with each unknown argument renamed to its one near name, if that leaves a valid call."""
    known = model.model_fields.keys()
    out: dict[str, Json] = {}
    for name, value in raw.items():
        other = _OTHER_WORDS.get(name, name)
        near = (other,) if other in known else nearest(name, known, most=1)
        if not near or near[0] in out:
            return None
        out[near[0]] = value
    schema = accepted_schema(model)
    corrected, _notes = forgive(texts_for(out, schema), schema)
    return None if isinstance(check(corrected, model), Problems) else corrected


def _nul(value: Json, path: str) -> Place | None:
    if isinstance(value, str):
        return Place(path=path) if "\0" in value else None
    if isinstance(value, Mapping):
        inside = [(f"{path}.{name}".lstrip("."), part) for name, part in value.items()]
        inside += [(f"{path}.<key>".lstrip("."), name) for name in value]
    elif isinstance(value, list):
        inside = [(f"{path}[{index}]", part) for index, part in enumerate(value)]
    else:
        return None
    return next((found for where, part in inside if (found := _nul(part, where)) is not None), None)
