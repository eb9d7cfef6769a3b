"""The MCP door on the official SDK: lists tools, calls them, asks back, and shows where people decide."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from metricgate.gateway.outcome import Held, Outcome
from metricgate.gateway.tool import ToolCall
from metricgate.ledger.events import names
from metricgate.surfaces.mcp.clarification import (
    FIELD,
    MOST_ROUNDS,
    Ambiguity,
    PendingQuestion,
    ambiguity_of,
    clarify_arguments,
)
from metricgate.surfaces.mcp.held_links import PageOf, held_in, link, link_request
from metricgate.surfaces.mcp.results import result_of, tool_of
from metricgate.surfaces.ports import Gate
from metricgate.surfaces.purpose import purpose_in_meta
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Principal

Context = ServerRequestContext[dict[str, object], object]
PrincipalOf = Callable[[Context], Principal]
"""Says who sent a request. Raises ``MCPError`` where nobody may any more."""
PurposeOf = Callable[[Context], str | None]
"""Says what the request's transport states as its purpose."""

NAME: Final = "metricgate"
_TOOLS_TTL_MS: Final = 30_000
_LONGEST_CARRIED: Final = 512
_LONGEST_NAME: Final = 200
INSTRUCTIONS: Final = (
    "Governed metrics. Find metrics with search_catalog, read a definition with describe_metric, get numbers with "
    "query_metrics. Never compute a metric yourself from other numbers. If a name is ambiguous, ask the user which one "
    "is meant. Quote record.index with every number you report."
)


def build_server(
    gate: Gate,
    principal_of: PrincipalOf,
    *,
    version: str,
    stated: PurposeOf = lambda _ctx: None,
    state: RequestStateSecurity | None = None,
    seconds_to_answer: float = 120.0,
    page_of: PageOf | None = None,
) -> Server[dict[str, object]]:
    """Return the server.

    Args:
        gate: the gateway.
        principal_of: who sent a request.
        version: the program's version.
        stated: the purpose that the transport states, for requests that state none themselves.
        state: how ``requestState`` is sealed; several processes must share its keys. None: a key of this process.
        seconds_to_answer: how long a user of the older revision may take over a question back.
        page_of: where people decide on a held action; None where no console can be reached, and words must do.
    """
    door = _Door(gate, principal_of, stated, seconds_to_answer, page_of)
    hint = CacheHint(ttl_ms=_TOOLS_TTL_MS, scope="private")
    server: Server[dict[str, object]] = Server(
        NAME,
        version=version,
        title="Metricgate",
        instructions=INSTRUCTIONS,
        cache_hints={"tools/list": hint, "server/discover": hint},
        get_tool_input_schema=door.input_schema,
        on_list_tools=door.list_tools,
        on_call_tool=door.call_tool,
    )
    security = state or RequestStateSecurity.ephemeral()
    bound = RequestStateSecurity(
        codec=security.codec,
        ttl=security.ttl,
        audience=security.audience,
        bind_principal=lambda ctx: _fingerprint(principal_of(ctx)),
    )
    server.middleware.append(RequestStateBoundary(bound, default_audience=NAME))
    return server


