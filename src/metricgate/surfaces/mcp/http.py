"""MCP over streamable HTTP: the SDK's session manager behind our doorkeeper.

Requests of revision 2026-07-28 are served without any session; older revisions keep one, which only the principal that
opened it can use.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Final

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from metricgate.surfaces.http.replies import challenge_headers
from metricgate.surfaces.mcp.rejections import (
    NO_SESSION,
    NOT_ACCEPTABLE,
    Rejection,
    acceptable,
    before_session,
    in_session,
    no_ping,
    not_admitted,
    pings_without_session,
    read_ahead,
    reject,
    reject_unopened,
    saying_where_sessions_end,
)
from metricgate.surfaces.mcp.server import Context
from metricgate.surfaces.ports import Doorkeeper, RawHeaders
from metricgate.surfaces.purpose import purpose_in
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problems

_SCOPE_KEY: Final = "metricgate.principal"
MOST_BYTES: Final = 1_048_576
_BLANKS: Final = b" \t"


def principal_of_request(ctx: Context) -> Principal:
    """Return the principal that the door found for this very request.

    Raises:
        MCPError: the request did not come through the door.
    """
    if isinstance(ctx.request, Request):
        principal = ctx.request.scope.get(_SCOPE_KEY)
        if isinstance(principal, Principal):
            return principal
    raise MCPError(code=INVALID_REQUEST, message="The caller is not authenticated.")


def purpose_of_request(ctx: Context) -> str | None:
    """Return the purpose that the request's headers state."""
    return purpose_in(ctx.request.scope["headers"]) if isinstance(ctx.request, Request) else None


class McpHttpDoor:
    """ASGI endpoint for ``/mcp``."""

    def __init__(
        self,
        server: Server[dict[str, object]],
        doorkeeper: Doorkeeper,
        *,
        metadata_url: str | None,
        allowed_hosts: tuple[str, ...],
        allowed_origins: tuple[str, ...],
        path: str = "/mcp",
    ) -> None:
        """Take the server (built with ``principal_of_request``), who knows callers, and whom to let through."""
        self.path = path
        self._doorkeeper = doorkeeper
        self._metadata_url = metadata_url
        self._sessions = StreamableHTTPSessionManager(
            server,
            json_response=False,
            stateless=False,
            security_settings=TransportSecuritySettings(
                enable_dns_rebinding_protection=True,
                allowed_hosts=list(allowed_hosts),
                allowed_origins=list(allowed_origins),
            ),
            max_request_body_size=MOST_BYTES,
            max_sessions=1_000,
        )

    def run(self) -> AbstractAsyncContextManager[None]:
        """Run the sessions, for the app's lifespan. Once."""
        return self._sessions.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Authenticate every single request, then hand over to the SDK."""
        # Blanks around a field's value are no part of it (RFC 9110 section 5.5), but the parser leaves them.
        scope["headers"] = [(name, value.strip(_BLANKS)) for name, value in scope["headers"]]
        principal = await self._doorkeeper.admit(scope["headers"])
        if isinstance(principal, Problems):
            await reject(send, not_admitted(principal), challenge_headers(principal, self._metadata_url))
            return
        scope[_SCOPE_KEY] = principal
        scope["user"] = _session_owner(principal)
        raw: RawHeaders = scope["headers"]
        rejection, receive = await _rejection(scope, receive)
        if rejection is not None:
            await reject(send, rejection)
            return
        sending = saying_where_sessions_end(send) if in_session(raw) else send
        await self._sessions.handle_request(scope, receive, sending)


async def _rejection(scope: Scope, receive: Receive) -> tuple[Rejection | None, Receive]:
    """Return what keeps a request from the SDK, and a ``receive`` that gives what was read of its body once more."""
    raw: RawHeaders = scope["headers"]
    if scope["method"] != "POST":
        # The SDK's own answer would carry the id of a session that never was, which some clients then use.
        return NO_SESSION if before_session(raw) else None, receive
    if not acceptable(raw):
        return NOT_ACCEPTABLE, receive
    ping = pings_without_session(raw)
    if not ping and not before_session(raw):
        return None, receive
    body, again = await read_ahead(receive, MOST_BYTES)
    return no_ping(body) if ping else reject_unopened(body), again


def _session_owner(principal: Principal) -> AuthenticatedUser:
    """Return the principal in the form by which the SDK ties a session to who opened it. Holds no secret."""
    user = principal.user
    return AuthenticatedUser(
        AccessToken(
            token="",
            client_id=principal.agent.id,
            scopes=[],
            subject=None if user is None else f"{user.method}:{user.id}",
            claims={"iss": f"{principal.agent.method}:{principal.credential}"},
        )
    )
