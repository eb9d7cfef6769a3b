"""Layer 8: the engine's own parser must see in our text what we see: one query, the same relations, no other call."""

from __future__ import annotations

from collections.abc import Mapping

from metricgate.guarding import codes
from metricgate.guarding.dialects import reading_of
from metricgate.guarding.query_stages import GuardedQuery
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.opinion import Opinion
from metricgate.vocabulary.problem import Problem, Problems


def check_agreement(guarded: GuardedQuery, opinion: Opinion) -> Problems | None:
    """Return what the engine's parser sees beyond what was approved, or None."""
    wrong: list[Problem] = []
    if opinion.statements != 1 or opinion.kind != "select":
        wrong.append(_disagreement(f"it reads {opinion.statements} statements, {opinion.kind}", {"kind": opinion.kind}))
    tables = {_fold_path(path) for path in guarded.tables}
    seen = {_fold_path(path) for path in opinion.tables}
    if seen != tables:
        wrong.append(_disagreement("it sees other tables", {"tables": len(seen)}))
    unknown = sorted(name for name in map(_without_schema, opinion.functions) if name not in _known_functions(guarded))
    if unknown:
        wrong.append(_disagreement(f"it sees calls of {', '.join(unknown)}", {"functions": unknown}))
    return Problems(tuple(wrong)) if wrong else None


def _known_functions(guarded: GuardedQuery) -> frozenset[str]:
    parser = reading_of(guarded.dialect).parser
    also = [parser.spellings.get(name, frozenset()) for name in guarded.functions]
    return guarded.functions.union(parser.grammar, *also)


def _without_schema(name: str) -> str:
    return name.removeprefix("pg_catalog.")


def _fold_path(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.lower() for part in path)


def _disagreement(reason: str, details: Mapping[str, Json]) -> Problem:
    return Problem(
        code=codes.DISAGREEMENT,
        message=f"The warehouse's parser does not agree with ours: {reason}.",
        hint="Write the query in a plainer form.",
        details=details,
    )
