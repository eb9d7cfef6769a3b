"""``POST /v1/tools/{tool}``: the hot road, written as plain ASGI."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Receive, Scope, Send

from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, RefusedCall
from metricgate.gateway.tool import ToolCall
from metricgate.surfaces.envelope import envelope, held_envelope
from metricgate.surfaces.http.body import ClientGone, read_json
from metricgate.surfaces.http.replies import record_header, reply, reply_problems
from metricgate.surfaces.ports import Doorkeeper, Gate, RawHeaders
from metricgate.surfaces.problem_document import MEDIA_TYPE, document_of, to_bytes
from metricgate.surfaces.purpose import purpose_in
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

_CARRIED: Final = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_LONGEST_CARRIED: Final = 512
_LONGEST_AGENT: Final = 200
_HELD: Final = 202


class ToolCallEndpoint:
    """ASGI endpoint of tool calls. The caller's hanging up cancels the gateway's work."""

    def __init__(self, gate: Gate, doorkeeper: Doorkeeper, *, metadata_url: str | None, most_bytes: int) -> None:
        """Take the gateway, who knows callers, the resource-metadata URL and the largest body."""
        self._gate = gate
        self._doorkeeper = doorkeeper
        self._metadata_url = metadata_url
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Authenticate, read, call, reply."""
        raw: RawHeaders = scope["headers"]
        principal = await self._doorkeeper.admit(raw)
        if isinstance(principal, Problems):
            await reply_problems(send, principal, metadata_url=self._metadata_url)
            return
        try:
            body = await read_json(raw, receive, most=self._most_bytes)
        except ClientGone:
            return
        if isinstance(body, Problems):
            # The rest of a refused body is not waited for.
            await reply_problems(send, body, headers=((b"connection", b"close"),))
            return
        carrier, client = _call_facts(raw)
        call = ToolCall(
            tool=scope["path_params"]["tool"],
            arguments=body.value,
            principal=principal,
            door="http",
            purpose=purpose_in(raw),
            carrier=carrier,
            client=client,
        )
        outcome = await _unless_gone(self._gate, call, receive)
        if outcome is not None:
            await reply_outcome(send, outcome)


async def _unless_gone(gate: Gate, call: ToolCall, receive: Receive) -> Outcome | None:
    """Return the outcome, or None where the caller hung up first and the call was cancelled."""
    serving = asyncio.current_task()
    watch = asyncio.ensure_future(_hung_up(receive))

    def stop(watched: asyncio.Future[None]) -> None:
        if serving is not None and not watched.cancelled():
            serving.cancel()

    watch.add_done_callback(stop)
    try:
        # The gateway writes the outcome of a cancelled call before it lets the cancellation through.
        return await gate.call(call)
    except asyncio.CancelledError:
        if serving is None or not watch.done() or serving.uncancel():
            raise
        return None
    finally:
        watch.remove_done_callback(stop)
        watch.cancel()


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def reply_outcome(send: Send, outcome: Outcome) -> None:
    """Send an outcome; the answer's bytes go out as the gateway made them."""
    match outcome:
        case Answered():
            await reply(send, 200, envelope(outcome), headers=record_header(outcome.record))
        case RefusedCall() | Fault():
            document = document_of(outcome)
            status = outcome.status if isinstance(outcome, RefusedCall) else outcome.problem.code.status
            await reply(send, status, to_bytes(document), MEDIA_TYPE.encode(), record_header(outcome.record))
        case Held():
            await reply(send, _HELD, held_envelope(outcome), headers=record_header(outcome.record))


def _call_facts(raw: RawHeaders) -> tuple[dict[str, str], dict[str, Json]]:
    carrier: dict[str, str] = {}
    client: dict[str, Json] = {}
    for name, value in raw:
        if name in _CARRIED and len(value) <= _LONGEST_CARRIED:
            carrier[_CARRIED[name]] = value.decode("latin-1")
        elif name == b"user-agent":
            client["user_agent.original"] = value[:_LONGEST_AGENT].decode("latin-1")
    return carrier, client
