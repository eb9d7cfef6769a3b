"""Plugins: what packages offer under our entry points. The built-in ones come in by the same door."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from metricgate.adapters.sinks.section import SinkSection
from metricgate.gateway.notices import Sink
from metricgate.gateway.ports import Warehouse
from metricgate.state.state import STATES, StatePlugin

WAREHOUSES = "metricgate.warehouses"
SINKS = "metricgate.sinks"


class WarehousePlugin(Protocol):
    """What an entry point of ``metricgate.warehouses`` names. Its own name is the ``kind`` in settings."""

    section: type[BaseModel]
    """The pydantic model of the settings' ``warehouse`` section, ``kind`` included; forbids unknown keys."""
    dialect: str
    """How its warehouses are spoken to, known before one is opened."""

    def from_section(self, section: BaseModel, folder: Path) -> Warehouse:
        """Open the warehouse. ``folder`` is the project's, for relative paths.

        Raises:
            WarehouseError: it cannot be opened.
        """
        ...


def warehouse_plugins() -> dict[str, WarehousePlugin]:
    """Return every installed warehouse plugin by its kind."""
    return {entry.name: entry.load() for entry in entry_points(group=WAREHOUSES)}


class SinkPlugin(Protocol):
    """What an entry point of ``metricgate.sinks`` names. Its own name is the ``kind`` of a notification."""

    section: type[SinkSection]
    """The pydantic model of an entry of the settings' ``notifications``."""

    def from_section(self, section: SinkSection, folder: Path) -> Sink:
        """Make the sink. ``folder`` is the project's, for relative paths; secrets come from the environment.

        Raises:
            SinkUnusable: it cannot be made.
        """
        ...


def state_plugin(kind: str) -> StatePlugin:
    """Return the installed state of a kind.

    Raises:
        KeyError: there is none.
    """
    plugin: StatePlugin = entry_points(group=STATES)[kind].load()
    return plugin


def state_kinds() -> tuple[str, ...]:
    """Return the kinds of every installed state."""
    return tuple(sorted(entry.name for entry in entry_points(group=STATES)))


def sink_plugins() -> dict[str, SinkPlugin]:
    """Return every installed sink plugin by its kind."""
    return {entry.name: entry.load() for entry in entry_points(group=SINKS)}
