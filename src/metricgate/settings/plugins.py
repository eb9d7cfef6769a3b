"""Plugins: what packages offer under our entry points. The built-in ones come in by the same door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from metricgate.dialects.brought import bring
from metricgate.state.state import STATES, StatePlugin

if TYPE_CHECKING:
    from pydantic import BaseModel

    from metricgate.adapters.sinks.section import SinkSection
    from metricgate.dialects.dialect import Dialect
    from metricgate.gateway.notices import Sink
    from metricgate.gateway.ports import Warehouse

WAREHOUSES = "metricgate.warehouses"
SINKS = "metricgate.sinks"

P = TypeVar("P")


class Plugins(Mapping[str, P]):
    """What is installed under one of our entry points, by name; a plugin is imported when it is looked up."""

    def __init__(self, group: str) -> None:
        """Look up the names."""
        self._entries = {entry.name: entry for entry in entry_points(group=group)}

    def __getitem__(self, kind: str) -> P:
        """Import a plugin; the second time, return it."""
        plugin: P = self._entries[kind].load()
        return plugin

    def __iter__(self) -> Iterator[str]:
        """Go through the names; nothing is imported."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)


class WarehousePlugin(Protocol):
    """What an entry point of ``metricgate.warehouses`` names. Its own name is the ``kind`` in settings."""

    section: type[BaseModel]
    """The pydantic model of the settings' ``warehouse`` section, ``kind`` included; forbids unknown keys."""
    dialect: str | Dialect
    """How its warehouses are spoken to: the name of a dialect of ours, or one that the package brings."""

    def from_section(self, section: BaseModel, folder: Path) -> Warehouse:
        """Open the warehouse. ``folder`` is the project's, for relative paths.

        Raises:
            WarehouseError: it cannot be opened.
        """
        ...


def dialect_of(plugin: WarehousePlugin) -> str:
    """Return the name of a plugin's dialect, which is known by that name from now on.

    Raises:
        ValueError: another package brought a dialect of that name.
    """
    if isinstance(plugin.dialect, str):
        return plugin.dialect
    bring(plugin.dialect)
    return plugin.dialect.name


def warehouse_plugins() -> Mapping[str, WarehousePlugin]:
    """Return every installed warehouse plugin by its kind."""
    return Plugins(WAREHOUSES)


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


def sink_plugins() -> Mapping[str, SinkPlugin]:
    """Return every installed sink plugin by its kind."""
    return Plugins(SINKS)
