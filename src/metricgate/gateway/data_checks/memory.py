"""What is known of keys in this process: looked at once for each state of the data, by whoever asks first.

Where an engine does not tell the state of its data, what was found holds for some minutes, and a broken key for one:
who mends it need not wait long. A check that gave no answer is tried again after these minutes too.

A survey (``validate --data``) reads whole tables. What it finds of a key holds for answers that see the same rows,
where a look before the answer cannot tell: a whole key for these minutes, a broken one until a survey says otherwise.
Where the state of the data is unknown, looks are taken anew after a survey: somebody may just have mended something.
Where it is known, what a survey of all rows found is kept as an observation, and holds after a restart too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog

from metricgate.compiling.statement import Statement
from metricgate.gateway.data_checks.counts import UNCHECKED, KeyCounts
from metricgate.gateway.data_checks.spine_counts import ROWS_UNKNOWN, UNKNOWN, RowsFound, SpineFound
from metricgate.gateway.endings import Ending
from metricgate.gateway.engine import Engine
from metricgate.planning.data_checks import KeyCheck
from metricgate.state.observations import Observation, Observations, ObservationsNotKept
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.obligation import Mask, Obligations, RowFilter
from metricgate.vocabulary.predicate import Scalar

AGAIN_SECONDS = 600.0
AGAIN_BROKEN_SECONDS = 60.0
_MOST_REMEMBERED = 10_000
_NANO = 1_000_000_000
_KEPT_SECONDS = 400 * 86_400.0
"""Surveys of more than a year, so that one month can be held against the same of the year before."""
KEY = "key"
"""Kind of the observations of keys."""

Known = KeyCounts | SpineFound | RowsFound
"""What a check found."""

_Asked = tuple[str, str, tuple[Scalar, ...]]
_View = tuple[str, KeyCheck, tuple[RowFilter, ...], tuple[Mask, ...]]
"""A warehouse's name, a key, and what bounds the rows and values of its dataset for a caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    counts: Known
    data_state: Json
    changes: int
    at: float


