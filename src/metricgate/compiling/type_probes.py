"""SELECTs that read no row: what an engine says of their columns' types is what it makes of a model's expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from metricgate.catalog.model import SemanticModel
from metricgate.compiling.context import Context
from metricgate.compiling.rules.sources import stored_table
from metricgate.compiling.sql_writer import write_sql
from metricgate.compiling.statement import TypeCheck
from metricgate.dialects.engines import dialect_for
from metricgate.dialects.expressions import write_qualified
from metricgate.dialects.names import with_alias
from metricgate.dialects.trees import literal
from metricgate.planning.clocks import TypeAsked
from metricgate.planning.scan import Computation, ScanTable
from metricgate.vocabulary.result import ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeProbe:
    """A SELECT without rows; its columns' types are those of ``asked``, one for one."""

    sql: str
    asked: tuple[TypeAsked, ...]


def type_probes(asked: Iterable[TypeAsked], models: Iterable[SemanticModel], dialect: str) -> tuple[TypeProbe, ...]:
    """Return a SELECT for each model of whose expressions types are asked.

    What cannot be written in the dialect is left out: its type stays unknown.
    """
    sources = {each.name: each.source for each in models}
    apart: dict[str, list[TypeAsked]] = {}
    for each in asked:
        apart.setdefault(each.model, []).append(each)
    found = (_probe(sources[model], tuple(expressions), dialect) for model, expressions in apart.items())
    return tuple(each for each in found if each is not None)


def type_checks(
    known: Mapping[TypeAsked, ValueType], models: Iterable[SemanticModel], dialect: str
) -> tuple[TypeCheck, ...]:
    """Return what the engine said when a statement was written, to be asked again when it runs."""
    return tuple(
        TypeCheck(sql=each.sql, types=tuple(known[asked] for asked in each.asked))
        for each in (type_probes(known, models, dialect) if known else ())
    )


@lru_cache(maxsize=4_096)
def _probe(source: tuple[str, ...], asked: tuple[TypeAsked, ...], dialect: str) -> TypeProbe | None:
    name = asked[0].model
    context = Context(dialect=dialect_for(dialect, ()), answered=_no_plan)
    try:
        trees = [
            with_alias(write_qualified(each.expression, name, dialect), f"type_{at}")
            for at, each in enumerate(asked, start=1)
        ]
        select = exp.Select(
            expressions=trees,
            from_=exp.From(this=stored_table(ScanTable(alias=name, model=name, source=source))),
            limit=exp.Limit(expression=literal(0)),
        )
        sql, _parameters = write_sql(select, context)
    except SqlglotError:
        return None
    return TypeProbe(sql=sql, asked=asked)


def _no_plan(_asked: Computation) -> exp.Select:
    raise ValueError("a probe asks no other question")
