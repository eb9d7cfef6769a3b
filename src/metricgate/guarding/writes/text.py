"""What a text that changes rows was taken apart into."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from metricgate.vocabulary.resource import Action

Literals = tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One kind of change: rows that a SELECT finds, or values as written.

    Attributes:
        verb: INSERT, UPDATE or DELETE.
        columns: columns of the target that are set, as written.
        values: what they are set to; none for a delete, or where ``query`` gives whole rows.
        tables: the FROM clause and its joins; none where ``query`` gives whole rows.
        condition: which rows.
        query: a SELECT of whole rows to insert.
        literals: rows of plain values to insert, in place of all that.
        distinct: whether the same row may be found several times.
    """

    verb: Action
    columns: tuple[str, ...] = ()
    values: tuple[exp.Expr, ...] = field(default=(), repr=False, compare=False)
    tables: exp.Select | None = field(default=None, repr=False, compare=False)
    condition: exp.Expr | None = field(default=None, repr=False, compare=False)
    query: exp.Query | None = field(default=None, repr=False, compare=False)
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
    steps: tuple[Step, ...] = field(repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the target that are set, each once, in order."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.columns))

    def sources(self, key: tuple[str, ...]) -> tuple[SourceText, ...]:
        """Return for each step the SELECT that finds its rows.

        Args:
            key: names of the columns of the target's key, as the engine spells them.
        """
        return tuple(_source(step, key, self.alias, self.dialect) for step in self.steps)


def _source(step: Step, key: tuple[str, ...], alias: exp.Identifier, dialect: str) -> SourceText:
    if step.literals is not None:
        return SourceText(verb=step.verb, columns=step.columns, sql=None, literals=step.literals)
    if step.query is not None:
        return SourceText(verb=step.verb, columns=step.columns, sql=step.query.sql(dialect, comments=False))
    outputs: list[exp.Expr] = []
    if step.verb is not Action.INSERT:
        outputs += [
            exp.alias_(exp.Column(this=exp.to_identifier(name, quoted=True), table=alias.copy()), f"key_{number}")
            for number, name in enumerate(key, 1)
        ]
    outputs += [exp.alias_(value.copy(), f"new_{number}") for number, value in enumerate(step.values, 1)]
    select = (step.tables or exp.Select()).copy()
    select.set("expressions", outputs)
    if step.condition is not None:
        select.set("where", exp.Where(this=step.condition.copy()))
    if step.distinct:
        select.set("distinct", exp.Distinct())
    return SourceText(verb=step.verb, columns=step.columns, sql=select.sql(dialect, comments=False))
