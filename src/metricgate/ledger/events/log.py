"""Events of the log itself and of the state beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from metricgate.ledger.events import names
from metricgate.ledger.events.attribute import Event, Group, RecordAttribute
from metricgate.ledger.events.shared import BY_GATEWAY, ActorFacts, BodyText, ErrorType, Links, Outcome

LogSize = Annotated[
    int, RecordAttribute(name=names.LOG_SIZE, meaning="how many entries the log has here", unit="entries")
]
_SINCE_LEASES = "gateways had an id"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LogOpened(Event):
    """A gateway opened the log."""

    NAME: ClassVar[str] = names.LOG_OPENED
    actor: ActorFacts = BY_GATEWAY
    origin: Annotated[str, RecordAttribute(name=names.ORIGIN, meaning="name of the log's key")]
    public_key: Annotated[str, RecordAttribute(name=names.PUBLIC_KEY, meaning="the log's key (C2SP signed-note)")]
    size: LogSize
    instance: (
        Annotated[
            str,
            RecordAttribute(
                name=names.INSTANCE, meaning="id of the gateway or command that writes", since=_SINCE_LEASES
            ),
        ]
        | None
    ) = None
    sqlite: Annotated[str, RecordAttribute(name=names.SQLITE_VERSION, meaning="version of SQLite that writes")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class GatewayReplaced(Event):
    """A gateway took the place of one that is there and was silent for longer than its lease."""

    NAME: ClassVar[str] = names.GATEWAY_REPLACED
    actor: ActorFacts = BY_GATEWAY
    replaced: Annotated[str, RecordAttribute(name=names.REPLACED_INSTANCE, meaning="id of the gateway that was silent")]
    instance: Annotated[str, RecordAttribute(name=names.INSTANCE, meaning="id of the gateway that took its place")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LostHead(Group):
    """The newest head of the log that somebody knows, beyond its end."""

    size: Annotated[int, RecordAttribute(name=names.LOST_SIZE, meaning="entries that the lost log had", unit="entries")]
    root: Annotated[str, RecordAttribute(name=names.LOST_ROOT, meaning="root of the lost log's tree, hex")]
    checkpoint: Annotated[
        str, RecordAttribute(name=names.LOST_CHECKPOINT, meaning="its signed checkpoint (C2SP tlog-checkpoint)")
    ]
    known_by: Annotated[Sequence[str], RecordAttribute(name=names.LOST_KNOWN_BY, meaning="the files that know it")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LossAccepted(Event):
    """An operator went on with a ledger that is behind what other files know, or without the files of changes.

    The entry has the lost head and who knew it, or names the files.
    """

    NAME: ClassVar[str] = names.LOSS_ACCEPTED
    actor: ActorFacts
    size: LogSize
    lost: LostHead | None = None
    files: (
        Annotated[Sequence[str], RecordAttribute(name=names.LOST_FILES, meaning="files of changes that are gone")]
        | None
    ) = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """A file that others could read or write: its name, and its mode in octal digits."""

    name: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class StateNarrowed(Event):
    """At start, files of the state folder were open to other accounts of the machine, and were closed to them."""

    NAME: ClassVar[str] = names.STATE_NARROWED
    actor: ActorFacts = BY_GATEWAY
    files: Annotated[
        Sequence[OpenFile], RecordAttribute(name=names.OPEN_FILES, meaning="the files, at most 50: `{name, mode}`")
    ]
    count: Annotated[int, RecordAttribute(name=names.OPEN_FILES_COUNT, meaning="how many there were", unit="files")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RecoveryMarked(Event):
    """At opening, an intent was found without an outcome: whoever wrote it was killed meanwhile."""

    NAME: ClassVar[str] = names.RECOVERY_MARKED
    actor: ActorFacts = BY_GATEWAY
    outcome: Outcome = "unknown"
    error_type: ErrorType = "gateway_stopped"
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedBodies:
    """The bodies of one entry that were erased, by their names, sorted."""

    index: int
    names: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RedactionPerformed(Event):
    """Bodies were erased: which, on what legal basis, how many copies elsewhere; by whom and why, in bodies."""

    NAME: ClassVar[str] = names.REDACTION_PERFORMED
    actor: ActorFacts
    bodies: Annotated[
        Sequence[ErasedBodies], RecordAttribute(name=names.REDACTED_BODIES, meaning="which, as `{index, names}`")
    ]
    basis: Annotated[str, RecordAttribute(name=names.REDACTION_BASIS, meaning="the legal basis, e.g. `GDPR Art. 17`")]
    links: Links
    copies: (
        Annotated[
            Mapping[str, int],
            RecordAttribute(name=names.REDACTION_COPIES, meaning="copies erased elsewhere, by kind", unit="copies"),
        ]
        | None
    ) = None
    reason: Annotated[BodyText, RecordAttribute(name=names.REDACTION_REASON, meaning="why", body=True)] | None = None
