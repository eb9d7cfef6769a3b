"""Names of tables in the agent's text to datasets: a dataset's name, or the last parts of where its table is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from metricgate.dialects.reading.rules import DialectRules
from metricgate.guarding import codes
from metricgate.guarding.ctes import cte_named, fold_name
from metricgate.guarding.places import place_of
from metricgate.guarding.query_parser import bare_nodes
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem
from metricgate.vocabulary.relation import GovernedTable

MARK = "metricgate_t"
"""How a governed table is called inside the tree; no name of an agent begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpot:
    """Where the text names a base table.

    Attributes:
        start: of the first part of the name, in the agent's text.
        end: of the last part's beginning.
        mark: of the table.
        named: whether the text gives it an alias; else it goes by the last part of its name.
    """

    start: int
    end: int
    mark: str
    named: bool


@dataclass(frozen=True, slots=True)
class TablesFound:
    """The base tables of a text.

    Attributes:
        tables: mark -> governed table.
        spots: where they are named.
        ctes: where a CTE is named in other letters than its own -> its own, and whether the text gives it an alias.
        cuts: parts of the text, by the starts of their first word and of the word after, that name a table's schema
            before its column: a relation has no schema.
        problems: what is not to be bound.
    """

    tables: dict[str, GovernedTable] = field(default_factory=dict)
    spots: list[TableSpot] = field(default_factory=list)
    ctes: dict[int, tuple[str, bool]] = field(default_factory=dict)
    cuts: list[tuple[int, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def bound_tables(tree: exp.Expr, tables: Sequence[GovernedTable], rules: DialectRules, text: str) -> TablesFound:
    """Give every base table of the tree its mark."""
    marks = {table.dataset: f"{MARK}{number}" for number, table in enumerate(tables)}
    known = _names_of_tables(tables, rules)
    found = TablesFound()
    for node in list(tree.find_all(exp.Table)):
        if type(node.this) is not exp.Identifier:
            continue
        path = tuple(fold_name(part, lower_quoted=rules.folds_quoted) for part in _name_parts(node))
        cte = cte_named(node, path[0], fold=rules.folds_quoted) if len(path) == 1 else None
        if cte is not None:
            own = cte.args["alias"].this.name
            if rules.folds_quoted and own != node.name:
                found.ctes[_start_of_name(node.this)] = (own, bool(node.alias))
            continue
        fitting = known.get(path, ())
        if len(fitting) == 1:
            mark = marks[fitting[0].dataset]
            found.tables[mark] = fitting[0]
            starts = [_start_of_name(part) for part in _name_parts(node)]
            found.spots.append(TableSpot(start=starts[0], end=starts[-1], mark=mark, named=bool(node.alias)))
            _mark(tree, node, mark, rules, found.cuts)
        else:
            found.problems.append(_table_problem(node, path, fitting or tables, text, ambiguous=bool(fitting)))
    return found


def bare_but_tables(nodes: Sequence[exp.Expr]) -> None:
    """Take positions out of a tree, but for those of tables' names, and of columns' that have a schema before them."""
    kept: list[tuple[exp.Expr, object]] = []
    for node in nodes:
        if type(node) is exp.Table or (type(node) is exp.Column and node.args.get("db") is not None):
            kept += [(part, part.meta.get("start")) for part in node.parts]
    bare_nodes(nodes)
    for part, start in kept:
        part._meta = {"start": start}  # noqa: SLF001 - as in parsing


def _start_of_name(part: exp.Expr) -> int:
    """Return where a name begins in the text; -1 where the parser did not say."""
    start = part.meta.get("start")
    return start if isinstance(start, int) else -1


def _name_parts(node: exp.Table) -> Iterator[exp.Expr]:
    for key in ("catalog", "db", "this"):
        part = node.args.get(key)
        if part is not None:
            yield part


def _names_of_tables(
    tables: Sequence[GovernedTable], rules: DialectRules
) -> dict[tuple[str, ...], list[GovernedTable]]:
    """Return each way to write a table -> the tables that it fits."""
    found: dict[tuple[str, ...], list[GovernedTable]] = {}
    for table in tables:
        source = tuple(part.lower() if rules.folds_quoted else part for part in table.source)
        ways = {source[start:] for start in range(len(source))} | {(table.dataset,), (table.dataset.lower(),)}
        for way in ways:
            found.setdefault(way, []).append(table)
    return found


def _mark(tree: exp.Expr, node: exp.Table, mark: str, rules: DialectRules, cuts: list[tuple[int, int]]) -> None:
    if not node.alias:
        alias = node.args.get("alias") or exp.TableAlias()
        alias.set("this", node.this.copy())
        node.set("alias", alias)
        cuts.extend(_shorten_columns(tree, node, rules))
    node.set("this", exp.to_identifier(mark, quoted=True))
    node.set("db", None)
    node.set("catalog", None)


def _shorten_columns(tree: exp.Expr, node: exp.Table, rules: DialectRules) -> Iterator[tuple[int, int]]:
    """Take the schema off columns that name this table in full (``main.orders.id``); yield where it stood."""
    if node.args.get("db") is None:
        return
    path = tuple(fold_name(part, lower_quoted=rules.folds_quoted) for part in _name_parts(node))
    for column in tree.find_all(exp.Column):
        if column.args.get("db") is None:
            continue
        written = [column.args.get(key) for key in ("catalog", "db", "table")]
        own = tuple(fold_name(part, lower_quoted=rules.folds_quoted) for part in written if part is not None)
        if own == path[len(path) - len(own) :]:
            first = column.args.get("catalog") or column.args["db"]
            yield _start_of_name(first), _start_of_name(column.args["table"])
            column.set("catalog", None)
            column.set("db", None)


def _table_problem(
    node: exp.Table, path: tuple[str, ...], candidates: Sequence[GovernedTable], text: str, *, ambiguous: bool
) -> Problem:
    names = sorted(table.dataset for table in candidates)
    written = ".".join(part.name for part in _name_parts(node))
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
