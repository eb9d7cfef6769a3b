"""The shapes of PostgreSQL's tables, from its catalogue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from metricgate.adapters.warehouses.changing.session import WriteSession
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, Reaction, TableShape

_RELATIONS = """
SELECT c.oid::text, n.nspname::text, c.relname::text, pg_catalog.current_database()::text,
  (c.relkind = 'r' AND NOT c.relispartition AND c.relpersistence <> 't' AND NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid OR i.inhrelid = c.oid))::text,
  pg_catalog.row_security_active(c.oid)::text
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND (c.relname = ANY($1::text[]) OR c.oid = ANY($2::text[]::oid[]))
"""
_KEYS = """
SELECT k.conname::text, k.conrelid::text, k.confrelid::text, k.confdeltype::text, k.confupdtype::text,
  (SELECT pg_catalog.json_agg(a.attname ORDER BY o.n) FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS o(c, n)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = o.c)::text,
  (SELECT pg_catalog.json_agg(a.attname ORDER BY o.n) FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS o(c, n)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = o.c)::text
FROM pg_catalog.pg_constraint AS k WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.oid
"""
_COLUMNS = """
SELECT a.attrelid::text, a.attname::text,
  CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
    ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END,
  (NOT a.attnotnull)::text, (a.attgenerated <> '')::text,
  (a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%')::text,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY($1::text[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
"""
_INDEXES = """
SELECT i.indrelid::text, i.indisprimary::text,
  (SELECT pg_catalog.json_agg(a.attname ORDER BY o.n)
    FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS o(c, n)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = o.c WHERE o.n <= i.indnkeyatts)::text
FROM pg_catalog.pg_index AS i
WHERE i.indrelid = ANY($1::text[]::oid[]) AND i.indisunique AND i.indisvalid AND i.indimmediate
  AND i.indpred IS NULL AND i.indexprs IS NULL ORDER BY i.indisprimary DESC, i.indexrelid
"""
_TRIGGERS = """
SELECT g.tgrelid::text, g.tgname::text FROM pg_catalog.pg_trigger AS g
WHERE g.tgrelid = ANY($1::text[]::oid[]) AND NOT g.tgisinternal AND g.tgenabled NOT IN ('D', 'R')
UNION ALL
SELECT r.ev_class::text, r.rulename::text FROM pg_catalog.pg_rewrite AS r
WHERE r.ev_class = ANY($1::text[]::oid[]) AND r.rulename <> '_RETURN' AND r.ev_enabled NOT IN ('D', 'R')
"""
ONLY_ASSIGNS = """
SELECT 'yes' FROM pg_catalog.pg_class AS c, LATERAL (
  SELECT pg_catalog.array_agg(a.attnum) AS numbers,
    pg_catalog.bool_and(t.typtype = 'b' AND t.oid < 16384 AND t.typname NOT LIKE 'reg%') AS plain
  FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  WHERE a.attrelid = c.oid AND a.attname = ANY($2::text[]) AND NOT a.attisdropped) AS o
WHERE c.oid = pg_catalog.to_regclass($1) AND c.relkind = 'r' AND NOT c.relispartition AND NOT c.relrowsecurity
  AND o.plain AND pg_catalog.cardinality(o.numbers) = pg_catalog.cardinality($2::text[])
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits AS i WHERE c.oid IN (i.inhparent, i.inhrelid))
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal)
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = c.oid)
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attgenerated <> '')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = c.oid AND (k.contype NOT IN ('p', 'u', 'f') OR k.conkey && o.numbers)
      OR k.confrelid = c.oid AND k.confkey && o.numbers)
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND (
    i.indpred IS NOT NULL OR i.indexprs IS NOT NULL OR i.indisunique AND i.indkey::int2[] && o.numbers))
"""
"""A row, where an update of these columns of a table does nothing else and can be refused for its values only: types of
PostgreSQL's own, but for those whose texts are names that are looked up."""
_REACTIONS = {"c": Reaction.CASCADE, "n": Reaction.SET_NULL, "d": Reaction.SET_DEFAULT}


