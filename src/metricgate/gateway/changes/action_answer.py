"""What the proposer of a change is told of it, whatever the tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from metricgate.approvals import lifecycle
from metricgate.approvals.documents import outcome_to_json, preview_to_json, risk_to_json
from metricgate.approvals.preview import Preview
from metricgate.approvals.proposal import ProposedAction, State
from metricgate.gateway.answers import Answer, Object, envelope_schema

WAIT = (
    "The action waits for a person. Do not propose it again and do not try another way: ask get_action for it now and "
    'then, a minute apart, until its state changes: {"action_id": "%s"}.'
)
StateName = Literal[
    "previewed", "held", "approved", "executing", "executed", "failed", "denied", "expired", "cancelled", "undone"
]


@dataclass(frozen=True, kw_only=True)
class ActionAnswer(Answer):
    """How a change stands."""

    action_id: Annotated[str, Field(description="What get_action takes.")]
    state: StateName
    message: Annotated[str, Field(description="What to do now.")]
    would: Annotated[str | None, Field(description="Of a dry run: allow or hold.")]
    statement: str
    action: str | None
    preview: Annotated[
        Object,
        Field(
            description="Rows by what happens to them, columns, labels, sample, reversibility; hidden values as "
            "(hidden)."
        ),
    ]
    risk: Annotated[Object, Field(description="Score, likelihood, impact, the three largest contributions.")]
    rules: Annotated[Sequence[str], Field(description="Ids of the rules that have people decide.")]
    approvals_missing: int
    expires_at: Annotated[str | None, Field(description="When it is denied if nobody decided.")]
    outcome: Object
    undo_until: Annotated[str | None, Field(description="Until when a person can take it back.")]
    undoes: str | None
    undone_by: str | None


ACTION_SCHEMA = envelope_schema(ActionAnswer)
"""The envelope's schema; governed actions come and go, and share it."""


def describe_standing(action: ProposedAction, doing: str = "") -> ActionAnswer:
    """Return how an action stands, without the sample of its rows; ``doing`` is what is done for it this moment."""
    preview = None if action.preview is None else replace(action.preview, tables=None)
    message = WAIT % action.id if action.state is State.HELD else f"The action is {action.state}."
    if doing:
        message += f" Of {action.proposal.row_ceiling:,} rows: {doing}."
    return answer_action(action, preview, message)


def answer_action(
    action: ProposedAction, preview: Preview | None, message: str, *, would: str | None = None
) -> ActionAnswer:
    """Return what the proposer is told of an action."""
    missing = lifecycle.count_missing_approvals(action) if action.state is State.HELD else 0
    # The images of what was taken back are still there; it cannot be taken back once more.
    undo_until = action.undo_until if action.state is State.EXECUTED else None
    return ActionAnswer(
        action_id=action.id,
        state=action.state.value,
        message=message,
        would=would,
        statement=action.proposal.statement,
        action=action.proposal.action,
        preview=preview_to_json(preview),
        risk=risk_to_json(action.risk),
        rules=[] if action.requirement is None else list(action.requirement.rules),
        approvals_missing=missing,
        expires_at=action.proposal.expires_at.isoformat() if action.state is State.HELD else None,
        outcome=outcome_to_json(action.outcome),
        undo_until=None if undo_until is None else undo_until.isoformat(),
        undoes=action.undoes,
        undone_by=action.undone_by,
        notes=[],
    )
