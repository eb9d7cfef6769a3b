"""What people are told of actions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from metricgate.approvals.proposal import ProposedAction
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.notice import Notice, NoticeKind

_KINDS: Mapping[str, NoticeKind] = {
    "action_held": NoticeKind.ACTION_HELD,
    "action_decided": NoticeKind.ACTION_DECIDED,
    "action_expired": NoticeKind.ACTION_DECIDED,
    "action_executed": NoticeKind.ACTION_EXECUTED,
    "action_failed": NoticeKind.ACTION_EXECUTED,
    "action_undone": NoticeKind.ACTION_UNDONE,
    "break_glass": NoticeKind.BREAK_GLASS,
}


def notice_of_action(kind: str, action: ProposedAction, facts: Mapping[str, Json], page: str) -> Notice:
    """Return what is told of what happened to an action.

    Args:
        kind: what happened: ``action_held``, ``action_decided``, ``break_glass``, ...
        action: as it stands now.
        facts: what else is worth telling; only texts and whole numbers are.
        page: the URL of the action's page at the console.
    """
    proposal = action.proposal
    score = None if action.risk is None else action.risk.score
    who = action.actor.id
    titles = {
        "action_held": f"{who} asks for a decision",
        "action_decided": f"{who}'s action was {action.state}",
        "action_expired": f"{who}'s action expired",
        "action_executed": f"{who}'s action was carried out",
        "action_failed": f"{who}'s action failed",
        "action_undone": "An action was taken back",
        "break_glass": "The glass was broken",
    }
    fields = {
        "action": action.id,
        "state": str(action.state),
        "actor": str(action.actor),
        "agent": proposal.agent,
        "targets": ", ".join(proposal.targets[:5]),
        "risk": str(score),
        "until": proposal.expires_at.isoformat(timespec="seconds"),
        **{name: str(value) for name, value in facts.items() if isinstance(value, str | int)},
    }
    return Notice(
        kind=_KINDS.get(kind, NoticeKind.ACTION_DECIDED),
        id=f"{action.id}_{kind}_{action.version}",
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        title=titles.get(kind, kind),
        text=proposal.statement[:500],
        fields=fields,
        link=page,
    )
