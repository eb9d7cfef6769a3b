"""From a text to its parts: one statement of a few kinds, each with the clauses that are known, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from metricgate.guarding import codes
from metricgate.guarding.dialects import reading_of
from metricgate.guarding.text_limits import CAPS, TextLimits
from metricgate.guarding.writes.merge_steps import merge_steps
from metricgate.guarding.writes.parts import (
    UnknownClause,
    alias_of,
    column_named,
    literal_rows,
    named_parts,
    only,
    select_from,
)
from metricgate.guarding.writes.single import single, tokenize
from metricgate.guarding.writes.text import Digits, WriteStep, WriteText
from metricgate.guarding.writes.words import TextWords, assigned_values, plain, values_of
from metricgate.guarding.writes.written_values import in_digits, one_type
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action

_BEGINNINGS = frozenset({TokenType.INSERT, TokenType.UPDATE, TokenType.DELETE, TokenType.MERGE, TokenType.TRUNCATE})


def read_write(text: str, *, dialect: str, caps: TextLimits = CAPS) -> WriteText | Problems:
    """Take a text that changes rows apart. Nothing is known yet of tables, columns and functions.

    Args:
        text: as it came.
        dialect: a sqlglot name.
        caps: how large it may be.
    """
    try:
        root, words = single(text, dialect, caps, _BEGINNINGS, tuple(_KNOWN))
        return _KNOWN[type(root)](root, _Said(dialect, words, plain(text, tokenize(text, dialect))))
    except UnknownClause as error:
        return Problems((error.problem,))


@dataclass(frozen=True, slots=True)
class _Said:
    """How a statement was said: its dialect, its words, and the text that people are shown."""

    dialect: str
    words: TextWords
    text: str


def _insert(root: exp.Expr, said: _Said) -> WriteText:
    dialect, words = said.dialect, said.words
    only(root, ("this", "expression", "with_"), "INSERT")
    schema = root.this
    if type(schema) is not exp.Schema or not schema.expressions:
        raise UnknownClause("INSERT without a list of columns", "Name the columns: INSERT INTO t (a, b) ...")
    table = schema.this
    columns = tuple(column_named(each, dialect) for each in schema.expressions)
    if len(set(columns)) < len(columns):
        raise UnknownClause("A column that is named twice")
    query = root.args.get("expression")
    # After the list of columns.
    rest = words.part((words.first(TokenType.R_PAREN) or 0) + 1)
    if type(query) is exp.Values:
        step = _values_step(query, columns, dialect, rest)
    elif isinstance(query, exp.Query):
        if root.args.get("with_") is not None and query.args.get("with_") is not None:
            raise UnknownClause("WITH before INSERT and again before SELECT")
        outputs = query.expressions if type(query) is exp.Select and reading_of(dialect).types_by_writing else []
        step = WriteStep(
            verb=Action.INSERT, columns=columns, text=rest.text, digits=tuple(_digit_outputs(rest, outputs))
        )
    else:
        raise UnknownClause("INSERT without VALUES or SELECT")
    return _write_text(root, table, said, (step,))


def _values_step(query: exp.Expr, columns: tuple[str, ...], dialect: str, rest: TextWords) -> WriteStep:
    rows = [list(each.expressions) if type(each) is exp.Tuple else [each] for each in query.expressions]
    if any(len(row) != len(columns) for row in rows):
        raise UnknownClause("VALUES with another number of values than there are columns")
    for value in (value for row in rows for value in row):
        _refuse_default(value)
    start = rest.first(TokenType.VALUES)
    if start is None:
        raise UnknownClause("VALUES in brackets")
    pieces = rest.part(start + 1).split()
    if len(pieces) != len(rows):
        raise UnknownClause("a list that can be read in two ways")
    return WriteStep(
        verb=Action.INSERT,
        columns=columns,
        rows=tuple(values_of(piece.inside, row) for piece, row in zip(pieces, rows, strict=True)),
        together=all(map(one_type, zip(*rows, strict=True))),
        names=rest.part(0, start).text if start else "",
        literals=literal_rows(rows, dialect),
    )


def _refuse_default(value: exp.Expr) -> None:
    if type(value) is exp.Var and value.name.upper() == "DEFAULT":
        raise UnknownClause("DEFAULT as a value", "Leave the column out of the list, or write the value.")


def _digit_outputs(words: TextWords, outputs: Sequence[exp.Expr]) -> Iterator[Digits]:
    """Yield where a SELECT has numbers in hex or bits for outputs: some columns take them as bytes."""
    found = [in_digits(each.unalias()) for each in outputs]
    if not any(found):
        return
    begin = _after(words, TokenType.SELECT)
    while words.tokens[begin].token_type in {TokenType.DISTINCT, TokenType.ALL}:
        begin += 1
    pieces = words.part(begin, min(words.outside(_AFTER_OUTPUTS, begin), default=None)).split()
    if len(pieces) != len(outputs):
        raise UnknownClause("a list that can be read in two ways")
    for place, (piece, digits) in enumerate(zip(pieces, found, strict=True)):
        if digits is not None:
            first = piece.tokens[0]
            yield Digits(first.start - words.start, first.end + 1 - words.start, place, digits)


_AFTER_OUTPUTS = frozenset(
    {
        *(TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.WINDOW),
        *(TokenType.ORDER_BY, TokenType.LIMIT),
    }
)


def _update(root: exp.Expr, said: _Said) -> WriteText:
    dialect, words = said.dialect, said.words
    only(root, ("this", "expressions", "from_", "where"), "UPDATE")
    table = root.this
    columns: list[str] = []
    for each in root.expressions:
        if type(each) is not exp.EQ or type(each.this) is not exp.Column:
            raise UnknownClause("SET of several columns at once", "Write SET a = 1, b = 2.")
        _new_value(each.expression)
        if reading_of(dialect).assigns_in_order:
            _not_set_before(each.expression, columns)
        columns.append(_assigned_column(each.this, table, dialect))
    if len(set(columns)) < len(columns):
        raise UnknownClause("A column that is set twice")
    origin = root.args.get("from_")
    start = _after(words, TokenType.SET)
    ends = words.outside({TokenType.FROM, TokenType.WHERE}, start)
    others = [] if origin is None else [origin.this]
    step = WriteStep(
        verb=Action.UPDATE,
        columns=tuple(columns),
        values=assigned_values(
            words.part(start, min(ends, default=None)), [each.expression for each in root.expressions]
        ),
        tables=select_from(table, others, _other_tables(words, TokenType.FROM, start)),
        condition=_condition(root, words, start),
    )
    return _write_text(root, table, said, (step,))


def _after(words: TextWords, kind: TokenType) -> int:
    found = words.first(kind)
    if found is None:
        raise UnknownClause("a statement whose parts cannot be told apart")
    return found + 1


def _other_tables(words: TextWords, kind: TokenType, start: int) -> exp.Expr | None:
    """Return the tables beside the target, between this word and WHERE."""
    found = words.first(kind, start)
    return None if found is None else words.part(found + 1, words.first(TokenType.WHERE, start)).leaf


def _assigned_column(column: exp.Expr, table: exp.Expr, dialect: str) -> str:
    owner = column.args.get("table")
    if column.args.get("db") is not None or (owner is not None and owner.name.lower() != alias_of(table).name.lower()):
        raise UnknownClause("SET of a column of another table")
    return column_named(column.this, dialect)


def _not_set_before(value: exp.Expr, columns: Sequence[str]) -> None:
    """MariaDB assigns from left to right: what is read afterwards is new there, and old in the standard's."""
    before = {name.lower() for name in columns}
    read = next((each.name for each in value.find_all(exp.Column) if each.name.lower() in before), None)
    if read is not None:
        hint = f"MariaDB would read the new {read}. Put {read} behind what reads it, or write the value itself."
        raise UnknownClause("SET that reads a column which it has set before", hint)


