"""Every type of MariaDB comes out of it by both of its protocols.

The server has no list of its types; what its own tables and its plugins use must be in the table here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from tests.contracts import servers
from tests.contracts.server_engines import mariadb_warehouse
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.mariadb.reading.types import ResultField
from metricgate.adapters.warehouses.mariadb.warehouse import _column_types
from metricgate.gateway.ports import Warehouse, WarehouseError

Result = TypeVar("Result")

POINT = "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA=="

TYPES: dict[str, tuple[str, str, object]] = {
    "tinyint": ("-128", "integer", -128),
    "tinyint(1)": ("1", "boolean", True),
    "smallint": ("-32768", "integer", -32768),
    "mediumint unsigned": ("16777215", "integer", 16777215),
    "int(9) zerofill": ("42", "integer", 42),
    "bigint unsigned": ("18446744073709551615", "integer", "18446744073709551615"),
    "year": ("2026", "integer", 2026),
    "bit(1)": ("b'1'", "integer", 1),
    "bit(64)": (f"b'{'1' * 64}'", "integer", "18446744073709551615"),
    "decimal(65,30)": ("1.10", "decimal", "1.100000000000000000000000000000"),
    "decimal(20,0)": ("7", "integer", 7),
    "float": ("16777216", "float", 16777216.0),
    "double": ("0.1e0 + 0.2e0", "float", 0.30000000000000004),
    "char(5)": ("'Grü\U0001f600'", "string", "Grü\U0001f600"),
    "varchar(5)": ("''", "string", ""),
    "tinytext": ("'\\\\'", "string", "\\"),
    "text": ("'a\\nb'", "string", "a\nb"),
    "mediumtext": ("'a'", "string", "a"),
    "longtext": ("'a'", "string", "a"),
    "json": ("'{\"a\": 1.10}'", "string", '{"a": 1.10}'),
    "enum('a','b')": ("'b'", "string", "b"),
    "set('a','b')": ("'a,b'", "string", "a,b"),
    "uuid": ("'95369340-61c6-4754-97fc-4de39dcf989b'", "string", "95369340-61c6-4754-97fc-4de39dcf989b"),
    "inet4": ("'1.2.3.4'", "string", "1.2.3.4"),
    "inet6": ("'::1'", "string", "::1"),
    "binary(3)": ("X'00FF'", "binary", "AP8A"),
    "varbinary(3)": ("X'00FF'", "binary", "AP8="),
    "tinyblob": ("X'00FF'", "binary", "AP8="),
    "blob": ("X'00FF'", "binary", "AP8="),
    "mediumblob": ("X'00FF'", "binary", "AP8="),
    "longblob": ("X'00FF'", "binary", "AP8="),
    "date": ("'2026-01-31'", "date", "2026-01-31"),
    "datetime(6)": ("'2026-01-31 13:30:00.25'", "timestamp", "2026-01-31T13:30:00.250000"),
    "timestamp(6)": ("'2026-01-31 13:30:00.25'", "timestamp_tz", "2026-01-31T13:30:00.250000+00:00"),
    "time(6)": ("'-838:59:58.5'", "time", "-838:59:58.500000"),
    **{
        kind: (f"ST_GeomFromText('{text}')", "binary", None)
        for kind, text in (
            ("linestring", "LINESTRING(1 2,3 4)"),
            ("polygon", "POLYGON((0 0,0 1,1 1,0 0))"),
            ("multipoint", "MULTIPOINT(1 2,3 4)"),
            ("multilinestring", "MULTILINESTRING((1 2,3 4))"),
            ("multipolygon", "MULTIPOLYGON(((0 0,0 1,1 1,0 0)))"),
            ("geometrycollection", "GEOMETRYCOLLECTION(POINT(1 2))"),
        )
    },
    "geometry": ("POINT(1, 2)", "binary", POINT),
    "point": ("POINT(1, 2)", "binary", POINT),
}
"""By declaration: what to store, the logical type of the column, the value on the wire (None: some base64)."""


@pytest.fixture(scope="module")
def stored() -> Iterator[str]:
    """The name of a table with a column of each type, a row of values and a row of NULLs."""
    asyncio.run(mariadb_warehouse().close())
    with servers.mariadb_connection(servers.mariadb()) as admin, admin.cursor() as cursor:
        columns = ", ".join(f"c{at} {kind} NULL" for at, kind in enumerate(TYPES))
        cursor.execute(f"USE {servers.SCHEMA}")
        cursor.execute("SET SESSION time_zone = '+00:00'")
        cursor.execute(f"CREATE TABLE every_type (id INT PRIMARY KEY, {columns})")
        cursor.execute(f"INSERT INTO every_type VALUES (1, {', '.join(sql for sql, _type, _wire in TYPES.values())})")
        cursor.execute("INSERT INTO every_type (id) VALUES (2)")
        cursor.execute("CREATE TABLE eight_bits (b BIT(8))")
        cursor.execute("INSERT INTO eight_bits VALUES (5)")
        yield "every_type"
        cursor.execute("DROP TABLE every_type, eight_bits")


def using(work: Callable[[Warehouse], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        warehouse = mariadb_warehouse(callers=1)
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


def test_the_table_holds_every_type_that_the_server_uses():
    """In its own tables, and by its plugins: a type of a newer MariaDB that it uses itself fails here."""
    with servers.mariadb_connection(servers.mariadb()) as admin, admin.cursor() as cursor:
        cursor.execute("SELECT DISTINCT DATA_TYPE FROM information_schema.COLUMNS")
        listed = {str(name) for (name,) in cursor.fetchall()}
        cursor.execute("SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'DATA TYPE'")
        listed |= {str(name) for (name,) in cursor.fetchall()}
    assert listed <= {kind.partition("(")[0].split(" ", maxsplit=1)[0] for kind in TYPES}


@pytest.mark.parametrize("protocol", ["text", "binary"])
def test_every_type_beside_null(stored: str, protocol: str):
    """The same value, whether a FLOAT among the columns has the statement's rows come in binary or not."""
    kinds = [(at, kind) for at, kind in enumerate(TYPES) if protocol == "binary" or kind != "float"]

    async def work(warehouse: Warehouse) -> None:
        names = ", ".join(f"c{at}" for at, _kind in kinds)
        rows = await warehouse.run(released(f"SELECT {names} FROM {stored} ORDER BY id"))
        for (_at, kind), column, value, null in zip(kinds, rows.columns, *rows.values, strict=True):
            _sql, logical, wire = TYPES[kind]
            assert (str(column.type), null) == (logical, None), kind
            assert value == wire or (wire is None and isinstance(value, str) and value.startswith("AAAAAA")), kind

    using(work)


