"""A table as a change must know it: columns, key, and what else an engine does when its rows change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Location = tuple[str, ...]
"""A relation's name in full, e.g. ``("shop", "public", "orders")``."""


class Reaction(StrEnum):
    """What a foreign key does to rows that refer to a row which is deleted, or whose key changes."""

    REFUSE = "refuse"
    CASCADE = "cascade"
    SET_NULL = "set_null"
    SET_DEFAULT = "set_default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnShape:
    """One column.

    Attributes:
        name: as the engine spells it.
        type: in the engine's words, fit for a cast, e.g. ``numeric(10,2)``.
        nullable: whether NULL may stand in it.
        generated: computed by the engine; never assigned, never restored.
        moving: the engine sets it anew in every update that does not set it (``ON UPDATE CURRENT_TIMESTAMP``).
        identity: the engine gives a value where none is given (identity, serial, auto-increment).
        default: the default's text, or None.
    """

    name: str
    type: str
    nullable: bool = True
    generated: bool = False
    moving: bool = False
    identity: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """``table.columns`` refers to ``referenced.referenced_columns``."""

    name: str
    table: Location
    columns: tuple[str, ...]
    referenced: Location
    referenced_columns: tuple[str, ...]
    on_delete: Reaction = Reaction.REFUSE
    on_update: Reaction = Reaction.REFUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """One table.

    Attributes:
        columns: in the engine's order.
        key: columns that tell each row apart and are never NULL: the primary key, or else a unique key; empty if none.
        unique: further unique keys.
        references: foreign keys of this table.
        referenced_by: foreign keys of other tables (or its own) that refer to this one.
        triggers: names of triggers and rewrite rules that act when rows change.
        transactional: whether the engine can roll a change of it back.
        plain: an ordinary table; False for views, foreign and partitioned tables, which are not changed.
    """

    location: Location
    columns: tuple[ColumnShape, ...]
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    references: tuple[ForeignKey, ...] = ()
    referenced_by: tuple[ForeignKey, ...] = ()
    triggers: tuple[str, ...] = ()
    transactional: bool = True
    plain: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the engine's order."""
        return tuple(each.name for each in self.columns)
