"""Agents: what they did, what binds them, and the buttons that stop them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from metricgate.gateway.people import PersonSession
from metricgate.gateway.people_service import PeopleService
from metricgate.surfaces.console.pictures import bar
from metricgate.surfaces.console.templates_env import Pages
from metricgate.surfaces.human import codes
from metricgate.surfaces.human.session_auth import refusal_of
from metricgate.vocabulary.problem import Problems

_ORDER = ("answered", "completed", "held", "refused", "failed")
_KINDS = ("stop", "freeze")
_LONGEST = 2_000


class Stopping:
    """The page of agents, and switches."""

    def __init__(self, pages: Pages, office: PeopleService) -> None:
        self._pages = pages
        self._office = office

    async def agents(self, request: Request, session: PersonSession) -> Response:
        """Every agent, and the switches that are thrown."""
        return await self._agents(request, session)

    async def throw(self, request: Request, session: PersonSession, form: dict[str, str]) -> Response:
        """Throw a switch."""
        kind, target, because = form.get("kind", ""), form.get("target", "").strip(), form.get("because", "").strip()
        if kind not in _KINDS or not target or not because or len(because) > _LONGEST:
            return await self._agents(request, session, refusal_of(codes.BAD_PARAMETER, "Say whom, and why."))
        return await self._done(
            request, session, await self._office.throw_switch(session.person, kind, target, because)
        )

    async def take_back(self, request: Request, session: PersonSession, form: dict[str, str]) -> Response:
        """Take the switches of a target back."""
        target, because = form.get("target", "").strip(), form.get("because", "").strip()
        if not target or not because or len(because) > _LONGEST:
            return await self._agents(request, session, refusal_of(codes.BAD_PARAMETER, "Say why."))
        return await self._done(
            request, session, await self._office.take_back_switches(session.person, target, because)
        )

    async def _done(self, request: Request, session: PersonSession, wrong: Problems | None) -> Response:
        if wrong is not None:
            return await self._agents(request, session, wrong)
        return RedirectResponse("/console/agents", 303)

    async def _agents(self, request: Request, session: PersonSession, wrong: Problems | None = None) -> Response:
        found = await self._office.agents(session.person)
        thrown = await self._office.switches(session.person)
        for each in (found, thrown):
            if isinstance(each, Problems):
                status = each.first.code.status
                return self._pages.page(request, "problem.html", session, status=status, problems=each)
        agents = () if isinstance(found, Problems) else found
        return self._pages.page(
            request,
            "agents.html",
            session,
            status=200 if wrong is None else wrong.first.code.status,
            problems=wrong,
            agents=[(each, bar(each.calls, _ORDER)) for each in agents],
            switches=() if isinstance(thrown, Problems) else thrown,
        )
