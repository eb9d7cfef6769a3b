"""The gate for changes: a gateway that carries out what an agent proposes, and a person who takes it back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from conformance.differential.writes.places import Content, Place, dumps
from metricgate.approvals.proposal import ProposedAction, State
from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, RefusedCall
from metricgate.gateway.people_service import Person
from metricgate.gateway.tool import ToolCall
from metricgate.operations.people_service import ProjectPeopleService
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import load_settings
from metricgate.state.record import EntryFilter, RecordReader
from metricgate.state.state import ProjectState
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems

_AGENT = Principal(agent=Identity(id="writer", proof=Proof.VERIFIED, method="api_key"), credential="key")
_STEWARD = Person(id="sten", method="oidc", channel="console")
"""Somebody of another provider: whoever logs in by password must have an account here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of a proposal.

    Attributes:
        refusal: as ``CODE message``; None where it was carried out.
        action: its id.
        rows: that the statement itself changed, without what foreign keys did.
    """

    refusal: str | None = None
    action: str = ""
    rows: int = 0


class WriteGate:
    """The gateway, asked to change."""

    def __init__(
        self, place: Place, parts: RunningGateway, office: ProjectPeopleService, reader: Callable[[], RecordReader]
    ) -> None:
        """Change these tables by these parts."""
        self._reader = reader
        self._place = place
        self._parts = parts
        self._office = office
        self._numbers = count(1)

    async def propose(self, sql: str) -> Carried:
        """Propose a change that needs nobody."""
        outcome = await self._call(
            "propose_write", sql=sql, dry_run=False, idempotency_key=f"differential-{next(self._numbers)}"
        )
        if isinstance(outcome, Held):
            return await self._approved(outcome.action_id)
        if not isinstance(outcome, Answered):
            return Carried(refusal=_refusal(outcome))
        answer = json.loads(outcome.body)
        if answer["state"] != "executed":
            return Carried(refusal=f"{answer['state']} {answer.get('error')}")
        return Carried(action=answer["action_id"], rows=_rows_told(answer["preview"]))

    async def _approved(self, action: str) -> Carried:
        """Let a change through that waits for a person."""
        view = await self._office.action(_STEWARD, action)
        if isinstance(view, Problems):
            return Carried(refusal=str(view))
        done = await self._office.decide(
            _STEWARD,
            action,
            approves=True,
            reason="a trial",
            shown_digest=view.shown_digest,
            bound_to=view.action.proposal.digest,
        )
        if isinstance(done, Problems):
            return Carried(refusal=str(done))
        return Carried(action=action, rows=_rows(view.action))

    async def take_back(self, action: str) -> str | None:
        """Take a change back; returns why not."""
        undone = await self._office.undo(_STEWARD, action, reason="a trial")
        if isinstance(undone, Problems):
            return f"{undone} {self._words()}"
        return None if undone.state is State.EXECUTED else f"{undone.state} {undone.outcome} {self._words()}"

    def _words(self) -> str:
        """Return what the engine said of the last change that failed, as the record has it."""
        with self._reader() as reader:
            failed = reader.entries(EntryFilter(event="gov.action.failed"), limit=1)
            return next((f"({each.bodies.get('gov.error.text')})" for each in failed), "")

    async def content(self) -> Content:
        """Read the tables: on a server directly, of a file through the gateway."""
        if self._place.shared:
            return self._place.directly("").content
        found = {}
        for table, sql in dumps(self._place.engine).items():
            outcome = await self._call("query_sql", sql=sql)
            if not isinstance(outcome, Answered):
                raise SystemExit(f"{sql}: {_refusal(outcome)}")
            rows = [tuple(row) for row in json.loads(outcome.body)["rows"]]
            found[table] = sorted(rows, key=lambda row: [(value is None, value or "") for value in row])
        return found

    async def _call(self, tool: str, **arguments: str | bool) -> Outcome:
        return await self._parts.gateway.call(
            ToolCall(tool=tool, arguments=dict(arguments), principal=_AGENT, door="python")
        )


def _rows_told(preview: Mapping[str, Any]) -> int:
    own = [each for each in preview["tables"] if each["cause"] == "statement"]
    return sum(sum(each["rows"].values()) for each in own)


def _rows(action: ProposedAction) -> int:
    tables = () if action.preview is None else action.preview.tables or ()
    return sum(each.rows.total for each in tables if each.cause == "statement")


def _refusal(outcome: Outcome) -> str:
    match outcome:
        case RefusedCall():
            first = outcome.problems.first
            return f"{first.code.name} {first.message}"
        case Fault():
            return f"{outcome.problem.code.name} {outcome.problem.message}"
    return type(outcome).__name__


@asynccontextmanager
async def opened(place: Place, folder: Path) -> AsyncIterator[WriteGate]:
    """Write the project and open the gateway on it."""
    for path, document in _documents(place).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(document), encoding="utf-8")
    settings = load_settings(folder)
    if isinstance(settings, Problems):
        raise SystemExit(str(settings))
    try:
        with (folder / "gateway.log").open("w") as log, redirect_stderr(log):
            async with run_gateway(folder, settings, watch=False) as parts:
                assert parts.changes is not None
                state = state_of(folder, settings)
                office = ProjectPeopleService(parts.changes, parts.governance, parts.conduct, state)
                yield WriteGate(place, parts, office, partial(_reader, state))
    except StartRefused as error:
        raise SystemExit(f"{error}: {error.problems}") from error


def _reader(state: ProjectState) -> RecordReader:
    reader = state.reader()
    assert reader is not None, "a gateway runs, so there is a record"
    return reader


def _documents(place: Place) -> Mapping[str, Mapping[str, object]]:
    models = [
        {"name": table, "source": f"{place.schema}.{table}", "primary_entity": f"{table}_row"}
        for table in ("items", "parts")
    ]
    verbs = ["insert", "update", "delete", "truncate"]
    return {
        "semantic_models/models.yaml": {"semantic_models": models},
        "policies/policy.yaml": {
            "version": 1,
            "roles": [
                {"name": "writers", "members": ["agent:writer"]},
                {"name": "stewards", "members": ["user:sten"]},
            ],
            "principals": [{"id": "agent:writer", "owner": "user:olaf"}],
            "grants": [
                {"id": "tools", "roles": ["everyone"], "actions": ["call"], "on": ["tool:*"]},
                {
                    "id": "data",
                    "roles": ["writers"],
                    "actions": ["read", "describe", *verbs],
                    "on": ["dataset:*", "function:*", "column:*"],
                },
                {"id": "decide", "roles": ["stewards"], "actions": ["approve", "undo"], "on": ["dataset:*"]},
            ],
            "limits": [{"id": "soon", "roles": ["everyone"], "seconds": 20, "rows": 5_000}],
        },
        "metricgate.yaml": {
            "project": "differential-writes",
            "warehouse": place.warehouse,
            "conduct": {"repeats": None, "refusals": None},
            "writes": {"environment": "staging"},
        },
    }
