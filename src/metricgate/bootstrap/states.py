"""The state of a project, by its settings."""

from __future__ import annotations

from pathlib import Path

from ulid import ULID

from metricgate.adapters.system.clock import SystemClock
from metricgate.bootstrap.discovery import state_plugin
from metricgate.bootstrap.settings import Settings
from metricgate.state.state import ProjectState, StatePlace


def state_of(folder: Path, settings: Settings) -> ProjectState:
    """Return the state of the project in ``folder``; nothing is opened or made yet."""
    document = settings.document
    state = folder / document.paths.state
    place = StatePlace(
        folder=state,
        record=document.ledger.file,
        origin=document.ledger.origin or f"metricgate/{document.project}",
        anchor=None if document.ledger.anchor is None else folder / document.ledger.anchor,
        lease_seconds=document.ledger.lease_seconds,
    )
    return state_plugin(document.state.kind).open(place, SystemClock())


def new_instance() -> str:
    """Return an id for a gateway that is going to take a state, unlike any other's."""
    return f"gateway_{ULID()}"
