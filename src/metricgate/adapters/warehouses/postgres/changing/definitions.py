"""What acts when rows of PostgreSQL's tables change, from its catalogue.

Expressions are read as the trees that are stored: telling them in words would wait for a table that somebody alters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from metricgate.adapters.warehouses.changing.session import WriteSession
from metricgate.adapters.warehouses.changing.structure_dialect import Reads
from metricgate.changing.change import Row
from metricgate.changing.definitions import ActingDefinition, Definitions, closure, definition
from metricgate.changing.shape import Location

_NAMES = """
SELECT c.oid::text, n.nspname::text, c.relname::text, pg_catalog.current_database()::text, c.relkind::text
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_toast%'
"""
_FUNCTION_NAMES = """
SELECT p.oid::text, p.proname::text, n.nspname::text FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
_TABLES = """
SELECT c.oid::text, 'table', '', pg_catalog.json_build_array(c.relkind, c.relispartition, c.relpersistence,
  c.relrowsecurity, c.relforcerowsecurity, pg_catalog.row_security_active(c.oid),
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(i.inhparent, i.inhrelid) ORDER BY i.inhparent, i.inhrelid)
    FROM pg_catalog.pg_inherits AS i WHERE c.oid IN (i.inhparent, i.inhrelid)))::text
FROM pg_catalog.pg_class AS c WHERE c.oid = ANY($1::text[]::oid[])
"""
_COLUMNS = """
SELECT a.attrelid::text, CASE WHEN a.attgenerated <> '' THEN 'generated column' ELSE 'column' END, a.attname::text,
  pg_catalog.json_build_array(a.attnum, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated,
    a.attidentity, a.attcollation, d.adbin::text, t.typtype, t.typdefaultbin::text, t.typnotnull,
    (SELECT pg_catalog.json_agg(k.conbin::text ORDER BY k.conname) FROM pg_catalog.pg_constraint AS k
      WHERE k.contypid = t.oid))::text
FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY($1::text[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS = """
SELECT o.oid::text, CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' ELSE 'unique key' END,
  CASE WHEN k.conrelid = o.oid THEN k.conname::text ELSE k.conname || ' from ' || c.relname END,
  pg_catalog.json_build_array(k.contype, k.condeferrable, k.condeferred, k.convalidated, k.conkey, k.confrelid,
    k.confkey, k.confupdtype, k.confdeltype, k.confmatchtype, k.conbin::text)::text
FROM pg_catalog.unnest($1::text[]::oid[]) AS o(oid)
JOIN pg_catalog.pg_constraint AS k ON o.oid IN (k.conrelid, k.confrelid)
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid WHERE k.contype IN ('f', 'c', 'u', 'p', 'x')
"""
_INDEXES = """
SELECT i.indrelid::text, 'unique key', 'index ' || c.relname, pg_catalog.json_build_array(i.indkey::text,
  i.indnkeyatts, i.indimmediate, i.indisvalid, i.indpred::text, i.indexprs::text)::text
FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY($1::text[]::oid[]) AND i.indisunique
"""
_TRIGGERS = """
SELECT g.tgrelid::text, 'trigger', g.tgname::text, pg_catalog.json_build_array(g.tgtype, g.tgenabled, g.tgdeferrable,
  g.tginitdeferred, g.tgattr::text, g.tgqual::text, pg_catalog.encode(g.tgargs, 'hex'), g.tgoldtable, g.tgnewtable,
  ':funcid ' || g.tgfoid)::text
FROM pg_catalog.pg_trigger AS g
WHERE g.tgrelid = ANY($1::text[]::oid[]) AND (NOT g.tgisinternal OR g.tgenabled <> 'O')
"""
_RULES = """
SELECT r.ev_class::text, 'rule', r.rulename::text, pg_catalog.json_build_array(r.ev_type, r.ev_enabled, r.is_instead,
  r.ev_qual::text, r.ev_action::text)::text
FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = ANY($1::text[]::oid[])
"""
_POLICIES = """
SELECT p.polrelid::text, 'policy', p.polname::text, pg_catalog.json_build_array(p.polcmd, p.polpermissive,
  p.polroles::text, p.polqual::text, p.polwithcheck::text)::text
FROM pg_catalog.pg_policy AS p WHERE p.polrelid = ANY($1::text[]::oid[])
"""
_EVENT_TRIGGERS = """
SELECT '0', 'event trigger', e.evtname::text, pg_catalog.json_build_array(e.evtevent, e.evtenabled, e.evttags,
  e.evtowner, ':funcid ' || e.evtfoid)::text
