"""Layer 7: only text of our own writing runs, and it must read back as what was checked.

The text is parsed again and looked at as if it came from a stranger: it must be a fixed point of writing and reading,
name no table but inside a relation, and call nothing that was not approved.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlglot
from sqlglot import Dialect, ErrorLevel, exp

from metricgate.guarding import codes
from metricgate.guarding.ctes import cte_named
from metricgate.guarding.dialects import DialectRules
from metricgate.guarding.parsing import FAULTS
from metricgate.vocabulary.problem import Problem

Path = tuple[str, ...]


def written(tree: exp.Expr, rules: DialectRules) -> str | Problem:
    """Return the tree's text in the dialect, without comments."""
    try:
        return str(Dialect.get_or_raise(rules.name).generate(tree, comments=False, unsupported_level=ErrorLevel.IGNORE))
    except FAULTS:
        return _unwritable("The statement cannot be written in this dialect.")


def read_back(
    text: str, rules: DialectRules, relations: Iterable[exp.Expr], *, strict: bool = True
) -> frozenset[Path] | Problem:
    """Return the warehouse's relations that the text names, or why it must not run.

    Args:
        text: ours.
        rules: the dialect's.
        relations: the trees that may name relations of the warehouse.
        strict: False only collects the relations, for tests of the other layers.
    """
    generator = Dialect.get_or_raise(rules.name)
    try:
        trees = [tree for tree in sqlglot.parse(text, read=rules.name) if tree is not None]
        if strict and (len(trees) != 1 or not isinstance(trees[0], exp.Query)):
            return _unwritable("The statement reads back as something else than one query.")
        if strict and generator.generate(trees[0], comments=False) != text:
            return _unwritable("The statement does not read back as it was written.")
        allowed = {_numberless(each, generator) for each in relations}
        tables: set[Path] = set()
        for table in trees[0].find_all(exp.Table):
            if type(table.this) is not exp.Identifier:
                continue
            path = tuple(part.name for part in table.parts)
            if len(path) == 1 and cte_named(table, path[0], fold=rules.folds_quoted) is not None:
                continue
            if strict and not _is_inside(table, allowed, generator):
                return _unwritable("The statement would read a table beside what you may see.")
            tables.add(path)
    except FAULTS:
        return _unwritable("The statement cannot be read back.")
    return frozenset(tables)


def _is_inside(table: exp.Expr, allowed: set[str], generator: Dialect) -> bool:
    node = table.parent
    while node is not None:
        if isinstance(node, exp.Query) and _numberless(node, generator) in allowed:
            return True
        node = node.parent
    return False


def _numberless(tree: exp.Expr, generator: Dialect) -> str:
    """The text with every parameter alike: their numbers depend on the tables beside."""
    copy = tree.copy()
    for node in list(copy.find_all(exp.Parameter, exp.Placeholder)):
        node.replace(exp.Parameter(this=exp.Literal(this="0", is_string=False)))
    if type(copy) is exp.Subquery:
        copy = copy.this
    return str(generator.generate(copy, comments=False))


def _unwritable(message: str) -> Problem:
    return Problem(code=codes.UNWRITABLE, message=message, hint="Write the query in a plainer form.")
