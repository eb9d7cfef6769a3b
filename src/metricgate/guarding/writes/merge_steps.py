"""MERGE as steps: rows that match, clause by clause, and rows of the source that match nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from metricgate.guarding.writes.parts import UnknownClause, alias_of, column_named, only, plain_table
from metricgate.guarding.writes.text import WriteStep
from metricgate.guarding.writes.words import TextWords, assigned_values, condition_of, values_of
from metricgate.vocabulary.resource import Action


def merge_steps(root: exp.Expr, words: TextWords, dialect: str) -> Iterator[WriteStep]:
    """Return a step for each WHEN. Of several that fit a row, the first counts, as in the standard.

    Raises:
        UnknownClause: it is not told apart, or not plain.
    """
    target, using = plain_table(root.this), root.args["using"]
    if type(using) not in {exp.Table, exp.Subquery}:
        raise UnknownClause("a source that is neither a table nor a sub-query")
    whens = root.args["whens"].expressions
    starts = words.outside({TokenType.WHEN})
    begin, on = words.first(TokenType.USING), words.first(TokenType.ON)
    if begin is None or on is None or len(starts) != len(whens):
        raise UnknownClause("a statement whose parts cannot be told apart")
    tables = _Tables(target, words.part(begin + 1, on).leaf, condition_of(words.part(on + 1, starts[0])))
    earlier: dict[bool, list[exp.Expr]] = {True: [], False: []}
    for when, start, end in zip(whens, starts, [*starts[1:], None], strict=True):
        only(when, ("matched", "condition", "then"), "WHEN")
        matched = bool(when.args.get("matched"))
        own, then = _taken_apart(words.part(start + 1, end), has_condition=when.args.get("condition") is not None)
        before = earlier[matched]
        if any(type(each) is exp.Boolean for each in before):
            raise UnknownClause("a WHEN after one that takes every row")
        condition = _all_of([*([] if own is None else [own.copy()]), *(_not_true(each) for each in before)])
        before.append(own if own is not None else exp.Boolean(this=True))
        make = _matched if matched else _unmatched
        yield make(when.args["then"], then, tables, condition, dialect)


@dataclass(frozen=True, slots=True)
class _Tables:
    """The target, the source and when they match."""

    target: exp.Table
    using: exp.Expr
    on: exp.Expr


def _taken_apart(words: TextWords, *, has_condition: bool) -> tuple[exp.Expr | None, TextWords]:
    """Return what stands between WHEN and THEN as a condition, and what stands behind THEN."""
    then = words.first(TokenType.THEN)
    conjunction = words.first(TokenType.AND) if has_condition else None
    if then is None or (has_condition and (conjunction is None or conjunction > then)):
        raise UnknownClause("a WHEN whose parts cannot be told apart")
    condition = None if conjunction is None else condition_of(words.part(conjunction + 1, then))
    return condition, words.part(then + 1)


def _matched(then: exp.Expr, words: TextWords, tables: _Tables, condition: exp.Expr | None, dialect: str) -> WriteStep:
    select = exp.Select(from_=exp.From(this=tables.target.copy()))
    select.set("joins", [exp.Join(this=tables.using.copy(), kind="INNER", on=tables.on.copy())])
    if type(then) is exp.Var and then.name.upper() == "DELETE":
        return WriteStep(verb=Action.DELETE, tables=select, condition=condition)
    if type(then) is not exp.Update:
        raise UnknownClause("WHEN MATCHED that neither updates nor deletes")
    only(then, ("expressions",), "UPDATE in a MERGE")
    columns = []
    for each in then.expressions:
        if type(each) is not exp.EQ:
            raise UnknownClause("UPDATE of all columns at once", "Write UPDATE SET a = s.a, b = s.b.")
        owner = each.this.args.get("table")
        if owner is not None and owner.name.lower() != alias_of(tables.target).name.lower():
            raise UnknownClause("SET of a column of another table")
        columns.append(column_named(each.this, dialect))
    start = words.first(TokenType.SET)
    values = assigned_values(words.part((start or 0) + 1), [each.expression for each in then.expressions])
    return WriteStep(verb=Action.UPDATE, columns=tuple(columns), values=values, tables=select, condition=condition)


def _unmatched(
    then: exp.Expr, words: TextWords, tables: _Tables, condition: exp.Expr | None, dialect: str
) -> WriteStep:
    if type(then) is not exp.Insert:
        raise UnknownClause("WHEN NOT MATCHED that does not insert")
    only(then, ("this", "expression"), "INSERT in a MERGE")
    if type(then.this) is not exp.Tuple or type(then.args.get("expression")) is not exp.Tuple:
        raise UnknownClause("INSERT without lists of columns and values", "Write INSERT (a, b) VALUES (s.a, s.b).")
    columns = tuple(column_named(each, dialect) for each in then.this.expressions)
    expected = then.args["expression"].expressions
    if len(columns) != len(expected):
        raise UnknownClause("VALUES with another number of values than there are columns")
    start = words.first(TokenType.VALUES)
    values = values_of(words.part((start or 0) + 1).inside, expected)
    inner = exp.Select(
        expressions=[exp.Literal.number(1)],
        from_=exp.From(this=tables.target.copy()),
        where=exp.Where(this=tables.on.copy()),
    )
    missing = exp.Not(this=exp.Exists(this=inner))
    return WriteStep(
        verb=Action.INSERT,
        columns=columns,
        values=values,
        tables=exp.Select(from_=exp.From(this=tables.using.copy())),
        condition=_all_of([missing, *([] if condition is None else [condition])]),
    )


def _not_true(condition: exp.Expr) -> exp.Expr:
    """Return ``condition`` is false or NULL."""
    falsehood = exp.Coalesce(this=condition.copy(), expressions=[exp.Boolean(this=False)])
    return exp.Not(this=falsehood)


def _all_of(conditions: list[exp.Expr]) -> exp.Expr | None:
    return exp.and_(*conditions, copy=False) if conditions else None