class KeyMemory:
    """Counts by engine and statement, so that callers with other row filters or masks have counts of their own.

    Args:
        clock: the gateway's.
        observations: where what surveys of all rows find is kept, and is read from now; None keeps none.

    Raises:
        ObservationsNotKept: they cannot be read.
    """

    def __init__(self, clock: Clock, observations: Observations | None = None) -> None:
        self._clock = clock
        self._observations = observations
        self._observed: dict[tuple[str, str], Observation] = {}
        if observations is not None:
            observations.forget(clock.unix_nano() / _NANO - _KEPT_SECONDS)
            self._observed = {(each.warehouse, each.subject): each for each in observations.latest(KEY)}
        self._seen: dict[_Asked, _Seen] = {}
        self._surveyed: dict[_View, _Seen] = {}
        # Whoever looks or waits holds the lock; with the last of them it goes, however the look ended.
        self._looking: WeakValueDictionary[_Asked, asyncio.Lock] = WeakValueDictionary()

    def find_known(self, engine: Engine, statement: Statement, changes: int) -> Known | None:
        """Return what is known and still holds; ``changes`` counts those that were carried out in the warehouse."""
        seen = self._seen.get(_memory_key(engine, statement))
        if seen is None or seen.data_state != engine.warehouse.data_state or seen.changes != changes:
            return None
        if not seen.data_state or any(seen.counts is each for each in (UNCHECKED, UNKNOWN, ROWS_UNKNOWN)):
            lasting = AGAIN_BROKEN_SECONDS if seen.counts.is_broken else AGAIN_SECONDS
            if self._clock.monotonic() - seen.at >= lasting:
                return None
        return seen.counts

    async def learn(
        self,
        engine: Engine,
        statement: Statement,
        changes: int,
        look: Callable[[], Awaitable[Known | Ending]],
    ) -> Known | Ending:
        """Return what ``look`` finds, or what another call found meanwhile."""
        asked = _memory_key(engine, statement)
        turn = self._looking.setdefault(asked, asyncio.Lock())
        async with turn:
            known = self.find_known(engine, statement, changes)
            if known is not None:
                return known
            state = engine.warehouse.data_state
            found = await look()
            if isinstance(found, KeyCounts | SpineFound | RowsFound):
                while len(self._seen) >= _MOST_REMEMBERED:
                    del self._seen[next(iter(self._seen))]
                self._seen[asked] = _Seen(counts=found, data_state=state, changes=changes, at=self._clock.monotonic())
            return found

    def find_surveyed(
        self, engine: Engine, check: KeyCheck, obligations: Obligations, changes: int
    ) -> KeyCounts | None:
        """Return what a survey under the same row filters and masks found of a key, where it still holds."""
        view = _view(engine, check, obligations)
        seen = self._surveyed.get(view)
        if seen is None:
            return None if _narrows(view) else self._before(engine, check)
        if seen.data_state != engine.warehouse.data_state or seen.changes != changes:
            return None
        lasting = seen.data_state or seen.counts.is_broken
        if not lasting and self._clock.monotonic() - seen.at >= AGAIN_SECONDS:
            return None
        return seen.counts if isinstance(seen.counts, KeyCounts) else None

    def _before(self, engine: Engine, check: KeyCheck) -> KeyCounts | None:
        """Return what a survey before this gateway found of the very data that is there now."""
        seen = self._observed.get((engine.name, _subject_of(check)))
        state = engine.warehouse.data_state
        return KeyCounts.from_json(seen.value) if seen is not None and state and seen.data_state == state else None

    async def note(
        self,
        engine: Engine,
        check: KeyCheck,
        obligations: Obligations,
        counts: KeyCounts,
        *,
        data_state: Json,
        changes: int,
    ) -> None:
        """Take what a survey found of a key in the data as it was at ``data_state``, after so many changes.

        What it found in all rows is kept for after a restart, where the engine tells the state of its data.
        """
        while len(self._surveyed) >= _MOST_REMEMBERED:
            del self._surveyed[next(iter(self._surveyed))]
        self._surveyed[_view(engine, check, obligations)] = _Seen(
            counts=counts, data_state=data_state, changes=changes, at=self._clock.monotonic()
        )
        if self._observations is not None and data_state and not _narrows(_view(engine, check, obligations)):
            seen = Observation(
                kind=KEY,
                warehouse=engine.name,
                subject=_subject_of(check),
                at=self._clock.unix_nano() / _NANO,
                data_state=data_state,
                value=counts.as_json(),
            )
            try:
                await asyncio.to_thread(self._observations.keep, [seen])
            except ObservationsNotKept as error:  # this gateway knows it all the same
                structlog.get_logger("metricgate.data_checks").warning("observation_not_kept", error=str(error))

    def look_again(self, engine: Engine) -> None:
        """Forget what looks found in a warehouse that does not tell when its data changes."""
        if not engine.warehouse.data_state:
            self._seen = {asked: seen for asked, seen in self._seen.items() if asked[0] != engine.name}


def _view(engine: Engine, check: KeyCheck, obligations: Obligations) -> _View:
    filters = tuple(each for each in obligations.row_filters if each.dataset == check.dataset)
    return engine.name, check, filters, tuple(each for each in obligations.masks if each.dataset == check.dataset)


def _narrows(view: _View) -> bool:
    """Whether row filters or masks bound what was seen."""
    return bool(view[2] or view[3])


def _subject_of(check: KeyCheck) -> str:
    """Name a key for good: by its model and name, and by how it is looked at."""
    return f"{check.dataset} {check.key} {digest_of_bytes(repr(check).encode())}"


def _memory_key(engine: Engine, statement: Statement) -> _Asked:
    return engine.name, statement.sql, statement.parameters
