"""``explain_query``: the road of a question without running it."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from metricgate.compiling.compiler import compile_plan
from metricgate.dialects.shown import Shown, dialect_of
from metricgate.gateway.answers import AnswerDraft
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.entries import plan_subject
from metricgate.gateway.explanation import ExplainedAnswer, explain
from metricgate.gateway.metric_query import PreparedQuery, prepare
from metricgate.gateway.questions import QuestionArguments
from metricgate.gateway.tools.tool import Tool, define
from metricgate.vocabulary.problem import Problems


class ExplainArguments(QuestionArguments):
    """What would be computed, and in whose words."""

    dialect: Shown | None = Field(
        None, description="Write the SQL for this kind of warehouse instead of the connected one; it is not run."
    )


async def _serve_explain_query(context: CallContext, parsed: ParsedArguments[ExplainArguments]) -> Ending:
    asked: ParsedArguments[QuestionArguments] = ParsedArguments(
        value=parsed.value, notes=parsed.notes, size=parsed.size
    )
    prepared = await prepare(context, asked, runs=False)
    if not isinstance(prepared, PreparedQuery):
        return prepared
    shown = parsed.value.dialect
    name = None if shown is None else dialect_of(shown)
    if name is not None and name != prepared.engine.dialect:
        statement = compile_plan(prepared.plan, prepared.verdict.obligations, name, context.governance.mask_key)
        if isinstance(statement, Problems):
            return CallRefusal(statement, verdict=prepared.verdict, facts=plan_subject(prepared.plan))
        prepared = replace(prepared, statement=statement)
    answer = ExplainedAnswer(**explain(context, prepared))
    return AnswerDraft(answer=answer, facts=plan_subject(prepared.plan), verdict=prepared.verdict)


EXPLAIN_QUERY = Tool(
    definition=define(
        name="explain_query",
        title="Explain a query",
        description=(
            "Show what query_metrics would do with the same arguments, without running it: resolved definitions and "
            "versions, SQL with its parameters, time columns, join paths, the filters and limits that policy adds, and "
            "the rules that decided. Refuses where query_metrics would refuse without looking at the data; groups that "
            "are too small only running it finds."
        ),
        arguments=ExplainArguments,
        answer=ExplainedAnswer,
    ),
    arguments=ExplainArguments,
    handle=_serve_explain_query,
)
