"""A steward's statement with ``:name`` for parameters: each value is spelled as one literal in the place of its name.

The other words of the statement stay as they were written, and run so. What was filled in is parsed again and must be
the tree of the statement with literals for parameters, whatever the values are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.guarding import codes
from metricgate.guarding.dialects import reading_of
from metricgate.guarding.parameters import ParameterMark, marks_in
from metricgate.guarding.places import place_at
from metricgate.guarding.query_parser import FAULTS, tokenize, trees_of, unreadable, words
from metricgate.guarding.writes.text import WriteText
from metricgate.guarding.writes.write_reader import read_write
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.problem import Problem, Problems


def parameters_in(text: str, *, dialect: str) -> frozenset[str] | Problems:
    """Return the names of the parameters that a statement uses."""
    tree = _parse_statement(text, dialect)
    if isinstance(tree, Problem):
        return Problems((tree,))
    return frozenset(str(node.name) for node in tree.find_all(exp.Placeholder))


def fill(text: str, *, dialect: str, values: Mapping[str, Scalar]) -> WriteText | Problems:
    """Return the statement with these values in the places of its parameters, taken apart.

    Args:
        text: the steward's.
        dialect: a sqlglot name.
        values: for every parameter that the text uses.
    """
    tree, tokens = _parse_statement(text, dialect), tokenize(text, dialect)
    if isinstance(tree, Problem) or isinstance(tokens, Problem):
        return Problems(tuple(each for each in (tree, tokens) if isinstance(each, Problem)))
    marks = list(marks_in(tokens, text))
    holes = list(tree.find_all(exp.Placeholder))
    if Counter(mark.name for mark in marks) != Counter(str(hole.name) for hole in holes):
        return Problems((_unwritable_parameter(text, marks),))
    written = _fill_parameters(
        text, tokens, marks, {name: _spell_literal(value, dialect) for name, value in values.items()}
    )
    for hole in holes:
        hole.replace(_literal_node(values[str(hole.name)], hole.parent))
    back = _parse_statement(written, dialect)
    if isinstance(back, Problem) or _without_number_brackets(back) != _without_number_brackets(tree):
        # A value that came back as anything but the same value would have become part of the statement.
        return Problems((_unwritable_parameter(text, marks),))
    return read_write(written, dialect=dialect)


def _unwritable_parameter(text: str, marks: Sequence[ParameterMark]) -> Problem:
    return Problem(
        code=codes.UNWRITABLE,
        message="A parameter's value cannot be written into the statement.",
        where=place_at(text, marks[0].start) if marks else None,
        hint="Put parameters where a value alone may stand.",
    )


def _parse_statement(text: str, dialect: str) -> exp.Expr | Problem:
    tokens = words(text, dialect)
    if isinstance(tokens, Problem):
        return tokens
    try:
        found = [tree for tree in trees_of(tokens, text, dialect) if tree is not None]
    except FAULTS as error:
        return unreadable(text, error)
    if len(found) != 1:
        return Problem(code=codes.SEVERAL_STATEMENTS, message="The text is not exactly one statement.")
    return found[0]


def _fill_parameters(
    text: str, tokens: Sequence[Token], marks: Sequence[ParameterMark], spelled: Mapping[str, str]
) -> str:
    """Return the text with literals in the place of parameters; a negative number beside an operator in brackets."""
    around = {token.start: number for number, token in enumerate(tokens)}
    pieces, place = [], 0
    for mark in marks:
        literal = spelled[mark.name]
        number = around[mark.start]
        before = tokens[number - 1].token_type if number else None
        following = number + len(mark.tokens)
        after = tokens[following].token_type if following < len(tokens) else None
        if literal.startswith("-") and not (before in _ALONE_AFTER and after in _ALONE_BEFORE):
            literal = f"({literal})"
        apart_before = "" if text[: mark.start].endswith(_APART) else " "
        apart_after = "" if text[mark.end + 1 :].startswith((*_APART, ",", ")", ";")) or after is None else " "
        pieces += [text[place : mark.start], apart_before, literal, apart_after]
        place = mark.end + 1
    return "".join([*pieces, text[place:]])


_APART = (" ", "\n", "\t", "(")
_ALONE_AFTER = frozenset(
    {
        *(TokenType.L_PAREN, TokenType.COMMA, TokenType.EQ, TokenType.NEQ, TokenType.LT, TokenType.LTE),
        *(TokenType.GT, TokenType.GTE, TokenType.SELECT, TokenType.THEN, TokenType.ELSE),
    }
)
_ALONE_BEFORE = frozenset(
    {
        *(TokenType.R_PAREN, TokenType.COMMA, TokenType.WHERE, TokenType.FROM, TokenType.AND, TokenType.OR),
        *(TokenType.SEMICOLON, TokenType.END, TokenType.ELSE, TokenType.WHEN, TokenType.THEN, None),
    }
)
"""Beside these words, the sign of a number binds to nothing else."""


def _spell_literal(value: Scalar, dialect: str) -> str:
    """Return a value as one literal of the dialect, a negative number with its sign."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, date | str):
        text = value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
        doubled = text.replace("'", "''")
        return "'" + (doubled.replace("\\", "\\\\") if reading_of(dialect).text.backslashes else doubled) + "'"
    return str(value)


def _literal_node(value: Scalar, around: exp.Expr | None) -> exp.Expr:
    """Return a value as the parser reads it there."""
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, datetime):
        return exp.Literal.string(value.isoformat(sep=" "))
    if isinstance(value, date | str):
        return exp.Literal.string(str(value))
    if type(around) is exp.Interval and value >= 0:
        return exp.Literal.string(str(value))
    number = exp.Literal.number(str(abs(value)))
    return exp.Neg(this=number) if value < 0 else number


def _without_number_brackets(tree: exp.Expr) -> exp.Expr:
    """Return the tree without brackets around negative numbers."""
    tree = tree.copy()
    for node in list(tree.find_all(exp.Paren)):
        if type(node.this) is exp.Neg and type(node.this.this) is exp.Literal:
            node.replace(node.this)
    return tree
