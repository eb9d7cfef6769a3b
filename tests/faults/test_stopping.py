"""A gateway that is asked to stop does not wait for clients that only listen."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.faults.served import PATIENCE, Served

BOTH = "application/json, text/event-stream"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-03-26",
        "capabilities": {},
        "clientInfo": {"name": "idle", "version": "1"},
    },
}


def test_idle_clients_of_older_revisions_do_not_hold_it_up(gate: Served) -> None:
    """Their streams end as responses do; the server's own patience with what still runs is not needed."""

    async def go() -> None:
        key = {"authorization": f"Bearer {gate.key('omni')}"}
        official = Client(
            streamable_http_client(f"{gate.url}/mcp", http_client=httpx2.AsyncClient(headers=key)), mode="legacy"
        )
        async with httpx2.AsyncClient(headers=key | {"accept": BOTH}, timeout=PATIENCE) as plain:
            opened = await plain.post(f"{gate.url}/mcp", json=INITIALIZE)
            session = {"mcp-session-id": opened.headers["mcp-session-id"], "accept": "text/event-stream"}
            with suppress(BaseExceptionGroup, httpx2.TransportError):
                async with official as other, plain.stream("GET", f"{gate.url}/mcp", headers=session) as stream:
                    assert stream.status_code == 200
                    await other.list_tools()
                    gate.process.send_signal(signal.SIGTERM)
                    # It ends as a whole response; a connection that was cut would raise.
                    assert [line async for line in stream.aiter_lines() if line.startswith("data")] == []
                    assert await asyncio.to_thread(gate.process.wait, PATIENCE) == 0
                    stopped.append(True)

    stopped: list[bool] = []
    asyncio.run(go())
    assert stopped
    assert "graceful" not in gate.log
    gate.verified()
