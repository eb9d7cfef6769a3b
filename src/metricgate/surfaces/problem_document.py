"""Refusals and faults as RFC 9457 problem documents: one shape for HTTP, MCP and ``--json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from metricgate.gateway.outcome import Fault, RecordPosition, RefusedCall
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code, Problems

MEDIA_TYPE: Final = "application/problem+json"


def problem_type(code: Code) -> str:
    """Return the ``type`` URI reference: the page and heading that document the code."""
    return f"/docs/errors/{code.group}#{code.name.lower()}"


def problem_document(
    problems: Problems, *, record: RecordPosition | None = None, rules: tuple[str, ...] = ()
) -> dict[str, Json]:
    """Return ``{type, title, status, detail, code, message, details, hint, problems, rules?, record}``.

    The first problem gives type, status, code, message, details and hint; ``problems`` holds all of them in order.
    ``record`` is null where nothing could be recorded.
    """
    first = problems.first
    document: dict[str, Json] = {
        "type": problem_type(first.code),
        "title": first.code.cause,
        "status": first.code.status,
        "detail": first.message,
        "code": first.code.name,
        "message": first.message,
        "details": dict(first.details),
        "hint": first.hint if first.hint is not None else first.code.cure,
        "problems": [problem.as_json() for problem in problems],
        "record": None if record is None else record.as_json(),
    }
    if rules:
        document["rules"] = list(rules)
    return document


def document_of(outcome: RefusedCall | Fault) -> dict[str, Json]:
    """Return the problem document of a refusal or a fault."""
    if isinstance(outcome, RefusedCall):
        return problem_document(outcome.problems, record=outcome.record, rules=outcome.rules)
    return problem_document(Problems((outcome.problem,)), record=outcome.record)


def to_bytes(document: dict[str, Json]) -> bytes:
    """Return the document as JSON; mapping views and tuples are written as objects and arrays."""
    return orjson.dumps(document, default=_as_json_type)


def _as_json_type(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
