"""Where a MariaDB warehouse is, and how its sessions are set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from metricgate.adapters.warehouses.servers.sessions import Bounds
from metricgate.adapters.warehouses.servers.writer_options import WriterOptions

_SIZE = re.compile(r"(\d+)\s*([KMG]?)B?\Z", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}

SQL_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY,PIPES_AS_CONCAT"
"""Without ``NO_BACKSLASH_ESCAPES`` and ``ANSI_QUOTES``: the scanner of statements relies on it."""
UNSOUND_SWITCHES = "join_cache_incremental=off"
"""MariaDB 10.11.19 loses rows of nested outer joins in incremental join buffers; whole ones cost about the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MariaDBOptions:
    """Settings of one MariaDB or MySQL warehouse.

    Attributes:
        tls: ``disable``, ``verify-ca`` or ``verify-full`` (the certificate's name too).
        tls_ca: file of the authorities to trust; None takes the system's.
        session_memory: e.g. ``512MB``; None leaves the server's own limit.
        bounds: statements at once, and limits where the verdict sets none.
        writer: the account for changes; None where there are none.
    """

    host: str
    port: int
    database: str
    user: str
    password: str | None = field(default=None, repr=False)
    tls: str = "disable"
    tls_ca: str | None = None
    session_memory: str | None = None
    connect_seconds: int = 10
    bounds: Bounds = field(default_factory=Bounds)
    writer: WriterOptions | None = None

    def __post_init__(self) -> None:
        if self.session_memory is not None and not _SIZE.match(self.session_memory):
            raise ValueError(f"{self.session_memory!r} is no size such as 512MB")

    @property
    def session_bytes(self) -> int | None:
        """``session_memory`` in bytes."""
        found = None if self.session_memory is None else _SIZE.match(self.session_memory)
        return None if found is None else int(found[1]) * _UNITS[found[2].upper()]
