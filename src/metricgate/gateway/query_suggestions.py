"""What can still be added to a half-built question: members that all its metrics reach, metrics that fit beside them.

A metric is offered only where the whole question with it can be planned and this caller may ask it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from metricgate.catalog.metrics import Metric
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.descriptions import member_as_json, shorten
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.metric_names import is_usable, resolve_metrics
from metricgate.gateway.plan_judgement import judge_plan, refuse_judged
from metricgate.gateway.questions import GroupByArgument, Name, QuestionArguments, to_question
from metricgate.gateway.saved_queries import calendars_of
from metricgate.gateway.visibility import CallerVisibility, PlanRequest, plan_visibly
from metricgate.planning.plan import Plan
from metricgate.planning.question import Question, named_by
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems, together
from metricgate.vocabulary.resource import Action

_MOST_TRIED = 200
"""Candidates that are planned for one call: the best of the search; a note tells where there were more."""


class ComposeArgument(BaseModel):
    """A half-built question."""

    model_config = ConfigDict(extra="forbid", strict=True)

    metrics: list[Name] = Field(min_length=1, max_length=20, description="Metrics that it has already.")
    group_by: list[Name | GroupByArgument] = Field(
        default_factory=list, max_length=20, description="Group-bys that it has already."
    )


def composable(
    context: CallContext, begun: ComposeArgument, candidates: Sequence[Metric], most: int
) -> dict[str, Json] | Ending:
    """Return ``{metrics, members, notes}``, or the refusal where the question so far is none for this caller.

    Args:
        context: the call's.
        begun: the question so far.
        candidates: metrics to try, best first.
        most: offer at most so many metrics.
    """
    named = resolve_metrics(context, tuple(begun.metrics))
    arguments = QuestionArguments(metrics=begun.metrics, group_by=begun.group_by)
    question = to_question(arguments, calendars=calendars_of(context.governance.catalog))
    if isinstance(named, Problems) or isinstance(question, Problems):
        return CallRefusal(together(named, question))
    question = replace(question, metrics=named.metrics)
    planner = context.governance.planner
    road = PlanRequest(
        action=Action.QUERY,
        metrics=named.metrics,
        members=named_by(question),
        whole=lambda: planner.plan(question),
        within=lambda sight: planner.plan(question, sight),
    )
    plan = plan_visibly(context, road)
    if not isinstance(plan, Plan):
        return plan
    refused = refuse_judged(judge_plan(context, Action.QUERY, plan), plan)
    if refused is not None:
        return refused
    tried = [
        each for each in candidates if each.header.name not in named.metrics and is_usable(context, each.header.name)
    ]
    fitting = [each for each in tried[:_MOST_TRIED] if _fits_beside(context, question, each)]
    notes = list(named.notes)
    if len(tried) > _MOST_TRIED:
        notes.append(f"Only the best {_MOST_TRIED} of {len(tried)} metrics were tried; search by words for others.")
    seen = CallerVisibility(context, Action.QUERY)
    taken = {each.member for each in question.group_by}
    return {
        "metrics": [_metric_offered(metric) for metric in fitting[:most]],
        "members": [
            member_as_json(member)
            for member in planner.reachable(named.metrics)
            if member.name not in taken and seen.may_use(member)
        ],
        "notes": notes,
    }


def _fits_beside(context: CallContext, question: Question, metric: Metric) -> bool:
    wider = replace(question, metrics=(*question.metrics, metric.header.name))
    plan = context.governance.planner.plan(wider)
    if isinstance(plan, Problems):
        return False
    return judge_plan(context, Action.QUERY, plan).allows


def _metric_offered(metric: Metric) -> Json:
    header = metric.header
    return {"name": header.name, "description": shorten(header.description), "status": str(header.status)}
