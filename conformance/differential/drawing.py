"""What a query in the making knows: its engine, the names in reach, and which constructs it has drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from random import Random
from typing import Self, TypeVar

from conformance.differential.forms import AGGREGATES, EXPRESSIONS, WINDOWS, Form, by_kind
from conformance.differential.forms.form import pieces_of

T = TypeVar("T")

KINDS = ("int", "int", "int", "text", "text", "bool", "date", "dec", "float", "time", "json", "list")
"""Kinds of outputs, as often as they are drawn. MariaDB has no lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column in reach: its name as it is written in SQL, and the kind of its values."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table of a FROM clause: its alias as written, and what it has."""

    alias: str
    columns: tuple[Column, ...]


@dataclass(slots=True)
class Scope:
    """The sources of one SELECT.

    Attributes:
        merged: columns that USING or NATURAL made one; they are written without a source.
        outer: the scope around a sub-query, whose columns it may name.
    """

    sources: list[Source] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)
    outer: Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A drawn query and what it gives."""

    text: str
    columns: tuple[Column, ...]


class Draw:
    """Chance, and the constructs that it has led to. One for each query."""

    def __init__(self, random: Random, engine: str) -> None:
        """Begin a query for an engine."""
        self.random = random
        self.engine = engine
        self.drawn: set[str] = set()
        self.ctes: list[Source] = []
        self.names = 0

    def chance(self, share: float) -> bool:
        """Say yes in this share of cases."""
        return self.random.random() < share

    def one(self, choices: Sequence[T]) -> T:
        """Return one of them."""
        return self.random.choice(choices)

    def mark(self, construct: str) -> None:
        """Note that the query has the construct."""
        self.drawn.add(construct)

    def alias(self, beginning: str) -> str:
        """Return a name that the query does not have yet."""
        self.names += 1
        return f"{beginning}{self.names}"

    def kind(self) -> str:
        """Return a kind of value that the engine has."""
        kind = self.one(KINDS)
        return "int" if self.engine == "mariadb" and kind in {"list", "json"} else kind

    def column(self, scope: Scope, kind: str) -> str | None:
        """Return a column of the kind as it may be written here, or None where there is none."""
        if scope.outer is not None and self.chance(0.25):
            found = self.column(scope.outer, kind)
            if found is not None:
                self.mark("sub-query that names columns around it")
                return found
        merged = [name for name, merged in scope.merged.items() if merged == kind]
        if merged and self.chance(0.5):
            self.mark("merged column named alone")
            return self.one(merged)
        found = [(source, column) for source in scope.sources for column in source.columns if column.kind == kind]
        if not found:
            return None
        source, column = self.one(found)
        alone = sum(column.name == each.name for other in scope.sources for each in other.columns) == 1
        return (
            self._written(column.name) if alone and self.chance(0.5) else f"{source.alias}.{self._written(column.name)}"
        )

    def _written(self, name: str) -> str:
        """Return a column's name in other letters or in quotes, now and then."""
        if not name.isidentifier() or not self.chance(0.06):
            return name
        if self.chance(0.5):
            self.mark("column in other letters")
            return self.one((name.upper(), name.title()))
        self.mark("column in quotes")
        mark = "`" if self.engine == "mariadb" else '"'
        return f"{mark}{name}{mark}"

    def unique(self, scope: Scope) -> str | None:
        """Return a column without equal values, where the scope is one table that has such."""
        if len(scope.sources) != 1:
            return None
        source = scope.sources[0]
        return next((f"{source.alias}.{each.name}" for each in source.columns if each.name == "id"), None)

    def value(self, scope: Scope, kind: str, depth: int) -> str:
        """Return an expression of the kind."""
        if depth <= 0 or self.chance(0.3):
            column = self.column(scope, kind)
            if column is not None and self.chance(0.75):
                return column
        return self._filled(self._form("expressions", scope, kind, leaf=depth <= 0), scope, depth - 1)

    def aggregate(self, scope: Scope, kind: str, depth: int) -> str | None:
        """Return an aggregate of the kind, or None where there is none."""
        return self._special("aggregates", scope, kind, depth)

    def window(self, scope: Scope, kind: str, depth: int) -> str | None:
        """Return a window's value of the kind, or None where there is none."""
        return self._special("windows", scope, kind, depth)

    def _special(self, which: str, scope: Scope, kind: str, depth: int) -> str | None:
        if not _fitting(self.engine, which, kind, leaf=False, ordered=True).forms:
            return None
        return self._filled(self._form(which, scope, kind, leaf=False), scope, depth - 1)

    def _form(self, which: str, scope: Scope, kind: str, *, leaf: bool) -> Form:
        fitting = _fitting(self.engine, which, kind, leaf=leaf, ordered=self.unique(scope) is not None)
        return self.random.choices(fitting.forms, cum_weights=fitting.weights)[0]

    def _filled(self, form: Form, scope: Scope, depth: int) -> str:
        self.mark(form.construct)
        pieces = []
        for before, column, hole in pieces_of(form.text):
            pieces.append(before)
            if hole is not None:
                filling = self._hole(hole, scope, depth, column=column)
                # Two signs side by side begin a comment.
                pieces.append(f" {filling}" if before.endswith("-") and filling.startswith("-") else filling)
        return "".join(pieces)

    def _hole(self, kind: str, scope: Scope, depth: int, *, column: bool) -> str:
        if kind == "order":
            return self.unique(scope) or "1"
        if column:
            return self.column(scope, kind) or self._filled(self._form("expressions", scope, kind, leaf=True), scope, 0)
        return self.value(scope, kind, depth)

    @classmethod
    def of(cls, seed: str, engine: str) -> Self:
        """Return a beginning that is the same whenever the seed is."""
        return cls(Random(seed), engine)  # noqa: S311 - examples, not secrets


@dataclass(frozen=True, slots=True)
class _Choice:
    """Forms that fit, and the sums of their weights up to each."""

    forms: tuple[Form, ...]
    weights: tuple[float, ...]


@cache
def _fitting(engine: str, which: str, kind: str, *, leaf: bool, ordered: bool) -> _Choice:
    """Return the forms of a kind; ``ordered`` is where rows have a column of unique numbers, which some forms need."""
    found = tuple(
        form
        for form in by_kind(_FORMS[which], engine).get(kind, ())
        if (not leaf or form.leaf) and (ordered or "{order}" not in form.text)
    )
    return _Choice(found, tuple(accumulate(form.weight for form in found)))


_FORMS: Mapping[str, tuple[Form, ...]] = {"expressions": EXPRESSIONS, "aggregates": AGGREGATES, "windows": WINDOWS}
