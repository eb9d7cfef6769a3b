"""The shapes of MariaDB's tables, from ``information_schema``, which shows what the account has a right to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from metricgate.adapters.warehouses.changing.session import WriteSession
from metricgate.adapters.warehouses.servers.session import FAILED
from metricgate.changing.change import Row
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, Reaction, TableShape
from metricgate.gateway.changes.ports import ChangeFailed

_TABLES = """
SELECT t.table_schema, t.table_name, t.table_type, COALESCE(e.transactions, 'NO'), COALESCE(t.create_options, '')
FROM information_schema.tables AS t LEFT JOIN information_schema.engines AS e ON e.engine = t.engine
WHERE {where}
"""
_KEYS = """
SELECT k.constraint_schema, k.constraint_name, k.table_name, k.referenced_table_schema, k.referenced_table_name,
  k.column_name, k.referenced_column_name
FROM information_schema.key_column_usage AS k WHERE k.referenced_table_name IS NOT NULL AND {where}
ORDER BY k.constraint_schema, k.table_name, k.constraint_name, k.ordinal_position
"""
_RULES = """
SELECT table_name, constraint_name, delete_rule, update_rule, match_option
FROM information_schema.referential_constraints WHERE constraint_schema = %s
"""
_LINKS = "SELECT for_name, ref_name FROM information_schema.innodb_sys_foreign"
_SCHEMAS = "SELECT schema_name FROM information_schema.schemata"
_COLUMNS = """
SELECT table_schema, table_name, column_name, column_type, character_set_name, collation_name, is_nullable, extra,
  column_default, is_generated
FROM information_schema.columns WHERE {where} ORDER BY table_schema, table_name, ordinal_position
"""
_INDEXES = """
SELECT table_schema, table_name, index_name, column_name, COALESCE(CAST(sub_part AS CHAR), '')
FROM information_schema.statistics WHERE non_unique = 0 AND ({where})
ORDER BY table_schema, table_name, index_name <> 'PRIMARY', index_name, seq_in_index
"""
IN_UNIQUE = """
SELECT column_name FROM information_schema.statistics WHERE non_unique = 0 AND table_schema = %s AND table_name = %s
"""
"""The columns of unique keys, of those too that are over the beginning of a column."""
_TRIGGERS = """
SELECT event_object_schema, event_object_table, trigger_name FROM information_schema.triggers
WHERE (event_object_schema, event_object_table) IN ({tables})
"""
_RIGHTS = """
SELECT '', '' FROM information_schema.user_privileges WHERE privilege_type = 'TRIGGER'
UNION SELECT table_schema, '' FROM information_schema.schema_privileges WHERE privilege_type = 'TRIGGER'
UNION SELECT table_schema, table_name FROM information_schema.table_privileges WHERE privilege_type = 'TRIGGER'
"""
# Where the account may not see the rule, it is taken for the one that goes furthest; rows that stay fall out.
_REACTIONS = {
    "": Reaction.CASCADE,
    "CASCADE": Reaction.CASCADE,
    "SET NULL": Reaction.SET_NULL,
    "SET DEFAULT": Reaction.SET_DEFAULT,
}
_Name = tuple[str, str]
_Link = tuple[str, str]
ForeignKeyRules = Mapping[tuple[str, str], tuple[str | None, str | None, str | None]]
"""(table, foreign key) -> what it does ON DELETE and ON UPDATE, and how it matches."""


def read_shapes(session: WriteSession, relations: Sequence[Location], database: str) -> Mapping[Location, TableShape]:
    """Return the shapes of those relations that exist, by the names asked for, and of their foreign keys' tables."""
    asked: dict[_Name, Location] = {}
    for relation in relations:
        if len(relation) in {1, 2}:
            asked.setdefault((relation[0] if len(relation) > 1 else database, relation[-1]), relation)
    if not asked:
        return {}
    links = _links(session)
    keys = _foreign_keys(session, {schema for schema, _table in asked}, links)
    wanted = sorted(_reached_tables(set(asked), keys))
    tables = {(str(row[0]), str(row[1])): row for row in _about(session, _TABLES, "t.", wanted)}
    columns = _group_by_table(_about(session, _COLUMNS, "", wanted))
    indexes = _group_by_table(_about(session, _INDEXES, "", wanted))
    places = ", ".join("(%s, %s)" for _each in wanted)
    triggers = _group_by_table(
        session.read(_TRIGGERS.format(tables=places), [part for each in wanted for part in each])
    )
    rights = set(session.read(_RIGHTS, ()))
    referring = None if links is None else Counter(table for _from, table in links)
    names = {each: asked.get(each, each) for each in tables}
    foreign = [_rename_tables(key, names) for key in keys if key.table in names and key.referenced in names]
    shapes: dict[Location, TableShape] = {}
    for table, row in tables.items():
        own = tuple(_column_shape(each) for each in columns.get(table, []))
        unique = _unique_keys(indexes.get(table, []))
        never = {each.name for each in own if not each.nullable}
        key = next((each for each in unique if never.issuperset(each)), ())
        acting = [str(name) for (name,) in triggers.get(table, [])]
        if not rights & {("", ""), (table[0], ""), table}:
            acting.append("that the writer's account has no right (TRIGGER) to see")
        if referring is None or referring[_encode_name(table)] != sum(key.referenced == table for key in keys):
            acting.append("behind foreign keys that the writer's account has no right (PROCESS, SELECT) to see")
        shapes[names[table]] = TableShape(
            location=names[table],
            columns=own,
            key=key,
            unique=tuple(each for each in unique if each != key),
            references=tuple(each for each in foreign if each.table == names[table]),
            referenced_by=tuple(each for each in foreign if each.referenced == names[table]),
            triggers=tuple(acting),
            transactional=row[3] == "YES",
            plain=row[2] == "BASE TABLE" and "partitioned" not in str(row[4]),
        )
    return shapes


