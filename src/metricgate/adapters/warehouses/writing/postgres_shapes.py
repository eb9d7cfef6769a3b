"""The shapes of PostgreSQL's tables, from its catalogue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from metricgate.adapters.warehouses.writing.session import WriteSession
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, Reaction, TableShape

_TABLES = """
SELECT c.oid::text, n.nspname::text, c.relname::text, pg_catalog.current_database()::text,
  (c.relkind = 'r' AND NOT c.relispartition AND NOT EXISTS (
     SELECT 1 FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid OR i.inhrelid = c.oid))::text,
  c.relrowsecurity::text
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND %s
"""
_BY_NAME = "(n.nspname::text, c.relname::text) IN (SELECT * FROM pg_catalog.unnest($1::text[], $2::text[]))"
_BY_OID = "c.oid = ANY($1::text[]::oid[])"
_COLUMNS = """
SELECT a.attrelid::text, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), (NOT a.attnotnull)::text,
  (a.attgenerated <> '')::text,
  (a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%')::text,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM pg_catalog.pg_attribute AS a
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY($1::text[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
"""
_KEYS = """
SELECT i.indrelid::text, i.indisprimary::text, (
  SELECT pg_catalog.json_agg(a.attname ORDER BY k.n)::text
  FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(num, n)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.num)
FROM pg_catalog.pg_index AS i
WHERE i.indrelid = ANY($1::text[]::oid[]) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
  AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts
ORDER BY i.indrelid, NOT i.indisprimary, i.indexrelid
"""
_FOREIGN = """
SELECT k.conname::text, k.conrelid::text, k.confrelid::text, k.confdeltype::text, k.confupdtype::text,
  (SELECT pg_catalog.json_agg(a.attname ORDER BY p.n)::text
   FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS p(num, n)
   JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = p.num),
  (SELECT pg_catalog.json_agg(a.attname ORDER BY p.n)::text
   FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS p(num, n)
   JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = p.num)
FROM pg_catalog.pg_constraint AS k
WHERE k.contype = 'f' AND (k.confrelid = ANY($1::text[]::oid[]) OR k.conrelid = ANY($1::text[]::oid[]))
ORDER BY k.oid
"""
_TRIGGERS = """
SELECT t.tgrelid::text, t.tgname::text FROM pg_catalog.pg_trigger AS t
WHERE t.tgrelid = ANY($1::text[]::oid[]) AND NOT t.tgisinternal AND t.tgenabled <> 'D'
UNION ALL
SELECT r.ev_class::text, r.rulename::text FROM pg_catalog.pg_rewrite AS r
WHERE r.ev_class = ANY($1::text[]::oid[]) AND r.ev_type <> '1'
"""
_REACTIONS = {
    "a": Reaction.REFUSE,
    "r": Reaction.REFUSE,
    "c": Reaction.CASCADE,
    "n": Reaction.SET_NULL,
    "d": Reaction.SET_DEFAULT,
}


@dataclass(slots=True)
class _Facts:
    """What is known of one table so far."""

    name: Location
    plain: bool
    secured: bool
    columns: list[ColumnShape] = field(default_factory=list)
    keys: list[tuple[bool, tuple[str, ...]]] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    references: list[ForeignKey] = field(default_factory=list)
    referenced_by: list[ForeignKey] = field(default_factory=list)


def read_shapes(session: WriteSession, relations: Sequence[Location]) -> dict[Location, TableShape]:
    """Return the shapes of those relations that exist, by the names asked for, and of all that reacts to them."""
    pairs = [relation[-2:] if len(relation) > 1 else ("public", *relation) for relation in relations]
    given = ([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    found: dict[str, _Facts] = {}
    waiting = _add(session, found, session.read(_TABLES % _BY_NAME, given))
    keys: dict[tuple[str, str], ForeignKey] = {}
    while waiting:
        rows = session.read(_FOREIGN, (waiting,))
        oids = {str(oid) for row in rows for oid in row[1:3]} - found.keys()
        waiting = _add(session, found, session.read(_TABLES % _BY_OID, (sorted(oids),))) if oids else []
        for name, child, parent, deleted, updated, own, others in rows:
            key = ForeignKey(
                name=str(name),
                table=found[str(child)].name,
                columns=tuple(json.loads(own or "[]")),
                referenced=found[str(parent)].name,
                referenced_columns=tuple(json.loads(others or "[]")),
                on_delete=_REACTIONS[str(deleted)],
                on_update=_REACTIONS[str(updated)],
            )
            if (str(name), str(child)) not in keys:
                keys[str(name), str(child)] = key
                found[str(child)].references.append(key)
                found[str(parent)].referenced_by.append(key)
    shapes = {facts.name: _shape(facts) for facts in found.values()}
    by_pair = {name[-2:]: shape for name, shape in shapes.items()}
    asked = {relation: by_pair[pair] for relation, pair in zip(relations, pairs, strict=True) if pair in by_pair}
    return {**shapes, **asked}


def _add(session: WriteSession, found: dict[str, _Facts], rows: Sequence[Sequence[str | None]]) -> list[str]:
    """Read the tables' columns, keys and triggers; returns their numbers."""
    fresh: list[str] = []
    for oid, schema, table, database, plain, secured in rows:
        name = (str(database), str(schema), str(table))
        found[str(oid)] = _Facts(name=name, plain=plain == "true", secured=secured == "true")
        fresh.append(str(oid))
    for oid, column, kind, nullable, generated, identity, default in session.read(_COLUMNS, (fresh,)):
        found[str(oid)].columns.append(
            ColumnShape(
                name=str(column),
                type=str(kind),
                nullable=nullable == "true",
                generated=generated == "true",
                identity=identity == "true",
                default=default,
            )
        )
    for oid, primary, columns in session.read(_KEYS, (fresh,)):
        found[str(oid)].keys.append((primary == "true", tuple(json.loads(columns or "[]"))))
    for oid, trigger in session.read(_TRIGGERS, (fresh,)):
        found[str(oid)].triggers.append(str(trigger))
    return fresh


def _shape(facts: _Facts) -> TableShape:
    nullable = {each.name for each in facts.columns if each.nullable}
    fitting = [columns for primary, columns in facts.keys if primary or not nullable & set(columns)]
    key = fitting[0] if fitting else ()
    secured = ("row-level security",) if facts.secured else ()
    return TableShape(
        location=facts.name,
        columns=tuple(facts.columns),
        key=key,
        unique=tuple(columns for _primary, columns in facts.keys if columns != key),
        references=tuple(facts.references),
        referenced_by=tuple(facts.referenced_by),
        triggers=(*facts.triggers, *secured),
        plain=facts.plain,
    )
