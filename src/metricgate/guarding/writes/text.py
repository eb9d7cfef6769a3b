"""What a text that changes rows was taken apart into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp

from metricgate.guarding.dialects import grammar_of, reading_of
from metricgate.guarding.writes.parts import UnknownClause
from metricgate.guarding.writes.written_values import as_number, takes_numbers, takes_texts
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action

Literals = tuple[tuple[str | None, ...], ...]
_MOST_SELECTS = 50
"""Rows of VALUES that are computed, each by a SELECT or a branch of one."""


class Digits(NamedTuple):
    """A number in hex or bits that is an output of a SELECT: where it stands in the text, and its decimal digits."""

    start: int
    end: int
    output: int
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteStep:
    """One kind of change: rows that a SELECT finds, or values as written.

    Attributes:
        verb: INSERT, UPDATE or DELETE.
        columns: columns of the target that are set, as written.
        values: what they are set to; none for a delete, or where ``text`` gives whole rows.
        tables: the FROM clause and its joins; none where ``text`` gives whole rows.
        condition: which rows.
        text: a SELECT of whole rows to insert, in its writer's words.
        digits: numbers in hex or bits among its outputs.
        rows: rows of VALUES to insert, in place of all that.
        together: whether no row's values change the type of another's.
        names: WITH before them.
        literals: the same as texts, where they are plain literals.
        distinct: whether the same row may be found several times.
    """

    verb: Action
    columns: tuple[str, ...] = ()
    values: tuple[exp.Expr, ...] = field(default=(), repr=False, compare=False)
    tables: exp.Select | None = field(default=None, repr=False, compare=False)
    condition: exp.Expr | None = field(default=None, repr=False, compare=False)
    text: str | None = None
    digits: tuple[Digits, ...] = ()
    rows: tuple[tuple[exp.Expr, ...], ...] = field(default=(), repr=False, compare=False)
    together: bool = False
    names: str = ""
    literals: Literals | None = None
    distinct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """What finds the rows of one step.

    Attributes:
        sql: an ordinary SELECT, still to be guarded: the key's columns, then the new values of ``columns``.
        literals: rows of plain values instead, as text; None is NULL.
    """

    verb: Action
    columns: tuple[str, ...]
    sql: str | None
    literals: Literals | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteText:
    """A text that changes one table.

    Attributes:
        verbs: INSERT, UPDATE, DELETE, TRUNCATE; of a MERGE, all that it may do.
        statement: the text as we write it: normalised, without comments.
        target: parts of the table's name as written.
        alias: how the text calls the target in its conditions.
        no_where: whether all rows are meant.
    """

    dialect: str
    verbs: tuple[Action, ...]
    statement: str
    target: tuple[str, ...]
    alias: exp.Identifier = field(repr=False, compare=False)
    no_where: bool
    steps: tuple[WriteStep, ...] = field(repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the target that are set, each once, in order."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.columns))

    def sources(self, key: tuple[str, ...], types: Mapping[str, str]) -> tuple[SourceText, ...] | Problems:
        """Return for each step the SELECTs that find its rows, or why there can be none.

        Args:
            key: names of the columns of the target's key, as the engine spells them.
            types: column of the target, in lower case -> its type in the engine's words.
        """
        try:
            return tuple(found for step in self.steps for found in self._sources(step, key, types))
        except UnknownClause as error:
            return Problems((error.problem,))

    def _sources(self, step: WriteStep, key: tuple[str, ...], types: Mapping[str, str]) -> Iterator[SourceText]:
        own = [types.get(name.lower(), "") for name in step.columns]
        if step.rows:
            yield from self._rows(step, own)
        elif step.text is not None:
            yield SourceText(verb=step.verb, columns=step.columns, sql=_in_decimals(step.text, step.digits, own))
        else:
            yield _source_text(step, own, key, self.alias, self.dialect)

    def _rows(self, step: WriteStep, types: Sequence[str]) -> Iterator[SourceText]:
        """Rows as texts where the engine makes the same of them; else by SELECTs.

        The rows of one SELECT have one type for each column, those of VALUES have each its own.
        """
        texts = not reading_of(self.dialect).types_by_writing or (
            len(step.rows) > _MOST_SELECTS and all(map(takes_texts, types))
        )
        if step.literals is not None and not step.names and texts:
            yield SourceText(verb=step.verb, columns=step.columns, sql=None, literals=step.literals)
            return
        if len(step.rows) > _MOST_SELECTS:
            what = f"VALUES of more than {_MOST_SELECTS} rows that are not plain literals"
            raise UnknownClause(what, "Write plain literals, or propose fewer rows at once.")
        for rows in [step.rows] if step.together else [(row,) for row in step.rows]:
            query = _union([_typed_row(row, types, self.dialect) for row in rows])
            sql = f"{step.names} {query.sql(grammar_of(self.dialect), comments=False)}".lstrip()
            yield SourceText(verb=step.verb, columns=step.columns, sql=sql)


def _in_decimals(text: str, digits: Sequence[Digits], types: Sequence[str]) -> str:
    """Return the text with numbers as decimals where columns of numbers take them; to others they are bytes."""
    for each in reversed(digits):
        if each.output < len(types) and takes_numbers(types[each.output]):
            text = f"{text[: each.start]} {each.digits} {text[each.end :]}"
    return text


def _typed_row(row: Sequence[exp.Expr], types: Sequence[str], dialect: str) -> list[exp.Expr]:
    if not reading_of(dialect).types_by_writing:
        return list(row)
    return [as_number(value, kind) for value, kind in zip(row, types, strict=True)]


def _union(rows: Sequence[Sequence[exp.Expr]]) -> exp.Query:
    selects = [
        exp.Select(expressions=[exp.alias_(value.copy(), f"new_{at}") for at, value in enumerate(row, 1)])
        for row in rows
    ]
    query: exp.Query = selects[0]
    for each in selects[1:]:
        query = exp.Union(this=query, expression=each, distinct=False)
    return query


def _source_text(
    step: WriteStep, types: Sequence[str], key: tuple[str, ...], alias: exp.Identifier, dialect: str
) -> SourceText:
    outputs: list[exp.Expr] = []
    if step.verb is not Action.INSERT:
        outputs += [
            exp.alias_(exp.Column(this=exp.to_identifier(name, quoted=True), table=alias.copy()), f"key_{number}")
            for number, name in enumerate(key, 1)
        ]
    values = _typed_row(step.values, types, dialect)
    outputs += [exp.alias_(value.copy(), f"new_{number}") for number, value in enumerate(values, 1)]
    select = (step.tables or exp.Select()).copy()
    select.set("expressions", outputs)
    if step.condition is not None:
        select.set("where", exp.Where(this=step.condition.copy()))
    if step.distinct:
        select.set("distinct", exp.Distinct())
    return SourceText(verb=step.verb, columns=step.columns, sql=select.sql(grammar_of(dialect), comments=False))
