"""The doors on a real uvicorn on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import uvicorn

from metricgate.surfaces.http.app import HttpSettings, create_app
from metricgate.surfaces.http.connection_limits import ConnectionLimits
from metricgate.surfaces.http.connections import bound_protocol
from metricgate.surfaces.mcp.http import McpHttpDoor, principal_of_request
from metricgate.surfaces.mcp.server import build_server

RESOURCE = "http://127.0.0.1/mcp"


async def _fine():
    return None


async def _down():
    return "the ledger's disk is full"


def make_app(
    gate,
    doorkeeper,
    *,
    ready=True,
    any_of=None,
    server=None,
    state=None,
    beside=(),
    described=None,
    metrics=b"metricgate_calls_total 0\n",
):
    settings = HttpSettings(
        version="0.test",
        allowed_hosts=("127.0.0.1", "127.0.0.1:*", "gate.test"),
        resource=RESOURCE,
        authorization_servers=("https://issuer.test",),
    )
    door = McpHttpDoor(
        server or build_server(gate, principal_of_request, version="0.test", state=state),
        doorkeeper,
        metadata_url=settings.metadata_url,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=("http://127.0.0.1:*",),
    )
    return create_app(
        gate=gate,
        doorkeeper=doorkeeper,
        settings=settings,
        checks={"ledger": _fine if ready else _down, "warehouse": _fine},
        any_of={name: _fine if well else _down for name, well in (any_of or {}).items()},
        metrics=lambda: metrics,
        mounted=door,
        beside=beside,
        described=described,
    )


class AddsKey:
    """Adds a key to every request, for a client that cannot send one; all checks still run."""

    def __init__(self, app, key):
        self.app = app
        self.header = (b"authorization", f"Bearer {key}".encode())

    async def __call__(self, scope, receive, send):
        """Pass on."""
        if scope["type"] == "http":
            scope["headers"] = [*scope["headers"], self.header]
        await self.app(scope, receive, send)


@contextlib.asynccontextmanager
async def served(app, limits=None):
    """Yield the base URL; connections are bounded as `metricgate serve` bounds them."""
    sock = socket.create_server(("127.0.0.1", 0))
    protocol = bound_protocol(limits or ConnectionLimits())
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", http=protocol))
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
        sock.close()
