"""What the ``PeopleService`` returns, as JSON, CSV and lines of JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import orjson

from metricgate.approvals import lifecycle
from metricgate.approvals.documents import outcome_to_json, preview_to_json, risk_to_json, rule_to_json
from metricgate.approvals.lifecycle import Quorum
from metricgate.approvals.preview import SampleRow, TablePreview
from metricgate.approvals.proposal import HumanDecision, ProposedAction, Requirement, Review
from metricgate.gateway.people_service import ActionView, AgentView
from metricgate.vocabulary.json import Json, canonical_json

FORMATS: Final = ("json", "csv", "jsonl")
MEDIA: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ACTION_COLUMNS: Final = (
    "id",
    "state",
    "proposed_at",
    "expires_at",
    "actor",
    "agent",
    "user",
    "owner",
    "tool",
    "action",
    "targets",
    "reversibility",
    "rows",
    "risk",
    "statement",
    "decided_by",
)


def action_document(action: ProposedAction) -> dict[str, Json]:
    """Return one action without what only its own page shows."""
    return {
        "id": action.id,
        "state": str(action.state),
        "actor": str(action.actor),
        "proposal": action.proposal.as_json(),
        "bound_to": action.proposal.digest,
        "requirement": None if action.requirement is None else _requirement_json(action.requirement),
        "quorums": [_quorum_json(each) for each in lifecycle.list_quorums(action)],
        "decisions": [_decision_json(each) for each in action.decisions],
        "reviews": [_review(each) for each in action.reviews],
        "reviews_missing": lifecycle.count_missing_reviews(action),
        "risk": risk_to_json(action.risk),
        "preview": preview_to_json(action.preview),
        "outcome": outcome_to_json(action.outcome),
        "undo_until": iso(action.undo_until),
        "undoes": action.undoes,
        "undone_by": action.undone_by,
        "records": list(action.records),
        "settled_at": iso(action.settled_at),
    }


def view_document(view: ActionView) -> dict[str, Json]:
    """Return one action with all that a decision needs."""
    preview = view.action.preview
    return {
        **action_document(view.action),
        "columns": {} if preview is None else {each.table: list(each.columns) for each in preview.tables or ()},
        "sample": [] if preview is None else [_row_json(table, each) for table, each in preview.sample()],
        "may_decide": view.may_decide is None,
        "why_not_decide": view.may_decide,
        "may_undo": view.may_undo is None,
        "why_not_undo": view.may_undo,
        "may_review": view.may_review is None,
        "why_not_review": view.may_review,
        "shown_digest": view.shown_digest,
        "history": [{"id": each.id, "state": str(each.state)} for each in view.history],
        "rules": [] if preview is None else [rule_to_json(each) for each in preview.considered or ()],
        "doing": view.doing,
    }


def agent_document(agent: AgentView) -> dict[str, Json]:
    """Return one agent."""
    return {
        "id": agent.id,
        "last_seen": iso(agent.last_seen),
        "calls": dict(agent.calls),
        "actions": dict(agent.actions),
        "paused_until": iso(agent.paused_until),
        "switches": [dict(each) for each in agent.switches],
        "budgets": [dict(each) for each in agent.budgets],
    }


def actions_as(form: str, actions: Sequence[ProposedAction]) -> bytes:
    """Return actions as ``csv`` (one line each) or ``jsonl`` (everything)."""
    if form == "jsonl":
        return lines(action_document(each) for each in actions)
    return table(_ACTION_COLUMNS, [_flat(each) for each in actions])


def lines(documents: Iterable[Json]) -> bytes:
    """Return one line of JSON for each document."""
    return b"".join(canonical_json(each) + b"\n" for each in documents)


def table(columns: Sequence[str], rows: Sequence[Sequence[Json]]) -> bytes:
    """Return CSV. What a spreadsheet would take for a formula gets a quote in front."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_cell(each) for each in row])
    return out.getvalue().encode("utf-8", "backslashreplace")


def at_of(entry: Mapping[str, Json]) -> str:
    """Return when an entry was written, in ISO form."""
    return str(entry.get("at") or entry.get("time") or "")


def event_of(entry: Mapping[str, Json]) -> str:
    """Return the name of an entry's event."""
    return str(entry.get("event") or entry.get("event_name") or "")


def facts_of(entry: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return an entry's fields and bodies in one."""
    fields, bodies = entry.get("fields"), entry.get("bodies")
    found = dict(fields) if isinstance(fields, Mapping) else dict(entry)
    if isinstance(bodies, Mapping):
        found.update({name: value for name, value in bodies.items() if value is not None})
    return found


def text_of(value: Json) -> str:
    """Return JSON as text."""
    return canonical_json(value).decode(errors="replace")


def iso(moment: datetime | None) -> str | None:
    """Return a moment in ISO form."""
    return None if moment is None else moment.isoformat()


def to_json(document: Json) -> bytes:
    """Return JSON, mapping views and tuples included."""
    return canonical_json(document)


def pretty(document: Json) -> bytes:
    """Return JSON for people."""
    return orjson.dumps(orjson.loads(canonical_json(document)), option=orjson.OPT_INDENT_2)


def _flat(action: ProposedAction) -> list[Json]:
    proposal = action.proposal
    return [
        action.id,
        str(action.state),
        proposal.proposed_at.isoformat(),
        proposal.expires_at.isoformat(),
        str(action.actor),
        proposal.agent,
        proposal.user,
        proposal.owner,
        proposal.tool,
        proposal.action,
        " ".join(proposal.targets),
        str(proposal.reversibility),
        None if action.preview is None else action.preview.rows.total,
        None if action.risk is None else action.risk.score,
        proposal.statement,
        " ".join(each.person for each in action.decisions),
    ]


def _csv_cell(value: Json) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else text_of(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _row_json(table: TablePreview, row: SampleRow) -> dict[str, Json]:
    return {
        "table": table.table,
        "kind": row.kind,
        "key": list(row.key or ()),
        "before": None if row.before is None else list(row.before),
        "after": None if row.after is None else list(row.after),
    }


def _requirement_json(required: Requirement) -> dict[str, Json]:
    return {
        "approvals": required.approvals,
        "roles": list(required.roles),
        "apart": list(required.apart),
        "rules": list(required.rules),
        "seconds": required.seconds,
    }


def _quorum_json(quorum: Quorum) -> dict[str, Json]:
    return {
        "approvals": quorum.approvals,
        "roles": list(quorum.roles),
        "approved_by": list(quorum.people),
        "missing": quorum.missing,
    }


def _review(review: Review) -> dict[str, Json]:
    return {"person": review.person, "at": review.at.isoformat(), "reason": review.reason}


def _decision_json(decision: HumanDecision) -> dict[str, Json]:
    return {
        "person": decision.person,
        "approves": decision.approves,
        "reason": decision.reason,
        "at": decision.at.isoformat(),
        "shown_digest": decision.shown_digest,
        "bound_to": decision.bound_to,
        "channel": decision.channel,
        "break_glass": decision.break_glass,
    }
