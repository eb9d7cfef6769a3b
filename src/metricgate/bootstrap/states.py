"""The state of a project, by its settings."""

from __future__ import annotations

from pathlib import Path

from ulid import ULID

from metricgate.adapters.system.clock import SystemClock
from metricgate.settings.extension_points import STATES
from metricgate.settings.settings import Settings
from metricgate.state.state import ProjectState


def state_of(folder: Path, settings: Settings) -> ProjectState:
    """Return the state of the project in ``folder``; nothing is opened or made yet."""
    return STATES.installed()[settings.document.state.kind].open(settings.state_place(folder), SystemClock())


def new_instance() -> str:
    """Return an id for a gateway that is going to take a state, unlike any other's."""
    return f"gateway_{ULID()}"
