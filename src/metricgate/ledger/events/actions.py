"""Events of changes: one entry for each thing that happens to an action, all with the action's id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from metricgate.ledger.events import names
from metricgate.ledger.events.attribute import Event, Group, RecordAttribute
from metricgate.ledger.events.calls import (
    ErrorText,
    StatementText,
    UserId,
    Warehouse,
)
from metricgate.ledger.events.shared import (
    ActorFacts,
    AgentId,
    BodyJson,
    BodyText,
    CatalogVersion,
    Considered,
    ErrorType,
    Links,
    Outcome,
    PolicyDigest,
    Problems,
    RiskFacts,
)

Step = Annotated[
    str,
    RecordAttribute(
        name=names.ACTION_STEP,
        meaning="the step that the entry belongs to: an action's new state and its entry count together or not at all",
        since="an action and its entry were one step",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionFacts(Group):
    """The facts by which every entry of an action is found and understood."""

    id: Annotated[str, RecordAttribute(name=names.ACTION_ID, meaning="the change's id, `act_...`")]
    state: Annotated[
        str, RecordAttribute(name=names.ACTION_STATE, meaning="how it stands now, e.g. `held`, `executed`")
    ]
    digest: Annotated[
        str, RecordAttribute(name=names.ACTION_DIGEST, meaning="digest of the proposal, which approvals are bound to")
    ]
    name: Annotated[
        str | None, RecordAttribute(name=names.ACTION_NAME, meaning="the governed action; null for SQL", null=True)
    ]
    tool: Annotated[str, RecordAttribute(name=names.TOOL, meaning="the tool that was called, or `undo`")]
    warehouse: Warehouse
    targets: Annotated[
        Sequence[str],
        RecordAttribute(name=names.TARGETS, meaning="resources that change, e.g. `column:customers.segment`"),
    ]
    policy_digest: PolicyDigest
    catalog_version: CatalogVersion
    preview_digest: Annotated[
        str, RecordAttribute(name=names.PREVIEW_DIGEST, meaning="digest of the effect that was shown, row by row")
    ]
    reversibility: Annotated[
        str, RecordAttribute(name=names.REVERSIBILITY, meaning="how far it can be taken back, `R0` (exactly) to `R4`")
    ]
    undoes: Annotated[str, RecordAttribute(name=names.UNDOES, meaning="the action that this one takes back")] | None = (
        None
    )
    agent: AgentId | None = None
    links: Links | None = None
    statement: StatementText
    user: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """How many rows of a table are changed: by the statement, or by a foreign key's cascade (``cause``)."""

    table: str
    cause: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ChangeFacts(Group):
    """How many rows are changed, table by table, and the digest of all of it."""

    rows: Annotated[int, RecordAttribute(name=names.EFFECT_ROWS, meaning="how many rows are changed", unit="rows")]
    tables: Annotated[
        Sequence[TableRows], RecordAttribute(name=names.EFFECT_TABLES, meaning="of each table: `{table, cause, rows}`")
    ]
    digest: Annotated[str, RecordAttribute(name=names.EFFECT_DIGEST, meaning="digest of what was changed, row by row")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class HumanDecisionFacts(Group):
    """What a person said; who it was is a body, so that it can be erased."""

    approves: Annotated[bool, RecordAttribute(name=names.APPROVES, meaning="whether the person approved")]
    channel: Annotated[str, RecordAttribute(name=names.CHANNEL, meaning="`console`, `api` or `cli`")]
    shown_digest: Annotated[
        str, RecordAttribute(name=names.DECISION_SHOWN_DIGEST, meaning="digest of what the person was shown")
    ]
    bound_to: Annotated[str, RecordAttribute(name=names.BOUND_TO, meaning="digest of the proposal at that time")]
    break_glass: Annotated[
        bool, RecordAttribute(name=names.BREAK_GLASS, meaning="whether the person overrode who may approve")
    ]
    person: Annotated[BodyText, RecordAttribute(name=names.DECIDED_BY, meaning="the person", body=True)]
    reason: Annotated[BodyText, RecordAttribute(name=names.DECISION_REASON, meaning="in the person's words", body=True)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionEvent(Event):
    """Something that happens to an action: which, whose act it is, and the step that it belongs to, if to any."""

    action: ActionFacts
    actor: ActorFacts
    step: Step | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionProposed(ActionEvent):
    """A change was rehearsed and decided on: its digest, effect, risk, every rule considered."""

    NAME: ClassVar[str] = names.ACTION_PROPOSED
    outcome: Outcome
    effect: ChangeFacts
    risk: RiskFacts | None = None
    considered: Considered | None = None
    messages: Annotated[
        Sequence[str | None] | BodyJson,
        RecordAttribute(
            name=names.CONSIDERED_MESSAGES,
            meaning="what was said for each rule considered, in the same order",
            body=True,
        ),
    ] = None
    freezes_passed: (
        Annotated[
            Sequence[str],
            RecordAttribute(name=names.FREEZES_PASSED, meaning="the freezes of the agent that a person's undo passes"),
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionShown(ActionEvent):
    """A person was shown it."""

    NAME: ClassVar[str] = names.ACTION_SHOWN
    shown_digest: Annotated[str, RecordAttribute(name=names.SHOWN_DIGEST, meaning="digest of what was shown")]
    person: Annotated[BodyText, RecordAttribute(name=names.DECIDED_BY, meaning="the person", body=True)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionDecided(ActionEvent):
    """A person approved or denied it, with a reason, bound to the digests; and it counted."""

    NAME: ClassVar[str] = names.ACTION_DECIDED
    decision: HumanDecisionFacts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionUncounted(ActionEvent):
    """A person decided, and that did not count: another's decision stood already, it was too late, or not theirs.

    Why is said by ``error.type``.
    """

    NAME: ClassVar[str] = names.ACTION_UNCOUNTED
    decision: HumanDecisionFacts
    outcome: Outcome = "uncounted"
    error_type: ErrorType
    links: Links | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionReleased(ActionEvent):
    """Intent: it is about to be carried out. Durable before the effect."""

    NAME: ClassVar[str] = names.ACTION_RELEASED


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionExecuted(ActionEvent):
    """It was carried out and committed."""

    NAME: ClassVar[str] = names.ACTION_EXECUTED
    outcome: Outcome = "executed"
    effect: ChangeFacts | None = None
    reconciled: (
        Annotated[
            bool,
            RecordAttribute(
                name=names.RECONCILED,
                meaning="true where it was found afterwards, by the marker of its transaction, that it was committed",
            ),
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionFailed(ActionEvent):
    """It was released, and nothing was changed."""

    NAME: ClassVar[str] = names.ACTION_FAILED
    outcome: Outcome = "failed"
    error_type: ErrorType
    error_text: ErrorText
    problems: Problems


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionEnded(ActionEvent):
    """It expired or was withdrawn; nothing was changed."""

    NAME: ClassVar[str] = names.ACTION_ENDED
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActionReviewed(ActionEvent):
    """A break-glass approval was reviewed afterwards."""

    NAME: ClassVar[str] = names.ACTION_REVIEWED
    reviews_missing: Annotated[
        int, RecordAttribute(name=names.REVIEWS_MISSING, meaning="how many reviews are still to come", unit="reviews")
    ]
    person: Annotated[BodyText, RecordAttribute(name=names.DECIDED_BY, meaning="the person", body=True)]
    reason: Annotated[BodyText, RecordAttribute(name=names.DECISION_REASON, meaning="in the person's words", body=True)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RecoveryMended(Event):
    """At start something was found without its other half: a proposal without its action, or what an action keeps."""

    NAME: ClassVar[str] = names.RECOVERY_MENDED
    actor: ActorFacts
    what: Annotated[str, RecordAttribute(name=names.MENDED_WHAT, meaning="what was found and done, in words")]
    action: Annotated[str, RecordAttribute(name=names.ACTION_ID, meaning="the change's id, `act_...`")]
    links: Links | None = None
