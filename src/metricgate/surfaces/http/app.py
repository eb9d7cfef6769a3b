"""The HTTP door: tools, probes, counters, OpenAPI, and whatever is mounted beside them (MCP)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

import orjson
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from metricgate.surfaces.http import codes
from metricgate.surfaces.http.body import problem
from metricgate.surfaces.http.connection_limits import MOST_BYTES
from metricgate.surfaces.http.formats import FORMATS
from metricgate.surfaces.http.guard import Guard
from metricgate.surfaces.http.openapi import Described, openapi_document
from metricgate.surfaces.http.replies import challenge
from metricgate.surfaces.http.tool_calls import ToolCallEndpoint
from metricgate.surfaces.http.turned_away import Told, TurnedAway
from metricgate.surfaces.ports import Doorkeeper, Gate
from metricgate.surfaces.problem_document import MEDIA_TYPE, problem_document, to_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problems

Check = Callable[[], Awaitable[str | None]]
"""Returns None where all is well, else a short reason that may be shown to anyone."""

_CREDENTIALS: Final = {b"authorization", b"x-api-key"}
_UNAUTHENTICATED: Final = 401
_METHOD_NOT_ALLOWED: Final = 405


class Mounted(Protocol):
    """Another door served by the same process, e.g. MCP at ``/mcp``."""

    path: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        ...

    def run(self) -> AbstractAsyncContextManager[None]:
        """Run what it needs in the background, for the app's lifespan."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How the door presents itself.

    Attributes:
        version: the program's version, for the OpenAPI document.
        allowed_hosts: accepted Host values: ``host``, ``host:port`` or ``host:*``.
        resource: this gateway's resource URI (RFC 8707), e.g. ``https://metrics.acme.example/mcp``.
        authorization_servers: issuers of tokens for it; empty where only API keys are taken.
        most_bytes: largest body that is read.
    """

    version: str
    allowed_hosts: tuple[str, ...]
    resource: str
    authorization_servers: tuple[str, ...] = ()
    most_bytes: int = MOST_BYTES

    @property
    def metadata_url(self) -> str:
        """Where the protected-resource metadata is (RFC 9728 section 3.1: well-known name before the path)."""
        parts = urlsplit(self.resource)
        return f"{parts.scheme}://{parts.netloc}{self.metadata_path}"

    @property
    def metadata_path(self) -> str:
        """The path of ``metadata_url``."""
        return f"/.well-known/oauth-protected-resource{urlsplit(self.resource).path.rstrip('/')}"


def create_app(
    *,
    gate: Gate,
    doorkeeper: Doorkeeper,
    settings: HttpSettings,
    checks: Mapping[str, Check],
    any_of: Mapping[str, Check] | None = None,
    metrics: Callable[[], bytes],
    metrics_type: str = "text/plain; version=0.0.4; charset=utf-8",
    mounted: Mounted | None = None,
    beside: Sequence[BaseRoute] = (),
    described: Described | None = None,
    turned_away: Told | None = None,
) -> FastAPI:
    """Return the app.

    Args:
        gate: the gateway.
        doorkeeper: knows callers.
        settings: how the door presents itself.
        checks: what ``/readyz`` asks, by name: ledger, warehouse, definitions. All must be well.
        any_of: what it asks besides, of which one must be well: several warehouses.
        metrics: the Prometheus text for ``/metrics``.
        metrics_type: its media type.
        mounted: MCP, or None.
        beside: further routes: the doors for people.
        described: what the OpenAPI document says of them.
        turned_away: is told of requests that never became a call: the door and the code.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if mounted is not None:
                await stack.enter_async_context(mounted.run())
            yield

    app = FastAPI(
        title="Metricgate", version=settings.version, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    calls = ToolCallEndpoint(gate, doorkeeper, metadata_url=settings.metadata_url, most_bytes=settings.most_bytes)
    app.router.routes.append(Route("/v1/tools/{tool}", calls, methods=["POST"]))
    if mounted is not None:
        app.router.routes.append(Route(mounted.path, mounted, methods=["GET", "POST", "DELETE"]))
    app.router.routes.extend(beside)
    _add_tools(app, gate, doorkeeper, settings, described)
    _add_operations(app, checks, any_of or {}, metrics, metrics_type)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_middleware(Guard, allowed_hosts=settings.allowed_hosts)
    if turned_away is not None:
        app.add_middleware(TurnedAway, told=turned_away)
    return app


def _add_tools(
    app: FastAPI, gate: Gate, doorkeeper: Doorkeeper, settings: HttpSettings, beside: Described | None
) -> None:
    async def list_tools(request: Request) -> Response:
        principal = await doorkeeper.admit(request.scope["headers"])
        if isinstance(principal, Problems):
            return _problem_response(principal, settings.metadata_url)
        wanted = request.query_params.get("format", "metricgate")
        form = FORMATS.get(wanted)
        if form is None:
            hint = did_you_mean(wanted[:80], FORMATS) or f"The formats are: {', '.join(FORMATS)}."
            return _problem_response(problem(codes.BAD_REQUEST, f"There is no format {wanted[:80]!r}. {hint}"))
        return _json_response({"tools": [form(tool) for tool in gate.tools(principal)]})

    async def resource_metadata(_request: Request) -> Response:
        document: dict[str, Json] = {
            "resource": settings.resource,
            "resource_name": "Metricgate",
            "bearer_methods_supported": ["header"],
        }
        if settings.authorization_servers:
            document["authorization_servers"] = list(settings.authorization_servers)
        return _json_response(document)

    async def openapi(request: Request) -> Response:
        headers = request.scope["headers"]
        if _CREDENTIALS.isdisjoint(name for name, _value in headers):
            # Routes are the same everywhere; what a project made of its own is nothing for strangers.
            tools = tuple(tool for tool in gate.tools() if not tool.of_the_project)
        else:
            principal = await doorkeeper.admit(headers)
            if isinstance(principal, Problems):
                return _problem_response(principal, settings.metadata_url)
            tools = gate.tools(principal)
        return _json_response(openapi_document(tools, version=settings.version, beside=beside))

    app.router.routes.append(Route("/v1/tools", list_tools, methods=["GET"]))
    app.router.routes.append(Route(settings.metadata_path, resource_metadata, methods=["GET"]))
    app.router.routes.append(Route("/openapi.json", openapi, methods=["GET"]))


def _add_operations(
    app: FastAPI,
    checks: Mapping[str, Check],
    any_of: Mapping[str, Check],
    metrics: Callable[[], bytes],
    metrics_type: str,
) -> None:
    async def healthz(_request: Request) -> Response:
        return _json_response({"status": "alive"})

    async def readyz(_request: Request) -> Response:
        asked = {**checks, **any_of}
        reasons = dict(zip(asked, await asyncio.gather(*(check() for check in asked.values())), strict=True))
        well = [name for name, reason in reasons.items() if reason is None]
        ready = set(checks) <= set(well) and (not any_of or not set(any_of).isdisjoint(well))
        document: dict[str, Json] = {
            "status": "ready" if ready else "not ready",
            "checks": {name: reason or "ok" for name, reason in reasons.items()},
        }
        return _json_response(document, status=200 if ready else 503)

    async def counters(_request: Request) -> Response:
        return Response(metrics(), headers={"content-type": metrics_type})

    app.router.routes.append(Route("/healthz", healthz, methods=["GET"]))
    app.router.routes.append(Route("/readyz", readyz, methods=["GET"]))
    app.router.routes.append(Route("/metrics", counters, methods=["GET"]))


async def _http_problem(request: Request, error: Exception) -> Response:
    """Say what the router found wrong (404, 405) in the shape of every other problem."""
    status = error.status_code if isinstance(error, HTTPException) else codes.INTERNAL.status
    if status == _METHOD_NOT_ALLOWED:
        response = _problem_response(
            problem(codes.METHOD_NOT_ALLOWED, f"{request.method} is not served at {request.url.path[:200]}.")
        )
        allow = getattr(error, "headers", None) or {}
        response.headers.update(allow)
        return response
    return _problem_response(problem(codes.NOT_FOUND, f"Nothing is served at {request.url.path[:200]}."))


def _problem_response(problems: Problems, metadata_url: str | None = None) -> Response:
    status = problems.first.code.status
    headers = (
        {"WWW-Authenticate": challenge(problems.first, metadata_url).decode()} if status == _UNAUTHENTICATED else None
    )
    return Response(to_bytes(problem_document(problems)), status, headers, MEDIA_TYPE)


def _json_response(document: Mapping[str, Json], status: int = 200) -> Response:
    return Response(orjson.dumps(document, default=dict), status, media_type="application/json")
