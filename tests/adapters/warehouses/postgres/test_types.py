"""Every type that PostgreSQL itself lists comes out of it, flat and in arrays, composites, domains and rows.

The list is the server's own (``pg_type``): a type of a newer PostgreSQL fails here until somebody says what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from tests.contracts import servers
from tests.contracts.server_engines import postgres_warehouse
from tests.contracts.warehouse_engines import released

from metricgate.gateway.ports import Warehouse, WarehouseError

Result = TypeVar("Result")

_SAME = {
    "bpchar": "a",
    "char": "c",
    "cidr": "10.0.0.0/8",
    "circle": "<(1,2),3>",
    "cid": "5",
    "box": "(2,2),(1,1)",
    "inet": "10.0.0.1/24",
    "jsonpath": '$."a"',
    "line": "{1,2,3}",
    "lseg": "[(1,2),(3,4)]",
    "macaddr": "08:00:2b:01:02:03",
    "macaddr8": "08:00:2b:01:02:03:04:05",
    "money": "$1,234.50",
    "name": "a name",
    "path": "((1,2),(3,4))",
    "pg_lsn": "16/B374D848",
    "pg_snapshot": "10:20:10,14",
    "point": "(1,0.30000000000000004)",
    "polygon": "((1,2),(3,4))",
    "refcursor": "c",
    "regclass": "pg_class",
    "regcollation": '"C"',
    "regconfig": "english",
    "regdictionary": "simple",
    "regnamespace": "pg_catalog",
    "regoper": "||/",
    "regoperator": "+(integer,integer)",
    "regproc": "now",
    "regprocedure": "sum(integer)",
    "regrole": "pg_monitor",
    "regtype": "integer",
    "text": 'Grüße "q" \\ {,} \n NULL',
    "tid": "(0,1)",
    "tsquery": "'a' & 'b'",
    "tsvector": "'a':1 'b':2",
    "txid_snapshot": "10:20:10,14",
    "uuid": "95369340-61c6-4754-97fc-4de39dcf989b",
    "varbit": "0101",
    "varchar": "",
    "xid": "5",
    "xid8": "5",
    "xml": "<a>b</a>",
    "int2vector": "1 2",
    "oidvector": "1 2",
    "datemultirange": "{[2026-01-01,2026-02-01)}",
    "int4multirange": "{[1,2),[5,6)}",
    "int8multirange": "{[1,2)}",
    "nummultirange": "{[1.10,2)}",
    "tsmultirange": '{["2026-01-01 00:00:00","2026-02-01 00:00:00")}',
    "tstzmultirange": '{["2026-01-01 00:00:00+00","2026-02-01 00:00:00+00")}',
    "daterange": "[2026-01-01,2026-02-01)",
    "int4range": "[1,2)",
    "int8range": "[1,9223372036854775807)",
    "numrange": "[1.10,2]",
    "tsrange": '["2026-01-01 00:00:00",infinity]',
    "tstzrange": '["2026-01-01 00:00:00+00",)',
}
"""Types whose values are texts, as the server writes them."""

FLAT: dict[str, tuple[str, str, object]] = {
    **{kind: (text, "string", text) for kind, text in _SAME.items()},
    "bit": ("1", "string", "1"),
    "bool": ("t", "boolean", True),
    "bytea": ("\\x00ff6162", "binary", "AP9hYg=="),
    "date": ("0044-03-15 BC", "date", "-0043-03-15"),
    "float4": ("16777217", "float", 16777216.0),
    "float8": ("0.30000000000000004", "float", 0.30000000000000004),
    "int2": ("-32768", "integer", -32768),
    "int4": ("7", "integer", 7),
    "int8": ("9223372036854775807", "integer", "9223372036854775807"),
    "interval": ("P1Y1M2DT3.5S", "interval", "P1Y1M2DT3.5S"),
    "json": ('{"a": [1.10, 0.12345678901234567890]}', "json", {"a": [1.1, "0.12345678901234567890"]}),
    "jsonb": ('{"a": [9007199254740993, null]}', "json", {"a": ["9007199254740993", None]}),
    "numeric": ("1.10", "decimal", "1.10"),
    "oid": ("4294967295", "integer", 4294967295),
    "time": ("24:00:00", "time", "24:00:00"),
    "timetz": ("10:00:00.5-03:30", "time", "10:00:00.500000-03:30"),
    "timestamp": ("0001-12-31 01:00:00 BC", "timestamp", "0000-12-31T01:00:00"),
    "timestamptz": ("2026-01-31 13:30:00.25+05:45", "timestamp_tz", "2026-01-31T07:45:00.250000+00:00"),
}
"""By name: what to write for a value, the logical type of a column, the value on the wire."""

NO_VALUES = {
    *("aclitem", "gtsvector", "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary", "pg_dependencies"),
    *("pg_mcv_list", "pg_ndistinct", "pg_node_tree"),
}
"""Types of the catalogue's own, of which nobody can write a value."""


