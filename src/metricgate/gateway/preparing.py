"""A question's road up to the point where it may run: resolve, decide, compile. Shared by the tools that ask."""

from __future__ import annotations

from dataclasses import dataclass, replace

from metricgate.compiling.statement import Statement
from metricgate.gateway.arguments import Parsed
from metricgate.gateway.desk import Desk
from metricgate.gateway.engine import Engine
from metricgate.gateway.entries import of_plan
from metricgate.gateway.homes import home_of
from metricgate.gateway.judging import judge_plan, refuse_judged
from metricgate.gateway.naming import resolve_metrics
from metricgate.gateway.outcome import Outcome
from metricgate.gateway.questions import QuestionArguments, to_question
from metricgate.gateway.saved_queries import calendars_of, saved_query
from metricgate.gateway.seeing import refuse_unplanned
from metricgate.gateway.standing import standing_of
from metricgate.planning.plan import Plan
from metricgate.planning.question import Question
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.problem import Problems, together
from metricgate.vocabulary.resource import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What may run, where, under which verdict."""

    plan: Plan
    engine: Engine
    verdict: Verdict
    statement: Statement
    notes: tuple[str, ...]


async def prepare(desk: Desk, parsed: Parsed[QuestionArguments]) -> Prepared | Outcome:
    """Return the statement that answers the question for this caller, or the recorded refusal."""
    arguments, roads = parsed.value, desk.governance.roads(parsed.size)
    with desk.observer.span("gov.resolve"):
        resolved = _resolved(desk, arguments)
        if isinstance(resolved, Problems):
            return await desk.refuse(resolved)
        question, notes = resolved
        plan = roads.plan(question)
    if isinstance(plan, Problems):
        planner = desk.governance.planner
        return await refuse_unplanned(
            desk, Action.QUERY, question.metrics, plan, lambda sight: planner.plan(question, sight)
        )
    judged = judge_plan(desk, Action.QUERY, plan)
    refused = await refuse_judged(desk, judged, plan)
    if refused is not None:
        return refused
    verdict = judged.verdict
    standing = standing_of(desk, question, arguments.pins)
    if isinstance(standing, Problems):
        return await desk.refuse(standing, verdict=verdict, facts=of_plan(plan))
    home = home_of(plan)
    with desk.observer.span("gov.compile"):
        statement = home if isinstance(home, Problems) else roads.compile(question, verdict.obligations)
    if isinstance(home, Problems) or isinstance(statement, Problems):
        return await desk.refuse(together(statement), verdict=verdict, facts=of_plan(plan))
    return Prepared(
        plan=plan, engine=desk.engines.named(home), verdict=verdict, statement=statement, notes=(*notes, *standing)
    )


def _resolved(desk: Desk, arguments: QuestionArguments) -> tuple[Question, tuple[str, ...]] | Problems:
    """Return the question with full metric names, and how each bare name was read."""
    saved = saved_query(desk, arguments.saved_query)
    if isinstance(saved, Problems):
        return saved
    named = resolve_metrics(desk, tuple(arguments.metrics) if saved is None else saved.metrics)
    question = to_question(arguments, saved=saved, calendars=calendars_of(desk.governance.catalog))
    if isinstance(named, Problems) or isinstance(question, Problems):
        return together(named, question)
    return replace(question, metrics=named.metrics), named.notes
