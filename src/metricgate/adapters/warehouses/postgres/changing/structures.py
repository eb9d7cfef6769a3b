"""How PostgreSQL's tables are changed: DDL in the transaction, by the table's owner; a rename keeps all that is its."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from metricgate.adapters.warehouses.changing.plain_structures import PlainStructures, quote_name
from metricgate.adapters.warehouses.changing.structure_dialect import Index, Read, Reads, Surroundings
from metricgate.adapters.warehouses.postgres.changing.definitions import read_event_triggers
from metricgate.changing.definitions import Definitions
from metricgate.changing.shape import ColumnShape, Location, TableShape
from metricgate.changing.structure import StructureChange

_INDEXES = """
SELECT i.indexrelid::pg_catalog.regclass::text, pg_catalog.json_agg(a.attname)::text
FROM pg_catalog.pg_index AS i
LEFT JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.objid = i.indexrelid AND d.refobjid = i.indrelid AND d.refobjsubid > 0
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid
  AND (a.attnum = ANY (i.indkey::int2[]) OR a.attnum = d.refobjsubid) AND a.attnum > 0
WHERE i.indrelid = pg_catalog.to_regclass($1) GROUP BY i.indexrelid ORDER BY 1
"""
_READERS = """
SELECT DISTINCT pg_catalog.pg_describe_object(
  CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    THEN 'pg_catalog.pg_class'::pg_catalog.regclass ELSE d.classid END,
  COALESCE(r.ev_class, d.objid), 0)
FROM pg_catalog.pg_depend AS d
LEFT JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = pg_catalog.to_regclass($1)
  AND d.deptype = 'n' AND COALESCE(r.ev_class, 0) <> pg_catalog.to_regclass($1)
  AND d.classid NOT IN ('pg_catalog.pg_constraint'::pg_catalog.regclass, 'pg_catalog.pg_attrdef'::pg_catalog.regclass)
ORDER BY 1
"""
_COLUMN = """
SELECT pg_catalog.format_type(a.atttypid, a.atttypmod),
  CASE WHEN a.attcollation <> t.typcollation THEN
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.collname) END,
  (a.attacl IS NOT NULL)::text, pg_catalog.col_description(a.attrelid, a.attnum)
FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_collation AS c ON c.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace
WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attname = $2 AND NOT a.attisdropped
"""
_NAMED = """
SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relname = ANY($1::text[]) ORDER BY 1, 2
"""


class PostgresStructures(PlainStructures):
    """A ``StructureDialect``."""

    def name(self, location: Location) -> str:
        """Return the relation's quoted name in the database that we are connected to."""
        return super().name(location[-2:])

    def lock(self, location: Location) -> str | None:
        """Lock it before the snapshot is taken: what others commit meanwhile would be neither seen nor kept."""
        return f"LOCK TABLE {self.name(location)} IN ACCESS EXCLUSIVE MODE"

    def read_ddl_triggers(self, session: Reads) -> Definitions:
        """Return the event triggers and what they call, as far as it can be told."""
        return read_event_triggers(session)

    def surroundings(self, session: Reads, shape: TableShape) -> Surroundings:
        """Ask the catalogue, which keeps account of who depends on what."""
        table = (self.name(shape.location),)
        indexes = tuple(
            Index(name=str(name), columns=tuple(each for each in json.loads(str(columns)) if each is not None))
            for name, columns in session.read(_INDEXES, table)
        )
        readers = tuple(str(name) for (name,) in session.read(_READERS, table))
        return Surroundings(indexes=indexes, dependents=readers)

    def definition(self, session: Reads, shape: TableShape, column: ColumnShape) -> tuple[ColumnShape, tuple[str, ...]]:
        """Return the column with its own type (a domain, say) and collation; grants on the column alone are lost."""
        [(kind, collation, granted, comment)] = session.read(_COLUMN, (self.name(shape.location), column.name))
        losses = [f"grants on {column.name} alone"] if granted == "true" else []
        if comment is not None:
            losses.append(f"the comment on {column.name}")
        written = f"{kind} COLLATE {collation}" if collation is not None else str(kind)
        return replace(column, type=written), tuple(losses)

    def select_tables_named(self, names: Sequence[str]) -> Read:
        """Look for tables by name."""
        return _NAMED, (list(names),)

    def _restored(self, change: StructureChange) -> list[str]:
        texts = super()._restored(change)
        if change.column is not None and not change.column.nullable:
            table = self.name(change.table)
            texts.append(f"ALTER TABLE {table} ALTER COLUMN {quote_name(change.column.name)} SET NOT NULL")
        return texts