def _about(session: WriteSession, sql: str, prefix: str, tables: Sequence[_Name]) -> list[Row]:
    where = " OR ".join(f"({prefix}table_schema = %s AND {prefix}table_name = %s)" for _each in tables)
    return session.read(sql.format(where=where), [part for each in tables for part in each])


def _foreign_keys(session: WriteSession, schemas: set[str], links: Sequence[_Link] | None) -> list[ForeignKey]:
    """Return the foreign keys of these databases and of all that they lead to."""
    linked = None if links is None else _linked_databases(session, schemas, links)
    if linked is None:
        rows = _scanned(session, schemas)
    else:
        # One schema at a time: the server opens what one name says, and otherwise every table and view that it has.
        sql = _KEYS.format(where="k.constraint_schema = %s AND k.table_schema = %s")
        rows = [row for each in sorted(linked) for row in session.read(sql, (each, each))]
    rules = {each: foreign_key_rules(session, each) for each in {str(row[0]) for row in rows}}
    grouped: dict[tuple[str, ...], list[_Name]] = {}
    for row in rows:
        *head, column, referenced = (str(each) for each in row)
        grouped.setdefault(tuple(head), []).append((column, referenced))
    return [
        ForeignKey(
            name=name,
            table=(schema, table),
            columns=tuple(column for column, _other in pairs),
            referenced=(other_schema, other),
            referenced_columns=tuple(column for _own, column in pairs),
            on_delete=_REACTIONS.get(on_delete or "", Reaction.REFUSE),
            on_update=_REACTIONS.get(on_update or "", Reaction.REFUSE),
        )
        for (schema, name, table, other_schema, other), pairs in grouped.items()
        for on_delete, on_update, _match in [rules[schema].get((table, name), (None, None, None))]
    ]


