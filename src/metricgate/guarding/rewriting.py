"""Layer 6: every governed table becomes its relation: visible columns, masked values, filtered rows.

On PostgreSQL a relation that hides or masks anything stands behind a fence, because a plain sub-select lets the planner
run the agent's conditions on rows that the filter would hide, and their errors tell of them. A relation that shows
every row as it is needs no such fence, which would keep the planner from the table's indexes. Fences are of two kinds
(``fences``): sub-selects that stream where the engine reads each once, MATERIALIZED CTEs in other statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import Dialect, exp
from sqlglot.errors import ParseError

from metricgate.guarding.calls import calls_in
from metricgate.guarding.dialects import DialectRules
from metricgate.guarding.fences import FENCE, read_once, streaming
from metricgate.guarding.parsing import bare
from metricgate.guarding.tables import MARK
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.relation import GovernedTable, Relation


@dataclass(frozen=True, slots=True)
class Ready:
    """A relation taken apart once.

    Attributes:
        text: as it is written into statements.
        canonical: its tree, as the text reads back by itself.
        calls: what it calls.
        shows_every_row: whether there is nothing in it that a fence would have to hide.
    """

    text: str
    canonical: exp.Expr
    calls: frozenset[str]
    shows_every_row: bool


@dataclass(frozen=True, slots=True)
class Replaced:
    """A tree with relations in place of the marked tables, all parameters in the order of their numbers."""

    tree: exp.Query
    parameters: tuple[Scalar, ...]
    relations: tuple[Ready, ...]


def replaced(tree: exp.Query, relations: Mapping[str, Relation], rules: DialectRules) -> Replaced:
    """Return the tree with relations in place of the marked tables.

    Args:
        tree: bound; it is changed.
        relations: mark -> relation.
        rules: the dialect's.

    Raises:
        KeyError: a marked table has no relation.
        SqlglotError: a relation cannot be read.
    """
    parameters: list[Scalar] = []
    ready: dict[str, Ready] = {}
    marked = list(_marked(tree))
    for mark in sorted({node.name for node in marked}):
        relation = relations[mark]
        ready[mark] = _ready(relation.sql, rules.name, len(parameters))
        parameters.extend(relation.parameters)
    fenced = {mark for mark, each in ready.items() if rules.fences and not each.shows_every_row}
    hiding = [node for node in marked if node.name in fenced]
    streams = read_once(hiding, tree) if hiding else True
    for node in marked:
        text = ready[node.name].text
        if node.name not in fenced:
            _put(node, text)
        elif streams:
            _put(node, streaming(text))
        else:
            node.set("this", exp.to_identifier(_fence_name(node.name), quoted=True))
    if not streams:
        _keep(tree, {mark: each.text for mark, each in ready.items() if mark in fenced})
    return Replaced(tree, tuple(parameters), tuple(ready.values()))


def located(tree: exp.Query, tables: Mapping[str, GovernedTable]) -> exp.Query:
    """Return the tree with the bare relations of the warehouse: what runs where layer 6 is switched off in a test."""
    for node in list(_marked(tree)):
        *schema, name = tables[node.name].source
        node.set("this", exp.to_identifier(name, quoted=True))
        for key, part in zip(("db", "catalog"), reversed(schema), strict=False):
            node.set(key, exp.to_identifier(part, quoted=True))
    return tree


def limited(tree: exp.Query, row_limit: int | None) -> exp.Query:
    """Return the query with at most so many rows: the smaller of its own limit and ours.

    The query's own limit is a plain number: anything else was refused as it was read.
    """
    if row_limit is None:
        return tree
    limit = tree.args.get("limit")
    number = None
    if limit is not None:
        number = limit.args.get("count") if type(limit) is exp.Fetch else limit.args.get("expression")
    if type(number) is not exp.Literal or not number.name.isdigit() or int(number.name) > row_limit:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(row_limit)))
    return tree


def _marked(tree: exp.Expr) -> Iterator[exp.Table]:
    for node in tree.find_all(exp.Table):
        if type(node.this) is exp.Identifier and node.name.startswith(MARK):
            yield node


@lru_cache(maxsize=1_024)
def _ready(sql: str, dialect: str, offset: int) -> Ready:
    """Take a relation apart, its parameters counted on from ``offset``."""
    tree = sqlglot.parse_one(sql, read=dialect)
    if not isinstance(tree, exp.Query):
        raise ParseError("a relation is a query")
    for node in list(tree.find_all(exp.Parameter, exp.Placeholder)):
        number = int(node.name)
        node.replace(exp.Parameter(this=exp.Literal(this=str(number + offset), is_string=False)))
    bare(tree)
    writer = Dialect.get_or_raise(dialect)
    text = writer.generate(tree, comments=False)
    canonical = sqlglot.parse_one(text, read=dialect)
    return Ready(text, canonical, calls_in(writer.tokenize(text)), _shows_every_row(tree))


def _shows_every_row(query: exp.Query) -> bool:
    """Say whether it is columns of one table, as they are, and nothing else: there is no row that a fence would hide.

    What a mask computes stays behind a fence: it may raise errors that tell of the value under it.
    """
    if type(query) is not exp.Select or {key for key, value in query.args.items() if value} != {"expressions", "from_"}:
        return False
    source = query.args["from_"].this
    return (
        type(source) is exp.Table
        and not source.args.get("joins")
        and all(type(each.unalias()) is exp.Column for each in query.expressions)
    )


def _put(node: exp.Table, text: str) -> None:
    joins = node.args.get("joins")
    instead = exp.Subquery(this=_as_it_is(text), alias=node.args.get("alias"))
    if joins:
        instead.set("joins", joins)
    node.replace(instead)


def _fence_name(mark: str) -> str:
    return FENCE + mark.removeprefix(MARK)


def _as_it_is(text: str) -> exp.Var:
    """A leaf that is written as its text. It is ours, costs less than a tree, and is read back with all the rest."""
    return exp.Var(this=text)


def _keep(tree: exp.Query, texts: Mapping[str, str]) -> None:
    """Put MATERIALIZED CTEs before the query's own."""
    ours = [
        exp.CTE(
            this=_as_it_is(text),
            alias=exp.TableAlias(this=exp.to_identifier(_fence_name(mark), quoted=True)),
            materialized=True,
        )
        for mark, text in texts.items()
    ]
    with_ = tree.args.get("with_")
    if with_ is None:
        tree.set("with_", exp.With(expressions=ours))
    else:
        with_.set("expressions", [*ours, *with_.expressions])