class _Door:
    """The two request handlers."""

    def __init__(
        self,
        gate: Gate,
        principal_of: PrincipalOf,
        stated: PurposeOf,
        seconds_to_answer: float,
        page_of: PageOf | None,
    ) -> None:
        self._gate = gate
        self._principal_of = principal_of
        self._stated = stated
        self._seconds_to_answer = seconds_to_answer
        self._page_of = page_of
        self._schemas = {tool.name: tool.input_schema for tool in gate.tools()}

    def input_schema(self, name: str) -> Mapping[str, Json] | None:
        """Return a tool's schema, so that the SDK need not list all tools before each call."""
        return self._schemas.get(name)

    async def list_tools(self, ctx: Context, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """List what this caller may call, in the gateway's fixed order."""
        principal = self._principal_of(ctx)
        return types.ListToolsResult(
            tools=[tool_of(tool) for tool in self._gate.tools(principal)],
            ttl_ms=_TOOLS_TTL_MS,
            cache_scope="private",
        )

    async def call_tool(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Call a tool; where a name is ambiguous ask back, where a change is held show the page where people decide.

        Either only where the client can put it before its user.
        """
        arguments: Json = params.arguments or {}
        chosen: tuple[tuple[str, str], ...] = ()
        if params.request_state is not None:
            if (held := held_in(params.request_state)) is not None:
                return result_of(held)
            pending = PendingQuestion.from_text(params.request_state)
            chosen = pending.chosen
            choice = _choice(params.input_responses, pending.candidates)
            if choice is None:
                return result_of(await self._ask(ctx, params.name, arguments, chosen))
            chosen = (*chosen, (pending.path, choice))
        outcome = await self._ask(ctx, params.name, arguments, chosen)
        while (ambiguity := ambiguity_of(outcome)) is not None and len(chosen) < MOST_ROUNDS and _asks(ctx):
            if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
                return _ask_user(ambiguity, chosen)
            choice = await self._elicit(ctx, ambiguity)
            if choice is None:
                break
            chosen = (*chosen, (ambiguity.path, choice))
            outcome = await self._ask(ctx, params.name, arguments, chosen)
        if isinstance(outcome, Held) and self._page_of is not None and _opens_pages(ctx):
            page = link(self._page_of, outcome)
            if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
                return link_request(page, outcome)
            await self._show(ctx, page)
        return result_of(outcome)

    async def _ask(self, ctx: Context, tool: str, arguments: Json, chosen: tuple[tuple[str, str], ...]) -> Outcome:
        for path, full in chosen:
            arguments = clarify_arguments(arguments, path, full)
        client: dict[str, Json] = {"mcp.protocol.version": ctx.protocol_version, **_client_info(ctx)}
        if chosen:
            client[names.CLARIFIED] = [{"path": path, "metric": full} for path, full in chosen]
        call = ToolCall(
            tool=tool,
            arguments=arguments,
            principal=self._principal_of(ctx),
            door="mcp",
            purpose=purpose_in_meta(_meta(ctx)) or self._stated(ctx),
            carrier=_carrier(ctx),
            client=client,
        )
        return await self._gate.call(call)

    async def _elicit(self, ctx: Context, ambiguity: Ambiguity) -> str | None:
        """Ask the user over the open connection (revisions before 2026-07-28)."""
        try:
            async with asyncio.timeout(self._seconds_to_answer):
                reply = await ctx.session.elicit_form(
                    ambiguity.question, ambiguity.legacy_schema(), related_request_id=ctx.request_id
                )
        except (TimeoutError, MCPError, ValidationError):
            return None
        return _choice({FIELD: reply}, ambiguity.candidates)

    async def _show(self, ctx: Context, page: types.ElicitRequestURLParams) -> None:
        """Show a page over the open connection (revision 2025-11-25). What the user makes of it changes nothing."""
        with suppress(TimeoutError, MCPError, ValidationError):
            async with asyncio.timeout(self._seconds_to_answer):
                await ctx.session.elicit_url(
                    page.message, page.url, page.elicitation_id or page.url, related_request_id=ctx.request_id
                )


def _ask_user(ambiguity: Ambiguity, chosen: tuple[tuple[str, str], ...]) -> types.InputRequiredResult:
    params = types.ElicitRequestFormParams(message=ambiguity.question, requested_schema=ambiguity.schema())
    pending = PendingQuestion(chosen=chosen, path=ambiguity.path, candidates=ambiguity.candidates)
    return types.InputRequiredResult(
        input_requests={FIELD: types.ElicitRequest(params=params)}, request_state=pending.as_text()
    )


def _choice(responses: Mapping[str, types.InputResponse] | None, candidates: tuple[str, ...]) -> str | None:
    """Return the choice, if it was made and is one of those offered."""
    reply = (responses or {}).get(FIELD)
    if not isinstance(reply, types.ElicitResult) or reply.action != "accept":
        return None
    name = (reply.content or {}).get(FIELD)
    return name if isinstance(name, str) and name in candidates else None


def _asks(ctx: Context) -> bool:
    """Whether the client can put a form before its user. An empty declaration means form (2025-06-18)."""
    capabilities = ctx.session.client_capabilities
    declared = None if capabilities is None else capabilities.elicitation
    if declared is None or (declared.form is None and declared.url is not None):
        return False
    return _reaches_user(ctx)


def _opens_pages(ctx: Context) -> bool:
    """Whether the client can offer its user to open a page; that has to be declared (2025-11-25)."""
    capabilities = ctx.session.client_capabilities
    declared = None if capabilities is None else capabilities.elicitation
    return declared is not None and declared.url is not None and _reaches_user(ctx)


def _reaches_user(ctx: Context) -> bool:
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS or ctx.session.can_send_request


def _meta(ctx: Context) -> Mapping[str, object]:
    return dict(ctx.meta) if ctx.meta is not None else {}


def _carrier(ctx: Context) -> dict[str, str]:
    meta = _meta(ctx)
    found = {name: meta.get(name) for name in ("traceparent", "tracestate")}
    return {name: value for name, value in found.items() if isinstance(value, str) and len(value) <= _LONGEST_CARRIED}


def _client_info(ctx: Context) -> dict[str, Json]:
    params = ctx.session.client_params
    if params is None:
        return {}
    info = params.client_info
    return {"mcp.client.name": info.name[:_LONGEST_NAME], "mcp.client.version": info.version[:_LONGEST_NAME]}


def _fingerprint(principal: Principal) -> str:
    user = principal.user
    return repr((principal.agent.id, principal.agent.method, principal.credential, None if user is None else user.id))
