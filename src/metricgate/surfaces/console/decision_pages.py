"""The inbox, one action, and what people decide about it."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from metricgate.approvals.lifecycle import REVIEWS, count_missing_reviews, list_quorums
from metricgate.approvals.proposal import ProposedAction, State
from metricgate.gateway.people import PersonSession
from metricgate.gateway.people_service import PeopleService
from metricgate.surfaces.console.action_page import (
    outcome_words,
    rows_of,
    sentence,
    signals,
    tables_of,
    undo_words,
    wanted_words,
)
from metricgate.surfaces.console.templates_env import Pages
from metricgate.surfaces.human import codes, responses
from metricgate.surfaces.human.api import download, form_of, problems
from metricgate.surfaces.human.query_params import action_filter
from metricgate.surfaces.human.session_auth import refusal_of
from metricgate.vocabulary.problem import Problems

_LONGEST_REASON = 2_000
_DONE = {
    "approved": "Your approval is recorded.",
    "denied": "Denied. That is final.",
    "undone": "The undo is proposed.",
    "reviewed": "Your review is recorded.",
}


class Deciding:
    """Pages of actions."""

    def __init__(self, pages: Pages, office: PeopleService) -> None:
        self._pages = pages
        self._office = office

    async def inbox(self, request: Request, session: PersonSession) -> Response:
        """Actions, by the filters in the URL; without any, those that wait."""
        wanted = action_filter(request.query_params, besides=("told",))
        if isinstance(wanted, Problems):
            return self._wrong(request, session, wanted)
        found = await self._office.actions(session.person, wanted)
        if isinstance(found, Problems):
            return self._wrong(request, session, found)
        older = None
        query = [(name, value) for name, value in request.query_params.multi_items() if value and name != "before"]
        if len(found) == wanted.limit:
            older = f"{request.url.path}?{urlencode([*query, ('before', found[-1].id)])}"
        return self._pages.page(
            request,
            "inbox.html",
            session,
            rows=[(each, sentence(each), rows_of(each)) for each in found],
            states=list(State),
            quorums=list_quorums,
            reviews_missing=count_missing_reviews,
            wanted=wanted,
            query=urlencode(query),
            older=older,
        )

    async def export(self, request: Request, session: PersonSession) -> Response:
        """The same list as a file."""
        wanted = action_filter(request.query_params, besides=("format",))
        form = form_of(request)
        if isinstance(wanted, Problems):
            return problems(wanted)
        if isinstance(form, Problems):
            return problems(form)
        found = await self._office.actions(session.person, wanted)
        if isinstance(found, Problems):
            return problems(found)
        return download(responses.actions_as("csv" if form == "csv" else "jsonl", found), form, "approvals")

    async def action(self, request: Request, session: PersonSession) -> Response:
        """One action, with all that a decision needs."""
        return await self._action(request, session)

    async def whole(self, request: Request, session: PersonSession) -> Response:
        """All of one action as a file, nothing cut."""
        found = await self._office.action(session.person, request.path_params["id"])
        if isinstance(found, Problems):
            return problems(found)
        return download(responses.pretty(responses.view_document(found)), "json", found.action.id)

    async def decide(self, request: Request, session: PersonSession, form: dict[str, str]) -> Response:
        """Approve or deny."""
        reason, choice = form.get("reason", "").strip(), form.get("decision", "")
        if not reason or len(reason) > _LONGEST_REASON or choice not in {"approve", "deny"}:
            wrong = refusal_of(
                codes.BAD_PARAMETER, f"Choose, and give a reason of at most {_LONGEST_REASON:,} characters."
            )
            return await self._action(request, session, wrong, reason)
        done = await self._office.decide(
            session.person,
            request.path_params["id"],
            approves=choice == "approve",
            reason=reason,
            shown_digest=form.get("shown_digest", ""),
            bound_to=form.get("bound_to", ""),
            break_glass=form.get("break_glass") == "yes",
        )
        return await self._done(request, session, done, "approved" if choice == "approve" else "denied", reason)

    async def undo(self, request: Request, session: PersonSession, form: dict[str, str]) -> Response:
        """Propose that an action is taken back."""
        reason = form.get("reason", "").strip()
        if not reason or len(reason) > _LONGEST_REASON:
            return await self._action(request, session, refusal_of(codes.BAD_PARAMETER, "Say why."), reason)
        partial = form.get("partial") == "yes"
        done = await self._office.undo(session.person, request.path_params["id"], reason=reason, partial=partial)
        return await self._done(request, session, done, "undone", reason)

    async def review(self, request: Request, session: PersonSession, form: dict[str, str]) -> Response:
        """Sign the review of a break-glass approval."""
        reason = form.get("reason", "").strip()
        if not reason or len(reason) > _LONGEST_REASON:
            return await self._action(request, session, refusal_of(codes.BAD_PARAMETER, "Say what you found."), reason)
        done = await self._office.review(session.person, request.path_params["id"], reason=reason)
        return await self._done(request, session, done, "reviewed", reason)

    async def _done(
        self, request: Request, session: PersonSession, done: ProposedAction | Problems, told: str, reason: str
    ) -> Response:
        if isinstance(done, Problems):
            return await self._action(request, session, done, reason)
        return RedirectResponse(f"/console/approvals/{done.id}?told={told}", 303)

    async def _action(
        self, request: Request, session: PersonSession, wrong: Problems | None = None, reason: str = ""
    ) -> Response:
        view = await self._office.action(session.person, request.path_params["id"])
        if isinstance(view, Problems):
            return self._wrong(request, session, view)
        action = view.action
        glass = any(each.break_glass for each in action.decisions)
        return self._pages.page(
            request,
            "action.html",
            session,
            status=200 if wrong is None else wrong.first.code.status,
            problems=wrong,
            told=_DONE.get(request.query_params.get("told", "")),
            view=view,
            action=action,
            proposal=action.proposal,
            sentence=sentence(action),
            rows=rows_of(action),
            tables=tables_of(view),
            signals=signals(action),
            undo_words=undo_words(action),
            outcome=outcome_words(action),
            preview=action.preview,
            risk=action.risk,
            structure=None if action.preview is None else action.preview.structure,
            quorums=list_quorums(action),
            wanted_words=wanted_words(action),
            break_glass=glass,
            to_review=count_missing_reviews(action),
            reviews_wanted=REVIEWS,
            reason=reason,
        )

    def _wrong(self, request: Request, session: PersonSession, found: Problems) -> Response:
        return self._pages.page(request, "problem.html", session, status=found.first.code.status, problems=found)
