"""What an incident's script may do with the gateway on its scratch project, and the notes on what happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from metricgate.approvals.outcome import NotCarriedOut
from metricgate.approvals.proposal import ProposedAction
from metricgate.gateway.gateway import Gateway
from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, RefusedCall
from metricgate.gateway.people_service import PeopleService, Person
from metricgate.gateway.tool import ToolCall
from metricgate.operations.switches import take_back_switches, throw_switch
from metricgate.state.state import ProjectState
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillStep:
    """One attempt: what was tried, how it ended, why, and its entry in the record."""

    attempted: str
    happened: str
    why: str
    entry: int | None


@dataclass(slots=True, kw_only=True)
class DrillReport:
    """What a drill showed. Times are in seconds; ``None`` where there was nothing to contain or recover."""

    name: str
    steps: list[DrillStep] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    verified: bool = False
    contain_seconds: float | None = None
    recover_seconds: float | None = None

    @property
    def held(self) -> bool:
        """Whether every check held, and the record verifies."""
        return not self.broken and self.verified

    def as_json(self) -> dict[str, Json]:
        """Return every member, with ``steps`` as objects."""
        steps: list[Json] = [
            {"attempted": each.attempted, "happened": each.happened, "why": each.why, "entry": each.entry}
            for each in self.steps
        ]
        return {
            "name": self.name,
            "held": self.held,
            "steps": steps,
            "broken": list(self.broken),
            "verified": self.verified,
            "contain_seconds": self.contain_seconds,
            "recover_seconds": self.recover_seconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillGateway:
    """A gateway that runs on a scratch project, without a door.

    Attributes:
        gateway: for agents.
        office: for people.
        state: what it keeps.
        reload: looks at the definitions again, as a running gateway does by itself.
    """

    gateway: Gateway
    office: PeopleService
    state: ProjectState
    reload: Callable[[], object]


class DrillHost(Protocol):
    """What drills are played on: an engine with data, and gateways."""

    def make_data(self, folder: Path, sql: str) -> None:
        """Make the data of the scratch project in ``folder``."""
        ...

    def read_table(self, folder: Path, table: str) -> list[tuple[object, ...]]:
        """Return a table's rows in a stable order (none: it is gone), read beside the gateway. Blocks."""
        ...

    def open(self, folder: Path) -> AbstractAsyncContextManager[DrillGateway]:
        """Run a gateway on the scratch project in ``folder``.

        Raises:
            StartRefused: it does not start.
        """
        ...


@dataclass
class Scene:
    """A running scratch project, and the notes on what happens in it."""

    folder: Path
    host: DrillHost
    running: DrillGateway
    report: DrillReport

    async def call(
        self, attempted: str, tool: str, *, agent: str = "desk", user: str | None = None, **arguments: Json
    ) -> Outcome:
        """Call a tool as an agent, and note how it ended."""
        principal = Principal(
            agent=Identity(id=agent, proof=Proof.VERIFIED, method="api_key"),
            user=None if user is None else Identity(id=user, proof=Proof.ASSERTED, method="header"),
            credential="drill",
        )
        begun = time.perf_counter()
        outcome = await self.running.gateway.call(
            ToolCall(tool=tool, arguments=arguments, principal=principal, door="python")
        )
        happened, why = _outcome_words(outcome)
        if isinstance(outcome, RefusedCall | Held):
            seconds = time.perf_counter() - begun
            self.report.contain_seconds = max(self.report.contain_seconds or 0.0, seconds)
        entry = None if outcome.record is None else outcome.record.index
        self.report.steps.append(DrillStep(attempted=attempted, happened=happened, why=why, entry=entry))
        return outcome

    async def write(
        self, attempted: str, sql: str, key: str, *, agent: str = "desk", because: str | None = None
    ) -> Outcome:
        """Propose a statement to be carried out; ``because`` is what the agent says it is for."""
        return await self.call(
            attempted,
            "propose_write",
            agent=agent,
            sql=sql,
            dry_run=False,
            idempotency_key=f"drill-{key}",
            because=because,
        )

    async def show_action(self, person: str, action_id: str) -> ProposedAction | Problems:
        """Return an action as a person sees it."""
        view = await self.running.office.action(_person(person), action_id)
        return view if isinstance(view, Problems) else view.action

    async def decide(self, person: str, action_id: str, *, reason: str) -> ProposedAction | Problems:
        """Approve an action in a person's name, as it is shown to them."""
        who = _person(person)
        view = await self.running.office.action(who, action_id)
        done: ProposedAction | Problems = (
            view
            if isinstance(view, Problems)
            else await self.running.office.decide(
                who,
                action_id,
                approves=True,
                reason=reason,
                shown_digest=view.shown_digest,
                bound_to=view.action.proposal.digest,
            )
        )
        self._note(f"{person} approves", done)
        return done

    async def undo(self, person: str, action_id: str, *, reason: str) -> ProposedAction | Problems:
        """Take an action back in a person's name."""
        begun = time.perf_counter()
        done = await self.running.office.undo(_person(person), action_id, reason=reason)
        self.report.recover_seconds = (self.report.recover_seconds or 0.0) + time.perf_counter() - begun
        self._note(f"{person} takes it back", done)
        return done

    def freeze(self, *, on: bool) -> None:
        """Throw the freeze of everything, or take it back."""
        file = self.running.state.switches()
        done: object = (
            throw_switch(file, "freeze", "all", "release freeze", by="sten")
            if on
            else take_back_switches(file, "all", "over", by="sten")
        )
        self.check("the switch is thrown or taken back", not isinstance(done, Problems))

    async def rows(self, table: str) -> list[tuple[object, ...]]:
        """Return a table as it stands (none: it is gone), read beside the gateway from a copy of the data's files."""
        return await asyncio.to_thread(self.host.read_table, self.folder, table)

    def reload(self) -> None:
        """Put in force what the definitions say now."""
        self.running.reload()

    def check(self, what: str, holds: bool) -> None:  # noqa: FBT001
        """Note what must hold."""
        if not holds:
            self.report.broken.append(what)

    def check_refused(self, outcome: Outcome, *codes: str) -> None:
        """Check that a call was refused, with one of the codes where any are given."""
        name = outcome.problems.first.code.name if isinstance(outcome, RefusedCall) else type(outcome).__name__.lower()
        self.check(
            f"{self.report.steps[-1].attempted}: refused ({name})",
            isinstance(outcome, RefusedCall) and (not codes or name in codes),
        )

    def _note(self, attempted: str, done: ProposedAction | Problems) -> None:
        if isinstance(done, Problems):
            step = DrillStep(attempted=attempted, happened="refused", why=done.first.code.name, entry=None)
        else:
            why = done.outcome.code if isinstance(done.outcome, NotCarriedOut) else done.id
            step = DrillStep(attempted=attempted, happened=str(done.state), why=why, entry=None)
        self.report.steps.append(step)


def _person(name: str) -> Person:
    return Person(id=name, method="oidc", channel="console")  # by password, there would have to be an account


def _outcome_words(outcome: Outcome) -> tuple[str, str]:
    if isinstance(outcome, Answered):
        state, until = str(outcome.answer.get("state", "answered")), outcome.answer.get("undo_until")
        preview = outcome.answer.get("preview")
        level = preview.get("reversibility") if isinstance(preview, Mapping) else None
        return state, f"{level}, a person can take it back until {until}" if until else ""
    if isinstance(outcome, Held):
        return "held", ", ".join(outcome.rules)
    if isinstance(outcome, Fault):
        return "fault", outcome.problem.code.name
    return "refused", ", ".join((outcome.problems.first.code.name, *outcome.rules))
