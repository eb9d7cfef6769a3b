"""What people and agents are told of a change that failed."""

from __future__ import annotations

from collections.abc import Mapping

from metricgate.gateway import sql_codes
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed
from metricgate.gateway.failures import place_in
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code, Problem

_BY_NAME: Mapping[str, Code] = {code.name: code for code in (*codes.CODES, *sql_codes.CODES)}


def problem_of(error: ChangeFailed, *, own_text: bool = False) -> Problem:
    """Return what a person or an agent is told of a change that failed; never the engine's words.

    ``own_text``: whoever is told wrote the statement, and so may see where in it the engine failed.
    """
    code = _BY_NAME.get(error.code) or codes.FAILED
    detail = f" ({error.detail})" if error.detail else ""
    rows: list[Json] = [{"table": ".".join(table), "key": list(key)} for table, key in error.rows]
    details: dict[str, Json] = {"rows": rows} if rows else {}
    place = place_in(error.position, error.source) if own_text else {}
    near = f" Near: {place['near']}" if place else ""
    message = f"{code.cause.rstrip('.')}{detail}.{near}"
    return Problem(code=code, message=message, hint=code.cure, details=details | place)
