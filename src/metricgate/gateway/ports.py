"""What the gateway needs from the outside, and the value that alone may reach a warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from metricgate.policy.verdict import Decision
from metricgate.state.record import AppendReceipt

# Stores and sinks import this page for a protocol or an exception; planner and compiler stay unloaded for them.
if TYPE_CHECKING:
    from metricgate.catalog.catalog import Catalog
    from metricgate.compiling.statement import Statement
    from metricgate.policy.verdict import Verdict
    from metricgate.vocabulary.account_finding import AccountFinding
    from metricgate.vocabulary.json import Json
    from metricgate.vocabulary.opinion import Opinion
    from metricgate.vocabulary.result import Column, ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedStatement:
    """A statement that may run: it has an allowing verdict and its intent is durable.

    ``Warehouse.run`` takes nothing else, so "ran without a decision or a record" does not type-check.
    """

    statement: Statement
    verdict: Verdict
    intent: AppendReceipt

    def __post_init__(self) -> None:
        if self.verdict.decision is not Decision.ALLOW:
            raise ValueError(f"a verdict of {self.verdict.decision} releases nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What a warehouse returned, already inside its caps.

    Attributes:
        columns: actual names and logical types, in order.
        values: rows of wire values (JSON scalars, lists, objects) as ``vocabulary.result.DataType`` says.
        truncated: which cap cut the result (``rows`` or ``bytes``), or None.
        bytes: size of the Arrow data that was kept.
        seconds: time spent in the engine.
    """

    columns: tuple[Column, ...]
    values: Sequence[Sequence[Json]]
    truncated: str | None
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Rows that came back, and the intent under which they were fetched."""

    rows: Rows
    intent: AppendReceipt


class WarehouseError(Exception):
    """The engine did not give rows. ``code`` is a gateway code; the engine's own words go to the record only."""

    def __init__(
        self,
        code: str,
        engine_text: str,
        *,
        position: int | None = None,
        details: Mapping[str, Json] = MappingProxyType({}),
    ) -> None:
        super().__init__(code)
        self.code = code
        """One of ``codes.WAREHOUSE_CODES``, or of ``sql_codes`` where the engine told the class of its error."""
        self.engine_text = engine_text
        self.position = position
        """Characters of the statement's text before the place that failed, where the engine gave one."""
        self.details = details
        """What may be told, beside the code: names of columns and types, never values."""


class WarehouseUnfit(WarehouseError):
    """The engine is there, but is not one that can do what the settings ask of it: permanent, do not retry."""


class Warehouse(Protocol):
    """An engine that runs released statements, one at a time per call, read-only.

    A relation is named by its parts as the engine has them: ``(schema, table)``, ``(catalog, schema, table)``.

    Attributes:
        name: in the settings.
        dialect: name of its dialect, e.g. ``duckdb``.
    """

    name: str
    dialect: str

    @property
    def data_state(self) -> Json:
        """What is known of the data's state, for answers and records: e.g. ``{"as_of": "2026-01-31T00:00:00Z"}``.

        Constant between two changes of the data, so that equal questions keep having equal answers.
        """
        ...

    async def run(self, released: ReleasedStatement) -> Rows:
        """Run it under the verdict's limits. Cancelling the awaiting task interrupts the engine.

        A ``confined`` statement runs where it can be killed: it is over two seconds past its limit whatever it does.
        The statement's ``checks`` are held in the transaction in which it runs: nothing that they look at can change
        in between.

        Raises:
            WarehouseError: the engine failed, timed out, or ran out of memory; ``E_WAREHOUSE_CHANGED`` where a check
                does not hold.
        """
        ...

    async def types(self, selects: Sequence[str]) -> Sequence[tuple[ValueType, ...]]:
        """Return the types of the columns of SELECTs of our own that read no row.

        Raises:
            WarehouseError: as ``run`` does.
        """
        ...

    async def describe(
        self, relations: Sequence[tuple[str, ...]]
    ) -> Mapping[tuple[str, ...], tuple[Column, ...] | None]:
        """Return the columns of each relation, or None where it does not exist. Reads metadata only.

        Raises:
            WarehouseError: as ``run`` does.
        """
        ...

    async def locate(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return the full name of each relation that exists, so that nothing else can be meant by it.

        Raises:
            WarehouseError: as ``run`` does.
        """
        ...

    async def functions(self) -> frozenset[str]:
        """Return the lower-case names of the functions that the engine itself brings, from its own catalogue.

        A name that something in the database could take over (a user's macro or function of the same name) is not
        among them, nor are functions of the database's own. The names say nothing of what is safe to call.

        Raises:
            WarehouseError: as ``run`` does.
        """
        ...

    async def findings(self, relations: Sequence[tuple[str, ...]]) -> tuple[AccountFinding, ...]:
        """Return what the account can do that it should not, where these are the governed relations.

        Raises:
            WarehouseError: as ``run`` does.
        """
        ...

    async def opinion(self, sql: str) -> Opinion | None:
        """Return what the engine's own parser makes of a text, or None where there is no such parser.

        The text is parsed, never run or bound; no relation and no file is looked at. A text that the parser cannot
        read is an opinion too (``kind`` is ``unreadable``).

        Raises:
            WarehouseError: as ``run`` does.
        """
        ...

    async def close(self) -> None:
        """Interrupt what runs and release everything; nothing is asked of it afterwards."""
        ...


SpanValue = str | float | bool
"""What a span attribute may be (``int`` is a ``float`` to the type checker)."""


class Observer(Protocol):
    """Spans and counters. Losing them loses no record; no method raises or blocks."""

    def span(self, name: str, attributes: Mapping[str, SpanValue] | None = None) -> AbstractContextManager[Span]:
        """Start a span as the current one's child; leaving the block ends it."""
        ...

    def call(
        self, carrier: Mapping[str, str], name: str, attributes: Mapping[str, SpanValue]
    ) -> AbstractContextManager[Span]:
        """Start a call's root span, child of the W3C ``traceparent`` in ``carrier`` where there is one."""
        ...

    def count_call(self, *, tool: str, outcome: str, code: str, seconds: float) -> None:
        """Count one finished call.

        Args:
            tool: its name, or ``action`` or ``unknown``: a closed set.
            outcome: ``answered``, ``refused``, ``held`` or ``fault``.
            code: the first error's, e.g. ``E_NOT_GRANTED``; empty where it was answered.
            seconds: how long it took.
        """
        ...


class Span(Protocol):
    """A running span, until the block that started it ends. Nothing raises."""

    @property
    def trace_id(self) -> str:
        """32 hex digits; real also where tracing is off or the trace is not sampled."""
        ...

    @property
    def span_id(self) -> str:
        """Of the span itself, 16 hex digits; real as the trace's is."""
        ...

    def set(self, name: str, value: SpanValue, /) -> None:
        """Set an attribute, in place of one of the same name; lost once the span has ended."""
        ...


class CatalogHolder(Protocol):
    """The catalog in force. May change between two calls, never during one. Nothing raises."""

    @property
    def catalog(self) -> Catalog:
        """The catalog that the last good load gave."""
        ...