def read_shapes(
    session: WriteSession, relations: Sequence[Location], search_path: Sequence[str]
) -> Mapping[Location, TableShape]:
    """Return the shapes of those relations that exist, by the names asked for, and of their foreign keys' tables."""
    named = session.read(_RELATIONS, ([each[-1] for each in relations], []))
    names: dict[str, Location] = {}
    for relation in relations:
        oid = _find_relation(relation, named, search_path)
        if oid is not None:
            names.setdefault(oid, relation)
    keys = session.read(_KEYS, ())
    oids = _reached_tables(set(names), keys)
    facts = {str(row[0]): row for row in session.read(_RELATIONS, ([], sorted(oids)))}
    for oid, row in facts.items():
        names.setdefault(oid, (str(row[1]), str(row[2])))
    foreign = [_foreign_key(row, names) for row in keys if row[1] in facts and row[2] in facts]
    columns = _group_by_first(session.read(_COLUMNS, (sorted(oids),)))
    indexes = _group_by_first(session.read(_INDEXES, (sorted(oids),)))
    triggers = _group_by_first(session.read(_TRIGGERS, (sorted(oids),)))
    shapes: dict[Location, TableShape] = {}
    for oid, row in facts.items():
        own = tuple(_column_shape(each) for each in columns.get(oid, []))
        never = {each.name for each in own if not each.nullable}
        unique = [tuple(json.loads(str(names_))) for _primary, names_ in indexes.get(oid, [])]
        key = next((each for each in unique if never.issuperset(each)), ())
        location = names[oid]
        acting = [str(name) for (name,) in triggers.get(oid, [])]
        if row[5] == "true":
            acting.append("row-level security")
        shapes[location] = TableShape(
            location=location,
            columns=own,
            key=key,
            unique=tuple(each for each in unique if each != key),
            references=tuple(each for each in foreign if each.table == location),
            referenced_by=tuple(each for each in foreign if each.referenced == location),
            triggers=tuple(acting),
            plain=row[4] == "true",
        )
    return shapes


def _find_relation(relation: Location, named: Sequence[Sequence[str | None]], search_path: Sequence[str]) -> str | None:
    *before, table = relation
    schemas = [before[-1]] if before else list(search_path)
    for schema in schemas:
        for oid, space, name, database, *_rest in named:
            if (space, name) == (schema, table) and before[:-1] in ([], [database]):
                return oid
    return None


def _reached_tables(oids: set[str], keys: Sequence[Sequence[str | None]]) -> set[str]:
    found = set(oids)
    while True:
        more = {
            str(other)
            for _name, child, parent, *_rest in keys
            for one, other in ((child, parent), (parent, child))
            if one in found
        } - found
        if not more:
            return found
        found |= more


def _foreign_key(row: Sequence[str | None], names: Mapping[str, Location]) -> ForeignKey:
    name, child, parent, on_delete, on_update, columns, referenced = (str(each) for each in row)
    return ForeignKey(
        name=name,
        table=names[child],
        columns=tuple(json.loads(columns)),
        referenced=names[parent],
        referenced_columns=tuple(json.loads(referenced)),
        on_delete=_REACTIONS.get(on_delete, Reaction.REFUSE),
        on_update=_REACTIONS.get(on_update, Reaction.REFUSE),
    )


def _column_shape(row: Sequence[str | None]) -> ColumnShape:
    name, kind, nullable, generated, identity, default = row
    return ColumnShape(
        name=str(name),
        type=str(kind),
        nullable=nullable == "true",
        generated=generated == "true",
        identity=identity == "true",
        default=default if generated != "true" else None,
    )


def _group_by_first(rows: Sequence[Sequence[str | None]]) -> dict[str, list[tuple[str | None, ...]]]:
    found: dict[str, list[tuple[str | None, ...]]] = {}
    for first, *rest in rows:
        found.setdefault(str(first), []).append(tuple(rest))
    return found
