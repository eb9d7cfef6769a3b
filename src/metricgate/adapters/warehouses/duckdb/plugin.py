"""Entry point of the DuckDB warehouse: settings load without the engine, opening loads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metricgate.adapters.warehouses.duckdb.section import DuckDBSection

if TYPE_CHECKING:
    from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse


class DuckDBPlugin:
    """A warehouse plugin whose engine is loaded when it is opened."""

    section = DuckDBSection
    dialect = "duckdb"

    @staticmethod
    def from_section(section: DuckDBSection, folder: Path) -> DuckDBWarehouse:
        """Open what a project's settings name.

        Raises:
            WarehouseError: it cannot be opened.
        """
        from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse  # noqa: PLC0415 - the engine

        return DuckDBWarehouse(section.options(folder))
