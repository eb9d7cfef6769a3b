"""From a text or a governed action to a plan that can be rehearsed: target, columns, rights, guarded SELECTs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metricgate.changing.change import RowChangeKind, TableChange, Targets
from metricgate.changing.images import Images
from metricgate.changing.structure import StructureChange
from metricgate.compiling.relations import confined_statement, relation_of
from metricgate.compiling.statement import Statement
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.decision_basis import JudgeQuestion
from metricgate.gateway.changes.ports import ChangePlan, ChangeStep, View
from metricgate.gateway.changes.settings import ChangeSettings
from metricgate.gateway.changes.target import ChangeTarget
from metricgate.gateway.datasets import column_resource, dataset_resource, engine_of, readable_tables
from metricgate.gateway.guarded_sql import BoundText, bind_text, resources_read, rewrite
from metricgate.guarding.dialects import tells_case_apart
from metricgate.guarding.writes import SourceText, StructureText, WriteText
from metricgate.policy.verdict import Decision, Verdict
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.obligation import Obligations
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.relation import GovernedTable
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_KINDS = {Action.INSERT: RowChangeKind.INSERT, Action.UPDATE: RowChangeKind.UPDATE, Action.DELETE: RowChangeKind.DELETE}
_VOLATILE = frozenset(
    {
        *("now", "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp", "today"),
        *("transaction_timestamp", "statement_timestamp", "clock_timestamp", "timeofday", "get_current_timestamp"),
        *("get_current_time", "curdate", "curtime", "sysdate", "utc_date", "utc_time", "utc_timestamp", "age"),
        *("unix_timestamp", "random", "rand", "setseed", "uuid", "uuidv4", "uuidv7", "gen_random_uuid"),
    }
)
"""Functions that give another value at another time: what they gave in the rehearsal is decided on and stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """A change that its proposer may propose, ready to be rehearsed.

    Attributes:
        write: the statement's parts.
        verdict: of the right to propose it, with the obligations that bind.
        reading: verdicts of the right to read what its SELECTs read.
        asks: everything that policy was asked, each with its allowing verdict.
        datasets: models that take part: the target's, and those that are read.
        plan: with SELECTs that find the rows; None where ``changes`` has them spelt out.
        columns: of the target that are set, as the engine spells them.
        volatile: whether a SELECT of it gives other values at another time: then the rehearsal's are bound.
        resources: what changes, as policy calls it: the dataset, its columns, the governed action.
        action: the governed action's name, or None.
        structure: what is done to the table itself; then there are no rows to change.
        read_by: metrics of the catalog that read the table, where its structure changes.
    """

    target: ChangeTarget
    write: WriteText | StructureText
    verdict: Verdict
    reading: tuple[Verdict, ...]
    asks: tuple[tuple[JudgeQuestion, Verdict], ...]
    datasets: tuple[str, ...]
    plan: ChangePlan | None
    changes: tuple[TableChange, ...]
    views: tuple[View, ...]
    columns: tuple[str, ...]
    resources: tuple[Resource, ...]
    most_rows: int
    seconds: float
    action: str | None = None
    volatile: bool = False
    structure: StructureChange | None = None
    read_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanDenied:
    """Policy says no."""

    verdict: Verdict


PlanResult = PlannedChange | PlanDenied | Problems


async def plan_sql(
    context: CallContext, write: WriteText, target: ChangeTarget, settings: ChangeSettings
) -> PlanResult:
    """Return what an agent's own statement would do, if its caller may propose it.

    Raises:
        WarehouseError: the warehouse cannot be asked.
    """
    columns = _find_columns(write, target)
    if isinstance(columns, Problems):
        return columns
    resources = _resources_of(target, columns)
    whole = [column_resource(target.model, each) for each in target.shape.names]
    asks: list[tuple[JudgeQuestion, Verdict]] = []
    for verb in write.verbs:
        set_by = columns if verb in {Action.INSERT, Action.UPDATE} else ()
        # An update touches what it sets; to insert or delete a row touches all of it.
        touched = () if verb is Action.UPDATE else tuple(whole)
        ask = JudgeQuestion(
            verb=verb, resources=(context.tool, *_resources_of(target, set_by)), unless_forbidden=touched
        )
        asks.append((ask, ask_policy(context, ask)))
        if asks[-1][1].decision is not Decision.ALLOW:
            return PlanDenied(asks[-1][1])
    models = [
        model
        for model in context.governance.catalog.models.values()
        if engine_of(context, model) is target.engine and context.allows(Action.READ, dataset_resource(model))
    ]
    tables = await readable_tables(context, target.engine, models)
    return await _make_plan(
        context, write, target, settings, _Rights(tuple(asks), tables, granted=False), columns, resources
    )


