"""Walking an expression from the top: what a table names its writer says, all else is copied with its parts said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from sqlglot import exp

from metricgate.dialects.kinds import ValueKind, kind_of


class Want(Enum):
    """What a place in an expression wants."""

    TEXT = auto()
    TIME = auto()
    CONDITION = auto()
    BRANCHES = auto()
    """One kind for all of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One dialect's way to say expressions.

    Attributes:
        table: who writes which node; a writer asks ``said`` for each part that it uses.
        columns: what is known of columns, by name in lower case.
        texts: texts that columns stand for, by name: values of a condition, that are bound.
        answers: where the engine makes something of what is of another kind, rather than failing.
        no_booleans: whether a truth may be a column of whole numbers.
    """

    table: Meanings
    columns: Mapping[str, ValueKind] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    answers: frozenset[Want] = frozenset()
    no_booleans: bool = False

    def write(self, node: exp.Expr) -> exp.Expr:
        """Return the node in the dialect's words, with parts of its own."""
        write = self.table.get(type(node))
        return self.plain(node) if write is None else write(node, self)

    def plain(self, node: exp.Expr) -> exp.Expr:
        """Return a copy of the node whose parts are in the dialect's words."""
        arguments: dict[str, object] = {}
        for key, value in node.args.items():
            if isinstance(value, exp.Expr):
                arguments[key] = self.write(value)
            elif isinstance(value, list):
                arguments[key] = [self.write(each) if isinstance(each, exp.Expr) else each for each in value]
            else:
                arguments[key] = value
        return type(node)(**arguments)

    def kind(self, node: exp.Expr) -> ValueKind:
        """Return what the node gives, as far as is known."""
        return kind_of(node, self.columns)

    def kind_for(self, node: exp.Expr, want: Want) -> ValueKind:
        """Return what the node gives, as far as that is to be known where such is wanted.

        Columns are looked for only where the engine would not fail by itself.
        """
        return kind_of(node, self.columns if want in self.answers else dict(self.columns))

    def may_be_boolean(self, node: exp.Expr) -> bool:
        """Whether the node may be a truth: also a column of whole numbers where there are no booleans."""
        return self.no_booleans and self._is_flag(node)

    def may_be_condition(self, node: exp.Expr) -> bool:
        """Whether the node may be a condition: also a column of whole numbers, where the engine takes 0 for false."""
        return (self.no_booleans or Want.CONDITION in self.answers) and self._is_flag(node)

    def _is_flag(self, node: exp.Expr) -> bool:
        return isinstance(node.unnest(), exp.Column) and self.kind(node) is ValueKind.INTEGER

    def text(self, node: exp.Expr | None) -> str | None:
        """Return the text that is written there; None where it is computed."""
        if isinstance(node, exp.Literal) and node.is_string:
            return node.name
        return self.texts.get(node.name) if isinstance(node, exp.Column) else None


Writing = Callable[[exp.Expr, Way], exp.Expr]
"""Returns a node of the catalog's as a tree of the dialect's; raises UnsupportedError where there is none."""

Meanings = Mapping[type[exp.Expr], Writing]
"""Who writes which node; nodes of no writer are copied."""
