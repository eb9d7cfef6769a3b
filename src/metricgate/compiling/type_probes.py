"""SELECTs that read no row: what an engine says of their columns' types is what it makes of a model's expressions."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from metricgate.compiling.context import Context
from metricgate.compiling.rules.sources import stored
from metricgate.compiling.statement import TypeCheck
from metricgate.compiling.writing import written
from metricgate.dialects.engines import dialect_for
from metricgate.dialects.expressions import qualified
from metricgate.dialects.names import aliased
from metricgate.dialects.trees import literal
from metricgate.planning.clocks import TypeAsked
from metricgate.planning.plan import Plan
from metricgate.planning.scan import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeProbe:
    """A SELECT without rows; its columns' types are those of ``asked``, one for one."""

    sql: str
    asked: tuple[TypeAsked, ...]


def type_probes(plan: Plan, dialect: str) -> tuple[TypeProbe, ...]:
    """Return a SELECT for each model of whose expressions the plan has to know types; none where it needs none.

    What cannot be written in the dialect is left out: its type stays unknown.
    """
    asked: dict[str, list[TypeAsked]] = {}
    for each, _type in plan.types:
        asked.setdefault(each.model, []).append(each)
    found = (_probe(plan, model, tuple(expressions), dialect) for model, expressions in asked.items())
    return tuple(each for each in found if each is not None)


def type_checks(plan: Plan, dialect: str) -> tuple[TypeCheck, ...]:
    """Return what the engine said when the plan was made, to be asked again when its statement runs."""
    known = {asked: found for asked, found in plan.types if found is not None}
    return tuple(
        TypeCheck(sql=each.sql, types=tuple(known.get(asked) for asked in each.asked))
        for each in (type_probes(plan, dialect) if known else ())
        if any(asked in known for asked in each.asked)
    )


def _probe(plan: Plan, name: str, asked: tuple[TypeAsked, ...], dialect: str) -> TypeProbe | None:
    model = next(each for each in plan.models if each.name == name)
    context = Context(dialect=dialect_for(dialect, ()), answered=_no_plan)
    try:
        trees = [
            aliased(qualified(each.expression, name, dialect), f"type_{at}") for at, each in enumerate(asked, start=1)
        ]
        select = exp.Select(
            expressions=trees,
            from_=exp.From(this=stored(Table(alias=name, model=name, source=model.source))),
            limit=exp.Limit(expression=literal(0)),
        )
        sql, _parameters = written(select, context)
    except SqlglotError:
        return None
    return TypeProbe(sql=sql, asked=asked)


def _no_plan(_plan: Plan) -> exp.Select:
    raise ValueError("a probe asks no other question")