async def plan_action(
    context: CallContext, name: str, write: WriteText, target: ChangeTarget, settings: ChangeSettings, most_rows: int
) -> PlanResult:
    """Return what a governed action would do: the right to execute it suffices, but what forbids or narrows counts.

    Raises:
        WarehouseError: the warehouse cannot be asked.
    """
    columns = _find_columns(write, target)
    if isinstance(columns, Problems):
        return columns
    action = Resource(ResourceKind.ACTION, name)
    models = [each for each in context.governance.catalog.models.values() if engine_of(context, each) is target.engine]
    found = await target.engine.relations([model.source for model in models])
    tables = tuple(
        GovernedTable(dataset=model.name, source=each.location, columns=each.columns, stored=each.columns)
        for model in models
        if (each := found.get(model.source)) is not None
    )
    touched = [column_resource(target.model, each) for each in target.shape.names]
    beside = (context.tool, dataset_resource(target.model), *touched)
    ask = JudgeQuestion(verb=Action.EXECUTE, resources=(action,), unless_forbidden=beside)
    verdict = ask_policy(context, ask)
    if verdict.decision is not Decision.ALLOW:
        return PlanDenied(verdict)
    resources = (action, *_resources_of(target, columns))
    rights = _Rights(((ask, verdict),), tables, granted=True)
    return await _make_plan(
        context, write, target, settings, rights, columns, resources, name=name, most_rows=most_rows
    )


@dataclass(frozen=True, slots=True)
class _Rights:
    """The verdict on proposing, the tables that its SELECTs may name, and whether reading them is granted by it."""

    asks: tuple[tuple[JudgeQuestion, Verdict], ...]
    tables: tuple[GovernedTable, ...]
    granted: bool = False

    @property
    def verdict(self) -> Verdict:
        """The last one: on the statement's last verb."""
        return self.asks[-1][1]


async def _make_plan(
    context: CallContext,
    write: WriteText,
    target: ChangeTarget,
    settings: ChangeSettings,
    rights: _Rights,
    columns: tuple[str, ...],
    resources: tuple[Resource, ...],
    *,
    name: str | None = None,
    most_rows: int | None = None,
) -> PlanResult:
    steps: list[ChangeStep] = []
    changes: list[TableChange] = []
    reading: list[Verdict] = []
    volatile = False
    reads: set[tuple[str, ...]] = set()
    asks, datasets = list(rights.asks), {target.model.name: None}
    spelt = {each.lower(): each for each in target.shape.names}
    sources = write.sources(target.shape.key, {each.name.lower(): each.type for each in target.shape.columns})
    if isinstance(sources, Problems):
        return sources
    for source in sources:
        own = tuple(spelt[each.lower()] for each in source.columns)
        if source.literals is not None:
            rows = Targets(Images((), len(source.literals)), Images.of(source.literals, len(own)))
            changes.append(TableChange(kind=RowChangeKind.INSERT, table=target.found.location, columns=own, rows=rows))
            continue
        found = await _make_select(context, source, target, rights)
        if not isinstance(found, tuple):
            return found
        statement, ask, verdict, bound = found
        asks.append((ask, verdict))
        datasets |= dict.fromkeys(sorted(bound.bound.columns))
        reads.update(each.source for each in rights.tables if each.dataset in bound.bound.columns)
        reading.append(verdict)
        volatile = volatile or not _VOLATILE.isdisjoint(bound.bound.functions)
        steps.append(_make_step(source, target, own, statement))
    views = _make_views(context, target, [rights.verdict, *reading])
    if isinstance(views, Problems):
        return views
    seconds, most = _limits_of(settings, rights.verdict, most_rows)
    plan = ChangePlan(steps=tuple(steps), most_rows=most, seconds=seconds, views=views, reads=tuple(sorted(reads)))
    return PlannedChange(
        target=target,
        write=write,
        verdict=rights.verdict,
        reading=tuple(reading),
        asks=tuple(asks),
        datasets=tuple(datasets),
        plan=plan if steps else None,
        changes=tuple(changes),
        views=views,
        columns=columns,
        resources=resources,
        most_rows=most,
        seconds=seconds,
        action=name,
        volatile=volatile,
    )


def _make_step(source: SourceText, target: ChangeTarget, columns: tuple[str, ...], statement: Statement) -> ChangeStep:
    kind = _KINDS[source.verb]
    key = () if kind is RowChangeKind.INSERT else target.shape.key
    return ChangeStep(kind=kind, table=target.found.location, key=key, columns=columns, source=statement)


def _limits_of(settings: ChangeSettings, verdict: Verdict, most_rows: int | None) -> tuple[float, int]:
    """Return the seconds and the rows that a change may take: the least of all that bind it."""
    limit = verdict.obligations.seconds
    seconds = settings.seconds if limit is None else min(settings.seconds, float(limit.value))
    return seconds, min(settings.most_rows, most_rows or settings.most_rows)


