"""The agents of a project, and what they did of late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.governance import GovernanceSource
from metricgate.gateway.people_service import AgentView
from metricgate.ledger.events import names
from metricgate.operations.switches import thrown_switches
from metricgate.state.actions import ActionFilter
from metricgate.state.keys import KeysUnavailable
from metricgate.state.record import EntryFilter, LedgerUnavailable
from metricgate.state.state import ProjectState
from metricgate.vocabulary.actor import ActorKind
from metricgate.vocabulary.problem import Problems

_MOST_LOOKED_AT = 20_000
"""Entries of the record; of who did more, the newest count."""
_DAY = timedelta(days=1)


class AgentOverview:
    """Who the agents are: by keys, by the policy, and by the record of the last 24 hours."""

    def __init__(self, services: ChangeServices, governance: GovernanceSource, state: ProjectState) -> None:
        self._services = services
        self._governance = governance
        self._state = state

    def agents(self, paused: Mapping[str, datetime]) -> Sequence[AgentView]:
        """Return every agent that holds a key, is named in the policy or was seen lately, by id. Blocks.

        Args:
            paused: until when agents are paused, by id.

        Raises:
            LedgerUnavailable: the record cannot be read.
        """
        seen: dict[str, datetime] = {}
        calls: dict[str, Counter[str]] = {}
        since = datetime.now(UTC) - _DAY
        found = self._state.reader()
        if found is None:
            raise LedgerUnavailable("there is no record yet")
        with found as reader:
            for each in reader.entries(EntryFilter(since=since), limit=_MOST_LOOKED_AT):
                agent, outcome = each.agent, each.text(names.OUTCOME)
                if agent is None:
                    continue
                seen.setdefault(agent, datetime.fromtimestamp(each.time_unix_nano / 1e9, UTC))
                if outcome is not None and each.event.startswith(names.OF_CALLS):
                    calls.setdefault(agent, Counter())[outcome] += 1
        ids = {*seen, *self._with_keys(), *self._named()}
        actions: dict[str, Counter[str]] = {}
        for action in self._services.store.list(ActionFilter(since=since, limit=1_000)):
            if action.actor.kind is ActorKind.AGENT:
                actions.setdefault(action.proposal.agent, Counter())[str(action.state)] += 1
        thrown = thrown_switches(self._state.switches())
        switches = [] if isinstance(thrown, Problems) else thrown
        return [
            AgentView(
                id=name,
                last_seen=seen.get(name),
                calls=dict(calls.get(name, {})),
                paused_until=paused.get(name),
                switches=[each.as_json() for each in switches if each.target in {"all", f"agent:{name}"}],
                actions=dict(actions.get(name, {})),
            )
            for name in sorted(ids)
        ]

    def _with_keys(self) -> set[str]:
        if "keys" not in self._state.existing_stores():
            return set()
        try:
            keys = self._state.keys(self._services.clock)
        except KeysUnavailable:
            return set()
        try:
            return {record.agent for record in keys.list() if not record.revoked}
        finally:
            keys.close()

    def _named(self) -> set[str]:
        policy = self._governance.current.judge.policy
        named = [member for role in policy.roles for member in role.members]
        named += [each.party for each in policy.principals]
        return {each.removeprefix("agent:") for each in named if each.startswith("agent:")}
