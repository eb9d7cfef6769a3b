"""What a query in the making knows: its engine, the names in reach, and which constructs it has drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Self, TypeVar

from conformance.differential.forms import AGGREGATES, EXPRESSIONS, WINDOWS, Form, by_kind
from conformance.differential.forms.form import HOLE

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
        self._forms = _forms_of(engine)

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
        if kind not in self._forms[which]:
            return None
        return self._filled(self._form(which, scope, kind, leaf=False), scope, depth - 1)

    def _form(self, which: str, scope: Scope, kind: str, *, leaf: bool) -> Form:
        found = [form for form in self._forms[which][kind] if not leaf or form.leaf]
        ordered = self.unique(scope) is not None
        fitting = [form for form in found if ordered or "{order}" not in form.text]
        return self.random.choices(fitting, [form.weight for form in fitting])[0]

    def _filled(self, form: Form, scope: Scope, depth: int) -> str:
        self.mark(form.construct)
        pieces, place = [], 0
        for found in HOLE.finditer(form.text):
            pieces.append(form.text[place : found.start()])
            place = found.end()
            pieces.append(self._hole(found[2], scope, depth, column=found[1] is not None))
        return "".join([*pieces, form.text[place:]])

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


@cache
def _forms_of(engine: str) -> Mapping[str, Mapping[str, tuple[Form, ...]]]:
    return {name: by_kind(forms, engine) for name, forms in _FORMS.items()}


_FORMS: Mapping[str, tuple[Form, ...]] = {"expressions": EXPRESSIONS, "aggregates": AGGREGATES, "windows": WINDOWS}
