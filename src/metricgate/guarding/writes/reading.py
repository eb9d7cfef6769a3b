"""From a text to its parts: one statement of a few kinds, each with the clauses that are known, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from metricgate.guarding import codes
from metricgate.guarding.caps import CAPS, Caps
from metricgate.guarding.writes.merging import merge_steps
from metricgate.guarding.writes.parts import (
    NotPlain,
    alias_of,
    column_named,
    literal_rows,
    named_parts,
    only,
    selected,
)
from metricgate.guarding.writes.single import single
from metricgate.guarding.writes.text import Step, WriteText
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action

_BEGINNINGS = frozenset({TokenType.INSERT, TokenType.UPDATE, TokenType.DELETE, TokenType.MERGE, TokenType.TRUNCATE})


def read_write(text: str, *, dialect: str, caps: Caps = CAPS) -> WriteText | Problems:
    """Take a text that changes rows apart. Nothing is known yet of tables, columns and functions.

    Args:
        text: as it came.
        dialect: a sqlglot name.
        caps: how large it may be.
    """
    try:
        root, written = single(text, dialect, caps, _BEGINNINGS, tuple(_KNOWN))
        return _KNOWN[type(root)](root, dialect, written)
    except NotPlain as error:
        return Problems((error.problem,))


def _insert(root: exp.Expr, dialect: str, written: str) -> WriteText:
    only(root, ("this", "expression", "with_"), "INSERT")
    schema = root.this
    if type(schema) is not exp.Schema or not schema.expressions:
        raise NotPlain("INSERT without a list of columns", "Name the columns: INSERT INTO t (a, b) ...")
    table = schema.this
    columns = tuple(column_named(each, dialect) for each in schema.expressions)
    if len(set(columns)) < len(columns):
        raise NotPlain("A column that is named twice")
    query = root.args.get("expression")
    if type(query) is exp.Values:
        rows = [list(each.expressions) if type(each) is exp.Tuple else [each] for each in query.expressions]
        if any(len(row) != len(columns) for row in rows):
            raise NotPlain("VALUES with another number of values than there are columns")
        for value in (value for row in rows for value in row):
            _given(value)
        step = Step(
            verb=Action.INSERT,
            columns=columns,
            rows=tuple(tuple(row) for row in rows),
            names=root.args.get("with_"),
            literals=literal_rows(rows, dialect),
        )
    elif isinstance(query, exp.Query):
        step = Step(verb=Action.INSERT, columns=columns, query=_with(query, root))
    else:
        raise NotPlain("INSERT without VALUES or SELECT")
    return _write(root, table, dialect, written, (step,))


def _given(value: exp.Expr) -> None:
    if type(value) is exp.Var and value.name.upper() == "DEFAULT":
        raise NotPlain("DEFAULT as a value", "Leave the column out of the list, or write the value.")


def _with(query: exp.Query, root: exp.Expr) -> exp.Query:
    names = root.args.get("with_")
    if names is not None:
        if query.args.get("with_") is not None:
            raise NotPlain("WITH before INSERT and again before SELECT")
        query = query.copy()
        query.set("with_", names.copy())
    return query


def _update(root: exp.Expr, dialect: str, written: str) -> WriteText:
    only(root, ("this", "expressions", "from_", "where"), "UPDATE")
    table = root.this
    columns: list[str] = []
    values: list[exp.Expr] = []
    for each in root.expressions:
        if type(each) is not exp.EQ or type(each.this) is not exp.Column:
            raise NotPlain("SET of several columns at once", "Write SET a = 1, b = 2.")
        values.append(_new_value(each.expression))
        if dialect == "mysql":
            _not_set_before(each.expression, columns)
        columns.append(_assigned(each.this, table, dialect))
    if len(set(columns)) < len(columns):
        raise NotPlain("A column that is set twice")
    origin = root.args.get("from_")
    step = Step(
        verb=Action.UPDATE,
        columns=tuple(columns),
        values=tuple(values),
        tables=selected(table, [] if origin is None else [origin.this], alias_of(table)),
        condition=_condition(root),
    )
    return _write(root, table, dialect, written, (step,))


def _assigned(column: exp.Expr, table: exp.Expr, dialect: str) -> str:
    owner = column.args.get("table")
    if column.args.get("db") is not None or (owner is not None and owner.name.lower() != alias_of(table).name.lower()):
        raise NotPlain("SET of a column of another table")
    return column_named(column.this, dialect)


def _not_set_before(value: exp.Expr, columns: Sequence[str]) -> None:
    """MariaDB assigns from left to right: what is read afterwards is new there, and old in the standard's."""
    before = {name.lower() for name in columns}
    read = next((each.name for each in value.find_all(exp.Column) if each.name.lower() in before), None)
    if read is not None:
        hint = f"MariaDB would read the new {read}. Put {read} behind what reads it, or write the value itself."
        raise NotPlain("SET that reads a column which it has set before", hint)


