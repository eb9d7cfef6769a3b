"""Definitions that come into force: kept by digest, then recorded; changes that were refused are recorded too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from metricgate import __version__
from metricgate.definitions.hot_reload import HotReloader
from metricgate.definitions.kinds import Definitions
from metricgate.gateway.entries import problem_facts
from metricgate.gateway.governance import Governance
from metricgate.ledger.events.access import DefinitionsPublished, DefinitionsRejected
from metricgate.state.definitions import DefinitionsNotKept
from metricgate.state.record import Ledger, LedgerUnavailable, record_event
from metricgate.state.state import ProjectState
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.problem import Problems

_AGAIN_SECONDS = 1.0
_NANO = 1_000_000_000


class Publisher:
    """Keeps and records what comes into force."""

    def __init__(self, holder: HotReloader, state: ProjectState, ledger: Ledger, clock: Clock) -> None:
        self._holder, self._state, self._ledger, self._clock = holder, state, ledger, clock

    async def begin(self) -> None:
        """Keep and record what a start puts in force.

        Raises:
            DefinitionsNotKept, LedgerUnavailable: it cannot be.
        """
        await self._publish(self._holder.current, self._holder.definitions)

    async def watch(self) -> None:
        """Reload whenever a file changes, until cancelled.

        What cannot be kept or recorded now is tried again and again: calls are refused while the record cannot be
        written, and nothing goes unsaid.
        """
        await self._holder.watch(self._tell)

    async def _tell(self, result: Governance | Problems) -> None:
        log = structlog.get_logger("metricgate.definitions")
        if isinstance(result, Problems):
            log.error("definitions_rejected", problems=[str(problem) for problem in result])
            await _at_last(lambda: self._reject(result))
        else:
            log.info("definitions_published", catalog=result.catalog.version, policy=result.judge.policy.digest)
            definitions = self._holder.definitions
            await _at_last(lambda: self._publish(result, definitions))

    async def _publish(self, state: Governance, definitions: Definitions) -> None:
        await asyncio.to_thread(self._keep, definitions)
        published = DefinitionsPublished(
            catalog_version=state.catalog.version,
            policy_digest=state.judge.policy.digest,
            metrics=len(state.catalog.metrics),
            release=__version__,
        )
        await record_event(self._ledger, published)

    async def _reject(self, problems: Problems) -> None:
        facts = problem_facts(problems)
        await record_event(self._ledger, DefinitionsRejected(codes=facts.codes, problems=facts.problems))

    def _keep(self, definitions: Definitions) -> None:
        kept = self._state.definitions()
        try:
            now = self._clock.unix_nano() / _NANO
            for kind, digest in definitions.digests.items():
                kept.keep(kind, digest, dict(definitions.files[kind]), at=now)
        finally:
            kept.close()


async def _at_last(publish: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await publish()
        except (DefinitionsNotKept, LedgerUnavailable):
            await asyncio.sleep(_AGAIN_SECONDS)
