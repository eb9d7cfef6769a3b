"""What a project's settings say of a PostgreSQL warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from metricgate.adapters.warehouses.postgres_options import PostgresOptions
from metricgate.adapters.warehouses.server_section import ServerSection


class PostgresSection(ServerSection):
    """A PostgreSQL database, read by a role of its own."""

    kind: Literal["postgres"]
    port: Annotated[int, Field(ge=1, le=65535)] = Field(5432, description="The server's port.")
    search_path: str = Field("public", description="Schemas of sources that name none, separated by commas.")
    tls: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="As libpq's sslmode."
    )
    work_memory: str = Field("64MB", description="Memory of each sort or hash before it goes to disk (work_mem).")

    def options(self, folder: Path) -> PostgresOptions:
        """Return the adapter's options; paths are relative to ``folder``.

        Raises:
            WarehouseError: the password's variable is not set.
        """
        return PostgresOptions(
            host=self.host,
            port=self.port,
            database=self.database,
            user=self.user,
            password=self.password(),
            tls=self.tls,
            tls_ca=None if self.tls_ca is None else str(folder / self.tls_ca),
            search_path=tuple(part.strip() for part in self.search_path.split(",") if part.strip()),
            work_memory=self.work_memory,
            connect_seconds=self.connect_seconds,
            bounds=self.bounds(),
            writer=None if self.writer is None else self.writer.options(),
        )
