"""Requests that a door of agents turned away before the gateway saw a call: they are told to whoever counts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metricgate.surfaces.http.replies import RECORD_HEADER

Told = Callable[[str, str], None]
"""Takes the door and the code."""
_TOOLS, _MCP = "/v1/tools/", "/mcp"
_WRONG: Final = range(400, 500)
_MOST: Final = 65_536


class TurnedAway:
    """ASGI middleware. A reply that names a record is of a call that has one; any other error was turned away."""

    def __init__(self, app: ASGIApp, told: Told) -> None:
        self._app = app
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and look at how it ended."""
        door = _channel_of(scope) if scope["type"] == "http" else None
        if door is None:
            await self._app(scope, receive, send)
            return
        status = 0

        async def looked_at(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                recorded = any(name.lower() == RECORD_HEADER for name, _value in message.get("headers", ()))
                status = 0 if recorded else message["status"]
            elif message["type"] == "http.response.body" and status in _WRONG:
                self._told(door, _problem_code(message.get("body", b""), status))
                status = 0
            await send(message)

        await self._app(scope, receive, looked_at)


def _channel_of(scope: Scope) -> str | None:
    path = scope["path"]
    if path.startswith(_TOOLS):
        return "http"
    return "mcp" if path == _MCP else None


def _problem_code(body: bytes, status: int) -> str:
    """Return the code of a problem document, also inside a JSON-RPC error, or the status where there is none."""
    try:
        document = orjson.loads(body[:_MOST])
    except orjson.JSONDecodeError:
        document = None
    error = document.get("error") if isinstance(document, Mapping) else None
    for each in (document, error.get("data") if isinstance(error, Mapping) else None):
        code = each.get("code") if isinstance(each, Mapping) else None
        if isinstance(code, str) and code.startswith("E_") and code.isascii() and len(code) < 60:  # noqa: PLR2004
            return code
    return f"HTTP {status}"
