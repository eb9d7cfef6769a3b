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

from metricgate.surfaces.http.replies import reply_problems
from metricgate.surfaces.mcp.server import Context
from metricgate.surfaces.ports import Doorkeeper
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
            await reply_problems(send, principal, metadata_url=self._metadata_url)
            return
        scope[_SCOPE_KEY] = principal
        scope["user"] = _session_owner(principal)
        await self._sessions.handle_request(scope, receive, send)


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
