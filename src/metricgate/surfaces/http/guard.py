"""What every response and request of the HTTP door goes through: host check, security headers, a last resort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metricgate.surfaces.http import codes
from metricgate.surfaces.http.body import problem
from metricgate.surfaces.http.replies import reply_problems

_PROBES: Final = {"/healthz", "/readyz"}
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


class Guard:
    """Wraps the whole app. Probes are served under any host name, since orchestrators ask by address."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: Sequence[str]) -> None:
        """Take the app and the accepted Host values: ``host``, ``host:port`` or ``host:*``."""
        self._app = app
        self._exact = {host.lower().encode() for host in allowed_hosts if not host.endswith(":*")}
        self._any_port = {host.lower().removesuffix(":*").encode() for host in allowed_hosts if host.endswith(":*")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, pass on, and see that an unexpected error is told without its inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = message.get("headers", [])
                names = {name for name, _value in own}
                message["headers"] = [*own, *(each for each in _HEADERS if each[0] not in names)]
            await send(message)

        if scope["path"] not in _PROBES and not self._served(scope):
            await reply_problems(guarded, problem(codes.HOST_NOT_ALLOWED))
            return
        try:
            await self._app(scope, receive, guarded)
        except Exception:
            structlog.get_logger("metricgate.http").exception("http_fault", path=scope["path"][:200])
            if started:
                raise
            await reply_problems(guarded, problem(codes.INTERNAL))

    def _served(self, scope: Scope) -> bool:
        hosts = [value.lower() for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return False
        host = hosts[0]
        name, colon, port = host.rpartition(b":")
        return (
            host in self._exact
            or host in self._any_port
            or (colon == b":" and port.isdigit() and name in self._any_port)
        )
