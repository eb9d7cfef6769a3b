"""Of what kind the columns are that an expression reads: some words of an engine depend on it.

Whatever is looked for and not known is noted, so that the engine can be asked and the statement written again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.dialects.expressions import Kinds, kinds_wanted, write_qualified
from metricgate.dialects.kinds import ValueKind, kind_of
from metricgate.dialects.trees import parse_shared
from metricgate.planning.clocks import TypeAsked
from metricgate.vocabulary.obligation import Mask, MaskMethod
from metricgate.vocabulary.result import DataType, ValueType

Types = tuple[tuple[TypeAsked, ValueType | None], ...]
"""What engines said, each expression once; None where one did not tell."""

_KINDS: Mapping[DataType, ValueKind] = MappingProxyType(
    {
        DataType.STRING: ValueKind.TEXT,
        DataType.INTEGER: ValueKind.INTEGER,
        DataType.DECIMAL: ValueKind.DECIMAL,
        DataType.FLOAT: ValueKind.DOUBLE,
        DataType.BOOLEAN: ValueKind.BOOLEAN,
        DataType.DATE: ValueKind.DATE,
        DataType.TIMESTAMP: ValueKind.TIMESTAMP,
        DataType.TIMESTAMP_TZ: ValueKind.TIMESTAMP,
        DataType.TIME: ValueKind.TIME,
        DataType.INTERVAL: ValueKind.INTERVAL,
    }
)
_OF_MASKS: Mapping[MaskMethod, ValueKind] = MappingProxyType(
    {
        MaskMethod.HASH: ValueKind.TEXT,
        MaskMethod.PARTIAL: ValueKind.TEXT,
        MaskMethod.BUCKET: ValueKind.DOUBLE,
        MaskMethod.DATE: ValueKind.DATE,
    }
)
_OF_CONSTANTS: tuple[tuple[type, ValueKind], ...] = (
    (bool, ValueKind.BOOLEAN),
    (int, ValueKind.INTEGER),
    (float, ValueKind.DOUBLE),
    (str, ValueKind.TEXT),
)


def kind_of_type(found: DataType | None) -> ValueKind:
    """Return the kind of a type's values."""
    return ValueKind.UNKNOWN if found is None else _KINDS.get(found, ValueKind.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnKinds:
    """Columns of models by what engines said of them.

    Attributes:
        types: what they said.
        masks: model -> column in lower case -> what is read in its place.
        wanted: what was looked for and is not known, in order.
    """

    types: Mapping[TypeAsked, ValueType | None] = field(default_factory=dict)
    masks: Mapping[str, Mapping[str, Mask]] = field(default_factory=dict)
    wanted: dict[TypeAsked, None] = field(default_factory=dict)

    def without_masks(self) -> ColumnKinds:
        """Return the kinds of the columns as they are stored, noting in the same place."""
        return replace(self, masks={})

    def write(self, expression: Expression, table: str, model: str, dialect: str) -> exp.Expr:
        """Return a model's expression in a dialect's words, read from the table of that alias.

        Raises:
            UnsupportedError: the dialect cannot say it.
        """
        if expression.is_column or not model:
            return write_qualified(expression, table, dialect)
        kinds = self._known(model, expression)
        wanted = kinds_wanted(expression.text, dialect, kinds)
        if wanted:
            self._note(model, expression, wanted)
        return write_qualified(expression, table, dialect, kinds)

    def kind(self, model: str, expression: Expression) -> ValueKind:
        """Return what a model's expression gives, as far as is known."""
        if not model:
            return ValueKind.UNKNOWN
        kinds = self._known(model, expression)
        self._note(model, expression, frozenset(name.lower() for name in expression.columns))
        return kind_of(parse_shared(expression.text), dict(kinds))

    def type_of(self, model: str, expression: Expression) -> DataType | None:
        """Return the type of a model's expression, as far as is known."""
        asked = TypeAsked(model=model, expression=replace(expression, zones=None))
        if asked not in self.types:
            self.wanted[asked] = None
        found = self.types.get(asked)
        return None if found is None else found.type

    def shown_as(self, model: str, expression: Expression) -> DataType | None:
        """Return the type of what is read for a model's expression; None where it is not known, or a mask decides."""
        if not model or any(self._mask(model, name) for name in expression.columns):
            return None
        return self.type_of(model, expression)

    def collation_for(self, model: str, expression: Expression) -> str | None:
        """Return the collation that an expression's texts need, so that the spaces that they end in count."""
        if not model or not expression.columns or any(self._mask(model, name) for name in expression.columns):
            return None
        asked = TypeAsked(model=model, expression=replace(expression, zones=None))
        if asked not in self.types:
            self.wanted[asked] = None
        found = self.types.get(asked)
        return None if found is None else found.unpadded

    def _mask(self, model: str, name: str) -> Mask | None:
        return self.masks.get(model, {}).get(name.lower())

    def _known(self, model: str, expression: Expression) -> Kinds:
        return tuple(
            (name.lower(), kind)
            for name, column in columns_read(expression)
            if (kind := self._of_column(model, name, column)) is not None
        )

    def _of_column(self, model: str, name: str, column: Expression) -> ValueKind | None:
        mask = self._mask(model, name)
        if mask is not None and mask.method is MaskMethod.CONSTANT:
            return next((kind for known, kind in _OF_CONSTANTS if isinstance(mask.value, known)), ValueKind.UNKNOWN)
        if mask is not None and mask.method in _OF_MASKS:
            return _OF_MASKS[mask.method]
        asked = TypeAsked(model=model, expression=column)
        if asked not in self.types:
            return None
        found = self.types[asked]
        return ValueKind.UNKNOWN if found is None else kind_of_type(found.type)

    def _note(self, model: str, expression: Expression, names: frozenset[str]) -> None:
        for name, column in columns_read(expression):
            if name.lower() in names and self._of_column(model, name, column) is None:
                self.wanted[TypeAsked(model=model, expression=column)] = None


@lru_cache(maxsize=8_192)
def columns_read(expression: Expression) -> tuple[tuple[str, Expression], ...]:
    """Return the columns of an expression, each with itself as an expression."""
    if expression.is_column:
        return ((expression.text, replace(expression, zones=None)),)
    return tuple({column.name: _alone(column) for column in _columns_of(expression)}.items())


def _columns_of(expression: Expression) -> Iterator[exp.Column]:
    return parse_shared(expression.text).find_all(exp.Column)


def _alone(column: exp.Column) -> Expression:
    return Expression(text=column.this.sql(), columns=(column.name,))
