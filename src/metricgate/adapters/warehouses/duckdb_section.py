"""What a project's settings say of a DuckDB warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from metricgate.adapters.warehouses.duckdb_options import DuckDBOptions


class DuckDBSection(BaseModel):
    """A DuckDB file, opened read-only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["duckdb"]
    file: str = Field(description="The database file, relative to the project folder.")
    memory_limit: str = Field("2GB", description="What the engine may use, e.g. 2GB.")
    threads: Annotated[int, Field(ge=1, le=256)] = Field(2, description="Threads of the engine.")
    concurrent: Annotated[int, Field(ge=1, le=256)] = Field(4, description="Statements that run at the same time.")
    longest_seconds: Annotated[float, Field(gt=0)] = Field(60, description="Time limit where policy sets none.")

    def options(self, folder: Path) -> DuckDBOptions:
        """Return the adapter's options; paths are relative to ``folder``."""
        return DuckDBOptions(
            path=folder / self.file,
            memory_limit=self.memory_limit,
            engine_threads=self.threads,
            callers=self.concurrent,
            longest_seconds=self.longest_seconds,
        )
