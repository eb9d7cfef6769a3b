"""Actions as tests of approvals and of their stores need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from metricgate.approvals.preview import (
    ConsideredRule,
    DefinitionsPreview,
    Preview,
    RowCounts,
    SampleRow,
    TableCounts,
    TablePreview,
)
from metricgate.approvals.proposal import HumanDecision, Proposal, ProposedAction, Requirement, Reversibility, State

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXPIRES = NOW + timedelta(minutes=15)
PROPOSAL = Proposal(
    action_id="act_00000000000000000000000001",
    tenant="acme",
    agent="copilot",
    user="rita@acme.example",
    owner="olga@acme.example",
    tool="propose_write",
    action=None,
    statement="UPDATE customers SET segment = ? WHERE id = ?",
    parameters_digest="sha256:p",
    targets=("column:customers.segment", "dataset:customers"),
    warehouse="main",
    changes_digest="sha256:c",
    preview_digest="sha256:e",
    row_ceiling=10,
    policy_digest="sha256:y",
    catalog_version="v1",
    reversibility=Reversibility.R0,
    proposed_at=NOW,
    expires_at=EXPIRES,
    nonce="0" * 32,
)


PREVIEW = Preview(
    dataset="customers",
    rows=RowCounts(update=1, total=1),
    tables=(
        TablePreview(
            table="shop.main.customers",
            cause="statement",
            columns=("id", "segment"),
            key=("id",),
            assigned=("segment",),
            rows=TableCounts(update=1),
            sample=(SampleRow(kind="update", key=("1",), before=("1", None), after=("1", "gold")),),
        ),
    ),
    columns=("segment",),
    labels=("pii",),
    unknown=(),
    reversibility="R0",
    not_back=(),
    definitions=DefinitionsPreview(digest="sha256:d", acting=(), number=0),
    undo="can be taken back exactly",
    structure=None,
    because="it was asked for",
    considered=(ConsideredRule(rule="grant", decision="allow", message="it may"),),
)


def saying(words: str) -> Preview:
    """Return a preview that holds these words: in a row, and as what the agent says."""
    row = SampleRow(kind="update", key=("1",), before=("1", words), after=("1", None))
    tables = tuple(replace(each, sample=(row,)) for each in PREVIEW.tables or ())
    return replace(PREVIEW, tables=tables, because=words)


def proposal(number: int = 1, **changed: object) -> Proposal:
    """Return a proposal of its own id, otherwise alike."""
    return replace(PROPOSAL, action_id=f"act_{number:026}", **changed)  # type: ignore[arg-type]


def held_action(requirement: Requirement | None = None, number: int = 1, **changed: object) -> ProposedAction:
    """Return an action that waits for people."""
    wanted = requirement or Requirement()
    return ProposedAction(proposal=proposal(number, **changed), state=State.HELD, requirement=wanted)


def decision(action: ProposedAction, person: str, *, at: datetime = NOW, **changed: object) -> HumanDecision:
    """Return a person's approval of exactly this action."""
    given = HumanDecision(
        person=person,
        approves=True,
        reason="I have looked at it.",
        at=at,
        shown_digest="sha256:s",
        bound_to=action.proposal.digest,
        channel="console",
    )
    return replace(given, **changed)  # type: ignore[arg-type]
