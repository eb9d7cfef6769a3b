"""A dataset as one caller may see it: the only form in which a table reaches an engine."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.result import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernedTable:
    """What a caller may name in SQL of its own.

    Attributes:
        dataset: the semantic model's name; the caller may write it, or the last parts of ``source``.
        source: the relation's name in full, e.g. ``("shop", "main", "orders")``.
        columns: those that the caller may read, as the engine spells them, in the engine's order.
        stored: all that there are: rules look at others too.
    """

    dataset: str
    source: tuple[str, ...]
    columns: tuple[Column, ...]
    stored: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One SELECT over one governed table: visible columns, masks applied, rows filtered, names written in full.

    Attributes:
        sql: text in the engine's dialect with numbered parameters (``$1`` or, in MariaDB's, ``@1``), counted from 1.
        parameters: their values.
    """

    sql: str
    parameters: tuple[Scalar, ...]
