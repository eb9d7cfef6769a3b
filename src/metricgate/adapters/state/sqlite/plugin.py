"""The embedded state as a plugin."""

from __future__ import annotations

from metricgate.adapters.state.sqlite.state import SqliteState
from metricgate.state.state import StatePlace
from metricgate.vocabulary.clock import Clock


class SqlitePlugin:
    """Implements ``state.state.StatePlugin``."""

    def open(self, place: StatePlace, clock: Clock) -> SqliteState:
        """Return the state in a folder."""
        return SqliteState(place, clock)


SQLITE = SqlitePlugin()
