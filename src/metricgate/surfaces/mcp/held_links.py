"""A held change and the person at the client: a link to the page where people decide, and nothing more.

The client opens it with its user's consent (URL mode of elicitation). Nothing that the client replies decides anything
or is even read: deciding takes a login of one's own, out of reach of the agent's channel.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import mcp_types as types

from metricgate.gateway.outcome import Held, RecordPosition

PageOf = Callable[[str], str]
"""Gives the URL of an action's page at the console, by the action's id."""

FIELD: Final = "approval"
MESSAGE: Final = (
    "A change waits for a person's decision. The page shows what it would do, and who may decide; it asks for a login "
    "of your own. The agent goes on waiting, whether you open it or not."
)
"""Fixed words: nothing that an agent wrote is put before the user as the gateway's own."""


def link(page_of: PageOf, held: Held) -> types.ElicitRequestURLParams:
    """Return the request to show the page. ``elicitation_id`` is for clients before 2026-07-28."""
    return types.ElicitRequestURLParams(
        message=MESSAGE, url=page_of(held.action_id), elicitation_id=f"{FIELD}-{held.action_id}"
    )


def link_request(params: types.ElicitRequestURLParams, held: Held) -> types.InputRequiredResult:
    """Return the link as revision 2026-07-28 carries it; the client then sends the call again with this state."""
    params = params.model_copy(update={"elicitation_id": None})
    return types.InputRequiredResult(
        input_requests={FIELD: types.ElicitRequest(params=params)}, request_state=_as_state(held)
    )


def _as_state(held: Held) -> str:
    return json.dumps({FIELD: [held.body.decode(), held.record.index, held.record.trace_id]})


def held_in(state: str) -> Held | None:
    """Return the outcome that ``asking`` put into the state, or None where the state is another question's.

    It was sealed by us, so a broken one is a programming error.
    """
    found = json.loads(state)
    if not isinstance(found, dict):
        return None
    body, index, trace_id = found[FIELD]
    return Held(answer=json.loads(body), body=body.encode(), record=RecordPosition(index=index, trace_id=trace_id))
