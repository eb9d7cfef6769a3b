"""What drills are played on: gateways of this process, over DuckDB files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from metricgate.adapters.warehouses.duckdb.scratch import make_tables, read_table
from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.operations.drills.scene import DrillGateway
from metricgate.operations.people_service import ProjectPeopleService
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.problem import Problems

_DATA = "data.duckdb"


class ScratchHost:
    """Implements ``operations.drills.scene.DrillHost``."""

    def make_data(self, folder: Path, sql: str) -> None:
        """Make the data."""
        make_tables(folder / _DATA, sql)

    def read_table(self, folder: Path, table: str) -> list[tuple[object, ...]]:
        """Return a table's rows."""
        return read_table(folder / _DATA, table)

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[DrillGateway]:
        """Run a gateway.

        Raises:
            StartRefused: the drill's settings or definitions have problems.
        """
        settings = load_settings(folder)
        if isinstance(settings, Problems):
            raise StartRefused("the drill's settings have problems", settings)
        state = state_of(folder, settings)
        async with run_gateway(folder, settings, watch=False, logs=False) as parts:
            office = ProjectPeopleService(parts.changes, parts.governance, parts.conduct, state)
            yield DrillGateway(gateway=parts.gateway, office=office, state=state, reload=parts.governance.reload)
