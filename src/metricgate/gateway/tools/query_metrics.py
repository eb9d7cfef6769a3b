"""``query_metrics``: numbers, from governed definitions only."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.gateway.answers import AnswerDraft
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.codes import WAREHOUSE_CHANGED
from metricgate.gateway.data_checks.joins import check_joins
from metricgate.gateway.data_checks.spines import check_spines
from metricgate.gateway.endings import Ending, EngineFailure
from metricgate.gateway.entries import plan_subject
from metricgate.gateway.explanation import ExplainedAnswer, explain
from metricgate.gateway.metric_query import PreparedQuery, prepare
from metricgate.gateway.minimum_groups import run_plan
from metricgate.gateway.outcome import Fault
from metricgate.gateway.ports import Ran
from metricgate.gateway.questions import QuestionArguments
from metricgate.gateway.result import RowsAnswer, rows_answer
from metricgate.gateway.tools.tool import Tool, define


@dataclass(frozen=True, kw_only=True)
class MetricsAnswer(ExplainedAnswer, RowsAnswer):
    """Numbers, and how they came about."""


async def _serve_query_metrics(context: CallContext, parsed: ParsedArguments[QuestionArguments]) -> Ending:
    ending = await _query_once(context, parsed)
    if not isinstance(ending, EngineFailure | Fault) or ending.problem.code is not WAREHOUSE_CHANGED:
        return ending
    if isinstance(ending, EngineFailure):
        # What ran has an intent of its own, and so an outcome of its own: this one is not answered.
        await context.fault(ending.problem, ending.engine_text, ending.facts)
    for engine in context.engines:
        engine.forget_types()
    return await _query_once(context, parsed)


async def _query_once(context: CallContext, parsed: ParsedArguments[QuestionArguments]) -> Ending:
    prepared = await prepare(context, parsed, runs=True)
    if not isinstance(prepared, PreparedQuery):
        return prepared
    checked = await check_joins(context, prepared)
    if not isinstance(checked, tuple):
        return checked
    spines = await check_spines(context, prepared)
    if not isinstance(spines, tuple):
        return spines
    ran = await run_plan(context, prepared.plan, prepared.engine, prepared.statement, prepared.verdict)
    if not isinstance(ran, Ran):
        return ran
    answer = MetricsAnswer(
        **rows_answer(ran.rows, prepared.verdict.obligations), **explain(context, prepared, (*checked, *spines))
    )
    return AnswerDraft(answer=answer, facts=plan_subject(prepared.plan), ran=ran)


QUERY_METRICS = Tool(
    definition=define(
        name="query_metrics",
        title="Query metrics",
        description=(
            "Compute governed metrics. Each metric has one definition; the answer says which version was used, the SQL "
            "that ran, the time column, the join path, the filters that policy added and whether rows were cut. A "
            "name that fits several metrics is not guessed: you get the candidates and a question back. Several "
            "metrics may be asked at once if every group-by reaches all of them (see describe_metric). `metric_time` "
            "is each metric's own time. Rows come sorted by the group-bys unless order_by says otherwise. Without "
            "metrics you get the distinct values of the group-bys; `saved_query` asks a question that people agreed on."
        ),
        arguments=QuestionArguments,
        answer=MetricsAnswer,
    ),
    arguments=QuestionArguments,
    handle=_serve_query_metrics,
)
