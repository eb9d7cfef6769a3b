"""What the commands need of a project. ``bootstrap`` implements it; the commands know nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

# Every command needs this page; what it only names stays unloaded until a command uses it.
if TYPE_CHECKING:
    from metricgate.catalog.metric_types import MetricTypes
    from metricgate.gateway.data_checks.result import CheckResult
    from metricgate.ledger.verification import Report
    from metricgate.operations.agent_keys import KeyFacts, NewKey
    from metricgate.operations.erasure import ErasureAsked, ErasureFound
    from metricgate.operations.import_trial import Attempt
    from metricgate.operations.notification_queue import DeliveryFacts, DeliveryFilter
    from metricgate.operations.policy_question import PolicyQuestion
    from metricgate.operations.published_definitions import FoundPublication
    from metricgate.operations.switches import SwitchFacts
    from metricgate.operations.user_admin import UserAdmin
    from metricgate.operations.validate import Validation
    from metricgate.policy.explanation import PolicyExplanation
    from metricgate.policy.policy_tests import TestResult
    from metricgate.policy.rule_kinds import RuleKinds
    from metricgate.state.definitions import Publication
    from metricgate.state.record import EntryFilter
    from metricgate.surfaces.cli.session_client import SessionClient
    from metricgate.vocabulary.account_finding import AccountFinding
    from metricgate.vocabulary.json import Json
    from metricgate.vocabulary.problem import Problems


class Exit(IntEnum):
    """What a command's exit code says, for every command but ``audit verify`` (see ``ledger.verification``)."""

    ANSWERED = 0
    FAULT = 1
    USAGE = 2
    REFUSED = 3
    HELD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a tool call ended.

    Attributes:
        exit: answered, fault, refused or held.
        body: JSON, exactly what the HTTP door sends: where answered, the envelope ``{"verdicts": ..., "answer": ...,
            "record": ...}``; the RFC 9457 problem document where refused or failed, ``{"held": ...}`` where held.
    """

    exit: Exit
    body: bytes


class Project(Protocol):
    """An opened project folder."""

    def documents(self, revision: str | None = None) -> Sequence[tuple[str, str]] | Problems:
        """Return (file, YAML text) of the semantic models at a git revision, or as they stand in the folder.

        Files are named relative to the project folder.
        """
        ...

    def metric_types(self) -> MetricTypes:
        """Return the types that metrics of the project may be of: the built-in ones and those of installed packages."""
        ...

    def rule_kinds(self) -> RuleKinds:
        """Return the kinds that policy rules may be of."""
        ...

    def rewrite(self, file: str, text: str) -> Problems | None:
        """Replace one of the ``documents`` in the folder, whole or not at all."""
        ...

    def ask(
        self, tool: str, arguments: Mapping[str, Json], key: str, user: str | None, purpose: str | None = None
    ) -> Reply:
        """Call a tool as the holder of ``key``, acting for ``user`` where the key allows it, for the stated purpose.

        Goes to the gateway that already runs on this project, where one holds its ledger (at ``METRICGATE_URL`` or the
        settings' address); otherwise opens the project in this process. A bad key is a refusal.
        """
        ...

    def serve(self, host: str | None, port: int | None, accept_loss: int | None = None) -> int:
        """Run the HTTP and MCP doors until stopped; return the exit code. None takes the settings' value.

        ``accept_loss`` is the size of the ledger's head that is lost, where an older copy is gone on with on purpose.
        """
        ...

    def mcp(self, key: str, user: str | None) -> int:
        """Serve MCP on standard input and output, for ``key`` and ``user`` as in ``ask``; return the exit code."""
        ...

    def validate(self) -> Validation:
        """Check models, policies and the warehouse's tables; never raises for what a file holds."""
        ...

    def check_data(
        self, parties: tuple[str, str | None] | None, told: Callable[[CheckResult, int, int], None]
    ) -> Sequence[CheckResult] | Problems:
        """Check what the definitions declare of the data: keys, histories, references, time spines; recorded.

        ``parties`` are the agent and perhaps the user whose rights bind; None for the operator's own.
        """
        ...

    def ask_imported(
        self, texts: Mapping[str, str], metrics: Sequence[str], told: Callable[[Attempt], None]
    ) -> Sequence[Attempt] | Problems:
        """Ask each metric of imported definitions (YAML by file name), plain and by month, in a scratch gateway."""
        ...

    def doctor(self) -> Sequence[tuple[str, AccountFinding]] | Problems:
        """Return what the warehouses' accounts can do that they should not, each with the name of its place."""
        ...

    def policy_tests(self) -> Sequence[TestResult] | Problems:
        """Run the tests beside the rules."""
        ...

    def policy_explain(self, asked: PolicyQuestion) -> PolicyExplanation | Problems:
        """Judge as if these parties had asked, without asking and without a record."""
        ...

    def policy_documents(self, revision: str | None = None) -> Sequence[tuple[str, str]] | Problems:
        """Return (file, YAML text) of the policies at a git revision, or as they stand in the folder."""
        ...

    def create_key(
        self, agent: str, *, users: Sequence[str], expires_in: timedelta | None, or_alone: bool = False
    ) -> NewKey | Problems:
        """Make a key for an agent that acts for ``users`` (``*``: for anyone), or, where it may, for nobody."""
        ...

    def revoke_key(self, key_id: str) -> KeyFacts | Problems:
        """Revoke at once, also in a running gateway."""
        ...

    def list_keys(self) -> Sequence[KeyFacts]:
        """Return all keys, oldest first."""
        ...

    def people(self) -> UserAdmin:
        """Return the operator's side of people: who may log in."""
        ...

    def human(self) -> SessionClient:
        """Return a person's side: what they see and decide, with a login of their own."""
        ...

    def switches(self) -> Sequence[SwitchFacts] | Problems:
        """Return the switches that are thrown, oldest first."""
        ...

    def throw_switch(self, kind: str, target: str, because: str) -> SwitchFacts | Problems:
        """Throw a switch; it is in force at once, also in a running gateway."""
        ...

    def take_back_switches(self, target: str, because: str) -> Sequence[SwitchFacts] | Problems:
        """Take every switch on the target back; a problem where there is none."""
        ...

    def notifications(self, wanted: DeliveryFilter) -> Sequence[DeliveryFacts] | Problems:
        """Return deliveries of notifications, newest first; reads while a gateway runs."""
        ...

    def retry_notifications(self, notification: str | None, sink: str | None) -> int | Problems:
        """Let one that was not delivered, or all, be tried again; return how many deliveries."""
        ...

    def publications(self, kind: str | None) -> Sequence[Publication] | Problems:
        """Return definitions that came into force, of one kind or of all, the newest first."""
        ...

    def publication(self, digest: str, kind: str | None) -> FoundPublication | Problems:
        """Return the files that were published under a digest or its first characters."""
        ...

    def entries(self, wanted: EntryFilter, *, limit: int | None = None) -> Iterable[Mapping[str, Json]]:
        """Return entries of the record, newest first, as ``Recorded.shown`` has them; reads while a gateway runs."""
        ...

    def entry(self, index: int) -> Mapping[str, Json] | None:
        """Return one entry with its bodies, hash and proof, or None."""
        ...

    def export_entries(self, file: Path, wanted: EntryFilter, *, limit: int | None = None) -> int | Problems:
        """Write entries to a ``.csv``, ``.jsonl`` or ``.parquet`` file, oldest first; return how many.

        What it is stands beside it, in a file of its name and ``.manifest.json``.
        """
        ...

    def erase(self, asked: ErasureAsked) -> ErasureFound | Problems:
        """Erase every copy of something from the state folder, at once and recorded, or say what blocks."""
        ...

    def verify(self, against: Path | None) -> Report | Problems:
        """Verify the project's own ledger with its own public key."""
        ...


class Opener(Protocol):
    """Opens a project folder."""

    def __call__(self, folder: Path, /) -> Project | Problems:
        """Return the project, or what is wrong with its ``metricgate.yaml``.

        Raises:
            FileNotFoundError: the folder has no ``metricgate.yaml``.
        """
        ...


class VerifyLedger(Protocol):
    """Verifies a ledger file with nothing but the file and a public key."""

    def __call__(self, file: Path, key_file: Path, against: Path | None, /) -> Report | Problems:
        """Return what was found; a file or key that cannot be read is a problem."""
        ...
