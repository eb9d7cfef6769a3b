"""Parameters of a URL -> filters of the ``PeopleService``. Unknown names and values are problems, never ignored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from starlette.datastructures import QueryParams

from metricgate.approvals.proposal import State
from metricgate.state.actions import ActionFilter
from metricgate.state.record import EntryFilter
from metricgate.surfaces.human import codes
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem, Problems

MOST: Final = 500
_LONGEST: Final = 500
ACTION_PARAMETERS: Final = (
    "state",
    "agent",
    "user",
    "target",
    "since",
    "until",
    "text",
    "to_review",
    "before",
    "limit",
)
ENTRY_PARAMETERS: Final = (
    "event",
    "outcome",
    "code",
    "agent",
    "actor",
    "user",
    "person",
    "tool",
    "metric",
    "dataset",
    "rule",
    "verdict",
    "action",
    "trace",
    "since",
    "until",
    "before",
    "limit",
)
_EARLIER: Final = {"action_id": "action", "trace_id": "trace"}
"""Names that two of them had in links of earlier releases."""


class _WrongError(Exception):
    pass


def action_filter(parameters: QueryParams, *, besides: Sequence[str] = ()) -> ActionFilter | Problems:
    """Return which actions are asked for. ``state`` may be repeated; an empty value counts as not given."""
    try:
        given = _known_parameters(parameters, (*ACTION_PARAMETERS, *besides))
        return ActionFilter(
            states=tuple(_state(each) for each in parameters.getlist("state") if each),
            agent=given.get("agent"),
            user=given.get("user"),
            target=given.get("target"),
            since=_parse_moment("since", given.get("since")),
            until=_parse_moment("until", given.get("until")),
            text=given.get("text"),
            to_review=_parse_yes("to_review", given.get("to_review")),
            before=given.get("before"),
            limit=_parse_number("limit", given.get("limit"), 50),
        )
    except _WrongError as error:
        return _parameter_problem(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesAsked:
    """A page of the record: what fits, newest first, and how many entries at most."""

    wanted: EntryFilter
    limit: int


def entries_asked(parameters: QueryParams, *, besides: Sequence[str] = ()) -> EntriesAsked | Problems:
    """Return which entries of the record are asked for."""
    try:
        given = _known_parameters(parameters, (*ENTRY_PARAMETERS, *_EARLIER, *besides))
        given = {_EARLIER.get(name, name): value for name, value in given.items()}
        before = given.get("before")
        wanted = EntryFilter(
            event=given.get("event"),
            outcome=given.get("outcome"),
            code=given.get("code"),
            agent=given.get("agent"),
            actor=given.get("actor"),
            user=given.get("user"),
            person=given.get("person"),
            tool=given.get("tool"),
            metric=given.get("metric"),
            dataset=given.get("dataset"),
            rule=given.get("rule"),
            verdict=_parse_verdict(given.get("verdict")),
            trace_id=given.get("trace"),
            action=given.get("action"),
            since=_parse_moment("since", given.get("since")),
            until=_parse_moment("until", given.get("until")),
            before=None if before is None else _parse_number("before", before, 0, most=2**53),
        )
        return EntriesAsked(wanted=wanted, limit=_parse_number("limit", given.get("limit"), 50))
    except _WrongError as error:
        return _parameter_problem(error)


def _known_parameters(parameters: QueryParams, known: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parameters.multi_items():
        if name not in known:
            hint = did_you_mean(name[:80], known) or f"The parameters are: {', '.join(known)}."
            raise _WrongError(f"There is no parameter {name[:80]!r}. {hint}")
        if len(value) > _LONGEST:
            raise _WrongError(f"The value of {name} is longer than {_LONGEST} characters.")
        if name in found and name != "state":
            raise _WrongError(f"The parameter {name} is there more than once.")
        if value:
            found[name] = value
    return found


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError:
        raise _WrongError(f"{text[:80]!r} is no state; the states are: {', '.join(State)}.") from None


def _parse_verdict(text: str | None) -> str | None:
    if text not in {None, "allow", "hold", "deny"}:
        raise _WrongError(f"verdict: {str(text)[:80]!r} is none of allow, hold, deny.")
    return text


def _parse_moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise _WrongError(f"{name}: {text[:80]!r} is neither an ISO date nor a date-time.") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _parse_yes(name: str, text: str | None) -> bool:
    if text not in {None, "yes"}:
        raise _WrongError(f"{name}: {text[:80] if text else text!r} is not 'yes'; leave it out where it is not meant.")
    return text is not None


def _parse_number(name: str, text: str | None, default: int, *, most: int = MOST) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17 and 0 < int(text) <= most):  # noqa: PLR2004
        raise _WrongError(f"{name}: {text[:80]!r} is no number from 1 to {most}.")
    return int(text)


def _parameter_problem(error: _WrongError) -> Problems:
    return Problems((Problem(code=codes.BAD_PARAMETER, message=str(error), hint=codes.BAD_PARAMETER.cure),))
