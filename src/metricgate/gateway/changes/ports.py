"""What changes need from the outside, and the value that alone may change a warehouse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from metricgate.changing.change import Row, RowChangeKind, TableChange
from metricgate.changing.definitions import Definitions
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import Location, TableShape
from metricgate.changing.structure import StructureChange
from metricgate.policy.verdict import Decision, Verdict
from metricgate.state.record import AppendReceipt

if TYPE_CHECKING:  # stores import this page; the compiler stays unloaded for them
    from metricgate.compiling.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeStep:
    """One kind of change to one table, with the rows still to be found.

    Attributes:
        key: the table's key, as in ``TableShape.key``; empty for an insert.
        columns: columns that are set.
        source: a confined SELECT that gives, for each row, the key's values and then the new values of ``columns``; its
            output names do not matter. The engine casts new values to the columns' own types.
    """

    kind: RowChangeKind
    table: Location
    key: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    source: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the caller may see of a table under its row filters.

    Attributes:
        source: a confined SELECT of the key's values of every row that the caller may see. After the change, each row
            that it inserted or updated there must be among them: nobody puts rows where they cannot see them.
    """

    table: Location
    key: tuple[str, ...]
    source: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlan:
    """What a proposal would do.

    Attributes:
        steps: in the order in which they are carried out; no row may be touched by two of them.
        most_rows: with more rows (cascades included) nothing is done.
        seconds: limit of one transaction.
        views: of the tables under row filters; a row that leaves its view fails the change with ``E_ROW_OUT_OF_VIEW``.
        reads: relations that the sources read.
    """

    steps: tuple[ChangeStep, ...]
    most_rows: int
    seconds: float
    views: tuple[View, ...] = ()
    reads: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a plan does, found out in a transaction that was rolled back.

    Attributes:
        changes: the plan with its rows spelt out; their digest is compared again when it is carried out.
        effect: what they do.
        seconds: time spent in the engine.
        definitions: what acts when these rows change, beside the change itself.
        not_back: why taking it back, tried in the same transaction, does not leave every row as it was; empty where it
            does.
        anew: columns that taking back leaves otherwise, where they are the only difference: the engine sets them anew.
    """

    changes: tuple[TableChange, ...] = field(repr=False)
    effect: ChangeEffect = field(repr=False)
    seconds: float
    definitions: Definitions = field(default=(), repr=False)
    not_back: tuple[str, ...] = ()
    anew: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedChange:
    """A change that may be carried out: decided, recorded, and bound to exactly these rows.

    Attributes:
        action_id: written by the same transaction into the marker table, so that it is known afterwards whether it
            was committed.
        plan: sources to be evaluated once more, whose rows must be the same; None where only ``changes`` count (undo).
        changes: row by row; none where ``structure`` says what is done to a table itself.
        expected_digest: ``ChangeEffect.digest`` of the rehearsal; where the effect differs, nothing is committed.
        definitions: what acted when it was rehearsed: where it differs now, nothing is committed. None in what earlier
            releases kept.
        verdict: allowing.
        intent: durable.
    """

    action_id: str
    plan: ChangePlan | None
    changes: tuple[TableChange, ...] = field(repr=False)
    expected_digest: str
    most_rows: int
    seconds: float
    views: tuple[View, ...] = ()
    structure: StructureChange | None = None
    definitions: Definitions | None = field(default=None, repr=False)
    verdict: Verdict
    intent: AppendReceipt

    def __post_init__(self) -> None:
        if self.verdict.decision is not Decision.ALLOW:
            raise ValueError(f"a verdict of {self.verdict.decision} releases nothing")


class ChangeFailed(Exception):
    """Nothing was changed: the transaction was rolled back, or none was begun. ``code`` is a gateway code's name.

    ``E_DEFINITIONS_CHANGED`` (``detail``: what is new, gone or other), ``E_NOT_BACK``, ``E_ROWS_CHANGED`` and
    ``E_ROW_OUT_OF_VIEW`` (with ``rows``), ``E_WRITE_CONSTRAINT`` (``detail``: the constraint's sort and name),
    ``E_WRITE_CONFLICT``, ``E_TOO_MANY_ROWS``, ``E_DUPLICATE_TARGET`` (one row found twice), or a code of
    ``WarehouseError``. The engine's own words go to the record only.
    """

    def __init__(
        self,
        code: str,
        engine_text: str,
        *,
        rows: Sequence[tuple[Location, Row]] = (),
        detail: str = "",
        position: int | None = None,
        source: str | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.engine_text = engine_text
        self.rows = tuple(rows)
        """Tables and keys of rows that are not as expected: at most 100."""
        self.detail = detail
        self.position = position
        """Characters before the place that failed, where the engine gave one: of ``source``, else of what was run."""
        self.source = source
        """The SELECT of a plan, without the values that policy bound, in which that place is."""


class OutcomeUnknown(Exception):
    """The connection was lost while the engine committed: ``WritableWarehouse.applied`` tells, once it answers."""


@runtime_checkable
class WritableWarehouse(Protocol):
    """An engine that may be changed, by an account of its own. Every transaction is REPEATABLE READ or better.

    ``seconds`` is the limit of one transaction; ``most_rows``, cascades included, how many rows it may change.
    """

    @property
    def writable(self) -> bool:
        """Whether the settings allow changes at all."""
        ...

    async def shapes(self, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Return the shapes of those relations that exist, and of every table that foreign keys reach from them.

        Raises:
            WarehouseError: the engine cannot be asked.
        """
        ...

    async def rehearse(self, plan: ChangePlan) -> Rehearsal:
        """Carry the plan out in a transaction and roll it back, whatever happens.

        Raises:
            ChangeFailed: it cannot be carried out.
        """
        ...

    async def rehearse_changes(
        self, changes: Sequence[TableChange], *, most_rows: int, seconds: float, views: Sequence[View] = ()
    ) -> Rehearsal:
        """Do the same for changes that are spelt out (an undo); ``expecting`` columns are held against the rows.

        Raises:
            ChangeFailed: ``E_ROWS_CHANGED`` where rows are not as expected, or as ``rehearse`` does.
        """
        ...

    async def rehearse_structure(self, change: StructureChange, *, seconds: float) -> Rehearsal:
        """Look up what a change of a table itself would do; nothing is tried.

        Raises:
            ChangeFailed: it cannot be carried out, or could not be taken back: something depends on what would go.
        """
        ...

    async def apply(self, released: ReleasedChange, prepare: Callable[[ChangeEffect], None]) -> ChangeEffect:
        """Carry it out and commit, or change nothing.

        Sources are evaluated again and compared with ``changes``; rows are locked, held against what is expected,
        changed and read back; the effect's digest is compared; the marker is written; ``prepare`` is called with the
        effect (from a thread; it makes the journal durable); then the transaction is committed. Where ``prepare``
        raises, nothing is changed.

        Raises:
            ChangeFailed: nothing was changed.
            OutcomeUnknown: it may have been committed.
        """
        ...

    async def find_committed(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return those actions whose transaction was committed, by the marker table.

        Raises:
            WarehouseError: the engine cannot be asked.
        """
        ...

    async def close_off(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return those actions whose transaction was committed, and see to it that none of the others will be.

        Waits a few seconds for a transaction that is about to commit one of them; one that comes later fails. Of DDL
        that commits by itself, nothing begins any more.

        Raises:
            ChangeFailed, WarehouseError: the engine cannot be asked, or the transaction is still open.
        """
        ...

    async def is_restructured(self, change: StructureChange, action_id: str) -> bool:
        """Return whether a table stands as an action would leave it, on an engine whose DDL commits by itself.

        Raises:
            WarehouseError: the engine cannot be asked.
        """
        ...

    async def forget_aside(self, action_ids: Sequence[str]) -> None:
        """Drop what these actions set aside, for good.

        Raises:
            ChangeFailed, WarehouseError: some of it is still there.
        """
        ...
