"""What people who logged in do at a running project: decisions, the record, agents, switches, the catalog."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from metricgate.catalog.dependencies import built_on, models_behind
from metricgate.definitions.codes import UNREADABLE
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.approval_service import ApprovalService
from metricgate.gateway.changes.damage import refuse_damage
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.conduct.conduct import Conduct
from metricgate.gateway.governance import GovernanceSource
from metricgate.gateway.people_service import AgentView, EntryExport, Person
from metricgate.ledger.events import names
from metricgate.operations.agent_overview import AgentOverview
from metricgate.operations.switches import take_back_switches, throw_switch, thrown_switches
from metricgate.policy.verdict import Decision
from metricgate.state.record import EVERY_ENTRY, EntryFilter, LedgerUnavailable, Recorded, RecordReader
from metricgate.state.state import ProjectState
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Proof
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind


class ProjectPeopleService(ApprovalService):
    """Implements ``gateway.office.Office``.

    The record, agents and catalog are for whoever may ``read_record`` on ``record:entries``, ``record:agents`` and
    ``record:catalog``; switches are thrown by whoever may ``approve`` on ``action:switches``.
    """

    def __init__(
        self, services: ChangeServices, governance: GovernanceSource, conduct: Conduct, state: ProjectState
    ) -> None:
        super().__init__(services)
        self._governance = governance
        self._conduct = conduct
        self._state = state
        self._overview = AgentOverview(services, governance, state)

    async def entries(
        self, person: Person, wanted: EntryFilter = EVERY_ENTRY, *, limit: int = 50
    ) -> Sequence[Mapping[str, Json]] | Problems:
        """Return entries of the record, newest first."""
        refused = self._refused(person, Action.READ_RECORD, ResourceKind.RECORD, "entries")
        return await asyncio.to_thread(self._entries, wanted, limit) if refused is None else refused

    async def export(self, person: Person, wanted: EntryFilter, form: str) -> EntryExport | Problems:
        """Return everything that matches as a file."""
        refused = self._refused(person, Action.READ_RECORD, ResourceKind.RECORD, "entries")
        return await asyncio.to_thread(self._export, wanted, form) if refused is None else refused

    async def entry(self, person: Person, index: int) -> Mapping[str, Json] | Problems:
        """Return one entry with bodies, receipt, and the entries that it is linked with."""
        refused = self._refused(person, Action.READ_RECORD, ResourceKind.RECORD, "entries")
        if refused is not None:
            return refused
        found = await asyncio.to_thread(self._entry, index)
        if found is None:
            message = f"The record has no entry {index}."
            return Problems((Problem(code=codes.NO_SUCH_ACTION, message=message),))
        return found

    @refuse_damage
    async def agents(self, person: Person) -> Sequence[AgentView] | Problems:
        """Return every agent that holds a key, is named in the policy or was seen lately."""
        refused = self._refused(person, Action.READ_RECORD, ResourceKind.RECORD, "agents")
        if refused is not None:
            return refused
        return await asyncio.to_thread(self._overview.agents, await self._conduct.paused_agents())

    async def switches(self, person: Person) -> Sequence[Mapping[str, Json]] | Problems:
        """Return the switches that are thrown."""
        refused = self._refused(person, Action.READ_RECORD, ResourceKind.RECORD, "agents")
        if refused is not None:
            return refused
        found = await asyncio.to_thread(thrown_switches, self._state.switches())
        return found if isinstance(found, Problems) else [each.as_json() for each in found]

    async def throw_switch(self, person: Person, kind: str, target: str, because: str) -> Problems | None:
        """Throw a switch in the person's name; it is recorded within a second, like any other."""
        refused = self._refused(person, Action.APPROVE, ResourceKind.ACTION, "switches")
        if refused is not None or not because.strip():
            return refused or _reason_missing()
        file = self._state.switches()
        done = await asyncio.to_thread(lambda: throw_switch(file, kind, target, because.strip(), by=person.id))
        return done if isinstance(done, Problems) else None

    async def take_back_switches(self, person: Person, target: str, because: str) -> Problems | None:
        """Take the target's switches back."""
        refused = self._refused(person, Action.APPROVE, ResourceKind.ACTION, "switches")
        if refused is not None or not because.strip():
            return refused or _reason_missing()
        file = self._state.switches()
        done = await asyncio.to_thread(lambda: take_back_switches(file, target, because.strip(), by=person.id))
        return done if isinstance(done, Problems) else None

    async def catalog(self, person: Person) -> Mapping[str, Json] | Problems:
        """Return metrics with owner, status, certification, version and lineage."""
        refused = self._refused(person, Action.READ_RECORD, ResourceKind.RECORD, "catalog")
        if refused is not None:
            return refused
        catalog = self._governance.current.catalog
        metrics: list[Json] = []
        edges: list[Json] = []
        for name, metric in catalog.metrics.items():
            header = metric.header
            metrics.append(
                {
                    "name": name,
                    "label": header.label,
                    "description": header.description,
                    "owner": header.owner,
                    "domain": header.domain,
                    "status": str(header.status),
                    "certified": header.certified,
                    "version": header.definition_version,
                }
            )
            needs = built_on(metric)
            edges += [[name, each] for each in needs or models_behind(name, catalog.metrics)]
        models: list[Json] = [
            {"name": model.name, "source": ".".join(model.source), "owner": model.owner, "warehouse": model.warehouse}
            for model in catalog.models.values()
        ]
        return {"version": catalog.version, "metrics": metrics, "models": models, "edges": edges}

    def _refused(self, person: Person, verb: Action, kind: ResourceKind, name: str) -> Problems | None:
        stopped = self._why_stopped(person)
        if stopped is not None:
            return stopped
        identity = Identity(id=person.id, proof=Proof.VERIFIED, method=person.method, groups=person.groups)
        verdict = self._governance.current.judge.judge_person(identity, verb, [Resource(kind, name)])
        if verdict.decision is Decision.ALLOW:
            return None
        message = verdict.reasons[0].message
        return Problems((Problem(code=codes.NOT_YOURS_TO_SEE, message=message, hint=codes.NOT_YOURS_TO_SEE.cure),))

    def _entries(self, wanted: EntryFilter, limit: int) -> Sequence[Mapping[str, Json]] | Problems:
        try:
            with self._reader() as reader:
                return [each.as_shown() for each in reader.entries(wanted, limit=limit)]
        except LedgerUnavailable as error:
            return Problems((Problem(code=UNREADABLE, message=str(error)),))

    def _export(self, wanted: EntryFilter, form: str) -> EntryExport | Problems:
        try:
            made = self._state.export(wanted, form)
        except LedgerUnavailable as error:
            return Problems((Problem(code=UNREADABLE, message=str(error)),))
        return EntryExport(manifest=made.manifest, chunks=made.chunks)

    def _reader(self) -> RecordReader:
        reader = self._state.reader()
        if reader is None:
            raise LedgerUnavailable("there is no record yet")
        return reader

    def _entry(self, index: int) -> Mapping[str, Json] | None:
        with self._reader() as reader:
            found = reader.entry(index)
            if found is None:
                return None
            receipt = reader.receipt(index, self._state.receipt_key())
            related = [each.as_shown() for each in _related_entries(reader, found)]
            return {
                **found.as_shown(),
                "receipt": None if receipt is None else receipt.as_json(),
                "related": related,
            }


def _related_entries(reader: RecordReader, entry: Recorded) -> list[Recorded]:
    """Return the entries that this one links to, and those of the same action or trace, oldest first."""
    found: dict[int, Recorded] = {}
    links = entry.fields.get(names.LINKS)
    for link in links if isinstance(links, list) else []:
        index = link.get("index") if isinstance(link, dict) else None
        linked = reader.entry(index) if isinstance(index, int) else None
        if linked is not None:
            found[linked.index] = linked
    action, trace = entry.text(names.ACTION_ID), entry.text(names.TRACE_ID)
    for each in reader.entries(limit=2_000):
        if each.index != entry.index and (
            (action is not None and each.text(names.ACTION_ID) == action)
            or (trace is not None and each.text(names.TRACE_ID) == trace)
        ):
            found[each.index] = each
    return [found[index] for index in sorted(found)]


def _reason_missing() -> Problems:
    return Problems((Problem(code=codes.REASON_MISSING, message=codes.REASON_MISSING.cause),))
