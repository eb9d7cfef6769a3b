"""Layer 4: every table is governed, every column visible and with a source; or the query is refused.

sqlglot's ``qualify`` finds the sources and expands stars; what it lets pass (unresolved names in HAVING, stars over
repeated names, VALUES, whole rows, attribute notation) is looked for afterwards, name by name.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from metricgate.dialects.reading.rules import DialectRules
from metricgate.guarding import codes
from metricgate.guarding.ctes import cte_named
from metricgate.guarding.mistakes import column_mistakes
from metricgate.guarding.output_names import SPELLED, leftmost
from metricgate.guarding.places import place_of
from metricgate.guarding.query_parser import FAULTS
from metricgate.guarding.renaming_aliases import derive_renamed_tables
from metricgate.guarding.repeats import put_back, stars_left, stars_of_merged, told_by_number, without_places
from metricgate.vocabulary.problem import Problem
from metricgate.vocabulary.relation import GovernedTable
from metricgate.vocabulary.result import DataType

_TYPES: Mapping[DataType, str] = {
    DataType.STRING: "VARCHAR",
    DataType.INTEGER: "BIGINT",
    DataType.DECIMAL: "DECIMAL",
    DataType.FLOAT: "DOUBLE",
    DataType.BOOLEAN: "BOOLEAN",
    DataType.DATE: "DATE",
    DataType.TIMESTAMP: "TIMESTAMP",
    DataType.TIMESTAMP_TZ: "TIMESTAMPTZ",
    DataType.TIME: "TIME",
}


def qualify_columns(
    tree: exp.Query, tables: Mapping[str, GovernedTable], rules: DialectRules, text: str
) -> exp.Query | list[Problem]:
    """Return the tree with a table before each column and no star, or what stands in the way.

    Args:
        tree: with its base tables marked; it is changed.
        tables: mark -> governed table.
        rules: the dialect's.
        text: as the agent wrote it, for places.
    """
    columns: dict[str, object] = {mark: _typed_columns(table, rules) for mark, table in tables.items()}
    schema = MappingSchema(columns, normalize=False, dialect=rules.binding)
    derive_renamed_tables(tree, tables, fold=rules.folds_quoted)
    merged = stars_of_merged(tree)
    places = without_places(tree)
    try:
        found = _qualify_tree(tree, schema, rules)
        for _ in range(_LEVELS):
            left = stars_left(found)
            if not left or not merged.isdisjoint(map(id, left)) or not told_by_number(found):
                break
            found = _qualify_tree(found, schema, rules)
        put_back(places)
    except SqlglotError as error:
        return column_mistakes(tree, tables, text, str(error))
    except FAULTS:
        return [Problem(code=codes.UNBOUND, message="The query's names cannot be traced to their tables.")]
    return found


def _qualify_tree(tree: exp.Query, schema: MappingSchema, rules: DialectRules) -> exp.Query:
    return qualify(tree, dialect=rules.binding, schema=schema, validate_qualify_columns=False, quote_identifiers=True)


_LEVELS = 8
"""Derived tables with repeated names may be in each other; each level takes another look."""


def _typed_columns(table: GovernedTable, rules: DialectRules) -> dict[str, str]:
    found = {
        (column.name.lower() if rules.folds_quoted else column.name): _TYPES.get(column.type, "UNKNOWN")
        for column in table.columns
    }
    # A table of which nothing may be read still has rows to count.
    return found or {"metricgate_nothing": "UNKNOWN"}


def left_over(tree: exp.Query, text: str) -> list[Problem]:
    """Return what ``qualify`` left without a governed source."""
    problems: list[Problem] = []
    for node in tree.walk():
        kind = type(node)
        if kind not in _SUSPECTS:
            continue
        if kind is exp.Star and not _counts(node):
            problems.append(_unbound(node, text, "A star here cannot be written out.", "Name the columns one by one."))
        elif kind in {exp.TableColumn, exp.Pseudocolumn} or (kind is exp.Dot and not _is_field(node)):
            problems.append(
                _unbound(node, text, f"{node.name or 'This'} stands for a whole row.", "Name a column of the table.")
            )
        elif kind is exp.Column and node.args.get("db") is not None:
            problems.append(_unbound(node, text, f"{node.name} has too many names before it.", "Write alias.column."))
        elif kind is exp.Join and (node.args.get("using") or str(node.args.get("method") or "").upper() == "NATURAL"):
            problems.append(
                _unbound(node, text, "This join names no columns that both sides have.", "Write JOIN ... ON.")
            )
    return problems


_SUSPECTS = frozenset({exp.Star, exp.TableColumn, exp.Dot, exp.Pseudocolumn, exp.Column, exp.Join})


def _is_field(node: exp.Expr) -> bool:
    """Whether it is a field of a value: of a column of some table, of what is in brackets, of what a call gives."""
    inner = node
    while type(inner) is exp.Dot:
        inner = inner.this
    return isinstance(inner, (exp.Paren, exp.Func, exp.Bracket)) or (type(inner) is exp.Column and bool(inner.table))


def _counts(star: exp.Expr) -> bool:
    return type(star.parent) is exp.Count


def _unbound(node: exp.Expr, text: str, message: str, hint: str) -> Problem:
    return Problem(code=codes.UNBOUND, message=message, where=place_of(node, text), hint=hint)


def output_names(tree: exp.Query, tables: Mapping[str, GovernedTable], rules: DialectRules) -> tuple[str, ...]:
    """Return the result's names as the agent spelled them, and put them into the tree."""
    select = leftmost(tree)
    names = []
    for output in select.selects:
        name = _spelling(output, select, tables, rules)
        if type(output) is exp.Alias and rules.folds_quoted:
            output.args["alias"].set("this", name)
        names.append(name)
    return tuple(names)


def _spelling(output: exp.Expr, select: exp.Select, tables: Mapping[str, GovernedTable], rules: DialectRules) -> str:
    """Return an output's name as it was spelled first: here, in the query that it is read from, or by the engine."""
    name = output.alias_or_name
    if type(output) is not exp.Alias:
        return name
    kept = output.args["alias"].meta.get(SPELLED)
    if isinstance(kept, str):
        return kept
    column = output.this
    source = _sources_by_name(select).get(column.table) if type(column) is exp.Column and column.name == name else None
    if source is None:
        return name
    if type(source) is exp.Table:
        table = tables.get(source.name)
        if table is not None:
            return next((each.name for each in table.columns if each.name.lower() == name.lower()), name)
        source = cte_named(source, source.name, fold=False)
    inner = source
    while inner is not None and not isinstance(inner, exp.Select):
        inner = inner.args.get("this")
        inner = inner if isinstance(inner, exp.Expr) else None
    if inner is None:
        return name
    found = next((each for each in inner.selects if each.alias_or_name == name), None)
    return name if found is None else _spelling(found, inner, tables, rules)


def _sources_by_name(select: exp.Select) -> dict[str, exp.Expr]:
    from_ = select.args.get("from_")
    sources = [] if from_ is None else [from_.this]
    sources += [join.this for join in select.args.get("joins") or ()]
    return {source.alias_or_name: source for source in sources}
