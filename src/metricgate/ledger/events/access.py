"""Events of who may come in, and of what is in force: keys, doors, switches, people, definitions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from metricgate.ledger.events import names
from metricgate.ledger.events.attribute import Event, RecordAttribute
from metricgate.ledger.events.calls import Door
from metricgate.ledger.events.shared import (
    BY_GATEWAY,
    ActorFacts,
    AgentId,
    BodyText,
    CatalogVersion,
    Codes,
    ErrorType,
    Outcome,
    PolicyDigest,
    Problems,
)

KeyId = Annotated[str, RecordAttribute(name=names.KEY_ID, meaning="id of the key, which is part of its text")]
PersonId = Annotated[
    BodyText, RecordAttribute(name=names.PERSON_ID, meaning="the person, as policies name one", body=True)
]
PersonChannel = Annotated[str, RecordAttribute(name=names.PERSON_CHANNEL, meaning="`console`, `api` or `cli`")]
ClientAddress = Annotated[
    BodyText, RecordAttribute(name=names.CLIENT_ADDRESS, meaning="network address that it came from", body=True)
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class KeyCreated(Event):
    """An API key was made."""

    NAME: ClassVar[str] = names.KEY_CREATED
    actor: ActorFacts
    key: KeyId
    agent: Annotated[str, RecordAttribute(name=names.KEY_AGENT, meaning="the agent that it stands for")]
    name: Annotated[str, RecordAttribute(name=names.KEY_NAME, meaning="what people call it")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class KeyRevoked(Event):
    """An API key was revoked, for good."""

    NAME: ClassVar[str] = names.KEY_REVOKED
    actor: ActorFacts
    key: KeyId


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AuthRefused(Event):
    """A known API key was used that is revoked, expired, or may not act for the user named.

    At most once a minute for each key and reason.
    """

    NAME: ClassVar[str] = names.AUTH_REFUSED
    actor: ActorFacts = BY_GATEWAY
    agent: AgentId
    credential: Annotated[str, RecordAttribute(name=names.CREDENTIAL, meaning="name of the key")]
    outcome: Outcome = "refused"
    error_type: ErrorType


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DoorRefused(Event):
    """Requests that never became a call: a wrong key, a body that is no JSON, one that is too large.

    At most one entry a minute for each door and code; it counts those since the last one.
    """

    NAME: ClassVar[str] = names.DOOR_REFUSED
    actor: ActorFacts = BY_GATEWAY
    door: Door
    outcome: Outcome = "refused"
    error_type: ErrorType
    count: Annotated[
        int,
        RecordAttribute(
            name=names.REFUSED_COUNT,
            meaning="how many since the last such entry of this door and code, at most one a minute",
            unit="requests",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AgentPaused(Event):
    """An agent was refused many different calls in a short time and waits: which, after how many."""

    NAME: ClassVar[str] = names.AGENT_PAUSED
    actor: ActorFacts = BY_GATEWAY
    agent: AgentId
    refusals: Annotated[int, RecordAttribute(name=names.REFUSALS, meaning="how many calls were refused", unit="calls")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SwitchEvent(Event):
    """A person throws a switch, or takes one back."""

    actor: ActorFacts
    kind: Annotated[str, RecordAttribute(name=names.SWITCH_KIND, meaning="`stop` (no call is served) or `freeze`")]
    target: Annotated[
        BodyText,
        RecordAttribute(
            name=names.SWITCH_TARGET,
            meaning="`all`, or `agent:`, `user:`, `group:` or `tenant:` and a name; a user in a body",
        ),
    ]
    because: Annotated[BodyText, RecordAttribute(name=names.SWITCH_BECAUSE, meaning="why, in their words", body=True)]
    by: Annotated[BodyText, RecordAttribute(name=names.SWITCH_BY, meaning="who did it", body=True)]
    at: Annotated[str, RecordAttribute(name=names.SWITCH_AT, meaning="when, ISO 8601 in UTC")]

    def apart(self) -> Collection[str]:
        """Return the target's name where it is a user."""
        return (names.SWITCH_TARGET,) if str(self.target).startswith("user:") else ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SwitchThrown(SwitchEvent):
    """A person stopped agents or froze changes: kind, target, why, who, when."""

    NAME: ClassVar[str] = names.SWITCH_THROWN


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SwitchTakenBack(SwitchEvent):
    """A person took a switch back."""

    NAME: ClassVar[str] = names.SWITCH_TAKEN_BACK


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PersonAdded(Event):
    """The operator added a person."""

    NAME: ClassVar[str] = names.PERSON_ADDED
    actor: ActorFacts
    person: PersonId
    groups: Annotated[Sequence[str], RecordAttribute(name=names.PERSON_GROUPS, meaning="the person's groups")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PersonRemoved(Event):
    """The operator removed a person, and ended their sessions."""

    NAME: ClassVar[str] = names.PERSON_REMOVED
    actor: ActorFacts
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PersonReset(Event):
    """The operator gave a person a new login, and ended their sessions."""

    NAME: ClassVar[str] = names.PERSON_RESET
    actor: ActorFacts
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PersonLoggedIn(Event):
    """A person's session began."""

    NAME: ClassVar[str] = names.PERSON_LOGGED_IN
    actor: ActorFacts
    person: PersonId
    method: Annotated[str, RecordAttribute(name=names.PERSON_METHOD, meaning="how, e.g. `password+totp`")]
    address: ClientAddress
    channel: PersonChannel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LoginRefused(Event):
    """Logins failed; at most once a minute for each device or address."""

    NAME: ClassVar[str] = names.LOGIN_REFUSED
    actor: ActorFacts
    person: PersonId
    address: ClientAddress
    channel: PersonChannel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DefinitionsPublished(Event):
    """A catalog and a policy came into force: their version and digest."""

    NAME: ClassVar[str] = names.DEFINITIONS_PUBLISHED
    actor: ActorFacts = BY_GATEWAY
    catalog_version: CatalogVersion
    policy_digest: PolicyDigest
    metrics: Annotated[
        int, RecordAttribute(name=names.METRICS_COUNT, meaning="how many metrics there are", unit="metrics")
    ]
    release: Annotated[str, RecordAttribute(name=names.SERVICE_VERSION, meaning="version of Metricgate")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DefinitionsRejected(Event):
    """Changed files were refused: the codes, with the problems in a body; what was in force before stays."""

    NAME: ClassVar[str] = names.DEFINITIONS_REJECTED
    actor: ActorFacts = BY_GATEWAY
    outcome: Outcome = "refused"
    codes: Codes
    problems: Problems