FROM pg_catalog.pg_event_trigger AS e WHERE e.evtenabled <> 'D' AND $1::text[] IS NOT NULL
"""
_FUNCTION = """
SELECT n.nspname || '.' || p.proname, pg_catalog.json_build_array(p.prosrc, p.prosqlbody::text, p.proconfig::text,
  p.prosecdef, p.provolatile, p.proisstrict, p.prolang, p.proargtypes::text, p.probin, p.proowner, p.prorettype)::text
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE p.oid = $1::text::oid
"""
_WHOLE = (_TABLES, _COLUMNS, _CONSTRAINTS, _INDEXES, _TRIGGERS, _RULES, _POLICIES)
_BEHIND = (_TRIGGERS, _RULES, _POLICIES)
"""Of tables that a trigger's function writes to: what acts on them in turn."""
_CALLED = re.compile(r":(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)")
_READ = re.compile(r":relid (\d+)")
_WORD = re.compile(r"[^\W\d][\w$]*")
_OWN = 16_384
"""Objects with lower numbers are PostgreSQL's own."""


def read_definitions(
    session: WriteSession, tables: Sequence[Location], reads: Sequence[Location], search_path: Sequence[str]
) -> Definitions:
    """Return what acts when rows of the tables change, and the views that the statement reads."""
    relations = session.read(_NAMES, ())
    names = {str(oid): f"{space}.{name}" for oid, space, name, *_rest in relations}
    oids = {oid for each in tables if (oid := _find_relation(each, relations, search_path)) is not None}
    views = {oid for each in reads if (oid := _find_relation(each, relations, search_path)) is not None} - oids
    whole = _read_definitions(session, _WHOLE, sorted(oids), names)
    found = [each for each, _text in whole]
    kinds = {str(row[0]): str(row[4]) for row in relations}
    seen = [
        each
        for oid in sorted(views)
        if kinds[oid] in {"v", "m"}
        for each in _read_definitions(session, (_RULES,), [oid], names)
    ]
    found += [each for each, _text in seen]
    return tuple(
        sorted({*found, *_definitions_behind(session, [text for _each, text in (*whole, *seen)], relations, names)})
    )


def read_event_triggers(session: Reads) -> Definitions:
    """Return what acts on DDL of any table, and what it calls."""
    found = _read_definitions(session, (_EVENT_TRIGGERS,), [], {"0": "the database"})
    if not found:
        return ()
    relations = session.read(_NAMES, ())
    names = {str(oid): f"{space}.{name}" for oid, space, name, *_rest in relations}
    behind = _definitions_behind(session, [text for _each, text in found], relations, names)
    return tuple(sorted({*(each for each, _text in found), *behind}))


def _definitions_behind(
    session: Reads, seeds: Iterable[str], relations: Sequence[Row], names: Mapping[str, str]
) -> list[ActingDefinition]:
    functions = session.read(_FUNCTION_NAMES, ())
    own = {str(oid) for oid, _name, _space in functions}
    by_word: dict[str, list[str]] = {}
    for oid, name, _space in functions:
        by_word.setdefault(str(name).lower(), []).append(f"function {oid}")
    for oid, _space, name, *_rest in relations:
        by_word.setdefault(str(name).lower(), []).append(f"table {oid}")
    views = {str(row[0]) for row in relations if row[4] in {"v", "m"}}

    def named(text: str) -> list[str]:
        keys = [f"function {oid}" for oid in _CALLED.findall(text) if oid in own]
        keys += [f"view {oid}" for oid in _READ.findall(text) if int(oid) >= _OWN and oid in views]
        if text.startswith(_SOURCE):
            # A body in words may name anything; by which schema it is found, only running it tells.
            keys += [key for word in set(_WORD.findall(text)) for key in by_word.get(word.lower(), ())]
        return keys

    def opened(key: str) -> list[tuple[ActingDefinition, str]]:
        kind, oid = key.split(" ")
        if kind == "function":
            rows = session.read(_FUNCTION, (oid,))
            return [(definition("function", str(of), "", str(text)), f"{_SOURCE}{text}") for of, text in rows]
        return _read_definitions(session, (_RULES,) if kind == "view" else _BEHIND, [oid], names)

    return closure(seeds, named, opened)


_SOURCE = "source "


def _read_definitions(
    session: Reads, queries: Sequence[str], oids: Sequence[str], names: Mapping[str, str]
) -> list[tuple[ActingDefinition, str]]:
    return [
        (definition(str(kind), names.get(str(oid), str(oid)), str(name), str(text)), str(text))
        for query in queries
        for oid, kind, name, text in session.read(query, (oids,))
    ]


def _find_relation(relation: Location, named: Sequence[Row], search_path: Sequence[str]) -> str | None:
    *before, table = relation
    schemas = [before[-1]] if before else list(search_path)
    for schema in schemas:
        for oid, space, name, database, *_rest in named:
            if (space, name) == (schema, table) and before[:-1] in ([], [database]):
                return oid
    return None
