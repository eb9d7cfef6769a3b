"""What acts when rows of MariaDB's tables change, from ``information_schema``, which always tells what is there now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from metricgate.adapters.warehouses.changing.session import WriteSession
from metricgate.adapters.warehouses.mariadb.changing.shapes import ForeignKeyRules, foreign_key_rules
from metricgate.changing.change import Row
from metricgate.changing.definitions import ActingDefinition, Definitions, closure, definition
from metricgate.changing.shape import Location

_TABLES = """
SELECT table_schema, table_name, 'table', '', table_type, engine, COALESCE(create_options, '')
FROM information_schema.tables WHERE {where}
"""
_COLUMNS = """
SELECT table_schema, table_name, IF(is_generated = 'ALWAYS', 'generated column', 'column'), column_name,
  CAST(ordinal_position AS CHAR), column_type, character_set_name, collation_name, is_nullable, extra, column_default,
  generation_expression
FROM information_schema.columns WHERE {where}
"""
_KEYS = """
SELECT {own}, 'foreign key', IF({here}, k.constraint_name, CONCAT(k.constraint_name, ' from ', k.table_name)),
  k.column_name, k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name, k.table_name,
  k.constraint_name
FROM information_schema.key_column_usage AS k WHERE k.referenced_table_name IS NOT NULL AND {where}
ORDER BY k.constraint_schema, k.table_name, k.constraint_name, k.ordinal_position
"""
_CHECKS = """
SELECT constraint_schema, table_name, 'check', constraint_name, level, check_clause
FROM information_schema.check_constraints WHERE {where}
"""
_INDEXES = """
SELECT table_schema, table_name, 'unique key', index_name, column_name, CAST(sub_part AS CHAR), ignored
FROM information_schema.statistics WHERE non_unique = 0 AND {where}
ORDER BY table_schema, table_name, index_name, seq_in_index
"""
_TRIGGERS = """
SELECT event_object_schema, event_object_table, 'trigger', trigger_name, event_manipulation, action_timing,
  CAST(action_order AS CHAR), sql_mode, definer, action_statement
FROM information_schema.triggers WHERE {where}
"""
_VIEWS = """
SELECT table_schema, table_name, 'view', '', view_definition, definer, security_type
FROM information_schema.views WHERE table_schema = %s
"""
_ROUTINES = """
SELECT routine_schema, routine_name, 'function', '', routine_type, routine_definition, CAST(last_altered AS CHAR),
  sql_mode, security_type, definer
FROM information_schema.routines
WHERE routine_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
"""
_NAMES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
"""
_WORD = re.compile(r"[^\W\d][\w$]*")
_Name = tuple[str, str]
_Told = tuple[ActingDefinition, str]


def read_definitions(
    session: WriteSession, tables: Sequence[Location], reads: Sequence[Location], database: str
) -> Definitions:
    """Return what acts when rows of the tables change, and the views that the statement reads."""
    wanted = list(dict.fromkeys(_full_name(each, database) for each in tables))
    schemas = sorted({schema for schema, _table in (*wanted, *(_full_name(each, database) for each in reads))})
    whole = _read_by_table(session, wanted, schemas)
    seeds = [text for each, text in whole if each.kind in {"trigger", "check", "generated column"}]
    views = _by_name([row for schema in schemas for row in session.read(_VIEWS, (schema,))]) if seeds or reads else {}
    read = [told for each in reads for told in views.get(_full_name(each, database)[1].lower(), ())]
    found = {each for each, _text in (*whole, *read)}
    return tuple(sorted(found | set(_definitions_behind(session, [*seeds, *(text for _each, text in read)], views))))


def _definitions_behind(
    session: WriteSession, seeds: Sequence[str], views: Mapping[str, list[_Told]]
) -> list[ActingDefinition]:
    if not seeds:
        return []
    routines = _by_name(session.read(_ROUTINES, ()))
    tables: dict[str, list[_Name]] = {}
    for schema, name in session.read(_NAMES, ()):
        tables.setdefault(str(name).lower(), []).append((str(schema), str(name)))

    known = {*routines, *tables, *views}

    def named(text: str) -> list[str]:
        # Whatever has the name of a word of the text: which of them is meant, only running it tells.
        return sorted(known & {each.lower() for each in _WORD.findall(text)})

    def opened(word: str) -> list[_Told]:
        told = [*routines.get(word, ()), *views.get(word, ())]
        return told + (_triggers(session, tables[word]) if word in tables else [])

    return closure(seeds, named, opened)


def _read_by_table(session: WriteSession, tables: Sequence[_Name], schemas: Sequence[str]) -> list[_Told]:
    """Read table by table: the server opens only what one name of a schema and one of a table say."""
    found: list[_Told] = []
    rules = {each: foreign_key_rules(session, each) for each in schemas}
    for each in tables:
        for sql in (_TABLES, _COLUMNS, _INDEXES):
            found += _definitions_of(
                session.read(sql.replace("{where}", "table_schema = %s AND table_name = %s"), each)
            )
        found += _definitions_of(
            session.read(_CHECKS.replace("{where}", "constraint_schema = %s AND table_name = %s"), each)
        )
        own = "k.table_schema, k.table_name"
        sql = _KEYS.replace("{own}", own).replace("{here}", "TRUE")
        rows = session.read(sql.replace("{where}", "k.table_schema = %s AND k.table_name = %s"), each)
        found += _definitions_of(_with_rules(rows, rules[each[0]]))
        other = "k.referenced_table_schema, k.referenced_table_name"
        sql = _KEYS.replace("{own}", other).replace("{here}", "FALSE")
        where = "k.table_schema = %s AND k.referenced_table_schema = %s AND k.referenced_table_name = %s"
        for schema in schemas:
            found += _definitions_of(
                _with_rules(session.read(sql.replace("{where}", where), (schema, *each)), rules[schema])
            )
    return found + _triggers(session, tables)


def _with_rules(rows: Sequence[Row], rules: ForeignKeyRules) -> list[Row]:
    """Return the rows with what their foreign keys do in the place of the keys' names."""
    return [(*row[:-2], *rules.get((str(row[-2]), str(row[-1])), (None, None, None))) for row in rows]


def _triggers(session: WriteSession, tables: Sequence[_Name]) -> list[_Told]:
    where = "event_object_schema = %s AND event_object_table = %s"
    return [
        told for each in tables for told in _definitions_of(session.read(_TRIGGERS.replace("{where}", where), each))
    ]


def _definitions_of(rows: Sequence[Row]) -> list[_Told]:
    """Return one definition for each name; what the catalogue says in several rows goes together."""
    texts: dict[tuple[str, str, str, str], list[str]] = {}
    for schema, table, kind, name, *rest in rows:
        words = repr([None if each is None else str(each) for each in rest])
        texts.setdefault((str(schema), str(table), str(kind), str(name)), []).append(words)
    return [
        (definition(kind, f"{schema}.{table}", name, "\n".join(words)), "\n".join(words))
        for (schema, table, kind, name), words in texts.items()
    ]


def _by_name(rows: Sequence[Row]) -> dict[str, list[_Told]]:
    found: dict[str, list[_Told]] = {}
    for each, text in _definitions_of(rows):
        found.setdefault(each.of.rpartition(".")[2].lower(), []).append((each, text))
    return found


def _full_name(location: Location, database: str) -> _Name:
    return (location[-2] if len(location) > 1 else database, location[-1])