def _new_value(value: exp.Expr) -> None:
    inner = value.this if type(value) is exp.Column else value
    if type(inner) in {exp.Var, exp.Identifier} and not inner.args.get("quoted") and inner.name.upper() == "DEFAULT":
        raise UnknownClause("DEFAULT as a value", "Write the value.")


def _delete(root: exp.Expr, said: _Said) -> WriteText:
    only(root, ("this", "using", "where"), "DELETE")
    using = list(root.args.get("using") or [])
    step = WriteStep(
        verb=Action.DELETE,
        tables=select_from(root.this, using, _other_tables(said.words, TokenType.USING, 0)),
        condition=_condition(root, said.words, 0),
        distinct=bool(using),
    )
    return _write_text(root, root.this, said, (step,))


def _condition(root: exp.Expr, words: TextWords, start: int) -> exp.Expr:
    where = root.args.get("where")
    if where is None or where.this.find(exp.Column) is None:
        message = "WHERE is missing." if where is None else "WHERE looks at no column, so that it means every row."
        raise UnknownClause.of(
            Problem(
                code=codes.NO_WHERE,
                message=message,
                hint="Say which rows are meant; to empty a table, propose TRUNCATE.",
            )
        )
    found = words.first(TokenType.WHERE, start)
    if found is None:
        raise UnknownClause("a statement whose parts cannot be told apart")
    return words.part(found + 1).leaf


def _truncate(root: exp.Expr, said: _Said) -> WriteText:
    only(root, ("expressions",), "TRUNCATE")
    if len(root.expressions) != 1 or type(root.expressions[0]) is not exp.Table:
        raise UnknownClause("TRUNCATE of several tables", "Propose one at a time.")
    table = root.expressions[0]
    step = WriteStep(verb=Action.DELETE, tables=select_from(table, [], None))
    return _write_text(root, table, said, (step,), verbs=(Action.TRUNCATE,), no_where=True)


def _merge(root: exp.Expr, said: _Said) -> WriteText:
    only(root, ("this", "using", "on", "whens"), "MERGE")
    return _write_text(root, root.this, said, tuple(merge_steps(root, said.words, said.dialect)))


def _write_text(
    root: exp.Expr,
    table: exp.Expr,
    said: _Said,
    steps: tuple[WriteStep, ...],
    *,
    verbs: tuple[Action, ...] | None = None,
    no_where: bool = False,
) -> WriteText:
    for each in root.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into):
        if each is not root and type(each.parent) is not exp.When:
            raise UnknownClause("A change inside a change")
    return WriteText(
        dialect=said.dialect,
        verbs=verbs or tuple(dict.fromkeys(step.verb for step in steps)),
        statement=said.text,
        target=named_parts(table, said.dialect),
        alias=alias_of(table),
        no_where=no_where,
        steps=steps,
    )


_KNOWN: Mapping[type[exp.Expr], Callable[[exp.Expr, _Said], WriteText]] = {
    exp.Insert: _insert,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Merge: _merge,
    exp.TruncateTable: _truncate,
}
