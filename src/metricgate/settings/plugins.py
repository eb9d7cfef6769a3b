"""What entry points of warehouses and sinks name. The built-in ones come in by the same door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from metricgate.dialects.brought import bring

if TYPE_CHECKING:
    from pydantic import BaseModel

    from metricgate.adapters.sinks.section import SinkSection
    from metricgate.dialects.dialect import Dialect
    from metricgate.gateway.notifications import Sink
    from metricgate.gateway.ports import Warehouse


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
