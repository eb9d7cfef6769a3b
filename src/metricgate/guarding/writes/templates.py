"""A steward's statement with ``:name`` for parameters: the values enter the tree as literals, never the text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlglot import exp

from metricgate.guarding import codes
from metricgate.guarding.parsing import FAULTS, trees_of, unreadable, words
from metricgate.guarding.writes.reading import read_write
from metricgate.guarding.writes.text import WriteText
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.problem import Problem, Problems


def parameters_in(text: str, *, dialect: str) -> frozenset[str] | Problems:
    """Return the names of the parameters that a statement uses."""
    tree = _tree(text, dialect)
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
    tree = _tree(text, dialect)
    if isinstance(tree, Problem):
        return Problems((tree,))
    literals = []
    for node in list(tree.find_all(exp.Placeholder)):
        literal = _literal(values[str(node.name)])
        literals.append(literal.copy())
        node.replace(literal)
    try:
        written = tree.sql(dialect, comments=False)
        tokens = words(written, dialect)
        back = [] if isinstance(tokens, Problem) else trees_of(tokens, written, dialect)
    except FAULTS as error:
        return Problems((unreadable(text, error),))
    if len(back) != 1 or back[0] != tree:
        # A value that came back as anything but the same value would have become part of the statement.
        message = "A parameter's value cannot be written into the statement."
        return Problems((Problem(code=codes.UNWRITABLE, message=message),))
    return read_write(written, dialect=dialect)


def _tree(text: str, dialect: str) -> exp.Expr | Problem:
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


def _literal(value: Scalar) -> exp.Expr:
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, datetime):
        return exp.Literal.string(value.isoformat(sep=" "))
    if isinstance(value, date | str):
        return exp.Literal.string(str(value))
    number = exp.Literal.number(str(abs(value)))
    return exp.Neg(this=number) if value < 0 else number
