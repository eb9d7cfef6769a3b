"""A question's road up to the point where it may run: resolve, decide, compile. Shared by the tools that ask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from metricgate.compiling.statement import Statement
from metricgate.gateway import failures, span_names
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.engine import Engine
from metricgate.gateway.entries import plan_subject
from metricgate.gateway.kinds import compiled_by_kinds, kinds_of
from metricgate.gateway.metric_lifecycle import standing_of
from metricgate.gateway.metric_names import resolve_metrics
from metricgate.gateway.plan_judgement import judge_plan, refuse_judged
from metricgate.gateway.plan_warehouse import warehouse_of
from metricgate.gateway.ports import WarehouseError
from metricgate.gateway.questions import QuestionArguments, to_question
from metricgate.gateway.saved_queries import calendars_of, saved_query
from metricgate.gateway.visibility import PlanRequest, plan_visibly
from metricgate.planning.clocks import ASSUMED_LOCAL, Kinds
from metricgate.planning.data_checks import KeyCheck
from metricgate.planning.plan import Plan
from metricgate.planning.question import Question, named_by
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.problem import Problems, together
from metricgate.vocabulary.resource import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedQuery:
    """What may run, where, under which verdict."""

    plan: Plan
    engine: Engine
    verdict: Verdict
    statement: Statement
    checks: tuple[tuple[KeyCheck, Statement], ...]
    """Of the keys that the statement joins by."""
    notes: tuple[str, ...]


async def prepare(
    context: CallContext, parsed: ParsedArguments[QuestionArguments], *, runs: bool
) -> PreparedQuery | Ending:
    """Return the statement that answers the question for this caller, or how the call is to end without it.

    Args:
        context: the call's.
        parsed: the arguments.
        runs: whether it is to run: otherwise an engine that cannot be asked for types need not be there, as long as
            the models say what has to be known.
    """
    arguments, roads = parsed.value, context.governance.roads(parsed.size)
    with context.observer.span(span_names.RESOLVE):
        resolved = _resolved(context, arguments)
        if isinstance(resolved, Problems):
            return CallRefusal(resolved)
        question, notes = resolved
        planner = context.governance.planner
        road = PlanRequest(
            action=Action.QUERY,
            metrics=question.metrics,
            members=named_by(question),
            whole=lambda: roads.plan(question, ASSUMED_LOCAL),
            within=lambda sight: planner.plan(question, sight),
        )
        plan = plan_visibly(context, road)
    if not isinstance(plan, Plan):
        return plan
    judged = judge_plan(context, Action.QUERY, plan)
    refused = refuse_judged(judged, plan)
    if refused is not None:
        return refused
    verdict = judged.verdict
    standing = standing_of(context, question, arguments.pins)
    if isinstance(standing, Problems):
        return CallRefusal(standing, verdict=verdict, facts=plan_subject(plan))
    settled = await _plan_with_types(context, question, plan, verdict, parsed.size, runs=runs)
    return settled if not isinstance(settled, PreparedQuery) else replace(settled, notes=(*notes, *standing))


async def _plan_with_types(
    context: CallContext, question: Question, plan: Plan, verdict: Verdict, size: int, *, runs: bool
) -> PreparedQuery | Ending:
    """Plan again with what the engine says of the times that ``plan`` reads, and compile that."""
    facts, roads = plan_subject(plan), context.governance.roads(size)
    home = warehouse_of(plan)
    if isinstance(home, Problems):
        return CallRefusal(home, verdict=verdict, facts=facts)
    engine = context.engines.find(home)
    found = await kinds_of(lambda kinds: roads.plan(question, kinds), plan, engine)
    if isinstance(found, WarehouseError) and runs:
        return await context.fault(failures.of_engine(found), found.engine_text, facts)
    kinds = Kinds() if isinstance(found, WarehouseError) else found
    with context.observer.span(span_names.COMPILE):
        settled = roads.plan(question, kinds)
        compiled = partial(roads.compile, question, kinds, verdict.obligations)
        if isinstance(found, WarehouseError):
            types, statement = kinds.types, compiled(kinds.types)
        else:
            types, statement = await compiled_by_kinds(compiled, plan, engine, kinds.types)
        checks = roads.checks(question, kinds, verdict.obligations, types)
    if isinstance(settled, Problems) or isinstance(statement, Problems) or isinstance(checks, Problems):
        wrong = together(statement if isinstance(statement, Problems) else checks)
        return CallRefusal(wrong, verdict=verdict, facts=facts)
    return PreparedQuery(plan=settled, engine=engine, verdict=verdict, statement=statement, checks=checks, notes=())


def _resolved(context: CallContext, arguments: QuestionArguments) -> tuple[Question, tuple[str, ...]] | Problems:
    """Return the question with full metric names, and how each bare name was read."""
    saved = saved_query(context, arguments.saved_query)
    if isinstance(saved, Problems):
        return saved
    named = resolve_metrics(context, tuple(arguments.metrics) if saved is None else saved.metrics)
    question = to_question(arguments, saved=saved, calendars=calendars_of(context.governance.catalog))
    if isinstance(named, Problems) or isinstance(question, Problems):
        return together(named, question)
    return replace(question, metrics=named.metrics), named.notes
