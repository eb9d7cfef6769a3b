"""MERGE as steps: rows that match, clause by clause, and rows of the source that match nothing."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from metricgate.guarding.writes.parts import NotPlain, alias_of, column_named, only, plain_table
from metricgate.guarding.writes.text import Step
from metricgate.vocabulary.resource import Action


def merge_steps(root: exp.Expr, dialect: str) -> Iterator[Step]:
    """Return a step for each WHEN. Of several that fit a row, the first counts, as in the standard."""
    target, using, on = plain_table(root.this), root.args["using"], root.args["on"]
    if type(using) not in {exp.Table, exp.Subquery}:
        raise NotPlain("a source that is neither a table nor a sub-query")
    earlier: dict[bool, list[exp.Expr]] = {True: [], False: []}
    for when in root.args["whens"].expressions:
        only(when, ("matched", "condition", "then"), "WHEN")
        matched = bool(when.args.get("matched"))
        own = when.args.get("condition")
        before = earlier[matched]
        if any(type(each) is exp.Boolean for each in before):
            raise NotPlain("a WHEN after one that takes every row")
        condition = _all([*([] if own is None else [own.copy()]), *(_not_true(each) for each in before)])
        before.append(own if own is not None else exp.Boolean(this=True))
        if matched:
            yield _matched(when.args["then"], target, using, on, condition, dialect)
        else:
            yield _unmatched(when.args["then"], target, using, on, condition, dialect)


def _matched(
    then: exp.Expr, target: exp.Table, using: exp.Expr, on: exp.Expr, condition: exp.Expr | None, dialect: str
) -> Step:
    select = exp.Select(from_=exp.From(this=target.copy()))
    select.set("joins", [exp.Join(this=using.copy(), kind="INNER", on=on.copy())])
    if type(then) is exp.Var and then.name.upper() == "DELETE":
        return Step(verb=Action.DELETE, tables=select, condition=condition)
    if type(then) is not exp.Update:
        raise NotPlain("WHEN MATCHED that neither updates nor deletes")
    only(then, ("expressions",), "UPDATE in a MERGE")
    columns, values = [], []
    for each in then.expressions:
        if type(each) is not exp.EQ:
            raise NotPlain("UPDATE of all columns at once", "Write UPDATE SET a = s.a, b = s.b.")
        owner = each.this.args.get("table")
        if owner is not None and owner.name.lower() != alias_of(target).name.lower():
            raise NotPlain("SET of a column of another table")
        columns.append(column_named(each.this, dialect))
        values.append(each.expression)
    return Step(verb=Action.UPDATE, columns=tuple(columns), values=tuple(values), tables=select, condition=condition)


def _unmatched(
    then: exp.Expr, target: exp.Table, using: exp.Expr, on: exp.Expr, condition: exp.Expr | None, dialect: str
) -> Step:
    if type(then) is not exp.Insert:
        raise NotPlain("WHEN NOT MATCHED that does not insert")
    only(then, ("this", "expression"), "INSERT in a MERGE")
    if type(then.this) is not exp.Tuple or type(then.args.get("expression")) is not exp.Tuple:
        raise NotPlain("INSERT without lists of columns and values", "Write INSERT (a, b) VALUES (s.a, s.b).")
    columns = tuple(column_named(each, dialect) for each in then.this.expressions)
    values = tuple(then.args["expression"].expressions)
    if len(columns) != len(values):
        raise NotPlain("VALUES with another number of values than there are columns")
    inner = exp.Select(
        expressions=[exp.Literal.number(1)], from_=exp.From(this=target.copy()), where=exp.Where(this=on.copy())
    )
    missing = exp.Not(this=exp.Exists(this=inner))
    return Step(
        verb=Action.INSERT,
        columns=columns,
        values=values,
        tables=exp.Select(from_=exp.From(this=using.copy())),
        condition=_all([missing, *([] if condition is None else [condition])]),
    )


def _not_true(condition: exp.Expr) -> exp.Expr:
    """Return ``condition`` is false or NULL."""
    falsehood = exp.Coalesce(this=exp.Paren(this=condition.copy()), expressions=[exp.Boolean(this=False)])
    return exp.Not(this=falsehood)


def _all(conditions: list[exp.Expr]) -> exp.Expr | None:
    return exp.and_(*conditions, copy=False) if conditions else None
