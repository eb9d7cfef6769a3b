"""``list_dimension_values``: which values a dimension has, for building filters that match."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from metricgate.compiling.compiler import compile_plan
from metricgate.gateway import span_names
from metricgate.gateway.answers import AnswerDraft
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.entries import plan_subject
from metricgate.gateway.explanation import PolicyApplied, policy_applied
from metricgate.gateway.kinds import compiled_by_kinds
from metricgate.gateway.metric_names import resolve_metrics, resource_of
from metricgate.gateway.minimum_groups import run_plan
from metricgate.gateway.plan_judgement import judge_plan, refuse_judged
from metricgate.gateway.plan_warehouse import warehouse_of
from metricgate.gateway.ports import Ran
from metricgate.gateway.result import RowsAnswer, rows_answer
from metricgate.gateway.tools.tool import Tool, define
from metricgate.gateway.visibility import PlanRequest, plan_visibly
from metricgate.planning.plan import Plan
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action


class ValuesArguments(BaseModel):
    """Which dimension, and which of its values."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dimension: Annotated[str, Field(min_length=1, max_length=300)] = Field(
        description="A categorical dimension such as `customer__segment`."
    )
    metrics: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        default_factory=list,
        max_length=20,
        description="Metrics whose join path decides which dimension is meant, where the name alone leaves it open.",
    )
    contains: Annotated[str, Field(max_length=300)] | None = Field(None, description="Only values with this text.")
    starts_with: Annotated[str, Field(max_length=300)] | None = Field(None, description="Only values that begin so.")
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="At most so many values.")
    offset: Annotated[int, Field(ge=0)] | None = Field(None, description="Skip so many first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    plan: Plan
    notes: tuple[str, ...]


def _plan_values(context: CallContext, asked: ValuesArguments) -> _Planned | Ending:
    with context.observer.span(span_names.RESOLVE):
        named = resolve_metrics(context, tuple(asked.metrics))
        if isinstance(named, Problems):
            return CallRefusal(named)
        ask = partial(
            context.governance.planner.plan_values,
            asked.dimension,
            metrics=named.metrics,
            search=asked.contains,
            prefix=asked.starts_with,
            limit=asked.limit,
            offset=asked.offset,
        )
        road = PlanRequest(
            action=Action.LIST_VALUES,
            metrics=named.metrics,
            members=(asked.dimension,),
            whole=ask,
            within=lambda sight: ask(sight=sight),
        )
        plan = plan_visibly(context, road)
    if not isinstance(plan, Plan):
        return plan
    if named.metrics:
        verdict = context.judge(Action.DESCRIBE, [resource_of(context, name) for name in named.metrics])
        if verdict.decision is not Decision.ALLOW:
            return CallRefusal.by_policy(verdict)
    return _Planned(plan=plan, notes=named.notes)


@dataclass(frozen=True, kw_only=True)
class ValuesAnswer(RowsAnswer):
    """Values of a dimension, one a row."""

    sql: str
    policy: PolicyApplied


async def _serve_list_dimension_values(context: CallContext, parsed: ParsedArguments[ValuesArguments]) -> Ending:
    planned = _plan_values(context, parsed.value)
    if not isinstance(planned, _Planned):
        return planned
    plan = planned.plan
    judged = judge_plan(context, Action.LIST_VALUES, plan)
    refused = refuse_judged(judged, plan)
    if refused is not None:
        return refused
    verdict = judged.verdict
    home = warehouse_of(plan)
    if isinstance(home, Problems):
        return CallRefusal(home, verdict=verdict, facts=plan_subject(plan))
    engine = context.engines.find(home)
    with context.observer.span(span_names.COMPILE):
        compiled = partial(compile_plan, plan, verdict.obligations, engine.dialect, context.governance.mask_key)
        _types, statement = await compiled_by_kinds(compiled, plan, engine)
    if isinstance(statement, Problems):
        return CallRefusal(statement, verdict=verdict, facts=plan_subject(plan))
    ran = await run_plan(context, plan, engine, statement, verdict)
    if not isinstance(ran, Ran):
        return ran
    answer = ValuesAnswer(
        **rows_answer(ran.rows, verdict.obligations),
        sql=statement.sql,
        policy=policy_applied(verdict),
        notes=[*planned.notes, *plan.explanation.notes],
    )
    return AnswerDraft(answer=answer, facts=plan_subject(plan), ran=ran)


LIST_DIMENSION_VALUES = Tool(
    definition=define(
        name="list_dimension_values",
        title="List a dimension's values",
        description=(
            "List the distinct values of a categorical dimension, sorted, under the same row filters as every query. "
            "Use it before you filter by a value that the user named in their own words."
        ),
        arguments=ValuesArguments,
        answer=ValuesAnswer,
    ),
    arguments=ValuesArguments,
    handle=_serve_list_dimension_values,
)
