"""Rows as the answer shows them, and whether any were cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from metricgate.gateway.answers import Answer
from metricgate.gateway.ports import Rows
from metricgate.vocabulary.obligation import Limit, Obligations


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerColumn:
    """A column of the result: its name and logical type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncation:
    """Which limit cut the rows.

    Attributes:
        by: ``rows`` or ``bytes``.
        limit: how many.
        rule: the id of the rule that sets it; None where the project's own limit does.
        message: the same in words.
    """

    by: str
    limit: float
    rule: str | None
    message: str


@dataclass(frozen=True, kw_only=True)
class RowsAnswer(Answer):
    """An answer that has rows."""

    columns: Annotated[
        Sequence[AnswerColumn],
        Field(description="Name and logical type of each column: group-bys in the order asked, then metrics."),
    ]
    rows: Annotated[
        Sequence[Sequence[Any]],
        Field(description="Decimals and integers beyond 2**53 are strings; dates and times are ISO 8601."),
    ]
    row_count: int
    truncated: Annotated[
        Truncation | None,
        Field(description="Null, or which limit cut the rows: then there are more rows than shown."),
    ]


def rows_answer(rows: Rows, obligations: Obligations) -> dict[str, Any]:
    """Return the fields of a ``RowsAnswer``, as keywords."""
    return {
        "columns": [AnswerColumn(name=column.name, type=str(column.type)) for column in rows.columns],
        "rows": rows.values,
        "row_count": len(rows.values),
        "truncated": _truncation(rows.truncated, obligations),
    }


def _truncation(cut_by: str | None, obligations: Obligations) -> Truncation | None:
    if cut_by is None:
        return None
    limit: Limit | None = obligations.rows if cut_by == "rows" else obligations.bytes
    value = 0 if limit is None else limit.value
    shown = int(value) if value == int(value) else value
    return Truncation(
        by=cut_by,
        limit=shown,
        rule=None if limit is None else limit.rule,
        message=f"Only the first rows are shown: a limit of {shown} {cut_by} applies. There are more.",
    )
