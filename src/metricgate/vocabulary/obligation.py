"""What an allowing verdict still demands: rows to hide, limits to keep. The compiler and the warehouse obey."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.vocabulary.predicate import Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """Only rows of ``dataset`` (a semantic model's name) that satisfy ``condition`` exist for this caller.

    The condition's members are names of the dataset's own dimensions or entities; the principal's attributes are
    already bound in it as values. It binds at the dataset, inside every join, before anything else sees the rows.
    """

    rule: str
    dataset: str
    condition: Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A number and the rule that set it."""

    rule: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligations:
    """Everything that must hold while an allowed action runs. The tightest limit of several wins."""

    row_filters: tuple[RowFilter, ...] = ()
    rows: Limit | None = None
    bytes: Limit | None = None
    seconds: Limit | None = None


NO_OBLIGATIONS = Obligations()
