"""Layer 7: only text of our own writing runs, and it must read back as what was checked.

The text is parsed again and looked at as if it came from a stranger: it must be a fixed point of writing and reading,
name no table but inside a relation, and call nothing that was not approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import sqlglot
from sqlglot import Dialect, ErrorLevel, exp
from sqlglot.tokenizer_core import Token

from metricgate.guarding import codes
from metricgate.guarding.ctes import cte_named
from metricgate.guarding.dialects import DialectRules
from metricgate.guarding.parsing import FAULTS, trees_of
from metricgate.vocabulary.problem import Problem

Path = tuple[str, ...]


def written(tree: exp.Expr, rules: DialectRules) -> str | Problem:
    """Return the tree's text in the dialect, without comments. The tree is used up."""
    try:
        return _text(tree, rules.name)
    except FAULTS:
        return _unwritable("The statement cannot be written in this dialect.")


def read_back(
    text: str, tokens: Sequence[Token], rules: DialectRules, relations: Sequence[exp.Expr], *, strict: bool = True
) -> frozenset[Path] | Problem:
    """Return the warehouse's relations that the text names, or why it must not run.

    Args:
        text: ours.
        tokens: its words.
        rules: the dialect's.
        relations: the trees that may name relations of the warehouse.
        strict: False only collects the relations, for tests of the other layers.
    """
    try:
        trees = [tree for tree in trees_of(tokens, text, rules.name) if tree is not None]
        if len(trees) != 1 or not isinstance(trees[0], exp.Query):
            return _unwritable("The statement reads back as something else than one query.")
        allowed = frozenset(_canonical(each, rules.name) for each in relations)
        tables = _tables(trees[0], allowed, rules, strict=strict)
        if tables is None:
            return _unwritable("The statement would read a table beside what you may see.")
        # Last, because writing uses the tree up.
        if strict and _text(trees[0], rules.name) != text:
            return _unwritable("The statement does not read back as it was written.")
    except FAULTS:
        return _unwritable("The statement cannot be read back.")
    return tables


def _tables(
    tree: exp.Query, allowed: frozenset[exp.Expr], rules: DialectRules, *, strict: bool
) -> frozenset[Path] | None:
    """Return the paths of all base tables; None where one stands outside the allowed queries."""
    found: set[Path] = set()
    for table in tree.find_all(exp.Table):
        if type(table.this) is not exp.Identifier:
            continue
        path = tuple(part.name for part in table.parts)
        if len(path) == 1 and cte_named(table, path[0], fold=rules.folds_quoted) is not None:
            continue
        if strict and not _is_inside(table, allowed):
            return None
        found.add(path)
    return frozenset(found)


def _is_inside(table: exp.Expr, allowed: frozenset[exp.Expr]) -> bool:
    node = table.parent
    while node is not None:
        if type(node) is exp.Select and node in allowed:
            return True
        node = node.parent
    return False


@lru_cache(maxsize=1_024)
def _canonical_text(text: str, dialect: str) -> exp.Expr:
    return sqlglot.parse_one(text, read=dialect)


def _canonical(tree: exp.Expr, dialect: str) -> exp.Expr:
    """The tree as it reads back by itself."""
    return _canonical_text(_text(tree.copy(), dialect), dialect)


def _text(tree: exp.Expr, dialect: str) -> str:
    writer = Dialect.get_or_raise(dialect).generator(comments=False, unsupported_level=ErrorLevel.IGNORE)
    return str(writer.generate(tree, copy=False))


def _unwritable(message: str) -> Problem:
    return Problem(code=codes.UNWRITABLE, message=message, hint="Write the query in a plainer form.")
