"""What acts when rows of DuckDB's tables change, from what it says of its own objects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from metricgate.adapters.warehouses.changing.session import WriteSession
from metricgate.adapters.warehouses.duckdb.changing.session import DuckDBSession
from metricgate.changing.change import Row
from metricgate.changing.definitions import ActingDefinition, Definitions, closure, definition
from metricgate.changing.shape import Location

_COLUMNS = """
SELECT schema_name, table_name, CASE WHEN is_generated THEN 'generated column' ELSE 'column' END, column_name,
  CAST(column_index AS VARCHAR), data_type, CAST(is_nullable AS VARCHAR), column_default, generation_expression
FROM (SELECT *, column_default AS generation_expression FROM duckdb_columns())
WHERE database_name = current_database() AND NOT internal
"""
_CONSTRAINTS = """
SELECT schema_name, table_name, CASE constraint_type WHEN 'FOREIGN KEY' THEN 'foreign key' WHEN 'CHECK' THEN 'check'
  ELSE 'unique key' END, constraint_name, constraint_text, referenced_table
FROM duckdb_constraints() WHERE database_name = current_database()
"""
_INDEXES = """
SELECT schema_name, table_name, 'unique key', 'index ' || index_name, expressions, sql
FROM duckdb_indexes() WHERE database_name = current_database() AND is_unique
"""
_TRIGGERS = """
SELECT schema_name, table_name, 'trigger', trigger_name, sql FROM duckdb_triggers()
WHERE database_name = current_database()
"""
_VIEWS = """
SELECT schema_name, view_name, 'view', '', sql FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal
"""
_WORD = re.compile(r"[^\W\d]\w*")
_Told = tuple[ActingDefinition, str]


def read_definitions(session: WriteSession, tables: Sequence[Location], reads: Sequence[Location]) -> Definitions:
    """Return what acts when rows of the tables change, and the views that the statement reads."""
    wanted = {_full_name(each) for each in tables}
    triggers = _definitions_of(session.read(_TRIGGERS, ()))
    whole = [
        told
        for query in (_COLUMNS, _CONSTRAINTS, _INDEXES)
        for told in _definitions_of(session.read(query, ()))
        if told[0].of in wanted or _refers(told, wanted)
    ]
    whole += [told for told in triggers if told[0].of in wanted]
    views = _definitions_of(session.read(_VIEWS, ()))
    read = [told for told in views if told[0].of in {_full_name(each) for each in reads}]
    macros = _definitions_of([(schema, name, "function", "", text) for schema, name, text in _macros(session)])
    behind = _Behind(triggers, views, macros)
    found = {each for each, _text in (*whole, *read)}
    return tuple(sorted(found | set(behind.of([text for _each, text in (*whole, *read)]))))


def _macros(session: WriteSession) -> Sequence[Row]:
    assert isinstance(session, DuckDBSession)  # noqa: S101 - a dialect is given its own engine's sessions
    return session.macros()


class _Behind:
    """What has the name of a word in a text: triggers of tables, views and macros."""

    def __init__(self, *told: Sequence[_Told]) -> None:
        self._by_word: dict[str, list[_Told]] = {}
        for each in (each for part in told for each in part):
            self._by_word.setdefault(each[0].of.rpartition(".")[2], []).append(each)

    def of(self, seeds: Sequence[str]) -> list[ActingDefinition]:
        return closure(seeds, self._named, lambda word: self._by_word[word])

    def _named(self, text: str) -> list[str]:
        return [word for word in {each.lower() for each in _WORD.findall(text)} if word in self._by_word]


def _refers(told: _Told, wanted: set[str]) -> bool:
    """Whether it is a foreign key of another table that refers to one of these."""
    each, text = told
    if each.kind != "foreign key":
        return False
    schema = each.of.rpartition(".")[0]
    return any(f"{schema}.{word.lower()}" in wanted for word in _WORD.findall(text.rpartition("\n")[2]))


def _definitions_of(rows: Sequence[Row]) -> list[_Told]:
    return [
        (definition(str(kind), f"{schema}.{table}".lower(), str(name), text), text)
        for schema, table, kind, name, *rest in rows
        for text in ["\n".join("NULL" if part is None else str(part) for part in rest)]
    ]


def _full_name(location: Location) -> str:
    return ".".join((["main", *location] if len(location) == 1 else [*location])[-2:]).lower()
