"""What a project's settings say of a MariaDB or MySQL warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from metricgate.adapters.warehouses.mariadb.options import MariaDBOptions
from metricgate.adapters.warehouses.servers.section import WritableServerSection
from metricgate.documents.forms import size

_LETTERS = {letter: 1024**power for power, letter in enumerate("KMG", 1)}
_BYTES = {f"{letter}B": each for letter, each in _LETTERS.items()}
_LARGE = {**_LETTERS, **_BYTES}
_UNITS = {"": 1, "B": 1, **_LARGE, **{unit.lower(): each for unit, each in _LARGE.items()}}
Size = Annotated[str, AfterValidator(size(_UNITS, least="8K", most="1000000G", whole=True))]


class MariaDBSection(WritableServerSection):
    """A MariaDB or MySQL database, read by an account of its own."""

    kind: Literal["mariadb"]
    port: Annotated[int, Field(ge=1, le=65535)] = Field(3306, description="The server's port.")
    tls: Literal["disable", "verify-ca", "verify-full"] = Field(
        "disable", description="Whether to encrypt, and what of the server's certificate to check."
    )
    session_memory: Size | None = Field(
        None, description="Memory that a session may use, e.g. 512MB (max_session_mem_used; MariaDB only)."
    )

    def options(self, folder: Path) -> MariaDBOptions:
        """Return the adapter's options; paths are relative to ``folder``.

        Raises:
            WarehouseError: the password's variable is not set.
        """
        return MariaDBOptions(
            host=self.host,
            port=self.port,
            database=self.database,
            user=self.user,
            password=self.password(),
            tls=self.tls,
            tls_ca=None if self.tls_ca is None else str(folder / self.tls_ca),
            session_memory=self.session_memory,
            connect_seconds=self.connect_seconds,
            bounds=self.bounds(),
            writer=None if self.writer is None else self.writer.options(),
        )