def foreign_key_rules(session: WriteSession, schema: str) -> ForeignKeyRules:
    """Return what the foreign keys of one schema do, as far as the account sees it.

    They are asked for by themselves: beside another table in one SELECT the server would look through all databases.
    """
    return {
        (str(table), str(name)): (on_delete, on_update, match)
        for table, name, on_delete, on_update, match in session.read(_RULES, (schema,))
    }


def _linked_databases(session: WriteSession, schemas: set[str], links: Sequence[_Link]) -> set[str] | None:
    """Return the databases that foreign keys lead to, in either direction; None where one is not known by its name."""
    pairs = {tuple(name.partition("/")[0] for name in link) for link in links}
    found = {_encode_name((each,)) for each in schemas}
    while more := {at for pair in pairs if found & {*pair} for at in pair} - found:
        found |= more
    names = {_encode_name((str(name),)): str(name) for (name,) in session.read(_SCHEMAS, ())}
    return schemas | {names[each] for each in found if each in names} if found <= names.keys() else None


def _scanned(session: WriteSession, schemas: set[str]) -> list[Row]:
    """Look through all that the account sees."""
    schemas = set(schemas)
    while True:
        places = ", ".join("%s" for _each in schemas)
        where = f"(k.constraint_schema IN ({places}) OR k.referenced_table_schema IN ({places}))"
        rows = session.read(_KEYS.format(where=where), [*sorted(schemas)] * 2)
        found = {str(at) for row in rows for at in (row[0], row[3])}
        if found <= schemas:
            return rows
        schemas |= found


def _reached_tables(tables: set[_Name], keys: Sequence[ForeignKey]) -> set[_Name]:
    found = set(tables)
    while True:
        more: set[_Name] = set()
        for key in keys:
            ends = {(key.table[0], key.table[1]), (key.referenced[0], key.referenced[1])}
            if ends & found:
                more |= ends - found
        if not more:
            return found
        found |= more


def _links(session: WriteSession) -> list[_Link] | None:
    """Return which table refers to which, as InnoDB spells them, or None: it tells only who has the right PROCESS."""
    try:
        rows = session.read(_LINKS, ())
    except ChangeFailed as error:
        if error.code != FAILED:
            raise
        return None
    return [(str(table).lower(), str(other).lower()) for table, other in rows]


def _encode_name(table: Sequence[str]) -> str:
    """Return the name as InnoDB spells it."""
    parts = ("".join(each if each.isalnum() or each == "_" else f"@{ord(each):04x}" for each in part) for part in table)
    return "/".join(parts).lower()


def _rename_tables(key: ForeignKey, names: Mapping[_Name, Location]) -> ForeignKey:
    return ForeignKey(
        name=key.name,
        table=names[key.table[0], key.table[1]],
        columns=key.columns,
        referenced=names[key.referenced[0], key.referenced[1]],
        referenced_columns=key.referenced_columns,
        on_delete=key.on_delete,
        on_update=key.on_update,
    )


def _column_shape(row: Row) -> ColumnShape:
    name, kind, characters, collation, nullable, extra, default, generated = row
    collated = f" CHARACTER SET {characters} COLLATE {collation}" if characters else ""
    return ColumnShape(
        name=str(name),
        type=f"{kind}{collated}",
        nullable=nullable == "YES",
        generated=generated == "ALWAYS",
        moving="on update" in str(extra).lower(),
        identity="auto_increment" in str(extra),
        default=None if default == "NULL" else default,
    )


def _unique_keys(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return the unique keys over whole columns; one over the beginning of a column tells less."""
    found: dict[str, list[str]] = {}
    partial: set[str] = set()
    for index, column, part in rows:
        found.setdefault(str(index), []).append(str(column))
        if part:
            partial.add(str(index))
    return [tuple(columns) for index, columns in found.items() if index not in partial]


def _group_by_table(rows: Sequence[Row]) -> dict[_Name, list[Row]]:
    found: dict[_Name, list[Row]] = {}
    for schema, table, *rest in rows:
        found.setdefault((str(schema), str(table)), []).append(tuple(rest))
    return found
