"""Drills: incidents played against a real gateway on a scratch project, with what held and what did not."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

import duckdb

from metricgate.approvals.outcome import NotCarriedOut
from metricgate.approvals.proposal import Action
from metricgate.bootstrap.running import Running, running
from metricgate.bootstrap.settings import Settings, load_settings
from metricgate.bootstrap.states import state_of
from metricgate.gateway.office import Person
from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, Refused
from metricgate.gateway.tool import ToolCall
from metricgate.operations.people_service import ProjectPeopleService
from metricgate.operations.start_refusal import StartRefused
from metricgate.operations.switches import take_back_switches, throw_switch
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One attempt: what was tried, how it ended, why, and its entry in the record."""

    attempted: str
    happened: str
    why: str
    entry: int | None


@dataclass(slots=True, kw_only=True)
class Finding:
    """What a drill showed. Times are in seconds; ``None`` where there was nothing to contain or recover."""

    name: str
    steps: list[Step] = field(default_factory=list)
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


class Scenario(Protocol):
    """A file of a drill: its first docstring line says what it shows."""

    FILES: Mapping[str, str]
    """Text of each project file by its path."""
    TABLES: str
    """SQL that makes the data."""

    async def play(self, scene: Scene) -> None:
        """Play the incident and check."""


@dataclass
class Scene:
    """A running scratch project, and the notes on what happens in it."""

    folder: Path
    settings: Settings
    parts: Running
    office: ProjectPeopleService
    finding: Finding

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
        outcome = await self.parts.gateway.call(
            ToolCall(tool=tool, arguments=arguments, principal=principal, door="python")
        )
        happened, why = _told(outcome)
        if isinstance(outcome, Refused | Held):
            seconds = time.perf_counter() - begun
            self.finding.contain_seconds = max(self.finding.contain_seconds or 0.0, seconds)
        entry = None if outcome.record is None else outcome.record.index
        self.finding.steps.append(Step(attempted=attempted, happened=happened, why=why, entry=entry))
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

    async def shown(self, person: str, action_id: str) -> Action | Problems:
        """Return an action as a person sees it."""
        view = await self.office.action(_person(person), action_id)
        return view if isinstance(view, Problems) else view.action

    async def decide(self, person: str, action_id: str, *, reason: str) -> Action | Problems:
        """Approve an action in a person's name, as it is shown to them."""
        who = _person(person)
        view = await self.office.action(who, action_id)
        done: Action | Problems = (
            view
            if isinstance(view, Problems)
            else await self.office.decide(
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

    async def undo(self, person: str, action_id: str, *, reason: str) -> Action | Problems:
        """Take an action back in a person's name."""
        begun = time.perf_counter()
        done = await self.office.undo(_person(person), action_id, reason=reason)
        self.finding.recover_seconds = (self.finding.recover_seconds or 0.0) + time.perf_counter() - begun
        self._note(f"{person} takes it back", done)
        return done

    def freeze(self, *, on: bool) -> None:
        """Throw the freeze of everything, or take it back."""
        file = state_of(self.folder, self.settings).switches()
        done: object = (
            throw_switch(file, "freeze", "all", "release freeze", by="sten")
            if on
            else take_back_switches(file, "all", "over", by="sten")
        )
        self.check("the switch is thrown or taken back", not isinstance(done, Problems))

    async def rows(self, table: str) -> list[tuple[object, ...]]:
        """Return a table as it stands (none: it is gone), read beside the gateway from a copy of the data's files."""
        return await asyncio.to_thread(self._rows, table)

    def _rows(self, table: str) -> list[tuple[object, ...]]:
        # The engine's process has the file locked; between two calls nothing writes to it.
        with tempfile.TemporaryDirectory(dir=self.folder) as beside:
            for each in self.folder.glob("data.duckdb*"):
                shutil.copy(each, beside)
            with duckdb.connect(str(Path(beside) / "data.duckdb")) as connection:
                with suppress(duckdb.CatalogException):
                    return sorted(connection.table(table).fetchall(), key=repr)
                return []

    def check(self, what: str, holds: bool) -> None:  # noqa: FBT001
        """Note what must hold."""
        if not holds:
            self.finding.broken.append(what)

    def refused(self, outcome: Outcome, *codes: str) -> None:
        """Check that a call was refused, with one of the codes where any are given."""
        name = outcome.problems.first.code.name if isinstance(outcome, Refused) else type(outcome).__name__.lower()
        self.check(
            f"{self.finding.steps[-1].attempted}: refused ({name})",
            isinstance(outcome, Refused) and (not codes or name in codes),
        )

    def _note(self, attempted: str, done: Action | Problems) -> None:
        if isinstance(done, Problems):
            step = Step(attempted=attempted, happened="refused", why=done.first.code.name, entry=None)
        else:
            why = done.outcome.code if isinstance(done.outcome, NotCarriedOut) else done.id
            step = Step(attempted=attempted, happened=str(done.state), why=why, entry=None)
        self.finding.steps.append(step)


def scenarios(folder: Path) -> dict[str, Path]:
    """Return the drills of a folder by name."""
    return {each.stem: each for each in sorted(folder.glob("*.py")) if not each.stem.startswith("_")}


def drills_of(folder: Path) -> Mapping[str, Callable[[], Mapping[str, Json]]]:
    """Return what plays each drill of a folder, by name, and gives its finding as JSON."""
    return {name: lambda path=path: run_drill(path).as_json() for name, path in scenarios(folder).items()}  # type: ignore[misc]


def run_drill(path: Path) -> Finding:
    """Play one drill in a scratch project, which is removed afterwards."""
    spec = importlib.util.spec_from_file_location(f"incident_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise StartRefused(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with tempfile.TemporaryDirectory(prefix="metricgate-drill-") as folder:
        return asyncio.run(_played(path.stem, cast("Scenario", module), Path(folder)))


async def _played(name: str, scenario: Scenario, folder: Path) -> Finding:
    finding = Finding(name=name)
    async with _opened(scenario, folder, finding) as scene:
        state = state_of(folder, scene.settings)
        await scenario.play(scene)
    report = await asyncio.to_thread(state.verify)
    finding.verified = report.exit_code == 0
    return finding


@asynccontextmanager
async def _opened(scenario: Scenario, folder: Path, finding: Finding) -> AsyncIterator[Scene]:
    await asyncio.to_thread(_write, scenario, folder)
    settings = load_settings(folder)
    if isinstance(settings, Problems):
        raise StartRefused("the drill's settings have problems", settings)
    async with running(folder, settings, watch=False, logs=False) as parts:
        office = ProjectPeopleService(parts.changes, parts.governance, parts.conduct, state_of(folder, settings))
        yield Scene(folder, settings, parts, office, finding)


def _write(scenario: Scenario, folder: Path) -> None:
    for name, text in scenario.FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(scenario.TABLES)


def _person(name: str) -> Person:
    return Person(id=name, method="oidc", channel="console")  # by password, there would have to be an account


def _told(outcome: Outcome) -> tuple[str, str]:
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
