"""``explain_query``: the road of a question without running it."""

from __future__ import annotations

from metricgate.gateway.arguments import Parsed
from metricgate.gateway.desk import Desk
from metricgate.gateway.entries import of_plan
from metricgate.gateway.explanation import EXPLANATION_PROPERTIES, explained
from metricgate.gateway.outcome import Outcome
from metricgate.gateway.preparing import Prepared, prepare
from metricgate.gateway.questions import QuestionArguments
from metricgate.gateway.tools.tool import Tool, define


async def _serve(desk: Desk, parsed: Parsed[QuestionArguments]) -> Outcome:
    prepared = await prepare(desk, parsed)
    if not isinstance(prepared, Prepared):
        return prepared
    answer = explained(desk, prepared, parsed.notes)
    return await desk.answer(answer, of_plan(prepared.plan), verdict=prepared.verdict)


EXPLAIN_QUERY = Tool(
    definition=define(
        name="explain_query",
        title="Explain a query",
        description=(
            "Show what query_metrics would do with the same arguments, without running it: resolved definitions and "
            "versions, SQL with its parameters, time columns, join paths, the filters and limits that policy adds, and "
            "the rules that decided. Refuses where query_metrics would refuse."
        ),
        arguments=QuestionArguments,
        answer={
            "type": "object",
            "properties": EXPLANATION_PROPERTIES,
            "required": list(EXPLANATION_PROPERTIES),
            "additionalProperties": False,
        },
    ),
    arguments=QuestionArguments,
    handle=_serve,
)
