"""What entry points of warehouses and sinks name. The built-in ones come in by the same door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pydantic import BaseModel

    from metricgate.adapters.sinks.section import SinkSection
    from metricgate.dialects.dialect import Dialect
    from metricgate.gateway.notifications import Sink
    from metricgate.gateway.ports import Warehouse


class WarehousePlugin(Protocol):
    """What an entry point of ``metricgate.warehouses`` names. Its own name is the ``kind`` in settings."""

    @property
    def section(self) -> type[BaseModel]:
        """The pydantic model of the settings' ``warehouse`` section, ``kind`` included; forbids unknown keys."""
        ...

    @property
    def dialect(self) -> str | Dialect:
        """How its warehouses are spoken to: the name of a dialect of ours, or one that the package brings.

        One that is brought has a name of its own, or is one of ours that has no rules, with rules and no other change.
        """
        ...

    def from_section(self, section: BaseModel, folder: Path) -> Warehouse:
        """Open the warehouse. ``folder`` is the project's, for relative paths.

        Raises:
            WarehouseError: it cannot be opened.
        """
        ...


def dialect_of(plugin: WarehousePlugin) -> str:
    """Return the name of a plugin's dialect, which is known by that name from now on.

    Raises:
        ValueError: there is another dialect of that name, ours or another package's.
    """
    if isinstance(plugin.dialect, str):
        return plugin.dialect
    from metricgate.dialects.engines import bring  # noqa: PLC0415 - all dialects, where a package brings one

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
