"""The record and the catalog, for reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from metricgate.gateway.people import PersonSession
from metricgate.gateway.people_service import PeopleService
from metricgate.state.record import EntryFilter
from metricgate.surfaces.console.entry_page import entry_page, entry_row
from metricgate.surfaces.console.pictures import BOX_HEIGHT, BOX_WIDTH, edges_of, lineage
from metricgate.surfaces.console.templates_env import Pages
from metricgate.surfaces.console.words import EVENTS
from metricgate.surfaces.human import codes, responses
from metricgate.surfaces.human.api import download, form_of, problems
from metricgate.surfaces.human.query_params import entries_asked
from metricgate.surfaces.human.record_exports import EXPORTS, export_response
from metricgate.surfaces.human.session_auth import refusal_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

_MOST_METRICS = 1_000
_FORMS = (("csv", "CSV"), ("jsonl", "JSON lines"), ("parquet", "Parquet"), ("manifest", "manifest"))


class RecordPages:
    """Pages that change nothing."""

    def __init__(self, pages: Pages, office: PeopleService) -> None:
        self._pages = pages
        self._office = office

    async def timeline(self, request: Request, session: PersonSession) -> Response:
        """Entries of the record, by the filters in the URL."""
        asked = entries_asked(request.query_params)
        if isinstance(asked, Problems):
            return self._wrong(request, session, asked)
        found = await self._office.entries(session.person, asked.wanted, limit=asked.limit)
        if isinstance(found, Problems):
            return self._wrong(request, session, found)
        paging = {"before", "limit"}
        query = [(name, value) for name, value in request.query_params.multi_items() if value and name != "before"]
        older = None
        if found and len(found) == asked.limit:
            older = f"{request.url.path}?{urlencode([*query, ('before', str(found[-1].get('index')))])}"
        return self._pages.page(
            request,
            "timeline.html",
            session,
            rows=[entry_row(each) for each in found],
            wanted=asked.wanted,
            events=EVENTS,
            query=urlencode(query),
            more=_more(asked.wanted),
            forms=_FORMS,
            exported=urlencode([(name, value) for name, value in query if name not in paging]),
            older=older,
        )

    async def export(self, request: Request, session: PersonSession) -> Response:
        """Everything that the same filter matches, as a file."""
        form = form_of(request, EXPORTS)
        if isinstance(form, Problems):
            return problems(form)
        return await export_response(request, session.person, self._office, "jsonl" if form == "json" else form)

    async def call(self, request: Request, session: PersonSession) -> Response:
        """One entry, told."""
        found = await self._office.entry(session.person, request.path_params["index"])
        if isinstance(found, Problems):
            return self._wrong(request, session, found)
        return self._pages.page(request, "call.html", session, entry=entry_page(found))

    async def whole(self, request: Request, session: PersonSession) -> Response:
        """All of one entry as a file."""
        found = await self._office.entry(session.person, request.path_params["index"])
        if isinstance(found, Problems):
            return problems(found)
        return download(responses.pretty(dict(found)), "json", f"entry-{request.path_params['index']}")

    async def receipt(self, request: Request, session: PersonSession) -> Response:
        """The receipt of one entry as a file."""
        found = await self._office.entry(session.person, request.path_params["index"])
        if isinstance(found, Problems):
            return problems(found)
        receipt = found.get("receipt")
        if not receipt:
            return problems(refusal_of(codes.BAD_PARAMETER, "This entry has no receipt."))
        content = receipt.encode() if isinstance(receipt, str) else responses.pretty(receipt)
        return download(content, "json", f"receipt-{request.path_params['index']}")

    async def catalog(self, request: Request, session: PersonSession) -> Response:
        """Metrics with their owners, and what is built on what. ``about`` is one metric's page."""
        unknown = [name for name in request.query_params if name not in {"about", "text"}]
        if unknown:
            wrong = refusal_of(codes.BAD_PARAMETER, f"There is no parameter {unknown[0][:80]!r}.")
            return self._wrong(request, session, wrong)
        found = await self._office.catalog(session.person)
        if isinstance(found, Problems):
            return self._wrong(request, session, found)
        about, text = request.query_params.get("about"), request.query_params.get("text", "").casefold()
        metrics = _mapping_list(found.get("metrics"))
        one = next((each for each in metrics if each.get("name") == about), None) if about else None
        edges = edges_of(found.get("edges"))
        known = {name for edge in edges for name in edge} | {str(each.get("name")) for each in metrics}
        if about and about not in known:
            wrong = refusal_of(codes.BAD_PARAMETER, f"There is no metric or model {about[:80]!r} that you may see.")
            return self._wrong(request, session, wrong)
        return self._pages.page(
            request,
            "catalog.html",
            session,
            metrics=[each for each in metrics if text in responses.text_of(each).casefold()][:_MOST_METRICS],
            models=_mapping_list(found.get("models")),
            about=about,
            one=one,
            graph=lineage(edges, about) if about else None,
            box=(BOX_WIDTH, BOX_HEIGHT),
            searched=request.query_params.get("text", ""),
        )

    def _wrong(self, request: Request, session: PersonSession, found: Problems) -> Response:
        return self._pages.page(request, "problem.html", session, status=found.first.code.status, problems=found)


def _more(wanted: EntryFilter) -> list[tuple[str, str, str | None]]:
    """Return name, words and value of the filters that are texts of one word."""
    return [
        ("user", "User", wanted.user),
        ("person", "Person", wanted.person),
        ("metric", "Metric", wanted.metric),
        ("dataset", "Dataset", wanted.dataset),
        ("rule", "Rule", wanted.rule),
        ("action", "Action", wanted.action),
        ("trace", "Trace", wanted.trace_id),
    ]


def _mapping_list(listed: Json) -> Sequence[Mapping[str, Json]]:
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return []
    return [each for each in listed if isinstance(each, Mapping)]
