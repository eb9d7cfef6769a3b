"""Actions as JSON documents and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from metricgate.approvals.documents import (
    outcome_from_json,
    outcome_to_json,
    preview_from_json,
    preview_to_json,
    risk_from_json,
    risk_to_json,
)
from metricgate.approvals.proposal import (
    HumanDecision,
    Proposal,
    ProposedAction,
    Requirement,
    Reversibility,
    Review,
    State,
)
from metricgate.vocabulary.actor import actor_of


def to_document(action: ProposedAction) -> bytes:
    """Return the JSON that ``from_document`` reads."""
    return orjson.dumps(
        {
            "proposal": action.proposal.as_json(),
            "state": str(action.state),
            "requirement": None if action.requirement is None else _requirement_json(action.requirement),
            "decisions": [_decision_json(each) for each in action.decisions],
            "risk": risk_to_json(action.risk),
            "preview": preview_to_json(action.preview),
            "outcome": outcome_to_json(action.outcome),
            "idempotency_key": action.idempotency_key,
            "user_groups": list(action.user_groups),
            "arguments_digest": action.arguments_digest,
            "undo_until": _time_json(action.undo_until),
            "undoes": action.undoes,
            "undone_by": action.undone_by,
            "records": list(action.records),
            "settled_at": _time_json(action.settled_at),
            "reviews": [[each.person, each.at.isoformat(), each.reason] for each in action.reviews],
            "version": action.version,
        },
        default=_as_json_type,
    )


def from_document(data: bytes | str) -> ProposedAction:
    """Return the action.

    Raises:
        MisshapenDocument: no release wrote its preview, risk or outcome.
    """
    raw = orjson.loads(data)
    proposal = dict(raw["proposal"])
    for name in ("proposed_at", "expires_at"):
        proposal[name] = datetime.fromisoformat(proposal[name])
    proposal["targets"] = tuple(proposal["targets"])
    proposal["reversibility"] = Reversibility(proposal["reversibility"])
    if "actor" in proposal:  # what an earlier release kept has none
        proposal["actor"] = actor_of(proposal["actor"])
    requirement = raw["requirement"]
    return ProposedAction(
        proposal=Proposal(**proposal),
        state=State(raw["state"]),
        requirement=None if requirement is None else _read_requirement(requirement),
        decisions=tuple(_read_decision(each) for each in raw["decisions"]),
        risk=risk_from_json(raw["risk"]),
        preview=preview_from_json(raw["preview"]),
        outcome=outcome_from_json(raw["outcome"]),
        idempotency_key=raw["idempotency_key"],
        user_groups=tuple(raw["user_groups"]),
        arguments_digest=raw["arguments_digest"],
        undo_until=_read_time(raw["undo_until"]),
        undoes=raw["undoes"],
        undone_by=raw["undone_by"],
        records=tuple(raw["records"]),
        settled_at=_read_time(raw["settled_at"]),
        reviews=tuple(
            Review(person=person, at=datetime.fromisoformat(at), reason=reason) for person, at, reason in raw["reviews"]
        ),
        version=raw["version"],
    )


def _requirement_json(each: Requirement) -> dict[str, Any]:
    return {
        "approvals": each.approvals,
        "roles": list(each.roles),
        "apart": list(each.apart),
        "rules": list(each.rules),
        "quorums": [[approvals, list(roles)] for approvals, roles in each.quorums],
        "seconds": each.seconds,
    }


def _read_requirement(raw: dict[str, Any]) -> Requirement:
    return Requirement(
        approvals=raw["approvals"],
        roles=tuple(raw["roles"]),
        apart=tuple(raw["apart"]),
        rules=tuple(raw["rules"]),
        quorums=tuple((approvals, tuple(roles)) for approvals, roles in raw["quorums"]),
        seconds=raw["seconds"],
    )


def _decision_json(each: HumanDecision) -> dict[str, Any]:
    return {
        "person": each.person,
        "approves": each.approves,
        "reason": each.reason,
        "at": each.at.isoformat(),
        "shown_digest": each.shown_digest,
        "bound_to": each.bound_to,
        "channel": each.channel,
        "break_glass": each.break_glass,
        "roles": list(each.roles),
        "groups": list(each.groups),
        "method": each.method,
    }


def _read_decision(raw: dict[str, Any]) -> HumanDecision:
    return HumanDecision(
        **{
            **raw,
            "at": datetime.fromisoformat(raw["at"]),
            "roles": tuple(raw["roles"]),
            "groups": tuple(raw.get("groups", ())),
        }
    )


def _time_json(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _as_json_type(value: object) -> object:
    if hasattr(value, "items"):
        return dict(value.items())
    if isinstance(value, tuple | list):
        return list(value)
    raise TypeError(type(value).__name__)
