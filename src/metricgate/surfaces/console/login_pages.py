"""Logging in and out, here or at an OpenID provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from metricgate.gateway.people import ElsewhereLogin, Login, OpenedSession, PersonSession
from metricgate.surfaces.console.forms import form_of
from metricgate.surfaces.console.templates_env import Pages
from metricgate.surfaces.human import codes
from metricgate.surfaces.human.session_auth import CONSOLE, Admission, address_of, refusal_of
from metricgate.vocabulary.problem import Problems

_PATH: Final = "/console/login"
BACK: Final = "/console/oidc/back"
"""Where a browser comes back to from the OpenID provider."""
_SEALED: Final = "metricgate_oidc"
_SEALED_SECONDS: Final = 600
_LONGEST: Final = 2_000


class LoggingIn:
    """The login page."""

    def __init__(self, pages: Pages, admission: Admission, elsewhere: ElsewhereLogin | None, *, home: str) -> None:
        self._pages = pages
        self._admission = admission
        self._elsewhere = elsewhere
        self._home = home

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes that need no session."""
        routes = [Route(_PATH, self._form, methods=["GET"]), Route(_PATH, self._login, methods=["POST"])]
        if self._elsewhere is not None:
            routes += [
                Route("/console/oidc", self._begin, methods=["POST"]),
                Route(BACK, self._finish, methods=["GET"]),
            ]
        return routes

    def ask(self, request: Request, *, home: bool = False) -> Response:
        """Send somebody without a session to the login page, and back afterwards."""
        there = "" if home else f"?next={quote(_here(request), safe='')}"
        response = RedirectResponse(f"{_PATH}{there}", 303)
        self._admission.drop(response)
        return response

    async def leave(self, request: Request, _session: PersonSession, _form: dict[str, str]) -> Response:
        """End the session."""
        admitted = await self._admission.admit(request)
        if not isinstance(admitted, Problems):
            await self._admission.people.logout(admitted.token)
        response = RedirectResponse(_PATH, 303)
        self._admission.drop(response)
        return response

    async def _form(self, request: Request) -> Response:
        return self._page(request, next_path=request.query_params.get("next", ""))

    def _page(
        self, request: Request, *, next_path: str = "", name: str = "", problems: Problems | None = None
    ) -> Response:
        status = 200 if problems is None else problems.first.code.status
        return self._pages.page(
            request,
            "login.html",
            None,
            status=status,
            problems=problems,
            next_path=_safe_path(next_path, ""),
            name=name,
            elsewhere=self._elsewhere is not None,
        )

    async def _login(self, request: Request) -> Response:
        if not self._admission.from_here(request):
            return self._page(request, problems=refusal_of(codes.FORGED))
        form = await form_of(request)
        if isinstance(form, Problems):
            return self._page(request, problems=form)
        name, next_path = form.get("name", ""), form.get("next", "")
        opened = await self._admission.people.login(
            Login(
                name=name,
                password=form.get("password", ""),
                code=form.get("code", ""),
                new_password=form.get("new_password") or None,
                address=address_of(request),
                device=self._admission.device_of(request),
                channel=CONSOLE,
            )
        )
        if isinstance(opened, Problems):
            return self._page(request, problems=opened, name=name[:320], next_path=next_path)
        return await self._welcome(request, opened, next_path)

    async def _welcome(self, request: Request, opened: OpenedSession, next_path: str) -> Response:
        # A new login is a new session: whatever token the browser had before opens nothing from now on.
        before = await self._admission.admit(request)
        if not isinstance(before, Problems):
            await self._admission.people.logout(before.token)
        response = RedirectResponse(_safe_path(next_path, self._home), 303)
        self._admission.keep(response, opened)
        return response

    async def _begin(self, request: Request) -> Response:
        if self._elsewhere is None or not self._admission.from_here(request):
            return self._page(request, problems=refusal_of(codes.FORGED))
        redirect = await self._elsewhere.begin()
        if isinstance(redirect, Problems):
            return self._page(request, problems=redirect)
        # A page of ours that goes on by link: `form-action 'self'` lets no form lead to another host.
        response = self._pages.page(request, "onward.html", None, url=redirect.url)
        response.headers["refresh"] = f"0; url={redirect.url}"
        response.set_cookie(
            _SEALED,
            redirect.sealed,
            max_age=_SEALED_SECONDS,
            path=BACK,
            secure=self._admission.secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def _finish(self, request: Request) -> Response:
        given = {name: value for name, value in request.query_params.items() if len(value) <= _LONGEST}
        sealed = request.cookies.get(_SEALED, "")
        if self._elsewhere is None:
            return self._page(request)
        opened = await self._elsewhere.finish(
            sealed=sealed,
            state=given.get("state", ""),
            code=given.get("code", ""),
            issuer=given.get("iss"),
            address=address_of(request),
        )
        response = (
            self._page(request, problems=opened)
            if isinstance(opened, Problems)
            else await self._welcome(request, opened, "")
        )
        response.delete_cookie(_SEALED, path=BACK, secure=self._admission.secure, httponly=True, samesite="lax")
        return response


def _here(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _safe_path(path: str, otherwise: str) -> str:
    """A path of the console, and nothing that leads elsewhere."""
    plain = path.isascii() and path.isprintable() and "\\" not in path and len(path) <= _LONGEST
    return path if plain and path.startswith("/console/") else otherwise
