"""Attributes and groups that events of several subjects have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from metricgate.ledger.events import names
from metricgate.ledger.events.attribute import Erased, Group, RecordAttribute
from metricgate.vocabulary.actor import Actor, ActorKind
from metricgate.vocabulary.json import Json

BodyText = str | Erased
"""Text that stands apart from the leaf."""
BodyJson = Json | Erased
"""JSON that stands apart from the leaf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLink:
    """Another entry, by its number, and how it is related: ``intent``, ``action``, ``decision``, ``redacts``, ..."""

    index: int
    rel: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ActorFacts(Group):
    """Who acts. The ids of people and of operators are bodies, those of agents stand in the leaf."""

    kind: Annotated[
        ActorKind | None,
        RecordAttribute(
            name=names.ACTOR_KIND,
            meaning="who acts: `agent`, `person` (who logged in), `operator` (at the gateway's machine) or `gateway`",
            since="entries said who acts",
        ),
    ] = None
    id: Annotated[
        BodyText | None,
        RecordAttribute(name=names.ACTOR_ID, meaning="the agent's id; the person's or the machine account's in a body"),
    ] = None

    def apart(self) -> Collection[str]:
        """Return the id's name where it is a human being's, or might be."""
        return () if self.kind in {ActorKind.AGENT, ActorKind.GATEWAY} else (names.ACTOR_ID,)


BY_GATEWAY: Final = ActorFacts(kind=ActorKind.GATEWAY)
"""Nobody else acts."""


def facts_of_actor(actor: Actor) -> ActorFacts:
    """Return how entries say who acts."""
    return ActorFacts(kind=actor.kind, id=actor.id or None)


Outcome = Annotated[str, RecordAttribute(name=names.OUTCOME, meaning="how it ended, in one word")]
ErrorType = Annotated[
    str, RecordAttribute(name=names.ERROR_TYPE, meaning="the first error's code, e.g. `E_NOT_GRANTED`")
]
Links = Annotated[
    Sequence[EntryLink],
    RecordAttribute(name=names.LINKS, meaning="other entries that it belongs to, as `{index, rel}`"),
]
CatalogVersion = Annotated[
    str,
    RecordAttribute(
        name=names.CATALOG_VERSION, meaning="version of the definitions in force: the digest of what they mean"
    ),
]
PolicyDigest = Annotated[str, RecordAttribute(name=names.POLICY_DIGEST, meaning="digest of the policy in force")]
AgentId = Annotated[str, RecordAttribute(name=names.AGENT_ID, meaning="the agent")]
Problems = Annotated[
    Sequence[Mapping[str, Json]] | Erased,
    RecordAttribute(
        name=names.PROBLEMS, meaning="every problem as callers see it: `{code, message, hint, ...}`", body=True
    ),
]
Codes = Annotated[
    Sequence[str], RecordAttribute(name=names.PROBLEM_CODES, meaning="the codes of all problems, sorted, each once")
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ProblemFacts(Group):
    """Why nothing ran: codes in the leaf; messages, which repeat arguments, in a body."""

    error_type: ErrorType
    codes: Codes
    problems: Problems


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RiskFacts(Group):
    """How risky a change is."""

    score: Annotated[
        int | None, RecordAttribute(name=names.RISK_SCORE, meaning="how risky a change is, 0 to 100", null=True)
    ]
    contributions: Annotated[
        Sequence[Mapping[str, Json]],
        RecordAttribute(
            name=names.RISK_CONTRIBUTIONS,
            meaning="what contributed most, at most three: `{signal, side, points, because}`",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDecision:
    """One rule that was considered, and what it said: without words, which may name people; older entries had them."""

    rule: str | None
    decision: str | None
    message: str | None = None


Considered = Annotated[
    Sequence[RuleDecision],
    RecordAttribute(name=names.CONSIDERED, meaning="every rule considered for a change, in order: `{rule, decision}`"),
]
