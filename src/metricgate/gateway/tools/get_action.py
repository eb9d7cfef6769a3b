"""``get_action``: how a proposed change stands. Made for being asked again."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from metricgate.approvals.lifecycle import Refusal
from metricgate.gateway.argument_schemas import accepted_schema, shown_schema
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.action_answer import ACTION_SCHEMA
from metricgate.gateway.changes.advance import StateConflict, advance
from metricgate.gateway.changes.expiry import find_action
from metricgate.gateway.changes.proposal import answer_standing
from metricgate.gateway.changes.transitions import ActionWithdrawn
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.tool import ToolDefinition
from metricgate.gateway.tools.tool import Tool
from metricgate.vocabulary.problem import Problem, Problems


class ActionArguments(BaseModel):
    """Which action."""

    model_config = ConfigDict(extra="forbid", strict=True)

    action_id: Annotated[str, Field(pattern=r"^act_[0-9A-Za-z]{26}$")] = Field(
        description="The id that the proposal's answer gave."
    )
    withdraw: bool = Field(False, description="Withdraw the action if it still waits.")


async def _serve_get_action(context: CallContext, parsed: ParsedArguments[ActionArguments]) -> Ending:
    services, wanted = context.changes, parsed.value.action_id
    action = None if services is None else await find_action(services, wanted)
    principal = context.call.principal
    user = None if principal.user is None else principal.user.id
    own = action is not None and (action.proposal.agent, action.proposal.user) == (principal.agent.id, user)
    if services is None or action is None or not own:
        # An action of somebody else's looks like one that is not there.
        message = f"There is no action {wanted} of yours."
        return CallRefusal(
            Problems((Problem(code=codes.NO_SUCH_ACTION, message=message, hint=codes.NO_SUCH_ACTION.cure),))
        )
    if parsed.value.withdraw:
        try:
            gone = await advance(services, action, ActionWithdrawn(at=services.now()))
        except StateConflict:
            now = await asyncio.to_thread(services.store.get, wanted)
            return answer_standing(context, now or action)
        if isinstance(gone, Refusal):
            return CallRefusal(
                Problems((Problem(code=codes.NOT_DECIDABLE, message=gone.message, hint=codes.NOT_DECIDABLE.cure),))
            )
        action = gone.action
    return answer_standing(context, action)


GET_ACTION = Tool(
    definition=ToolDefinition(
        name="get_action",
        title="See how an action stands",
        description=(
            "Tell how a change that you proposed stands: held (a person has to decide; ask again in a minute), "
            "executed, denied, expired, failed, undone. Whether it can be taken back, and until when, is said here and "
            "nowhere else. With withdraw: true it is taken off the desk, if it still waits."
        ),
        input_schema=shown_schema(ActionArguments),
        accepted_schema=accepted_schema(ActionArguments),
        output_schema=ACTION_SCHEMA,
        read_only=False,
        destructive=False,
        idempotent=True,
        polls=True,
    ),
    arguments=ActionArguments,
    handle=_serve_get_action,
)
