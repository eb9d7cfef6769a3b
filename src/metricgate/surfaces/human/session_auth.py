"""A request -> the person whose session it shows; and proof that a change was meant.

A session comes as a cookie (browsers) or as a bearer token (programs), never as both, and each kind only in its own
way: a cookie's token is no bearer, and the other way round. A change by cookie must come from a page of this very
gateway (``Sec-Fetch-Site`` or ``Origin``) and carry the session's secret (synchroniser token).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from metricgate.gateway.people import OpenedSession, People, PersonSession
from metricgate.surfaces.human import codes
from metricgate.vocabulary.problem import Code, Problem, Problems

CONSOLE: Final = "console"
CSRF_HEADER: Final = "x-csrf-token"
_DEVICE_SECONDS: Final = 180 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A person's request.

    Attributes:
        by_cookie: whether a browser sent it; then changes need proof that they were meant.
    """

    session: PersonSession
    token: str = field(repr=False)
    by_cookie: bool


def refusal_of(code: Code, message: str | None = None) -> Problems:
    """Return the one problem."""
    return Problems((Problem(code=code, message=message or code.cause, hint=code.cure),))


class Admission:
    """Knows people by their sessions."""

    def __init__(self, people: People, *, public_url: str) -> None:
        """Take the people and the URL under which browsers reach the gateway."""
        self.people = people
        parts = urlsplit(public_url)
        self._secure = parts.scheme == "https"
        self._own = parts.netloc.lower()
        # With __Host- no other host of the domain can set or overwrite the cookie; it needs https.
        prefix = "__Host-" if self._secure else ""
        self._cookie, self._device = f"{prefix}metricgate_session", f"{prefix}metricgate_device"

    async def admit(self, request: Request) -> Admitted | Problems:
        """Return whose request it is."""
        headers = request.headers
        if "x-api-key" in headers or len(headers.getlist("authorization")) > 1:
            return refusal_of(codes.LOGIN_NEEDED)
        bearer = headers.get("authorization")
        if bearer is not None:
            scheme, _, token = bearer.partition(" ")
            session = await self.people.session(token) if scheme.lower() == "bearer" else None
        else:
            token = request.cookies.get(self._cookie, "")
            session = await self.people.session(token) if token else None
        by_cookie = bearer is None
        if session is None or (session.person.channel == CONSOLE) != by_cookie:
            return refusal_of(codes.LOGIN_NEEDED)
        return Admitted(session=session, token=token, by_cookie=by_cookie)

    def check_meant(self, request: Request, admitted: Admitted, shown: str | None) -> Problems | None:
        """Return the problem of a change that nobody proved to have meant. ``shown`` is the form's secret."""
        if not admitted.by_cookie:
            return None
        given = shown if shown is not None else request.headers.get(CSRF_HEADER, "")
        same = hmac.compare_digest(given.encode(errors="replace"), admitted.session.csrf.encode())
        return None if same and self.from_here(request) else refusal_of(codes.FORGED)

    def from_here(self, request: Request) -> bool:
        """Whether a browser sent the request from a page of this gateway."""
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None and site != "same-origin":
            return False
        if origin is None:
            return site == "same-origin"
        host = request.headers.get("host", "").lower()
        return urlsplit(origin).netloc.lower() in {host, self._own}

    def device_of(self, request: Request) -> str | None:
        """Return what an earlier login left with the browser."""
        return request.cookies.get(self._device)

    def keep(self, response: Response, opened: OpenedSession) -> None:
        """Leave a new session with the browser."""
        response.set_cookie(self._cookie, opened.token, path="/", secure=self._secure, httponly=True, samesite="lax")
        if opened.device is not None:
            response.set_cookie(
                self._device,
                opened.device,
                max_age=_DEVICE_SECONDS,
                path="/",
                secure=self._secure,
                httponly=True,
                samesite="strict",
            )

    def drop(self, response: Response) -> None:
        """Take the session from the browser."""
        response.delete_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    @property
    def secure(self) -> bool:
        """Whether cookies are sent over https only."""
        return self._secure


def address_of(request: Request) -> str:
    """Return where a request came from, for throttling."""
    return "unknown" if request.client is None else request.client.host