def test_bits_of_expressions_are_numbers_or_refused(stored: str):
    """MariaDB sends them as they are or as digits; where both could be meant, the column is refused by name."""
    nine = f"c{list(TYPES).index('bit(64)')}"
    one = f"c{list(TYPES).index('bit(1)')}"

    async def work(warehouse: Warehouse) -> None:
        wire = "18446744073709551615"
        for sql in (f"MIN({nine})", f"COALESCE({nine}, NULL)", f"FIRST_VALUE({nine}) OVER (ORDER BY id)"):
            rows = await warehouse.run(released(f"SELECT {sql} AS v FROM {stored} WHERE id = 1"))
            assert rows.values[0][0] == wire, sql
        rows = await warehouse.run(released(f"SELECT MAX({one}) AS v FROM {stored}"))
        assert rows.values[0][0] == 1
        eight = f"SELECT COALESCE(v, v) AS v FROM (SELECT c.b AS v FROM {stored} JOIN eight_bits AS c) AS t LIMIT 1"
        with pytest.raises(WarehouseError) as caught:
            await warehouse.run(released(eight))
        assert caught.value.code == "E_SQL_TYPE_NOT_CARRIED"
        assert "add 0" in str(caught.value.details["value"])
        rows = await warehouse.run(released(eight.replace("COALESCE(v, v) AS v", "COALESCE(v, v) + 0 AS v")))
        assert rows.values[0][0] == 5

    using(work)


def test_columns_are_described_as_they_come(stored: str):
    """``describe`` and a SELECT call a type the same."""

    async def work(warehouse: Warehouse) -> None:
        found = (await warehouse.describe([(stored,)]))[stored,] or ()
        rows = await warehouse.run(released(f"SELECT * FROM {stored} ORDER BY id"))
        assert [str(each.type) for each in found] == [str(each.type) for each in rows.columns]

    using(work)


def test_a_type_that_nobody_knows_is_refused_by_column():
    """What a newer server may send (242 is MySQL 9's VECTOR): with what to write in its place."""
    known = ResultField(name="a", code=3, length=11, scale=0, charset=63)
    unknown = ResultField(name="my `vector", code=242, length=16, scale=0, charset=63)
    with pytest.raises(WarehouseError) as caught:
        _column_types([known, unknown], [])
    assert caught.value.code == "E_SQL_TYPE_NOT_CARRIED"
    assert caught.value.details == {
        "column": "my `vector",
        "type": "number 242 of the protocol",
        "cast": "CAST(`my ``vector` AS CHAR)",
    }
