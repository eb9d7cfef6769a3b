"""What a project's settings say of a DuckDB warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.documents.forms import FilePath, Seconds, size

_THOUSANDS = {f"{letter}B": 1000**power for power, letter in enumerate("KMGT", 1)}
_BINARY = {f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)}
_UNITS = {**_THOUSANDS, **{unit.lower(): each for unit, each in _THOUSANDS.items()}, **_BINARY}
Size = Annotated[str, AfterValidator(size(_UNITS, least="16MB", most="100TB"))]


class DuckDBSection(BaseModel):
    """A DuckDB file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Literal["duckdb"]
    file: FilePath = Field(description="The database file, relative to the project folder.")
    read_only: bool = Field(True, description="False keeps the writer's lock on the file, in one worker process.")
    writes: bool = Field(False, description="Let changes be proposed and carried out. Needs read_only: false.")
    memory_limit: Size = Field("2GB", description="What an instance of the engine may use, e.g. 2GB.")
    threads: Annotated[int, Field(ge=1, le=256)] = Field(2, description="Threads of the engine.")
    concurrent: Annotated[int, Field(ge=1, le=256)] = Field(4, description="Statements that run at the same time.")
    longest_seconds: Seconds = Field(60, description="Time limit where policy sets none.")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(2, description="Processes for agents' own SQL, if read-only.")
    worker_memory: Size | None = Field(None, description="Address space of a worker; default memory_limit + 1.5 GiB.")

    @model_validator(mode="after")
    def _writes_need_the_file(self) -> Self:
        if self.writes and self.read_only:
            raise ValueError(
                "writes: true needs read_only: false, because this process must hold the file to change it"
            )
        return self

    def options(self, folder: Path) -> DuckDBOptions:
        """Return the adapter's options; paths are relative to ``folder``."""
        return DuckDBOptions(
            path=folder / self.file,
            read_only=self.read_only,
            writes=self.writes,
            memory_limit=self.memory_limit,
            engine_threads=self.threads,
            callers=self.concurrent,
            longest_seconds=self.longest_seconds,
            workers=self.workers,
            worker_memory=self.worker_memory,
        )

    def file_state(self, folder: Path) -> tuple[int, ...] | None:
        """Return what tells the file from another in its place; None where there is none.

        Device and inode; of a file that is only read, size and time of change too: nobody writes it but by mistake.
        """
        try:
            facts = (folder / self.file).stat()
        except OSError:
            return None
        own = (facts.st_dev, facts.st_ino)
        return (*own, facts.st_size, facts.st_mtime_ns) if self.read_only else own
