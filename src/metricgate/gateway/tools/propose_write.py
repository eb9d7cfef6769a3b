"""``propose_write``: an agent's own change of rows, or of a table, shown, decided on, never sent on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from metricgate.gateway.argument_schemas import accepted_schema, shown_schema
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.action_answer import ACTION_SCHEMA
from metricgate.gateway.changes.plan import PlanResult, plan_sql
from metricgate.gateway.changes.proposal import offer_change
from metricgate.gateway.changes.proposal_call import ProposalRequest
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.structure_plan import plan_structure
from metricgate.gateway.changes.target import find_target
from metricgate.gateway.endings import Ending
from metricgate.gateway.tool import ToolDefinition
from metricgate.gateway.tools.proposal import ProposalArguments
from metricgate.gateway.tools.tool import Tool
from metricgate.guarding.writes import StructureText, changes_structure, read_structure, read_write
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.problem import Place, Problem, Problems


class WriteArguments(ProposalArguments):
    """A text of SQL that changes rows."""

    sql: Annotated[str, Field(min_length=1, max_length=65_536)] = Field(
        description="One INSERT (with a list of columns), UPDATE or DELETE (with WHERE), MERGE, or TRUNCATE, in the "
        "warehouse's dialect, of a dataset that describe_dataset shows. Where it is granted, DROP TABLE, or ALTER "
        "TABLE that adds, drops or renames one column: always held for people."
    )
    warehouse: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="Where the table is; only needed where its name is in several."
    )


async def _serve_propose_write(context: CallContext, parsed: ParsedArguments[WriteArguments]) -> Ending:
    value = parsed.value
    request = ProposalRequest(
        dry_run=value.dry_run,
        idempotency_key=value.idempotency_key,
        arguments_digest=digest_of(value.model_dump(mode="json")),
        because=value.because,
    )
    return await offer_change(context, request, lambda services: _plan_change(context, services, value))


async def _plan_change(context: CallContext, services: ChangeServices, value: WriteArguments) -> PlanResult:
    found: Problems | None = None
    # The dialect is the target's, and the target is named in the text: all dialects read the names alike.
    dialects = dict.fromkeys(engine.dialect for engine in context.engines if value.warehouse in {None, engine.name})
    for dialect in dialects:
        ddl = changes_structure(value.sql, dialect=dialect)
        write = read_structure(value.sql, dialect=dialect) if ddl else read_write(value.sql, dialect=dialect)
        if isinstance(write, Problems):
            found = found or write
            continue
        target = await find_target(context, write.target, value.warehouse)
        if isinstance(target, Problems):
            found = target
        elif target.engine.dialect == dialect:
            if isinstance(write, StructureText):
                return plan_structure(context, write, target, services.settings)
            return await plan_sql(context, write, target, services.settings)
    if found is None:
        message = f"There is no warehouse {value.warehouse!r} with a dataset that you may change."
        found = Problems((Problem(code=codes.UNKNOWN_TARGET, message=message, where=Place(path="warehouse")),))
    return found


PROPOSE_WRITE = Tool(
    definition=ToolDefinition(
        name="propose_write",
        title="Propose a change with SQL",
        description=(
            "Propose one INSERT, UPDATE, DELETE, MERGE or TRUNCATE of a dataset. Prefer a governed action (tools named "
            "action_...) where one fits. The first call is a dry run: it shows the rows that would change, before and "
            "after, what it risks, whether it can be taken back, and whether policy would carry it out or have a "
            "person decide; nothing runs. With dry_run: false and an idempotency_key it is proposed: the answer says "
            "whether it was carried out, or waits. Then ask get_action and wait; do not propose it again. Nothing but "
            "exactly the rows shown is ever changed; if they change meanwhile, it is refused."
        ),
        input_schema=shown_schema(WriteArguments),
        accepted_schema=accepted_schema(WriteArguments),
        output_schema=ACTION_SCHEMA,
        read_only=False,
        destructive=True,
        idempotent=False,
    ),
    arguments=WriteArguments,
    handle=_serve_propose_write,
)
