"""What all rules share while one plan is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.compiling.column_kinds import ColumnKinds
from metricgate.dialects.dialect import Dialect
from metricgate.planning.scan import Computation, Shape
from metricgate.planning.scan_parts import Condition
from metricgate.vocabulary.obligation import Mask
from metricgate.vocabulary.predicate import Scalar


@dataclass(slots=True, kw_only=True)
class Context:
    """One compilation. Rules run in the order of the text, so that parameters are numbered as they appear.

    Attributes:
        row_filters: model -> conditions that its rows must meet; their references name the table ``""``.
        answered: the SELECT of another question, under the same row filters.
        masks: model -> column in lower case -> what stands in its place.
        minimum_groups: model -> rows of it that a group needs to be shown.
        all_or_nothing: whether one group with fewer leaves no row at all, rather than all but that group.
        mask_key: the key of ``hash`` masks.
        kinds: of columns, as far as engines told.
        parameters: values bound so far.
    """

    dialect: Dialect
    answered: Callable[[Computation], exp.Select]
    row_filters: Mapping[str, tuple[Condition, ...]] = field(default_factory=dict)
    masks: Mapping[str, Mapping[str, Mask]] = field(default_factory=dict)
    minimum_groups: Mapping[str, int] = field(default_factory=dict)
    all_or_nothing: bool = False
    mask_key: str = field(default="", repr=False)
    kinds: ColumnKinds = field(default_factory=ColumnKinds)
    parameters: list[Scalar] = field(default_factory=list)

    def write(self, expression: Expression, table: str, model: str) -> exp.Expr:
        """Return a model's expression in the dialect's words, read from the table of that alias."""
        return self.kinds.write(expression, table, model, self.dialect.name)

    def bind(self, value: Scalar) -> exp.Expr:
        """Return the marker of a new parameter with this value."""
        self.parameters.append(value)
        return self.dialect.marker(len(self.parameters))


@dataclass(slots=True, kw_only=True)
class ScanDraft:
    """One scan on its way to a SELECT.

    Attributes:
        outputs: measure -> the name it has in the result.
    """

    scan: Shape
    context: Context
    outputs: Mapping[str, str]
    select: exp.Select = field(default_factory=exp.Select)
