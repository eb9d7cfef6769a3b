"""Where a PostgreSQL warehouse is, and how its sessions are set."""

from __future__ import annotations

from dataclasses import dataclass, field

from metricgate.adapters.warehouses.servers.sessions import Bounds
from metricgate.adapters.warehouses.servers.writer_options import WriterOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresOptions:
    """Settings of one PostgreSQL warehouse.

    Attributes:
        tls: libpq's ``sslmode``.
        tls_ca: file of the authorities to trust; None takes the system's.
        search_path: schemas in which sources without a schema are looked up. Functions and types are looked up in
            ``pg_catalog`` first, which nobody can change.
        work_memory: ``work_mem`` of a session.
        bounds: statements at once, and limits where the verdict sets none.
        writer: the account for changes; None where there are none.
    """

    host: str
    port: int
    database: str
    user: str
    password: str | None = field(default=None, repr=False)
    tls: str = "prefer"
    tls_ca: str | None = None
    search_path: tuple[str, ...] = ("public",)
    work_memory: str = "64MB"
    connect_seconds: int = 10
    bounds: Bounds = field(default_factory=Bounds)
    writer: WriterOptions | None = None

    @property
    def path(self) -> str:
        """``search_path`` as PostgreSQL reads it."""
        quoted = ('"' + schema.replace('"', '""') + '"' for schema in self.search_path)
        return ", ".join(("pg_catalog", *quoted))

    @property
    def session(self) -> dict[str, str]:
        """The settings that a session starts with, and returns to after each statement."""
        return {
            "search_path": self.path,
            "default_transaction_read_only": "on",
            "standard_conforming_strings": "on",
            "TimeZone": "UTC",
            "DateStyle": "ISO, YMD",
            "IntervalStyle": "iso_8601",
            "bytea_output": "hex",
            "extra_float_digits": "1",
            "work_mem": self.work_memory,
            "cursor_tuple_fraction": "1.0",
            "lock_timeout": "10s",
            "idle_in_transaction_session_timeout": "600s",
            "row_security": "on",
        }
