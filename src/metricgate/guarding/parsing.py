"""Layer 2: exactly one statement, and a query. Whatever the parser does but answer is a refusal."""

from __future__ import annotations

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import ParseError, SqlglotError

from metricgate.guarding import codes
from metricgate.guarding.nodes import ROOTS
from metricgate.guarding.places import place_at
from metricgate.vocabulary.problem import Place, Problem

FAULTS = (
    *(SqlglotError, RecursionError, TypeError, IndexError, ValueError, AttributeError, KeyError, AssertionError),
    *(NotImplementedError, ArithmeticError),
)
"""Whatever sqlglot was seen to raise, and its like."""

_POSITIONS = ("line", "col", "start", "end")


def parsed(text: str, dialect: str) -> exp.Query | Problem:
    """Return the tree of the one query, without comments and without what comments asked of the parser."""
    try:
        trees = sqlglot.parse(text, read=dialect, error_level=ErrorLevel.IMMEDIATE)
    except FAULTS as error:
        return _unreadable(text, error)
    found = [tree for tree in trees if tree is not None and type(tree) is not exp.Semicolon]
    if not found:
        return Problem(code=codes.NO_QUERY, message="The text has no statement.", hint="Write one SELECT.")
    if len(found) > 1 or type(found[0]) is exp.Block:
        return Problem(
            code=codes.SEVERAL_STATEMENTS,
            message="The text holds more than one statement.",
            hint="Send one SELECT for each call.",
        )
    root = found[0]
    if type(root) not in ROOTS or not isinstance(root, exp.Query):
        return _no_query(root)
    for node in root.walk():
        node.comments = None
        if node.meta:
            for key in [key for key in node.meta if key not in _POSITIONS]:
                # A comment "sqlglot.meta ..." is an order to the parser; nobody but us gives orders.
                del node.meta[key]
    return root


def _unreadable(text: str, error: Exception) -> Problem:
    where: Place | None = None
    if isinstance(error, ParseError) and error.errors:
        first = error.errors[0]
        line, column = first.get("line"), first.get("col")
        if isinstance(line, int) and isinstance(column, int):
            where = Place(line=line, column=max(1, column))
        near = first.get("highlight")
        message = f"The parser stops at {near!r}." if near else "The parser stops here."
    elif isinstance(error, RecursionError):
        message = "The query is nested too deep."
    else:
        message = "The text cannot be taken apart into words."
    return Problem(
        code=codes.UNREADABLE,
        message=message,
        where=where or place_at(text, 0),
        hint="Correct it, or write it plainer.",
    )


def _no_query(root: exp.Expr) -> Problem:
    word = root.key.upper() if type(root) is not exp.Command else str(root.this).upper()
    return Problem(
        code=codes.NO_QUERY,
        message=f"The text is no SELECT but {word}." if word.isidentifier() else "The text is no SELECT.",
        hint="Write one SELECT; UNION, INTERSECT and EXCEPT of several are one.",
        details={"found": word},
    )