def _new_value(value: exp.Expr) -> exp.Expr:
    inner = value.this if type(value) is exp.Column else value
    if type(inner) in {exp.Var, exp.Identifier} and not inner.args.get("quoted") and inner.name.upper() == "DEFAULT":
        raise NotPlain("DEFAULT as a value", "Write the value.")
    return value


def _delete(root: exp.Expr, dialect: str, written: str) -> WriteText:
    only(root, ("this", "using", "where"), "DELETE")
    using = list(root.args.get("using") or [])
    step = Step(
        verb=Action.DELETE,
        tables=selected(root.this, using, alias_of(root.this)),
        condition=_condition(root),
        distinct=bool(using),
    )
    return _write(root, root.this, dialect, written, (step,))


def _condition(root: exp.Expr) -> exp.Expr:
    where = root.args.get("where")
    if where is None or where.this.find(exp.Column) is None:
        message = "WHERE is missing." if where is None else "WHERE looks at no column, so that it means every row."
        raise NotPlain.of(
            Problem(
                code=codes.NO_WHERE,
                message=message,
                hint="Say which rows are meant; to empty a table, propose TRUNCATE.",
            )
        )
    condition: exp.Expr = where.this
    return condition


def _truncate(root: exp.Expr, dialect: str, written: str) -> WriteText:
    only(root, ("expressions",), "TRUNCATE")
    if len(root.expressions) != 1 or type(root.expressions[0]) is not exp.Table:
        raise NotPlain("TRUNCATE of several tables", "Propose one at a time.")
    table = root.expressions[0]
    step = Step(verb=Action.DELETE, tables=selected(table, [], alias_of(table)))
    return _write(root, table, dialect, written, (step,), verbs=(Action.TRUNCATE,), no_where=True)


def _merge(root: exp.Expr, dialect: str, written: str) -> WriteText:
    only(root, ("this", "using", "on", "whens"), "MERGE")
    return _write(root, root.this, dialect, written, tuple(merge_steps(root, dialect)))


def _write(
    root: exp.Expr,
    table: exp.Expr,
    dialect: str,
    written: str,
    steps: tuple[Step, ...],
    *,
    verbs: tuple[Action, ...] | None = None,
    no_where: bool = False,
) -> WriteText:
    for each in root.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into):
        if each is not root and type(each.parent) is not exp.When:
            raise NotPlain("A change inside a change")
    return WriteText(
        dialect=dialect,
        verbs=verbs or tuple(dict.fromkeys(step.verb for step in steps)),
        statement=written,
        target=named_parts(table, dialect),
        alias=alias_of(table),
        no_where=no_where,
        steps=steps,
    )


_KNOWN: Mapping[type[exp.Expr], Callable[[exp.Expr, str, str], WriteText]] = {
    exp.Insert: _insert,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Merge: _merge,
    exp.TruncateTable: _truncate,
}
