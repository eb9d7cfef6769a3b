"""The shapes of DuckDB's tables, from what it says of its columns, constraints and indexes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from metricgate.adapters.warehouses.changing.session import WriteSession
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, TableShape

MARKS = "metricgate_applied"
"""The table of markers, in schema ``main``."""

_RELATIONS_SQL = """
SELECT database_name, schema_name, table_name, CAST(NOT temporary AS VARCHAR)
FROM duckdb_tables() WHERE database_name = current_database()
UNION ALL
SELECT database_name, schema_name, view_name, 'false'
FROM duckdb_views() WHERE database_name = current_database() AND NOT internal
"""
_COLUMNS_SQL = """
SELECT database_name, schema_name, table_name, column_name, data_type, CAST(is_nullable AS VARCHAR),
    CAST(coalesce(is_generated, false) AS VARCHAR), column_default
FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal ORDER BY table_oid, column_index
"""
_CONSTRAINTS_SQL = """
SELECT database_name, schema_name, table_name, constraint_type, constraint_name,
    CAST(to_json(constraint_column_names) AS VARCHAR), referenced_table,
    CAST(to_json(referenced_column_names) AS VARCHAR)
FROM duckdb_constraints() WHERE database_name = current_database() ORDER BY table_oid, constraint_index
"""
_INDEXES_SQL = """
SELECT database_name, schema_name, table_name, expressions
FROM duckdb_indexes() WHERE database_name = current_database() AND is_unique ORDER BY table_oid, index_oid
"""
_TRIGGERS_SQL = """
SELECT database_name, schema_name, table_name, trigger_name
FROM duckdb_triggers() WHERE database_name = current_database() ORDER BY trigger_oid
"""
_NAME = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_LOSSY = re.compile(r"\b(UNION|VARIANT|GEOMETRY)\b|\bJSON\b.*\]")
"""DuckDB does not quote documents in the text of a list, so that it cannot read them there."""


@dataclass(slots=True)
class _Facts:
    """What is known of one table so far."""

    plain: bool
    columns: list[ColumnShape] = field(default_factory=list)
    primary: tuple[str, ...] = ()
    unique: list[tuple[str, ...]] = field(default_factory=list)
    references: list[ForeignKey] = field(default_factory=list)
    referenced_by: list[ForeignKey] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)


def read_shapes(session: WriteSession, relations: Sequence[Location]) -> dict[Location, TableShape]:
    """Return the shapes of those relations that exist, by the names asked for, and of their foreign keys' tables."""
    [(database,)] = session.read("SELECT current_database()", ())
    asked = {_full_location(relation, database or ""): relation for relation in relations}
    facts = _read_facts(session)
    wanted = dict.fromkeys(full for full in asked if full in facts)
    for full in tuple(wanted):
        wanted.update(dict.fromkeys(key.table for key in facts[full].referenced_by))
        wanted.update(dict.fromkeys(key.referenced for key in facts[full].references))
    return {asked.get(full, full): _shape_of(full, facts[full], asked) for full in wanted if full in facts}


def loses_as_text(kind: str) -> bool:
    """Return whether values of a type, or of something in it, are more than their text."""
    return _LOSSY.search(_QUOTED.sub("", kind)) is not None


def lossy(effect: ChangeEffect, shapes: Mapping[Location, TableShape]) -> ChangeEffect:
    """Return the effect with a word on columns whose text is not all that is in them."""
    found = list(effect.unknown)
    for each in effect.tables:
        shape = shapes.get(each.table)
        types = {} if shape is None else {column.name: column.type for column in shape.columns}
        found += [
            f"{'.'.join(each.table)}.{name}: text does not hold all of a value of type {types[name]}"
            for name in each.changed_columns()
            if loses_as_text(types.get(name, ""))
        ]
    return replace(effect, unknown=tuple(dict.fromkeys(found)))


def _read_facts(session: WriteSession) -> dict[Location, _Facts]:
    facts: dict[Location, _Facts] = {}
    for *names, plain in session.read(_RELATIONS_SQL, ()):
        location = _lower_case(names)
        facts[location] = _Facts(plain=plain == "true" and location[1:] != ("main", MARKS))
    for database, schema, table, name, kind, nullable, generated, default in session.read(_COLUMNS_SQL, ()):
        own = facts.get(_lower_case((database, schema, table)))
        if own is not None:
            computed = generated == "true"
            column = ColumnShape(
                name=name or "",
                type=kind or "",
                nullable=nullable == "true",
                generated=computed,
                identity=not computed and "nextval(" in (default or "").lower(),
                default=None if computed else default,
            )
            own.columns.append(column)
    for database, schema, table, kind, name, columns, other, other_columns in session.read(_CONSTRAINTS_SQL, ()):
        location = _lower_case((database, schema, table))
        if location in facts:
            # A foreign key refers to a table of its own schema: DuckDB has no others.
            referenced = _lower_case((database, schema, other)) if kind == "FOREIGN KEY" else location
            _note_constraint(
                facts, location, kind or "", name or "", _names_in(columns), referenced, _names_in(other_columns)
            )
    for database, schema, table, expressions in session.read(_INDEXES_SQL, ()):
        own = facts.get(_lower_case((database, schema, table)))
        parts = tuple(part.strip() for part in (expressions or "").strip("[]").split(","))
        if own is not None and all(_NAME.fullmatch(part) for part in parts):
            own.unique.append(tuple(each.name for part in parts for each in own.columns if each.name == part))
    for database, schema, table, trigger in session.read(_TRIGGERS_SQL, ()):
        own = facts.get(_lower_case((database, schema, table)))
        if own is not None:
            own.triggers.append(trigger or "")
    return facts


def _note_constraint(
    facts: Mapping[Location, _Facts],
    location: Location,
    kind: str,
    name: str,
    columns: tuple[str, ...],
    referenced: Location,
    referenced_columns: tuple[str, ...],
) -> None:
    own = facts[location]
    if kind == "PRIMARY KEY":
        own.primary = columns
    elif kind == "UNIQUE":
        own.unique.append(columns)
    elif kind == "FOREIGN KEY":
        key = ForeignKey(
            name=name,
            table=location,
            columns=columns,
            referenced=referenced,
            referenced_columns=referenced_columns,
        )
        own.references.append(key)
        if referenced in facts:
            facts[referenced].referenced_by.append(key)


def _shape_of(full: Location, facts: _Facts, asked: Mapping[Location, Location]) -> TableShape:
    needed = {each.name for each in facts.columns if not each.nullable}
    unique = [key for key in dict.fromkeys(facts.unique) if key]
    key = facts.primary or next((each for each in unique if set(each) <= needed), ())
    return TableShape(
        location=asked.get(full, full),
        columns=tuple(facts.columns),
        key=key,
        unique=tuple(each for each in unique if each != key),
        references=_spelt(facts.references, asked),
        referenced_by=_spelt(facts.referenced_by, asked),
        triggers=tuple(facts.triggers),
        plain=facts.plain,
    )


def _spelt(keys: Iterable[ForeignKey], asked: Mapping[Location, Location]) -> tuple[ForeignKey, ...]:
    return tuple(
        replace(key, table=asked.get(key.table, key.table), referenced=asked.get(key.referenced, key.referenced))
        for key in keys
    )


def _full_location(relation: Location, database: str) -> Location:
    missing = (database, "main")[: 3 - len(relation)]
    return _lower_case((*missing, *relation))


def _lower_case(names: Iterable[str | None]) -> Location:
    return tuple((name or "").lower() for name in names)


def _names_in(text: str | None) -> tuple[str, ...]:
    return tuple(json.loads(text)) if text else ()
