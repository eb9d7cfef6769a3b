"""The other doors: sessions of MCP, and a person who reads the record and takes changes back."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pyotp
from tests.faults.served import Served

from bench.soak.asking import next_call
from metricgate.adapters.identity.people import enroll
from metricgate.adapters.state.sqlite.sqlite_people import SqlitePeople

PERSON = "sten"
DOES = ("audit", "entry", "approvals", "action", "undo")
"""What the person does."""
CLIENTS = 2
"""MCP clients beside the callers of the HTTP door."""
_PASSWORD = "correct horse battery"  # noqa: S105 - of a project that lives as long as the soak
_BOTH = "application/json, text/event-stream"
_REVISION = "2025-11-25"
_CALLS_OF_A_SESSION = 5


class McpClient:
    """A client of an older revision: opens a session, lists, calls a few tools, closes it."""

    def __init__(self, client: httpx2.AsyncClient, number: int) -> None:
        self._client = client
        self._number = number
        self._headers: dict[str, str] = {}
        self._left = 0

    async def step(self, drawn: random.Random) -> str:
        """Do the next thing; returns what and how it ended."""
        if not self._headers:
            hello = {"protocolVersion": _REVISION, "capabilities": {}, "clientInfo": {"name": "soak", "version": "1"}}
            opened = await self._sent("initialize", hello)
            if "mcp-session-id" in opened.headers:
                session = opened.headers["mcp-session-id"]
                self._headers = {"mcp-session-id": session, "mcp-protocol-version": _REVISION}
                self._left = _CALLS_OF_A_SESSION
                await self._sent("notifications/initialized", None)
            return f"mcp opened: {opened.status_code}"
        self._left -= 1
        if self._left < 0:
            closed = await self._client.delete("/mcp", headers=self._headers)
            self._headers = {}
            return f"mcp closed: {closed.status_code}"
        if self._left == _CALLS_OF_A_SESSION - 1:
            return f"mcp tools/list: {(await self._sent('tools/list', {})).status_code}"
        tool, arguments = next_call(drawn, self._number)
        answer = await self._sent("tools/call", {"name": tool, "arguments": arguments})
        if answer.status_code == 404:  # the session is gone
            self._headers = {}
        return f"mcp tools/call: {answer.status_code}"

    async def _sent(self, method: str, params: Mapping[str, Any] | None) -> httpx2.Response:
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            body |= {"id": 1, "params": params}
        return await self._client.post("/mcp", json=body, headers={"accept": _BOTH, **self._headers})


class Person:
    """Somebody who looks at lists, entries and actions, and takes every now and then a change back."""

    def __init__(self, client: httpx2.AsyncClient, folder: Path) -> None:
        self._client = client
        store = SqlitePeople(folder / ".metricgate" / "people.db")
        try:
            record, self._paper = enroll(PERSON, (), time.time(), issuer="soak")
            store.add(record)
        finally:
            store.close()
        self._totp = record.totp
        self._coming = asyncio.Lock()

    async def step(self, drawn: random.Random, does: Sequence[str] = DOES) -> str:
        """Do one of the things; returns what and how it ended."""
        async with self._coming:
            if "authorization" not in self._client.headers:
                return await self._login()
        what = drawn.choice(does)
        if what == "audit":
            return f"audit: {(await self._client.get('/v1/audit?limit=100')).status_code}"
        if what == "entry":
            return f"audit/N: {(await self._client.get(f'/v1/audit/{drawn.randrange(500)}')).status_code}"
        listed = await self._client.get("/v1/approvals?state=executed&limit=20")
        if what == "approvals" or not listed.is_success or not (found := listed.json()["actions"]):
            return f"approvals: {listed.status_code}"
        there = f"/v1/approvals/{drawn.choice(found)['id']}"
        if what == "action":
            return f"approvals/ID: {(await self._client.get(there)).status_code}"
        answer = await self._client.post(f"{there}/undo", json={"reason": "soak"})
        return f"undo: {answer.status_code} {code(answer)}".rstrip()

    async def _login(self) -> str:
        given = {
            "name": PERSON,
            "password": self._paper.one_time_password,
            "code": pyotp.TOTP(self._totp).now(),
            "new_password": _PASSWORD,
        }
        answer = await self._client.post("/v1/people/login", json=given)
        if answer.is_success:
            self._client.headers["authorization"] = f"Bearer {answer.json()['token']}"
        return f"login: {answer.status_code} {code(answer)}".rstrip()


def code(answer: httpx2.Response) -> str:
    """Return the code of a problem, or nothing."""
    try:
        return str(answer.json().get("code") or "")
    except (ValueError, AttributeError):
        return "no JSON"


def client_of(gate: Served, *, agent: str | None, connections: int = 4) -> httpx2.AsyncClient:
    """Return a client of a gateway with an agent's key, or with nothing yet."""
    headers = {} if agent is None else {"authorization": f"Bearer {gate.key(agent)}"}
    limits = httpx2.Limits(max_connections=connections)
    return httpx2.AsyncClient(base_url=gate.url, headers=headers, timeout=60, limits=limits)
