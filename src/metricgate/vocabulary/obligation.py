"""What an allowing verdict still demands: rows to hide, values to mask, limits to keep. Whoever makes SQL obeys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.predicate import Predicate, Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """Only rows of ``dataset`` (a semantic model's name) that satisfy ``condition`` exist for this caller.

    The condition's members are names of the dataset's own dimensions or entities; the principal's attributes are
    already bound in it as values. It binds at the dataset, inside every join, before anything else sees the rows.
    """

    rule: str
    dataset: str
    condition: Predicate


class Use(StrEnum):
    """What a question may do with a column besides showing it."""

    FILTER = "filter"
    GROUP = "group"
    ORDER = "order"
    JOIN = "join"
    AGGREGATE = "aggregate"


class MaskMethod(StrEnum):
    """How a value is hidden. NULL stays NULL, except under ``constant``."""

    NULL = "null"
    """NULL in place of every value."""
    CONSTANT = "constant"
    """The same text or number in place of every value."""
    HASH = "hash"
    """A keyed digest of the value's text: equal values stay equal, and nobody without the key can try values out."""
    PARTIAL = "partial"
    """The first and last characters, and ``*`` for each one between."""
    BUCKET = "bucket"
    """The lower end of the number's bucket of a given width."""
    DATE = "date"
    """The first moment of the period of a given grain that the time lies in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """What this caller gets instead of a column's values, on every road to the data.

    Attributes:
        dataset: a semantic model's name.
        column: a column of its source, in lower case.
        value: for ``constant``.
        first: for ``partial``: characters to keep at the start.
        last: for ``partial``: characters to keep at the end.
        width: for ``bucket``, above 0.
        grain: for ``date``.
        uses: what the masked column may be used for besides being shown; the rule said so.
    """

    rule: str
    dataset: str
    column: str
    method: MaskMethod
    value: Scalar = None
    first: int = 0
    last: int = 0
    width: float | None = None
    grain: Grain | None = None
    uses: frozenset[Use] = frozenset()


class SmallGroups(StrEnum):
    """What becomes of a question that finds a group under the minimum."""

    REFUSE = "refuse"
    """It is not answered at all: what is answered splits the rows into large groups, and so do differences of it."""
    HIDE = "hide"
    """It is answered without that group; a coarser answer less the finer one gives what the hidden ones make up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumGroup:
    """Groups made from fewer than ``size`` rows of ``dataset`` are not shown to this caller; ``rule`` set the size."""

    rule: str
    dataset: str
    size: int
    small: SmallGroups = SmallGroups.REFUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A number and the rule that set it."""

    rule: str
    value: float


class BudgetMeasure(StrEnum):
    """What a budget counts, over the calls of one party under one rule."""

    CONCURRENT = "concurrent"
    CALLS_PER_MINUTE = "calls_per_minute"
    CALLS_PER_DAY = "calls_per_day"
    ROWS_PER_DAY = "rows_per_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much a party (``agent:<id>`` or ``user:<id>``) has under a rule. The gateway counts; days are days of UTC."""

    rule: str
    party: str
    measure: BudgetMeasure
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligations:
    """Everything that must hold while an allowed action runs. The tightest limit of several wins."""

    row_filters: tuple[RowFilter, ...] = ()
    masks: tuple[Mask, ...] = ()
    minimum_groups: tuple[MinimumGroup, ...] = ()
    rows: Limit | None = None
    bytes: Limit | None = None
    seconds: Limit | None = None
    budgets: tuple[Budget, ...] = ()

    def refuses_small_groups(self, datasets: Collection[str]) -> bool:
        """Whether a question that reads these datasets is answered in large groups only, or not at all."""
        return any(each.small is SmallGroups.REFUSE and each.dataset in datasets for each in self.minimum_groups)


NO_OBLIGATIONS = Obligations()
