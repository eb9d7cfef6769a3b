"""Names of tables in the agent's text to datasets: a dataset's name, or the last parts of where its table is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from metricgate.guarding import codes
from metricgate.guarding.ctes import cte_named, folded
from metricgate.guarding.dialects import DialectRules
from metricgate.guarding.places import place_of
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem
from metricgate.vocabulary.relation import GovernedTable

MARK = "metricgate_t"
"""How a governed table is called inside the tree; no name of an agent begins so."""


def bound_tables(
    tree: exp.Expr, tables: Sequence[GovernedTable], rules: DialectRules, text: str
) -> tuple[dict[str, GovernedTable], list[Problem]]:
    """Give every base table its mark. Returns mark -> governed table, and what is not to be bound."""
    marks = {table.dataset: f"{MARK}{number}" for number, table in enumerate(tables)}
    known = _names(tables, rules)
    found: dict[str, GovernedTable] = {}
    problems: list[Problem] = []
    for node in list(tree.find_all(exp.Table)):
        if type(node.this) is not exp.Identifier:
            continue
        path = tuple(folded(part, lower_quoted=rules.folds_quoted) for part in _parts(node))
        if len(path) == 1 and cte_named(node, path[0], fold=rules.folds_quoted) is not None:
            continue
        fitting = known.get(path, ())
        if len(fitting) == 1:
            found[marks[fitting[0].dataset]] = fitting[0]
            _mark(tree, node, marks[fitting[0].dataset], rules)
        else:
            problems.append(_problem(node, path, fitting or tables, text, ambiguous=bool(fitting)))
    return found, problems


def _parts(node: exp.Table) -> Iterator[exp.Expr]:
    for key in ("catalog", "db", "this"):
        part = node.args.get(key)
        if part is not None:
            yield part


def _names(tables: Sequence[GovernedTable], rules: DialectRules) -> dict[tuple[str, ...], list[GovernedTable]]:
    """Return each way to write a table -> the tables that it fits."""
    found: dict[tuple[str, ...], list[GovernedTable]] = {}
    for table in tables:
        source = tuple(part.lower() if rules.folds_quoted else part for part in table.source)
        ways = {source[start:] for start in range(len(source))} | {(table.dataset,), (table.dataset.lower(),)}
        for way in ways:
            found.setdefault(way, []).append(table)
    return found


def _mark(tree: exp.Expr, node: exp.Table, mark: str, rules: DialectRules) -> None:
    if not node.alias:
        alias = node.args.get("alias") or exp.TableAlias()
        alias.set("this", node.this.copy())
        node.set("alias", alias)
        _shorten_columns(tree, node, rules)
    node.set("this", exp.to_identifier(mark, quoted=True))
    node.set("db", None)
    node.set("catalog", None)


def _shorten_columns(tree: exp.Expr, node: exp.Table, rules: DialectRules) -> None:
    """Take the schema off columns that name this table in full: ``main.orders.id``."""
    if node.args.get("db") is None:
        return
    path = tuple(folded(part, lower_quoted=rules.folds_quoted) for part in _parts(node))
    for column in tree.find_all(exp.Column):
        if column.args.get("db") is None:
            continue
        written = [column.args.get(key) for key in ("catalog", "db", "table")]
        own = tuple(folded(part, lower_quoted=rules.folds_quoted) for part in written if part is not None)
        if own == path[len(path) - len(own) :]:
            column.set("catalog", None)
            column.set("db", None)


def _problem(
    node: exp.Table, path: tuple[str, ...], candidates: Sequence[GovernedTable], text: str, *, ambiguous: bool
) -> Problem:
    names = sorted(table.dataset for table in candidates)
    written = ".".join(part.name for part in _parts(node))
    if ambiguous:
        return Problem(
            code=codes.AMBIGUOUS_TABLE,
            message=f"{written!r} fits {' and '.join(names)}.",
            where=place_of(node, text),
            hint=f"Write {' or '.join(names)}.",
            details={"table": written, "datasets": list(names)},
        )
    shown = ", ".join(names) if names else "none"
    near = did_you_mean(path[-1], names)
    return Problem(
        code=codes.UNKNOWN_TABLE,
        message=f"{written!r} is not a dataset that you may read.",
        where=place_of(node, text),
        hint=f"{near + ' ' if near else ''}The datasets that you may read are {shown}.",
        details={"table": written, "datasets": list(names)},
    )
