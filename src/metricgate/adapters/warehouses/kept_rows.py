"""Rows as they come from a server's driver, kept until the result ends or a cap is reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metricgate.adapters.warehouses.result_caps import ResultCaps as ResultCaps
from metricgate.gateway.ports import ReleasedStatement

_FIXED_WIDTH = 8
_ROWS_A_FETCH = 1_024

Row = Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Rows inside their caps: ``truncated`` names the cap that cut them; ``ended`` says the engine had no more."""

    rows: Sequence[Row]
    truncated: str | None
    bytes: int
    ended: bool


def caps_of(released: ReleasedStatement, largest_result_bytes: int) -> ResultCaps:
    """Return the tightest of the statement's, the verdict's and the options' caps."""
    obligations = released.verdict.obligations
    limits = [released.statement.row_limit] if released.statement.row_limit is not None else []
    if obligations.rows is not None:
        limits.append(int(obligations.rows.value))
    size = int(obligations.bytes.value) if obligations.bytes is not None else largest_result_bytes
    return ResultCaps(rows=min(limits, default=None), bytes=size)


def kept_rows(fetch: Callable[[int], Sequence[Row]], caps: ResultCaps) -> Kept:
    """Fetch batches (``fetch(n)`` gives at most n rows, fewer only at the end) until the end or a cap.

    A row's size is counted about as Arrow would hold it: 8 bytes a value, and the texts themselves.
    """
    kept: list[Row] = []
    size = 0
    while True:
        # Two rows past the cap: one tells that rows are cut, a missing second one that the engine has no more.
        wanted = _ROWS_A_FETCH if caps.rows is None else min(_ROWS_A_FETCH, caps.rows + 2 - len(kept))
        batch = fetch(wanted)
        ended = len(batch) < wanted
        for row in batch:
            if caps.rows is not None and len(kept) == caps.rows:
                return Kept(rows=kept, truncated="rows", bytes=size, ended=ended)
            weight = _FIXED_WIDTH * len(row) + sum(len(value) for value in row if isinstance(value, (str, bytes)))
            if size + weight > caps.bytes:
                return Kept(rows=kept, truncated="bytes", bytes=size, ended=ended)
            kept.append(row)
            size += weight
        if ended:
            return Kept(rows=kept, truncated=None, bytes=size, ended=True)
