"""What an approval is bound to: every field that, changed, would make it another action."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from metricgate.approvals.outcome import ActionOutcome
from metricgate.approvals.preview import Preview, RiskSummary
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.actor import Actor
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json


class Reversibility(StrEnum):
    """How far an action can be taken back, best first. The gateway says it, never the agent."""

    R0 = "R0"
    """Exactly: every changed row is in the journal, and nothing else is changed by taking it back."""
    R1 = "R1"
    """Exactly as to the columns that were set; the engine may set others anew (time stamps, versions)."""
    R2 = "R2"
    """By a declared inverse action, which makes amends rather than restores."""
    R3 = "R3"
    """In part: some of what happens is not in the journal (triggers, rows behind tables without a key)."""
    R4 = "R4"
    """Not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One action as it was proposed and previewed. Frozen: an edit is a new proposal.

    Attributes:
        action_id: ``act_`` and 26 characters, unguessable, sortable by time.
        tenant: the project's name, or the tenant of the credential.
        agent: the agent's id; of an undo, of the agent whose action is taken back.
        user: on whose behalf, or None.
        owner: the person who answers for the agent, or None where the policy names none.
        tool: the tool that was called.
        action: the governed action's name, or None for SQL.
        statement: the normalised statement(s) of the gateway's making, for people and for the digest.
        parameters_digest: of the bound values.
        targets: resources that change, e.g. ``dataset:customers``, ``column:customers.segment``, sorted.
        warehouse: name in the settings.
        changes_digest: of the change row by row (``digest_of_changes``).
        preview_digest: of the effect (``ChangeEffect.digest``).
        row_ceiling: more rows than so many are never changed under this approval.
        policy_digest: of the policy in force when it was proposed.
        catalog_version: of the catalog in force then.
        reversibility: how far it can be taken back.
        proposed_at: UTC.
        expires_at: UTC; not decided by then, it is denied.
        nonce: 32 hex digits, random.
        governance_digest: of the rules and definitions that took part: what an approval is bound to. None in what
            releases before this one kept; there policy and catalog must be the same ones.
        definitions_digest: of what acts when the rows change, beside the change itself (``digest_of_definitions``).
        actor: who proposes it; None in what releases before this one kept.
    """

    action_id: str
    tenant: str
    agent: str
    user: str | None
    owner: str | None
    tool: str
    action: str | None
    statement: str
    parameters_digest: str
    targets: tuple[str, ...]
    warehouse: str
    changes_digest: str
    preview_digest: str
    row_ceiling: int
    policy_digest: str
    catalog_version: str
    reversibility: Reversibility
    proposed_at: datetime
    expires_at: datetime
    nonce: str
    governance_digest: str | None = None
    definitions_digest: str | None = None
    actor: Actor | None = None

    def as_json(self) -> dict[str, Json]:
        """Return every bound field."""
        document: dict[str, Json] = {
            "action_id": self.action_id,
            "tenant": self.tenant,
            "agent": self.agent,
            "user": self.user,
            "owner": self.owner,
            "tool": self.tool,
            "action": self.action,
            "statement": self.statement,
            "parameters_digest": self.parameters_digest,
            "targets": list(self.targets),
            "warehouse": self.warehouse,
            "changes_digest": self.changes_digest,
            "preview_digest": self.preview_digest,
            "row_ceiling": self.row_ceiling,
            "policy_digest": self.policy_digest,
            "catalog_version": self.catalog_version,
            "reversibility": str(self.reversibility),
            "proposed_at": self.proposed_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "nonce": self.nonce,
        }
        later = {
            "governance_digest": self.governance_digest,
            "definitions_digest": self.definitions_digest,
            "actor": None if self.actor is None else str(self.actor),
        }
        return document | {name: value for name, value in later.items() if value is not None}

    @property
    def digest(self) -> str:
        """What an approval is bound to: a person approves this, and nothing else runs under it."""
        return digest_of(self.as_json())


class State(StrEnum):
    """Where an action stands. The last six are final, but that what was executed may be undone by another action."""

    PREVIEWED = "previewed"
    """Shown to the agent (a dry run): nothing will run."""
    HELD = "held"
    """Waits for people."""
    APPROVED = "approved"
    """May be carried out, once: a verdict allowed it, or enough people did."""
    EXECUTING = "executing"
    """Begun; a crash leaves this state, which start-up settles."""
    EXECUTED = "executed"
    FAILED = "failed"
    """It was released, but nothing was changed."""
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """Withdrawn by its proposer."""
    UNDONE = "undone"
    """Taken back, by the action that ``ProposedAction.undone_by`` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What must be true before a held action may run.

    Attributes:
        approvals: how many people must approve.
        roles: whose holders may; empty: whoever has the right to approve on every target.
        apart: parties that must be different people from each approver: ``requester`` (the user on whose behalf),
            ``owner`` (of the agent). Approvers always differ from one another.
        rules: ids of the rules that hold it, floors of the gateway included.
        quorums: of each rule that names roles: how many people, and that they must hold one of these. One person may
            count in several; ``roles`` are those of all of them.
        seconds: time until it lapses.
    """

    approvals: int = 1
    roles: tuple[str, ...] = ()
    apart: tuple[str, ...] = ("requester", "owner")
    rules: tuple[str, ...] = ()
    quorums: tuple[tuple[int, tuple[str, ...]], ...] = ()
    seconds: int = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanDecision:
    """What one person said.

    Attributes:
        person: the person's id, e.g. ``ana@acme.example``.
        approves: False denies, which is final.
        reason: never empty.
        shown_digest: of what the person was shown; kept with it.
        bound_to: ``Proposal.digest`` at the time.
        channel: ``console``, ``api`` or ``cli``.
        break_glass: whether the person overrode the rules on who may approve.
        roles: those of the person's roles that the requirement asks for; ``decide`` fills them in.
        groups: that the person's login proved, so that the right to decide can be judged again.
        method: of the login, as in ``Person.method``; empty in what releases before this one kept.
    """

    person: str
    approves: bool
    reason: str
    at: datetime
    shown_digest: str
    bound_to: str
    channel: str
    break_glass: bool = False
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What one person said afterwards of an approval that broke the glass."""

    person: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedAction:
    """One action and all that happened to it. ``version`` grows with every change of it (compare-and-set).

    Attributes:
        requirement: what it takes; None where the verdict allowed it.
        risk: as policy counted it; None of an undo, and where it was erased.
        preview: what people and the agent may be shown; None where it was erased.
        outcome: once it was carried out or failed; None also where only its marker tells that it was carried out.
        undo_until: the journal's deadline; None where there is nothing to undo by.
        undoes: the action that this one takes back.
        undone_by: the action that took this one back.
        user_groups: groups that the proposer's credentials proved, so that a freeze of one finds it.
        records: numbers of its ledger entries, in order.
        reviews: where the glass was broken: who looked at it afterwards.
    """

    proposal: Proposal
    state: State
    requirement: Requirement | None = None
    decisions: tuple[HumanDecision, ...] = ()
    risk: RiskSummary | None = None
    preview: Preview | None = field(default=None, repr=False)
    outcome: ActionOutcome | None = None
    idempotency_key: str | None = None
    user_groups: tuple[str, ...] = ()
    arguments_digest: str = ""
    undo_until: datetime | None = None
    undoes: str | None = None
    undone_by: str | None = None
    records: tuple[int, ...] = ()
    settled_at: datetime | None = None
    reviews: tuple[Review, ...] = ()
    version: int = 1

    @property
    def actor(self) -> Actor:
        """Who proposed it."""
        proposal = self.proposal
        if proposal.actor is not None:
            return proposal.actor
        return actors.agent(proposal.agent) if self.undoes is None else actors.person(proposal.user or "")

    @property
    def id(self) -> str:
        """The action's id."""
        return self.proposal.action_id

    @property
    def rows(self) -> int:
        """How many rows it changes, by its preview; 0 where that was erased."""
        return 0 if self.preview is None else self.preview.rows.total or 0

    @property
    def changes_structure(self) -> bool:
        """Whether it changes a table itself, by its preview."""
        return self.preview is not None and self.preview.structure is not None

    @property
    def unknown(self) -> tuple[str, ...]:
        """What may happen besides, of which nobody knows the effect, as it was shown."""
        return () if self.preview is None else self.preview.unknown
