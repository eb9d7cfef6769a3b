"""One connection to a server, as the pool of ``sessions`` uses it, and the codes of what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from metricgate.adapters.warehouses.kept_rows import ResultCaps
from metricgate.gateway.ports import WarehouseError
from metricgate.vocabulary.account_finding import AccountFinding
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.result import Column, ValueType

if TYPE_CHECKING:  # a project's settings name this page's bounds; the compiler stays unloaded for them
    from metricgate.compiling.statement import Statement

TIMEOUT = "E_WAREHOUSE_TIMEOUT"
CANCELLED = "E_WAREHOUSE_CANCELLED"
MEMORY = "E_WAREHOUSE_MEMORY"
UNAVAILABLE = "E_WAREHOUSE_UNAVAILABLE"
FAILED = "E_WAREHOUSE_FAILED"
CHANGED = "E_WAREHOUSE_CHANGED"
TIME_ZONE = "E_WAREHOUSE_TIME_ZONE"
TYPE_NOT_CARRIED = "E_SQL_TYPE_NOT_CARRIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """What a session read: columns, rows of wire values, the cap that cut them (or None), and their size in bytes."""

    columns: tuple[Column, ...]
    values: Sequence[Sequence[Json]]
    truncated: str | None
    bytes: int


class ReadSession(Protocol):
    """One connection, read-only. Every method raises ``WarehouseError`` with the code that fits, and nothing else."""

    reusable: bool
    """Whether the next statement may have this session."""

    def open(self, seconds: float) -> None:
        """Connect, once, before anything else; gives up after this long, or after the options' time if that is less."""
        ...

    def begin(self, seconds: float) -> None:
        """Begin a read-only transaction in which a statement may take this long; finds out whether anyone is there."""
        ...

    def answer(self, statement: Statement, caps: ResultCaps) -> SessionResult:
        """Hold the statement's checks, then run it and read its rows up to the caps."""
        ...

    def types(self, select: str) -> tuple[ValueType, ...]:
        """Return the logical types of the columns of a SELECT that reads no row."""
        ...

    def columns(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[Column, ...]]:
        """Return the columns of those relations that exist."""
        ...

    def locations(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return the full names of those relations that exist."""
        ...

    def functions(self) -> frozenset[str]:
        """Return the lower-case names of the engine's own functions."""
        ...

    def findings(self, relations: Sequence[tuple[str, ...]]) -> tuple[AccountFinding, ...]:
        """Return what the account can do that it should not, where these are the governed relations."""
        ...

    def end(self) -> None:
        """End the transaction and forget what the session holds; not ``reusable`` afterwards where that failed."""
        ...

    def cancel(self) -> None:
        """Ask the server to stop the statement. From any thread; does nothing where nothing runs."""
        ...

    def sever(self) -> None:
        """Cut the connection, which wakes the thread that waits on it. From any thread, at any time; does not wait."""
        ...

    def close(self) -> None:
        """Close the connection, if there is one, without waiting for the server."""
        ...


def hold_checks(statement: Statement, types_of: Callable[[str], tuple[ValueType, ...]]) -> None:
    """Ask for the types of a statement's checks again.

    Raises:
        WarehouseError: ``E_WAREHOUSE_CHANGED``.
    """
    for check in statement.checks:
        if types_of(check.sql) != check.types:
            raise WarehouseError(CHANGED, f"columns have other types than when the question was planned: {check.sql}")
