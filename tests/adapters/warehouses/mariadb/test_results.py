"""What MariaDB's server shows shortened, renamed or only with tables of its own comes as it is."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.server_changes import Place, drop, new_place
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.mariadb.reading.binary_protocol import shortest
from metricgate.adapters.warehouses.servers.warehouse import ServerWarehouse
from metricgate.gateway.ports import Rows, WarehouseError
from metricgate.vocabulary.result import DataType

_TYPES = """
u bigint unsigned, i tinyint, m mediumint, y year, d double, x decimal(10,3), s varchar(20), b varbinary(4), dd date,
ts datetime(3), tz timestamp(6) null, tm time(2), e enum('a','b'), t set('x','y'), j json, n int
"""
_ROWS = """
(1, 18446744073709551615, -128, -8388608, 2024, 0.1, 1.500, 'é', x'00ff', '2024-02-29', '2024-02-29 10:11:12.250',
 '2024-01-01 00:00:00.000001', '-838:59:59.5', 'b', 'x,y', '[1.10]', 7, 16777216),
(2, 0, 127, 8388607, 1999, -1e300, -0.001, '', '', '1000-01-01', '2024-01-01 00:00:00', NULL, '00:00:00', 'a', '',
 'null', -2147483648, 0.1),
(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""
_NAMES = "u, i, m, y, d, x, s, b, dd, ts, tz, tm, e, t, j, n"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A table of most types with a FLOAT, and one for booleans."""
    found = new_place(
        "mariadb",
        f"CREATE TABLE every (id int PRIMARY KEY, {_TYPES}, f float)",
        f"INSERT INTO every VALUES {_ROWS}",
        "CREATE TABLE truths (id int PRIMARY KEY, yes tinyint(1), many tinyint(1))",
        "INSERT INTO truths VALUES (1, 1, 2), (2, 0, -5), (3, NULL, NULL)",
    )
    yield found
    drop(found)


def test_a_float_comes_with_all_its_digits(place: Place) -> None:
    """The text protocol shows six of them."""
    found = _asked(place, "SELECT f, MAX(f) AS most, f * 1e0 = 16777216 AS same FROM every GROUP BY f ORDER BY f DESC")
    assert [column.type for column in found.columns[:2]] == [DataType.FLOAT, DataType.FLOAT]
    assert [tuple(row[:2]) for row in found.values] == [(16777216.0, 16777216.0), (0.1, 0.1), (None, None)]


def test_values_beside_a_float_are_the_same_as_without_it(place: Place) -> None:
    """A FLOAT changes the protocol for all columns, of every type, NULL among them; and nothing else."""
    plain = _asked(place, f"SELECT {_NAMES} FROM every ORDER BY id")
    beside = _asked(place, f"SELECT {_NAMES}, f FROM every ORDER BY id")
    assert beside.columns[:-1] == plain.columns
    assert [tuple(row[:-1]) for row in beside.values] == [tuple(row) for row in plain.values]


def test_rows_beside_a_float_are_cut_and_the_session_lives(place: Place) -> None:
    """More rows than the cap; and what cannot run is told as what it is."""

    async def work(warehouse: ServerWarehouse) -> None:
        many = "SELECT a.f, a.s FROM every AS a, every AS b, every AS c ORDER BY a.id"
        cut = await warehouse.run(released(many, rows=4))
        assert (len(cut.values), cut.truncated) == (4, "rows")
        with pytest.raises(WarehouseError):
            await warehouse.run(released("SELECT f, CAST(nothing AS CHAR) FROM every"))
        whole = await warehouse.run(released(many, rows=100))
        assert (len(whole.values), whole.truncated) == (27, None)

    _using(place, work)


def test_a_column_for_booleans_that_holds_numbers_is_one_of_numbers(place: Place) -> None:
    """TINYINT(1) is an integer of MariaDB's; true is what is 1."""
    found = _asked(place, "SELECT yes, many FROM truths ORDER BY id")
    assert [column.type for column in found.columns] == [DataType.BOOLEAN, DataType.INTEGER]
    assert [tuple(row) for row in found.values] == [(True, 2), (False, -5), (None, None)]


def test_offsets_need_no_time_zone_tables(place: Place) -> None:
    """A named zone is refused where the server's tables do not hold it; an offset is none."""
    found = _asked(place, "SELECT CONVERT_TZ('2026-01-01 11:00:00', '+00:00', '+05:30') AS t")
    assert [str(row[0]) for row in found.values] == ["2026-01-01T16:30:00"]
    with pytest.raises(WarehouseError) as caught:
        _asked(place, "SELECT CONVERT_TZ('2026-01-01', '+00:00', 'Mars/Olympus') AS t")
    assert caught.value.code == "E_WAREHOUSE_TIME_ZONE"


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_shortest_number_is_that_float(value: float) -> None:
    """And no longer than a FLOAT needs: nine digits."""
    piece = struct.pack("<f", value)
    text = shortest(piece)
    assert struct.pack("<f", float(text)) == piece
    assert len(text.lstrip("-").split("e")[0].replace(".", "").strip("0")) <= 9


def _asked(place: Place, sql: str) -> Rows:
    return _using(place, lambda warehouse: warehouse.run(released(sql)))


def _using(place: Place, work: Callable[[ServerWarehouse], Awaitable[Rows | None]]) -> Rows:
    async def main() -> Rows:
        warehouse = place.warehouse()
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())
