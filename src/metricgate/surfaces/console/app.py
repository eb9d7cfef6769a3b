"""The console's routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from metricgate.gateway.people import ElsewhereLogin, PersonSession
from metricgate.gateway.people_service import PeopleService
from metricgate.surfaces.console.decision_pages import Deciding
from metricgate.surfaces.console.forms import form_of
from metricgate.surfaces.console.live import Live
from metricgate.surfaces.console.login_pages import LoggingIn
from metricgate.surfaces.console.record_pages import RecordPages
from metricgate.surfaces.console.stop_pages import Stopping
from metricgate.surfaces.console.templates_env import Pages
from metricgate.surfaces.human.session_auth import CONSOLE, Admission
from metricgate.vocabulary.problem import Problems

HOME: Final = "/console/approvals"
Show = Callable[[Request, PersonSession], Awaitable[Response]]
Act = Callable[[Request, PersonSession, dict[str, str]], Awaitable[Response]]


class Console:
    """The pages under ``/console``."""

    def __init__(
        self, office: PeopleService, admission: Admission, *, project: str, elsewhere: ElsewhereLogin | None = None
    ) -> None:
        """Take the office, who knows people, the project's name, and the OpenID provider if there is one."""
        self._admission = admission
        self._pages = Pages(project=project)
        self._login = LoggingIn(self._pages, admission, elsewhere, home=HOME)
        self._deciding = Deciding(self._pages, office)
        self._reading = RecordPages(self._pages, office)
        self._stopping = Stopping(self._pages, office)
        self._live = Live(office, admission)

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes."""
        deciding, reading, stopping = self._deciding, self._reading, self._stopping
        return [
            Route("/console", self._home, methods=["GET"]),
            Route("/console/", self._home, methods=["GET"]),
            Route("/console/static/{name}", self._pages.static, methods=["GET"]),
            *self._login.routes(),
            Route("/console/logout", self._act(self._login.leave), methods=["POST"]),
            Route("/console/live", self._live.stream, methods=["GET"]),
            Route("/console/approvals", self._show(deciding.inbox), methods=["GET"]),
            Route("/console/approvals/export", self._show(deciding.export), methods=["GET"]),
            Route("/console/approvals/{id}", self._show(deciding.action), methods=["GET"]),
            Route("/console/approvals/{id}/whole", self._show(deciding.whole), methods=["GET"]),
            Route("/console/approvals/{id}/decide", self._act(deciding.decide), methods=["POST"]),
            Route("/console/approvals/{id}/undo", self._act(deciding.undo), methods=["POST"]),
            Route("/console/approvals/{id}/review", self._act(deciding.review), methods=["POST"]),
            Route("/console/timeline", self._show(reading.timeline), methods=["GET"]),
            Route("/console/timeline/export", self._show(reading.export), methods=["GET"]),
            Route("/console/calls/{index:int}", self._show(reading.call), methods=["GET"]),
            Route("/console/calls/{index:int}/whole", self._show(reading.whole), methods=["GET"]),
            Route("/console/calls/{index:int}/receipt", self._show(reading.receipt), methods=["GET"]),
            Route("/console/agents", self._show(stopping.agents), methods=["GET"]),
            Route("/console/switches", self._act(stopping.throw), methods=["POST"]),
            Route("/console/switches/off", self._act(stopping.take_back), methods=["POST"]),
            Route("/console/catalog", self._show(reading.catalog), methods=["GET"]),
        ]

    async def _home(self, _request: Request) -> Response:
        return RedirectResponse(HOME, 303)

    def _show(self, show: Show) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            session = await self._session(request)
            return self._login.ask(request) if session is None else await show(request, session)

        return serve

    def _act(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            admitted = await self._admission.admit(request)
            if isinstance(admitted, Problems) or admitted.session.person.channel != CONSOLE:
                return self._login.ask(request, home=True)
            form = await form_of(request)
            problem = form if isinstance(form, Problems) else None
            if problem is None and not isinstance(form, Problems):
                problem = self._admission.check_meant(request, admitted, form.pop("csrf", ""))
                if problem is None:
                    return await act(request, admitted.session, form)
            status = 400 if problem is None else problem.first.code.status
            return self._pages.page(request, "problem.html", admitted.session, status=status, problems=problem)

        return serve

    async def _session(self, request: Request) -> PersonSession | None:
        admitted = await self._admission.admit(request)
        if isinstance(admitted, Problems) or admitted.session.person.channel != CONSOLE:
            return None
        return admitted.session
