"""``query_sql``: an agent's own SELECT, confined to what policy shows its caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from metricgate.gateway.answers import AnswerDraft, Object
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.explanation import PolicyApplied, policy_applied
from metricgate.gateway.guarded_sql import GuardedSql, confine
from metricgate.gateway.parameters import values_of
from metricgate.gateway.ports import Ran
from metricgate.gateway.result import RowsAnswer, rows_answer
from metricgate.gateway.tools.tool import Tool, define
from metricgate.vocabulary.problem import Problems

Name = Annotated[str, Field(min_length=1, max_length=100)]
ByName = Annotated[dict[Name, JsonValue], Field(max_length=200)]
InOrder = Annotated[list[JsonValue], Field(max_length=200)]


class SqlArguments(BaseModel):
    """A text of SQL."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sql: Annotated[str, Field(min_length=1, max_length=65_536)] = Field(
        description="One SELECT in the warehouse's dialect, over datasets and columns that describe_dataset shows."
    )
    parameters: ByName | InOrder | None = Field(
        None,
        description=(
            'Values for parameters of the text, bound and never part of it: `{"since": "2026-01-31"}` for `:since`; a '
            'list, or `{"1": ...}`, for `?` in order. `{"type": "date", "value": ...}` where a type matters: text, '
            "integer, decimal, double, boolean, date, timestamp."
        ),
    )
    warehouse: Name | None = Field(
        None, description="Where to run it, as describe_dataset says; only needed where your datasets are in several."
    )


@dataclass(frozen=True, kw_only=True)
class SqlAnswer(RowsAnswer):
    """Rows of the caller's own statement, and what it became under policy."""

    sql: Annotated[str, Field(description="What ran; your values and those of policy are $1, $2, ...")]
    datasets: Sequence[str]
    policy: PolicyApplied
    data: Object


async def _serve_query_sql(context: CallContext, parsed: ParsedArguments[SqlArguments]) -> Ending:
    values = values_of(parsed.value.parameters)
    if isinstance(values, Problems):
        return CallRefusal(values)
    confined = await confine(context, parsed.value.sql, parsed.value.warehouse, values)
    if not isinstance(confined, GuardedSql):
        return confined
    ran = await context.run(confined.engine, confined.statement, confined.verdict, confined.facts)
    if not isinstance(ran, Ran):
        return ran
    answer = SqlAnswer(
        **rows_answer(ran.rows, confined.verdict.obligations),
        sql=confined.statement.sql,
        datasets=list(confined.datasets),
        policy=policy_applied(confined.verdict),
        data={"warehouse": confined.engine.name, "state": confined.engine.warehouse.data_state},
        notes=[],
    )
    return AnswerDraft(answer=answer, facts=confined.facts, ran=ran)


QUERY_SQL = Tool(
    definition=define(
        name="query_sql",
        title="Query with SQL",
        description=(
            "Run one SELECT of your own over the datasets that describe_dataset shows, in the warehouse's dialect. "
            "Prefer query_metrics for anything that a metric defines: its numbers are agreed on, these are yours. Only "
            "reading is possible; functions and tables that are not known to be harmless are refused, with the reason. "
            "Rows and values that policy hides from you are not there; masked columns may be shown, and used otherwise "
            "only where a rule says so. The answer has the SQL that ran: yours, with what you may see in the tables' "
            "place."
        ),
        arguments=SqlArguments,
        answer=SqlAnswer,
    ),
    arguments=SqlArguments,
    handle=_serve_query_sql,
)
