"""Whether a change of many rows surely can be taken back: asked of the engine instead of taking it back on trial.

Taking an update back assigns the texts of before to the columns that changed. Where nothing else takes part (no
trigger, rule, policy, check, computed column; no key, unique or foreign, over those columns), it comes back if each
column would keep each text as it is. What is not known to be so is tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metricgate.adapters.warehouses.changing.rows import RowAccess, column_of
from metricgate.changing.change import RowChangeKind, TableChange
from metricgate.changing.definitions import Definitions
from metricgate.changing.effect import Cause, ChangeEffect
from metricgate.changing.shape import Location, TableShape

_STILL = frozenset({"table", "column", "unique key", "foreign key"})
"""Kinds of definitions that do nothing to columns over which there is no key."""


def surely_back(
    tables: RowAccess,
    effect: ChangeEffect,
    changes: Sequence[TableChange],
    shapes: Mapping[Location, TableShape],
    definitions: Definitions,
) -> bool:
    """Return whether these changes would leave every row of the effect as it was before; False where unsure.

    Args:
        tables: what asks the engine.
        effect: as it is in the open transaction.
        changes: that take it back.
        shapes: of its tables.
        definitions: of what acts when their rows change.

    Raises:
        ChangeFailed: the engine does not answer.
    """
    if effect.rows <= tables.few or effect.unknown or any(each.kind not in _STILL for each in definitions):
        return False
    if len({each.table for each in effect.tables}) != len(effect.tables):
        return False
    if any(each.cause is not Cause.STATEMENT for each in effect.tables):
        return False
    return all(_keeps(tables, change, shapes[change.table]) for change in changes)


def _keeps(tables: RowAccess, change: TableChange, shape: TableShape) -> bool:
    if change.kind is not RowChangeKind.UPDATE or shape.triggers or not _unkeyed(shape).issuperset(change.columns):
        return False
    columns = [column_of(shape, name) for name in change.columns]
    storing = tables.dialect.select_stored_otherwise(tables.session, shape, columns)
    return storing is not None and not tables.unlike(change.targets.values, storing)


def _unkeyed(shape: TableShape) -> frozenset[str]:
    """Return the columns over which the table has no key; none where it has columns that others move."""
    if any(each.generated or each.moving for each in shape.columns):
        return frozenset()
    keys = [shape.key, *shape.unique, *(each.columns for each in shape.references)]
    keys += [each.referenced_columns for each in shape.referenced_by]
    return frozenset(shape.names).difference(*keys)
