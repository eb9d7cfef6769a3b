"""DuckDB's own reading of a text: ``extract_statements`` and ``json_serialize_sql``, on an instance that holds nothing.

The kinds of tree nodes are listed here one by one. A node that is not on the lists decides the opinion's ``kind``, so
that what a later DuckDB brings is never taken for a plain query.

Functions are what the parser writes as calls: scalar, aggregate, window and table functions, and operators that it
turns into calls (``+``, ``~~`` for LIKE, ``->>``, ``list_value`` for ``[...]``, ``date_part`` for EXTRACT,
``count_star`` for ``count(*)``); a name with a schema keeps it (``main.f``). Comparisons, AND, OR, NOT, IN, IS NULL,
CASE, COALESCE, BETWEEN, subscripts, field access and casts are no calls to it, and a bare ``current_user`` is a column.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import cast

import duckdb

from metricgate.vocabulary.json import Json
from metricgate.vocabulary.opinion import Opinion

_SQL = "SELECT json_serialize_sql($sql, skip_null := true, skip_empty := true)"
_NOTHING: frozenset[str] = frozenset()

_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE"})
_RELATIONS = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "TABLE_FUNCTION"})
_MODIFIERS = frozenset(
    {"ORDER_MODIFIER", "LIMIT_MODIFIER", "DISTINCT_MODIFIER", "ORDER_DEFAULT", "ASCENDING", "DESCENDING"}
)
_PLAIN = _QUERIES | _RELATIONS | _MODIFIERS
_EXPRESSIONS = frozenset(
    {
        *("BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION"),
        *("LAMBDA", "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW"),
    }
)
_CALLS = frozenset({"FUNCTION", "WINDOW"})
_UNREADABLE = (
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.NotImplementedException,
    duckdb.InvalidInputException,
)

Tree = Mapping[str, Json]


def opinion_of(cursor: duckdb.DuckDBPyConnection, sql: str) -> Opinion:
    """Return the opinion on ``sql``. The cursor's instance should be empty and locked.

    Raises:
        duckdb.Error: the engine failed for another reason than the text.
    """
    try:
        kinds = [_statement_word(statement) for statement in cursor.extract_statements(sql)]
    except _UNREADABLE:
        return _no_query(0, "unreadable")
    if not kinds:
        return _no_query(0, "nothing")
    if kinds != ["select"]:
        return _no_query(len(kinds), next((kind for kind in kinds if kind != "select"), "select"))
    text = cast("tuple[str]", cursor.execute(_SQL, {"sql": sql}).fetchone())[0]
    try:
        serialized = json.loads(text)
        if serialized["error"]:
            return _no_query(1, serialized["error_type"])
        reader = _Reader()
        for statement in serialized["statements"]:
            reader.read(statement, _NOTHING)
    except RecursionError:
        return _no_query(1, "unreadable")
    return Opinion(
        statements=len(serialized["statements"]),
        kind=reader.kind,
        tables=frozenset(reader.tables),
        functions=frozenset(reader.functions),
    )


def _statement_word(statement: duckdb.Statement) -> str:
    try:
        return statement.type.name.lower()
    except ValueError:  # a kind that the driver has no name for
        return "unknown"


def _no_query(statements: int, kind: str) -> Opinion:
    return Opinion(statements=statements, kind=kind, tables=frozenset(), functions=frozenset())


class _Reader:
    """Collects what a tree names, on the way from the root to its leaves."""

    def __init__(self) -> None:
        self.kind = "select"
        self.tables: set[tuple[str, ...]] = set()
        self.functions: set[str] = set()

    def read(self, tree: Json, ctes: frozenset[str]) -> None:
        """Read a tree in which the names ``ctes`` (lower case) mean CTEs."""
        if isinstance(tree, list):
            for each in tree:
                self.read(each, ctes)
        elif isinstance(tree, dict):
            self._note(tree, ctes)
            inside = self._with_ctes(tree, ctes) if "cte_map" in tree else ctes
            for key, each in tree.items():
                if key != "cte_map" and isinstance(each, (dict, list)):
                    self.read(each, inside)

    def _with_ctes(self, query: Tree, ctes: frozenset[str]) -> frozenset[str]:
        """Read the CTEs of a query, each seeing those before it, and return what the query itself sees."""
        entries = cast("list[Tree]", cast("Tree", query["cte_map"]).get("map", []))
        for entry in entries:
            name = str(entry["key"]).lower()
            definition = cast("Tree", entry["value"])
            body = definition.get("query_node") or definition.get("query")
            recursive = isinstance(body, dict) and body.get("type") == "RECURSIVE_CTE_NODE"
            self.read(entry["value"], ctes | {name} if recursive else ctes)
            ctes |= {name}
        return ctes

    def _note(self, tree: Tree, ctes: frozenset[str]) -> None:
        kind = tree.get("type", "")
        for clause in ("sample", "at_clause"):
            if clause in tree:
                self._unless(_NOTHING, clause)
        if "class" in tree:
            self._unless(_EXPRESSIONS, str(tree["class"]))
            if tree["class"] in _CALLS:
                self.functions.add(".".join(_table_path(tree)).lower())
        elif kind:
            self._unless(_PLAIN, kind if isinstance(kind, str) else "typed_value")
            if kind == "BASE_TABLE":
                path = _table_path(tree)
                if len(path) > 1 or path[0].lower() not in ctes:
                    self.tables.add(path)

    def _unless(self, known: frozenset[str], word: str) -> None:
        if word not in known and self.kind == "select":
            self.kind = word.lower().removesuffix("_query_node")


def _table_path(tree: Tree) -> tuple[str, ...]:
    return tuple(_path_parts(cast("Tree", tree["qualified_name"])))


def _path_parts(name: Tree) -> Iterator[str]:
    return (str(part) for part in cast("list[Json]", name["path"]))
