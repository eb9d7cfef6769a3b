"""Layer 6: every governed table becomes its relation: visible columns, masked values, filtered rows.

On PostgreSQL a relation that hides or masks anything stands behind a fence, because a plain sub-select lets the planner
run the agent's conditions on rows that the filter would hide, and their errors tell of them. A relation that shows
every row as it is needs no such fence, which would keep the planner from the table's indexes. Fences are of two kinds
(``fences``): sub-selects that stream where the engine reads each once, MATERIALIZED CTEs in other statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import Dialect, exp
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import TokenType

from metricgate.dialects.reading.rules import DialectRules
from metricgate.guarding.calls import calls_in
from metricgate.guarding.dialects import grammar_of
from metricgate.guarding.query_parser import bare
from metricgate.guarding.query_stages import BoundQuery
from metricgate.guarding.security_barrier import FENCE, materialized_barrier, read_once, streaming_barrier
from metricgate.guarding.spliced_text import begun_with, splice_relations
from metricgate.guarding.tables import MARK, TablesFound
from metricgate.guarding.verbatim import Word, quote_name
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.relation import Relation


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
    """Words with relations in place of the tables, all parameters in the order of their numbers."""

    words: list[Word]
    parameters: tuple[Scalar, ...]
    relations: tuple[Ready, ...]


def replace_tables(bound: BoundQuery, relations: Mapping[str, Relation], rules: DialectRules) -> Replaced:
    """Return a text's words with relations in place of the tables.

    Args:
        bound: the text.
        relations: mark -> relation.
        rules: the dialect's.

    Raises:
        KeyError: a table has no relation.
        SqlglotError: a relation cannot be read.
    """
    words, found = bound.reading.words, bound.found
    # The text's own values have the first numbers.
    parameters: list[Scalar] = list(bound.reading.placed.values)
    ready: dict[str, Ready] = {}
    for mark in sorted({spot.mark for spot in found.spots}):
        relation = relations[mark]
        ready[mark] = _ready_relation(relation.sql, grammar_of(rules.name), len(parameters))
        parameters.extend(relation.parameters)
    named = _named_as_written(bound) if bound.reading.nameless_query else None
    if named is not None:
        ctes = [f"{name} AS ({ready[mark].text})" for name, mark in named.items()]
        return Replaced(begun_with(ctes, words), tuple(parameters), tuple(ready.values()))
    fenced = {mark for mark, each in ready.items() if rules.fences and not each.shows_every_row}
    hiding = [node for node in _marked_tables(bound.tree) if node.name in fenced]
    streams = read_once(hiding, bound.tree) if hiding else True
    texts = {mark: streaming_barrier(each.text) if mark in fenced else each.text for mark, each in ready.items()}
    if rules.merges_wrongly and any(word.kind in _NOT_TO_BE_MERGED for word in words):
        texts = {mark: materialized_barrier(text) for mark, text in texts.items()}
    instead = {mark: f"({text})" for mark, text in texts.items() if streams or mark not in fenced}
    kept = {mark: each.text for mark, each in ready.items() if mark not in instead}
    instead |= {mark: quote_name(_fence_name(mark), rules.name) for mark in kept}
    ctes = [f"{instead[mark]} AS MATERIALIZED ({text})" for mark, text in kept.items()]
    return Replaced(begun_with(ctes, splice_relations(words, found, instead)), tuple(parameters), tuple(ready.values()))


_NOT_TO_BE_MERGED = frozenset({TokenType.ROLLUP, TokenType.OVER})


def _named_as_written(bound: BoundQuery) -> dict[str, str] | None:
    """Return the tables' names in the text, quoted -> marks, if CTEs of these names could stand for the relations.

    DuckDB makes a sub-query's text the name of an output that has none; a relation in it would be there to see.
    """
    written = {word.start: word.text for word in bound.reading.words if word.named}
    found: dict[str, tuple[str, str]] = {}
    for spot in bound.found.spots:
        name = written.get(spot.start, "")
        if spot.start != spot.end or found.setdefault(name.lower(), (name, spot.mark))[1] != spot.mark:
            return None
    taken = {f'"{cte.alias.lower()}"' for cte in bound.tree.find_all(exp.CTE)}
    return None if taken & found.keys() else dict(found.values())


def locate_relations(words: Sequence[Word], found: TablesFound, rules: DialectRules) -> list[Word]:
    """Return the words with the bare relations of the warehouse: what runs where layer 6 is switched off in a test."""
    bare_names = {
        mark: ".".join(quote_name(part, rules.name) for part in table.source) for mark, table in found.tables.items()
    }
    return splice_relations(words, found, bare_names)


def _marked_tables(tree: exp.Expr) -> Iterator[exp.Table]:
    for node in tree.find_all(exp.Table):
        if type(node.this) is exp.Identifier and node.name.startswith(MARK):
            yield node


@lru_cache(maxsize=1_024)
def _ready_relation(sql: str, grammar: str, offset: int) -> Ready:
    """Take a relation apart, its parameters counted on from ``offset``."""
    tree = sqlglot.parse_one(sql, read=grammar)
    if not isinstance(tree, exp.Query):
        raise ParseError("a relation is a query")
    for node in list(tree.find_all(exp.Parameter, exp.Placeholder)):
        number = int(node.name)
        node.replace(exp.Parameter(this=exp.Literal(this=str(number + offset), is_string=False)))
    bare(tree)
    writer = Dialect.get_or_raise(grammar)
    text = writer.generate(tree, comments=False)
    canonical = sqlglot.parse_one(text, read=grammar)
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


def _fence_name(mark: str) -> str:
    return FENCE + mark.removeprefix(MARK)
