"""What the settings of the warehouses behind a network share."""

from __future__ import annotations

import os
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from metricgate.adapters.warehouses.servers.session import UNAVAILABLE
from metricgate.adapters.warehouses.servers.sessions import Bounds
from metricgate.adapters.warehouses.servers.writer_options import WriterOptions
from metricgate.documents.forms import FilePath, Host, Name, Seconds, Variable
from metricgate.gateway.ports import WarehouseError


class WriterSection(BaseModel):
    """The account that changes rows."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    user: Name = Field(description="The role that may change the tables of entities open to changes, and no others.")
    password_variable: Variable | None = Field(None, description="The environment variable that holds its password.")
    marker_schema: Name = Field(
        description="Schema (PostgreSQL) or database (MariaDB) of metricgate_applied, the table of what was committed."
    )

    def options(self) -> WriterOptions:
        """Return the adapter's options.

        Raises:
            WarehouseError: the password's variable is not set.
        """
        password = _password(self.password_variable, "warehouse.writer.password_variable")
        return WriterOptions(user=self.user, password=password, marker_schema=self.marker_schema)


class ServerSection(BaseModel):
    """A server's address, who we are there, and limits."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    host: Host = Field("127.0.0.1", description="The server's name or address.")
    database: Name = Field(description="The database to read.")
    user: Name = Field(description="The role that may only read what the models name.")
    password_variable: Variable | None = Field(None, description="The environment variable that holds the password.")
    tls_ca: FilePath | None = Field(None, description="File of the certificate authorities to trust.")
    concurrent: Annotated[int, Field(ge=1, le=256)] = Field(4, description="Statements that run at the same time.")
    longest_seconds: Seconds = Field(60, description="Time limit where policy sets none.")
    connect_seconds: Annotated[int, Field(ge=1, le=600)] = Field(10, description="How long connecting may take.")

    @model_validator(mode="after")
    def _tls_reads_the_authorities(self) -> Self:
        if self.tls_ca is not None and getattr(self, "tls", None) == "disable":
            raise ValueError("tls_ca is not read with tls: disable; set tls: verify-full, or leave tls_ca out")
        return self

    def bounds(self) -> Bounds:
        """Return the limits."""
        return Bounds(callers=self.concurrent, longest_seconds=self.longest_seconds)

    def password(self) -> str | None:
        """Return the password from the environment; None where the settings name no variable.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``: the variable is not set.
        """
        return _password(self.password_variable, "warehouse.password_variable")


class WritableServerSection(ServerSection):
    """A server that an account of its own may change, too."""

    writer: WriterSection | None = Field(None, description="The account for changes; without it there are none.")


def _password(variable: str | None, setting: str) -> str | None:
    if variable is None:
        return None
    found = os.environ.get(variable)
    if found is None:
        raise WarehouseError(UNAVAILABLE, f"the environment variable {variable} ({setting}) is not set")
    return found
