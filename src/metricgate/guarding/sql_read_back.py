"""Layer 7: the text that will run is read again, as if it came from a stranger.

It must be one query whose words are those that were put together, name no table but inside a relation, and call
nothing that was not approved. Where it names tables is seen twice: in the tree, and by the words alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from metricgate.dialects.reading.rules import DialectRules
from metricgate.guarding import codes
from metricgate.guarding.calls import calls_in
from metricgate.guarding.ctes import cte_named
from metricgate.guarding.parser_forms import respelt
from metricgate.guarding.query_parser import FAULTS, is_dual, tokenize, trees_of
from metricgate.guarding.table_positions import strays
from metricgate.vocabulary.problem import Problem

Path = tuple[str, ...]

_ROOTS = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Hint, exp.Set, exp.Use, exp.Attach, exp.Pragma)
_EFFECTS = frozenset(kind for kind in vars(exp).values() if isinstance(kind, type) and issubclass(kind, _ROOTS))
"""Whatever is not reading. A list of what is forbidden, unlike the classifier's: another way to err."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What a text shows when it is read back: the warehouse's relations, and the names of what it calls."""

    tables: frozenset[Path]
    functions: frozenset[str]


def read_back(
    text: str,
    rules: DialectRules,
    relations: Sequence[exp.Expr],
    approved: frozenset[str],
    *,
    strict: bool = True,
) -> ReadBack | Problem:
    """Return what the text names and calls, or why it must not run.

    Args:
        text: ours.
        rules: the dialect's.
        relations: the trees, as they read back, that may name relations of the warehouse.
        approved: what may be called.
        strict: False only looks, for tests of the other layers.
    """
    tokens = tokenize(text, rules.name)
    if isinstance(tokens, Problem):
        return tokens
    calls = calls_in(tokens)
    try:
        trees = [tree for tree in trees_of(respelt(tokens, text, rules.name), text, rules.name) if tree is not None]
        if len(trees) != 1 or not isinstance(trees[0], exp.Query):
            return _unwritable_problem("The statement reads back as something else than one query.")
        nodes = list(trees[0].walk())
        found = _tables_read(nodes, frozenset(relations), rules)
        wrong = _fault_of(nodes, found, calls - approved) if strict else None
        if wrong is not None:
            return _unwritable_problem(wrong)
        named = strays(tokens, {cte.alias.lower() for cte in trees[0].find_all(exp.CTE)}, found)
        if strict and named:
            return _unwritable_problem("The statement names a table where the parser sees none.")
    except FAULTS:
        return _unwritable_problem("The statement cannot be read back.")
    return ReadBack(frozenset(found), calls)


def _fault_of(nodes: Sequence[exp.Expr], tables: Mapping[Path, bool], calls: frozenset[str]) -> str | None:
    if not all(tables.values()):
        return "The statement would read a table beside what you may see."
    if calls:
        return f"The statement would call {', '.join(sorted(calls))}."
    if not _EFFECTS.isdisjoint(map(type, nodes)):
        return "The statement would do more than read."
    return None


def _tables_read(nodes: Sequence[exp.Expr], allowed: frozenset[exp.Expr], rules: DialectRules) -> dict[Path, bool]:
    """Return the path of each base table -> whether it stands inside an allowed query wherever it stands."""
    found: dict[Path, bool] = {}
    for table in nodes:
        if not isinstance(table, exp.Table) or type(table.this) is not exp.Identifier:
            continue
        if rules.has_dual and is_dual(table):
            continue
        path = tuple(part.name for part in table.parts)
        folded = path[0].lower() if rules.folds_quoted else path[0]
        if len(path) == 1 and cte_named(table, folded, fold=rules.folds_quoted) is not None:
            continue
        found[path] = found.get(path, True) and _is_inside(table, allowed)
    return found


def _is_inside(table: exp.Expr, allowed: frozenset[exp.Expr]) -> bool:
    node = table.parent
    while node is not None:
        if type(node) is exp.Select and node in allowed:
            return True
        node = node.parent
    return False


def _unwritable_problem(message: str) -> Problem:
    return Problem(code=codes.UNWRITABLE, message=message, hint="Write the query in a plainer form.")
