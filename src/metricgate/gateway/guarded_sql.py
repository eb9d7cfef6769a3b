"""An agent's own SQL, taken through every layer of the guard up to the point where it may run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from metricgate import guarding
from metricgate.compiling.relations import confined_statement, relation_of
from metricgate.compiling.statement import Statement
from metricgate.gateway import failures, span_names
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.datasets import readable_tables, resources_of
from metricgate.gateway.endings import CallRefusal, Ending, EngineFailure
from metricgate.gateway.engine import Engine
from metricgate.gateway.masks import masks_misused
from metricgate.gateway.minimum_groups import small_groups_read
from metricgate.gateway.ports import WarehouseError
from metricgate.gateway.sql_target import Chosen, choose, pointed_elsewhere
from metricgate.guarding import BoundQuery, FunctionAllowlist, Given, GuardedQuery
from metricgate.guarding.codes import UNGUARDED
from metricgate.guarding.dialects import is_guarded
from metricgate.ledger.events.calls import CallSubject
from metricgate.policy.verdict import Decision, Verdict
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.obligation import Obligations
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.relation import GovernedTable, Relation
from metricgate.vocabulary.resource import Action, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedSql:
    """What may run, where, under which verdict."""

    engine: Engine
    datasets: tuple[str, ...]
    verdict: Verdict
    statement: Statement
    facts: CallSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundText:
    """A text bound to what the caller may name in one warehouse."""

    engine: Engine
    bound: BoundQuery
    tables: tuple[GovernedTable, ...]


async def confine(
    context: CallContext, text: str, warehouse: str | None = None, parameters: Given | None = None
) -> GuardedSql | Ending:
    """Return the statement that may run in the text's place, or the refusal of the layer that objects.

    Args:
        context: the call's.
        text: the agent's.
        warehouse: where it is meant to run; None where there is no choice.
        parameters: values for what the text leaves open.
    """
    facts = CallSubject(original_digest=digest_of_bytes(text.encode("utf-8", "surrogatepass")))
    chosen = choose(context, warehouse)
    if isinstance(chosen, Problems):
        return CallRefusal(chosen, facts=facts)
    facts = replace(facts, warehouse=chosen.engine.name)
    try:
        read = await _read_text(context, text, chosen, parameters)
        if isinstance(read, Problems):
            return CallRefusal(read, facts=facts)
        return await _decided(context, read, _with_bound(facts, read.bound))
    except WarehouseError as error:
        return EngineFailure(failures.of_engine(error), error.engine_text, facts)


async def _read_text(context: CallContext, text: str, chosen: Chosen, parameters: Given | None) -> BoundText | Problems:
    tables = await readable_tables(context, chosen.engine, chosen.models)
    found = await bind_text(context, text, chosen.engine, tables, parameters)
    return await pointed_elsewhere(context, chosen, found) if isinstance(found, Problems) else found


async def bind_text(
    context: CallContext, text: str, engine: Engine, tables: tuple[GovernedTable, ...], parameters: Given | None = None
) -> BoundText | Problems:
    """Layers 1 to 4: read the text and bind it. In a thread: a large text takes milliseconds.

    A warehouse in whose dialect nothing is guarded runs no text at all.

    Raises:
        WarehouseError: the engine cannot tell its functions.
    """
    dialect = engine.dialect
    if not is_guarded(dialect):
        message = f"No SQL is run on the warehouse {engine.name!r} but what the gateway writes itself."
        return Problems((Problem(code=UNGUARDED, message=message, hint=UNGUARDED.cure),))
    book = FunctionAllowlist.of(dialect, await engine.functions())

    def bound() -> BoundQuery | Problems:
        reading = guarding.read(text, dialect=dialect, functions=book, parameters=parameters)
        return reading if isinstance(reading, Problems) else guarding.bind(reading, tables)

    with context.observer.span(span_names.GUARD):
        found = await asyncio.to_thread(bound)
    return found if isinstance(found, Problems) else BoundText(engine=engine, bound=found, tables=tables)


async def _decided(context: CallContext, read: BoundText, facts: CallSubject) -> GuardedSql | Ending:
    """Layers 5 to 8: decide, rewrite under the obligations, and hear the engine's own parser."""
    bound = read.bound
    verdict = context.judge(Action.READ, (context.tool, *resources_read(context, bound)))
    if verdict.decision is not Decision.ALLOW:
        return CallRefusal.by_policy(verdict, facts)
    obligations = verdict.obligations
    statement = masks_misused(obligations.masks, bound.columns) or await rewrite(
        context, read, obligations, row_limit=_answered_rows(obligations)
    )
    if isinstance(statement, Problems):
        return CallRefusal(statement, verdict=verdict, facts=facts)
    return GuardedSql(engine=read.engine, datasets=bound.tables, verdict=verdict, statement=statement, facts=facts)


def resources_read(context: CallContext, bound: BoundQuery) -> tuple[Resource, ...]:
    """Return everything that a bound text reads and calls, as policy calls it."""
    columns = {name: sorted(bound.columns.get(name, {})) for name in bound.tables}
    return resources_of(context.governance.catalog.models, columns, bound.functions)


async def rewrite(
    context: CallContext, read: BoundText, obligations: Obligations, *, row_limit: int | None
) -> Statement | Problems:
    """Layers 6 to 8: rewrite the text under the obligations, and hear the engine's own parser.

    Raises:
        WarehouseError: the engine's parser cannot be asked.
    """
    wrong = small_groups_read(obligations.minimum_groups)
    if wrong is not None:
        return wrong
    with context.observer.span(span_names.REWRITE):
        guarded = await asyncio.to_thread(_rewritten, context, read, obligations, row_limit)
    if isinstance(guarded, Problems):
        return guarded
    statement = confined_statement(
        guarded.sql, guarded.parameters, guarded.columns, read.engine.dialect, row_limit=row_limit
    )
    opinion = await read.engine.warehouse.opinion(statement.sql)
    objection = None if opinion is None else guarding.check_agreement(guarded, opinion)
    return statement if objection is None else objection


def _rewritten(
    context: CallContext, read: BoundText, obligations: Obligations, rows: int | None
) -> GuardedQuery | Problems:
    relations: dict[str, Relation] = {}
    problems: list[Problem] = []
    for table in read.tables:
        if table.dataset not in read.bound.tables:
            continue
        relation = _relation(context, read.engine, table, obligations)
        if isinstance(relation, Problems):
            problems.extend(relation)
        else:
            relations[table.dataset] = relation
    if problems:
        return Problems(tuple(problems))
    # One row more than is answered tells whether rows were cut.
    return guarding.rewrite(read.bound, relations, row_limit=None if rows is None else rows + 1)


def _relation(
    context: CallContext, engine: Engine, table: GovernedTable, obligations: Obligations
) -> Relation | Problems:
    return relation_of(
        context.governance.catalog.models[table.dataset],
        table.source,
        [column.name for column in table.columns],
        obligations,
        engine.dialect,
        mask_key=context.governance.mask_key,
        known=table.stored,
    )


def _answered_rows(obligations: Obligations) -> int | None:
    return None if obligations.rows is None else int(obligations.rows.value)


def _with_bound(facts: CallSubject, bound: BoundQuery) -> CallSubject:
    columns = [f"{name}.{each}" for name in bound.tables for each in sorted(bound.columns.get(name, {}))]
    return replace(facts, datasets=bound.tables, columns=columns, functions=bound.functions)
