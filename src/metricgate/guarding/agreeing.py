"""Layer 8: the engine's own parser must see in our text what we see: one query, the same relations, no other call."""

from __future__ import annotations

from collections.abc import Mapping

from metricgate.guarding import codes
from metricgate.guarding.reading import Guarded
from metricgate.guarding.spelling.postgres import NAMED_OPERATORS
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.opinion import Opinion
from metricgate.vocabulary.problem import Problem, Problems

_SPELLINGS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "duckdb": {
        "count": frozenset({"count_star"}),
        "extract": frozenset({"date_part"}),
        "list": frozenset({"list_value"}),
        "trim": frozenset({"ltrim", "rtrim"}),
        "coalesce": frozenset({"ifnull"}),
        "position": frozenset({"instr", "strpos"}),
        "substring": frozenset({"substr"}),
        "current_date": frozenset({"today", "get_current_date"}),
        "current_timestamp": frozenset({"get_current_timestamp", "now"}),
        "current_time": frozenset({"get_current_time"}),
        "array": frozenset({"array_value", "array_agg"}),
    },
    "postgres": {
        "extract": frozenset({"date_part"}),
        "trim": frozenset({"btrim", "ltrim", "rtrim"}),
        "coalesce": frozenset(),
        "current_timestamp": frozenset({"now"}),
        "substring": frozenset({"substr"}),
        "position": frozenset({"strpos"}),
    },
}
"""What an engine's parser calls something that we call otherwise."""

_DUCKDB_GRAMMAR = """
    ! !~~ !~~* % & * ** + - -> ->> / // << <@ <-> >> @> ^ ^@ && | || ~ ~~ ~~* ~~~ array_extract array_slice between
    constant_or_null contains count_star date_part ilike_escape in like_escape list_apply list_extract list_filter
    list_slice list_value list_zip map not_ilike_escape not_like_escape regexp_full_match regexp_matches row
    struct_extract struct_pack timezone to_centuries
    to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds
    to_weeks to_years trunc unnest xor
"""
_POSTGRES_GRAMMAR = """
    btrim date_part extract is_normalized like_escape ltrim normalize overlaps overlay position rtrim similar_to_escape
    substring timezone
"""
_GRAMMAR: Mapping[str, frozenset[str]] = {
    "duckdb": frozenset(_DUCKDB_GRAMMAR.split()),
    "postgres": NAMED_OPERATORS.union(_POSTGRES_GRAMMAR.split()),
}
"""Harmless functions that an engine's parser makes of operators and of grammar."""


def agrees(guarded: Guarded, opinion: Opinion) -> Problems | None:
    """Return what the engine's parser sees beyond what was approved, or None."""
    wrong: list[Problem] = []
    if opinion.statements != 1 or opinion.kind != "select":
        wrong.append(_problem(f"it reads {opinion.statements} statements, {opinion.kind}", {"kind": opinion.kind}))
    tables = {_folded(path) for path in guarded.tables}
    seen = {_folded(path) for path in opinion.tables}
    if seen != tables:
        wrong.append(_problem("it sees other tables", {"tables": len(seen)}))
    unknown = sorted(name for name in map(_bare, opinion.functions) if name not in _known(guarded))
    if unknown:
        wrong.append(_problem(f"it sees calls of {', '.join(unknown)}", {"functions": unknown}))
    return Problems(tuple(wrong)) if wrong else None


def _known(guarded: Guarded) -> frozenset[str]:
    spellings = _SPELLINGS.get(guarded.dialect, {})
    also = [spellings.get(name, frozenset()) for name in guarded.functions]
    return guarded.functions.union(_GRAMMAR.get(guarded.dialect, frozenset()), *also)


def _bare(name: str) -> str:
    return name.removeprefix("pg_catalog.")


def _folded(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.lower() for part in path)


def _problem(reason: str, details: Mapping[str, Json]) -> Problem:
    return Problem(
        code=codes.DISAGREEMENT,
        message=f"The warehouse's parser does not agree with ours: {reason}.",
        hint="Write the query in a plainer form.",
        details=details,
    )