def own_name(kind: str) -> str:
    return f'pg_catalog."{kind}"'


@pytest.fixture(scope="module")
def made() -> Iterator[None]:
    """Composites, composites of lists of composites, and domains over domains of each type."""
    asyncio.run(postgres_warehouse().close())
    schema = servers.SCHEMA
    with servers.postgres_connection(servers.postgres()) as admin:
        for kind in FLAT:
            admin.execute(f'CREATE TYPE {schema}."one_{kind}" AS ("a b" {own_name(kind)}, n {own_name(kind)})')
            admin.execute(f'CREATE TYPE {schema}."two_{kind}" AS (inner_ {schema}."one_{kind}"[], n integer[])')
            admin.execute(f'CREATE DOMAIN {schema}."base_{kind}" AS {own_name(kind)}')
            admin.execute(f'CREATE DOMAIN {schema}."own_{kind}" AS {schema}."base_{kind}"')
        yield
        for kind in FLAT:
            admin.execute(f'DROP TYPE {schema}."two_{kind}", {schema}."one_{kind}"')
            admin.execute(f'DROP DOMAIN {schema}."own_{kind}", {schema}."base_{kind}"')


def using(work: Callable[[Warehouse], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        warehouse = postgres_warehouse(callers=1)
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


async def read(warehouse: Warehouse, sql: str) -> list[tuple[str, list[object]]]:
    """Return each column's type and values."""
    rows = await warehouse.run(released(sql))
    return [
        (str(column.type), list(values))
        for column, values in zip(rows.columns, zip(*rows.values, strict=True), strict=True)
    ]


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def nested(kind: str, schema: str = servers.SCHEMA) -> dict[str, tuple[str, object]]:
    """Return (expression of a value, its wire value) of each type that is made of one."""
    text, _type, wire = FLAT[kind]
    flat = f"CAST({literal(text)} AS {own_name(kind)})"
    one = f'CAST(ROW({flat}, NULL) AS {schema}."one_{kind}")'
    own = f'CAST({flat} AS {schema}."own_{kind}")'
    whole = {"a b": wire, "n": None}
    return {
        "list": (f"ARRAY[{flat}, NULL]", [wire, None]),
        "list of lists": (f"ARRAY[[{flat}], [CAST(NULL AS {own_name(kind)})]]", [[wire], [None]]),
        "list from elsewhere": (f"CAST('[3:4]=' || ARRAY[{flat}, NULL]::text AS {own_name(kind)}[])", [wire, None]),
        "composite": (one, whole),
        "list of composites": (f"ARRAY[{one}, NULL]", [whole, None]),
        "composite of lists": (
            f'CAST(ROW(ARRAY[{one}, NULL], ARRAY[1, NULL]) AS {schema}."two_{kind}")',
            {"inner_": [whole, None], "n": [1, None]},
        ),
        "domain": (own, wire),
        "list of a domain": (f"ARRAY[{own}, NULL]", [wire, None]),
    }


def test_the_table_holds_every_type_that_the_server_lists():
    """A type of a newer PostgreSQL fails here: say what it is."""
    with servers.postgres_connection(servers.postgres()) as admin:
        listed = admin.execute(
            "SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')"
            " AND (typelem = 0 OR typcategory <> 'A' OR typname IN ('int2vector', 'oidvector'))"
        ).fetchall()
    assert {name for (name,) in listed} - NO_VALUES == set(FLAT)


def test_every_flat_type_beside_null():
    """Value and logical type, in one statement with all the others."""

    async def work(warehouse: Warehouse) -> None:
        values = [f"CAST({literal(text)} AS {own_name(kind)})" for kind, (text, _type, _wire) in FLAT.items()]
        got = await read(warehouse, f"SELECT {', '.join(values)} UNION ALL SELECT {', '.join(['NULL'] * len(values))}")
        for kind, (found, shown) in zip(FLAT, got, strict=True):
            assert (found, shown) == (FLAT[kind][1], [FLAT[kind][2], None]), kind

    using(work)


def test_every_type_in_everything_that_nests(made: None):
    """Arrays of several dimensions, composites of arrays of composites, domains over domains; NULL at each level."""

    async def work(warehouse: Warehouse) -> None:
        for kind in FLAT:
            ways = {way: each for way, each in nested(kind).items() if not ("lists" in way and kind.endswith("vector"))}
            got = await read(warehouse, f"SELECT {', '.join(sql for sql, _wire in ways.values())}")
            for (way, (_sql, wire)), (found, [shown]) in zip(ways.items(), got, strict=True):
                assert shown == wire, (kind, way)
                wanted = "struct" if way.startswith("composite") else FLAT[kind][1] if way == "domain" else "list"
                assert found == wanted, (kind, way)

    using(work)


def test_enums_rows_and_what_has_no_items():
    """An enum of the database's own, also in lists; empty lists; rows of tables."""
    cases = {
        "'a'::mood": ("string", "a"),
        "ARRAY['a'::mood, NULL]": ("list", ["a", None]),
        "'{}'::int[]": ("list", []),
        "NULL::int[]": ("list", None),
        "NULL::pg_class": ("struct", None),
        "ARRAY['{}'::jsonb]": ("list", [{}]),
    }

    async def work(warehouse: Warehouse) -> None:
        for sql, (kind, wire) in cases.items():
            assert await read(warehouse, f"SELECT {sql} AS v") == [(kind, [wire])], sql

    using(work)


def test_a_type_with_the_name_of_one_of_the_servers_own_is_itself():
    """An enum called json is no document, and one called numeric no number."""
    schema = servers.SCHEMA
    names = ("json", "numeric", "bool", "record")

    async def work(warehouse: Warehouse) -> None:
        for name in names:
            sql = f"SELECT '1'::{schema}.{name} AS v, ARRAY['1'::{schema}.{name}, NULL] AS l"
            assert await read(warehouse, sql) == [("string", ["1"]), ("list", [["1", None]])], name

    with servers.postgres_connection(servers.postgres()) as admin:
        for name in names:
            admin.execute(f"CREATE TYPE {schema}.{name} AS ENUM ('1', 'a')")
        try:
            using(work)
        finally:
            for name in names:
                admin.execute(f"DROP TYPE {schema}.{name}")


def test_a_composite_that_gains_a_field_is_read_anew():
    """Under a session that has read it before."""
    name = f"{servers.SCHEMA}.growing"

    async def work(warehouse: Warehouse) -> None:
        with servers.postgres_connection(servers.postgres()) as admin:
            admin.execute(f"CREATE TYPE {name} AS (a int)")
            try:
                assert await read(warehouse, f"SELECT CAST(ROW(1) AS {name}) AS v") == [("struct", [{"a": 1}])]
                admin.execute(f"ALTER TYPE {name} ADD ATTRIBUTE b text")
                wire = {"a": 1, "b": None}
                assert await read(warehouse, f"SELECT CAST(ROW(1, NULL) AS {name}) AS v") == [("struct", [wire])]
            finally:
                admin.execute(f"DROP TYPE {name}")

    using(work)


def test_tables_are_described_by_what_their_columns_hold(made: None):
    """A domain by its base type, however far below; the same types as a SELECT of it tells."""
    table = f"{servers.SCHEMA}.described"
    own, one = f"{servers.SCHEMA}.own_timestamptz", f"{servers.SCHEMA}.one_int4"
    columns = {"d": own, "c": one, "l": f"{one}[]", "i": "inet", "b": "bit(3)", "r": "int4range"}

    async def work(warehouse: Warehouse) -> None:
        found = (await warehouse.describe([("described",)]))["described",] or ()
        told = [str(column.type) for column in found]
        assert told == ["timestamp_tz", "struct", "list", "string", "string", "string"]
        assert told == [str(each.type) for each in (await warehouse.run(released("SELECT * FROM described"))).columns]

    with servers.postgres_connection(servers.postgres()) as admin:
        admin.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        try:
            using(work)
        finally:
            admin.execute(f"DROP TABLE {table}")


def test_a_row_without_a_type_is_refused_by_column():
    """The server sends a text, in which a number is no number any more; as JSON it has types."""

    async def work(warehouse: Warehouse) -> None:
        for sql, kind in (("ROW(1, 'x')", "record"), ("ARRAY[ROW(1, ARRAY['a'])]", "record[]")):
            with pytest.raises(WarehouseError) as caught:
                await warehouse.run(released(f'SELECT 1 AS a, {sql} AS "my row"'))
            assert caught.value.code == "E_SQL_TYPE_NOT_CARRIED"
            assert caught.value.details == {"column": "my row", "type": kind, "cast": 'to_jsonb("my row")'}
        read_as_json = await read(warehouse, "SELECT to_jsonb(ROW(1, 'x', NULL)) AS v")
        assert read_as_json == [("json", [{"f1": 1, "f2": "x", "f3": None}])]

    using(work)


def test_what_no_door_could_send_is_refused_by_column():
    """A document nested too deeply, in JSON and in a list of it."""
    deep = "repeat('[', 201) || repeat(']', 201)"

    async def work(warehouse: Warehouse) -> None:
        for sql in (f"({deep})::jsonb", f"ARRAY[({deep})::json]", "'\"\\ud800\"'::json"):
            with pytest.raises(WarehouseError) as caught:
                await warehouse.run(released(f'SELECT 1 AS a, {sql} AS "my doc"'))
            assert caught.value.code == "E_SQL_TYPE_NOT_CARRIED"
            assert caught.value.details["column"] == "my doc"

    using(work)
