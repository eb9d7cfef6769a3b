"""What a project's settings say of a PostgreSQL warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.servers.section import WritableServerSection
from metricgate.documents.forms import is_host, size

_UNITS = {"": 1024, "B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
Size = Annotated[str, AfterValidator(size(_UNITS, least="64kB", most="2047GB"))]


def _host_or_socket(text: str) -> str:
    if not (is_host(text) or (text.startswith("/") and not set(text) & set("\0\n,"))):
        raise ValueError(
            f"{text[:60]!r} is no host; write a name, an address, or the folder of a socket, such as /run/postgresql"
        )
    return text


def _schemas(text: str) -> str:
    if not all(part.strip() for part in text.split(",")):
        raise ValueError(f"{text[:60]!r} names no schema between two commas; write schemas such as: public, sales")
    return text


class PostgresSection(WritableServerSection):
    """A PostgreSQL database, read by a role of its own."""

    kind: Literal["postgres"]
    host: Annotated[str, AfterValidator(_host_or_socket)] = Field(
        "127.0.0.1", description="The server's name or address, or the folder of its socket."
    )
    port: Annotated[int, Field(ge=1, le=65535)] = Field(5432, description="The server's port.")
    search_path: Annotated[str, AfterValidator(_schemas)] = Field(
        "public", description="Schemas of sources that name none, separated by commas."
    )
    tls: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="As libpq's sslmode."
    )
    work_memory: Size = Field("64MB", description="Memory of each sort or hash before it goes to disk (work_mem).")

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