async def _make_select(
    context: CallContext, source: SourceText, target: ChangeTarget, rights: _Rights
) -> tuple[Statement, JudgeQuestion, Verdict, BoundText] | PlanDenied | Problems:
    """Take the SELECT that finds a step's rows through the whole guard; returns what it is bound to besides."""
    bound = await bind_text(context, source.sql or "", target.engine, rights.tables)
    if isinstance(bound, Problems):
        return _leave_out_places(bound)
    resources = resources_read(context, bound.bound)
    if rights.granted:
        ask = JudgeQuestion(verb=Action.EXECUTE, resources=_actions(rights.verdict), unless_forbidden=tuple(resources))
    else:
        ask = JudgeQuestion(verb=Action.READ, resources=(context.tool, *resources))
    verdict = ask_policy(context, ask)
    if verdict.decision is not Decision.ALLOW:
        return PlanDenied(verdict)
    problems = _refuse_masked(verdict.obligations, bound)
    if problems is not None:
        return problems
    statement = await rewrite(context, bound, verdict.obligations, row_limit=None)
    if isinstance(statement, Problems):
        return _leave_out_places(statement)
    return statement, ask, verdict, bound


def ask_policy(context: CallContext, ask: JudgeQuestion) -> Verdict:
    """Return policy's word on one question."""
    return context.judge(ask.verb, ask.resources, unless_forbidden=ask.unless_forbidden)


def _actions(verdict: Verdict) -> tuple[Resource, ...]:
    found = (each.resource for each in verdict.reasons if each.resource is not None)
    return tuple(dict.fromkeys(each for each in found if each.kind is ResourceKind.ACTION))


def _refuse_masked(obligations: Obligations, bound: BoundText) -> Problems | None:
    """A change neither finds its rows by masked values nor writes them anywhere."""
    masked = sorted(
        f"{mask.dataset}.{mask.column}"
        for mask in obligations.masks
        if mask.column in bound.bound.columns.get(mask.dataset, {})
    )
    if not masked:
        return None
    message = f"The statement reads {', '.join(masked)}, whose values are masked for you."
    return Problems((Problem(code=codes.MASKED_SOURCE, message=message, hint=codes.MASKED_SOURCE.cure),))


def _leave_out_places(problems: Problems) -> Problems:
    """Places are those of a text that the caller never saw."""
    return Problems(
        tuple(Problem(code=each.code, message=each.message, hint=each.hint, details=each.details) for each in problems)
    )


def _make_views(context: CallContext, target: ChangeTarget, verdicts: Sequence[Verdict]) -> tuple[View, ...] | Problems:
    filters = {
        repr(each): each
        for verdict in verdicts
        for each in verdict.obligations.row_filters
        if each.dataset == target.model.name
    }
    if not filters:
        return ()
    relation = relation_of(
        target.model,
        target.found.location,
        target.shape.key,
        Obligations(row_filters=tuple(filters.values())),
        target.engine.dialect,
        mask_key=context.governance.mask_key,
        known=target.found.columns,
    )
    if isinstance(relation, Problems):
        return relation
    source = confined_statement(
        relation.sql, relation.parameters, target.shape.key, target.engine.dialect, row_limit=None
    )
    return (View(table=target.found.location, key=target.shape.key, source=source),)


def _find_columns(write: WriteText, target: ChangeTarget) -> tuple[str, ...] | Problems:
    """Return the columns that are set as the engine spells them, if they can be set and rows can be told apart."""
    shape = target.shape
    problems: list[Problem] = []
    if not shape.key:
        message = f"The table of {target.model.name!r} has no primary key and no unique key without NULLs."
        problems.append(Problem(code=codes.NO_KEY, message=message, hint=codes.NO_KEY.cure))
    exact = tells_case_apart(target.engine.dialect)
    known = {each.name if exact else each.name.lower(): each for each in shape.columns}
    found: list[str] = []
    for name in write.columns:
        column = known.get(name if exact else name.lower())
        if column is None:
            hint = did_you_mean(name, [each.name for each in shape.columns])
            message = f"{target.model.name!r} has no column {name!r}."
            problems.append(Problem(code=codes.UNKNOWN_COLUMN, message=message, hint=hint))
        elif column.generated:
            message = f"The engine computes {target.model.name}.{column.name} itself."
            problems.append(Problem(code=codes.UNKNOWN_COLUMN, message=message, hint="Leave it out."))
        else:
            found.append(column.name)
    return Problems(tuple(problems)) if problems else tuple(found)


def _resources_of(target: ChangeTarget, columns: Sequence[str]) -> tuple[Resource, ...]:
    return (dataset_resource(target.model), *(column_resource(target.model, each) for each in columns))
