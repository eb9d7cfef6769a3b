"""The API for people: what the console does, for their own programs. Agents are not let in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from metricgate.approvals.proposal import ProposedAction
from metricgate.gateway.people import Login
from metricgate.gateway.people_service import PeopleService, Person
from metricgate.surfaces.human import codes, requests, responses
from metricgate.surfaces.human.query_params import action_filter, entries_asked
from metricgate.surfaces.human.record_exports import EXPORTS, export_response
from metricgate.surfaces.human.session_auth import CONSOLE, Admission, Admitted, address_of, refusal_of
from metricgate.surfaces.problem_document import MEDIA_TYPE, problem_document, to_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

Work = Callable[[Request, Person], Awaitable[Response]]


class PeopleApi:
    """Routes under ``/v1/``. Each checks who asks, and that a change by cookie was meant."""

    def __init__(self, office: PeopleService, admission: Admission) -> None:
        self._office = office
        self._admission = admission

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes."""
        return [
            Route("/v1/approvals", self._reading(self._list), methods=["GET"]),
            Route("/v1/approvals/{id}", self._reading(self._one), methods=["GET"]),
            Route("/v1/approvals/{id}/decide", self._changing(self._decide), methods=["POST"]),
            Route("/v1/approvals/{id}/undo", self._changing(self._undo), methods=["POST"]),
            Route("/v1/approvals/{id}/review", self._changing(self._review), methods=["POST"]),
            Route("/v1/audit", self._reading(self._entries), methods=["GET"]),
            Route("/v1/audit/{index:int}", self._reading(self._entry), methods=["GET"]),
            Route("/v1/agents", self._reading(self._agents), methods=["GET"]),
            Route("/v1/switches", self._reading(self._switches), methods=["GET"]),
            Route("/v1/switches", self._changing(self._throw), methods=["POST"]),
            Route("/v1/switches/off", self._changing(self._take_back), methods=["POST"]),
            Route("/v1/people/login", self._login, methods=["POST"]),
            Route("/v1/people/logout", self._logout, methods=["POST"]),
            Route("/v1/people/me", self._me, methods=["GET"]),
        ]

    def _reading(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            admitted = await self._admission.admit(request)
            return (
                problems(admitted) if isinstance(admitted, Problems) else await work(request, admitted.session.person)
            )

        return serve

    def _changing(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            admitted = await self._admission.admit(request)
            if isinstance(admitted, Problems):
                return problems(admitted)
            if (forged := self._admission.check_meant(request, admitted, None)) is not None:
                return problems(forged)
            return await work(request, admitted.session.person)

        return serve

    async def _list(self, request: Request, person: Person) -> Response:
        wanted = action_filter(request.query_params, besides=("format",))
        if isinstance(wanted, Problems):
            return problems(wanted)
        form = form_of(request)
        if isinstance(form, Problems):
            return problems(form)
        found = await self._office.actions(person, wanted)
        if isinstance(found, Problems):
            return problems(found)
        if form != "json":
            return download(responses.actions_as(form, found), form, "approvals")
        more = found[-1].id if len(found) == wanted.limit else None
        return answer({"actions": [responses.action_document(each) for each in found], "before": more})

    async def _one(self, request: Request, person: Person) -> Response:
        found = await self._office.action(person, request.path_params["id"])
        return problems(found) if isinstance(found, Problems) else answer(responses.view_document(found))

    async def _decide(self, request: Request, person: Person) -> Response:
        asked = await requests.body_of(request, requests.Decide)
        if isinstance(asked, Problems):
            return problems(asked)
        return _action_response(
            await self._office.decide(
                person,
                request.path_params["id"],
                approves=asked.approves,
                reason=asked.reason,
                shown_digest=asked.shown_digest,
                bound_to=asked.bound_to,
                break_glass=asked.break_glass,
            )
        )

    async def _undo(self, request: Request, person: Person) -> Response:
        asked = await requests.body_of(request, requests.Undo)
        if isinstance(asked, Problems):
            return problems(asked)
        action_id = request.path_params["id"]
        return _action_response(await self._office.undo(person, action_id, reason=asked.reason, partial=asked.partial))

    async def _review(self, request: Request, person: Person) -> Response:
        asked = await requests.body_of(request, requests.Because)
        if isinstance(asked, Problems):
            return problems(asked)
        return _action_response(await self._office.review(person, request.path_params["id"], reason=asked.reason))

    async def _entries(self, request: Request, person: Person) -> Response:
        form = form_of(request, EXPORTS)
        if isinstance(form, Problems):
            return problems(form)
        if form != "json":
            return await export_response(request, person, self._office, form)
        asked = entries_asked(request.query_params, besides=("format",))
        if isinstance(asked, Problems):
            return problems(asked)
        found = await self._office.entries(person, asked.wanted, limit=asked.limit)
        if isinstance(found, Problems):
            return problems(found)
        more = found[-1].get("index") if len(found) == asked.limit else None
        return answer({"entries": [dict(each) for each in found], "before": more})

    async def _entry(self, request: Request, person: Person) -> Response:
        found = await self._office.entry(person, request.path_params["index"])
        return problems(found) if isinstance(found, Problems) else answer(dict(found))

    async def _agents(self, _request: Request, person: Person) -> Response:
        found = await self._office.agents(person)
        if isinstance(found, Problems):
            return problems(found)
        return answer({"agents": [responses.agent_document(each) for each in found]})

    async def _switches(self, _request: Request, person: Person) -> Response:
        found = await self._office.switches(person)
        return problems(found) if isinstance(found, Problems) else answer({"switches": [dict(each) for each in found]})

    async def _throw(self, request: Request, person: Person) -> Response:
        asked = await requests.body_of(request, requests.Throw)
        if isinstance(asked, Problems):
            return problems(asked)
        wrong = await self._office.throw_switch(person, asked.kind, asked.target, asked.because)
        return problems(wrong) if wrong is not None else await self._switches(request, person)

    async def _take_back(self, request: Request, person: Person) -> Response:
        asked = await requests.body_of(request, requests.TakeBack)
        if isinstance(asked, Problems):
            return problems(asked)
        wrong = await self._office.take_back_switches(person, asked.target, asked.because)
        return problems(wrong) if wrong is not None else await self._switches(request, person)

    async def _login(self, request: Request) -> Response:
        asked = await requests.body_of(request, requests.Credentials)
        if isinstance(asked, Problems):
            return problems(asked)
        login = Login(
            name=asked.name,
            password=asked.password,
            code=asked.code,
            new_password=asked.new_password,
            address=address_of(request),
            device=asked.device,
            channel=asked.channel,
        )
        opened = await self._admission.people.login(login)
        if isinstance(opened, Problems):
            return problems(opened)
        expires = opened.session.expires_at.isoformat()
        who = opened.session.person.id
        return answer({"token": opened.token, "device": opened.device, "person": who, "expires_at": expires})

    async def _logout(self, request: Request) -> Response:
        admitted = await self._admission.admit(request)
        if isinstance(admitted, Problems):
            return problems(admitted)
        if (forged := self._admission.check_meant(request, admitted, None)) is not None:
            return problems(forged)
        await self._admission.people.logout(admitted.token)
        return Response(status_code=204)

    async def _me(self, request: Request) -> Response:
        admitted = await self._admission.admit(request)
        return problems(admitted) if isinstance(admitted, Problems) else answer(_session_json(admitted))


def _session_json(admitted: Admitted) -> dict[str, Json]:
    person = admitted.session.person
    document: dict[str, Json] = {
        "person": person.id,
        "method": person.method,
        "channel": person.channel,
        "groups": list(person.groups),
        "expires_at": admitted.session.expires_at.isoformat(),
    }
    if person.channel == CONSOLE:
        document["csrf"] = admitted.session.csrf
    return document


def form_of(request: Request, forms: Sequence[str] = responses.FORMATS) -> str | Problems:
    """Return the form that is asked for: ``json`` where none is."""
    form = request.query_params.get("format", "json")
    if form in forms:
        return form
    return refusal_of(codes.BAD_PARAMETER, f"There is no format {form[:80]!r}: {', '.join(forms)}.")


def problems(found: Problems) -> Response:
    """Return a problem document (RFC 9457)."""
    status = found.first.code.status
    headers = {"www-authenticate": 'Bearer realm="metricgate people"'} if status == codes.LOGIN_NEEDED.status else None
    return Response(to_bytes(problem_document(found)), status, headers, MEDIA_TYPE)


def answer(document: Mapping[str, Json]) -> Response:
    """Return JSON."""
    return Response(responses.to_json(document), media_type="application/json")


def download(content: bytes, form: str, name: str) -> Response:
    """Return a file to be saved, never shown."""
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, headers=headers, media_type=responses.MEDIA.get(form, "application/json"))


def _action_response(done: ProposedAction | Problems) -> Response:
    return problems(done) if isinstance(done, Problems) else answer(responses.action_document(done))
