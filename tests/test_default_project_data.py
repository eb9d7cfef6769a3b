"""The demo's data: made whole or not at all, reused when it fits, with the types and keys that the models rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from metricgate.adapters.warehouses.duckdb.file import build_file, read_row
from metricgate.demo.database import DemoDataError, load_demo, main, scale_from


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return load_demo(tmp_path_factory.mktemp("demo"), scale_factor=0.01, progress=lambda _line: None)


def test_both_domains_are_there_with_their_rows(database: Path):
    """Commerce has TPC-H's proportions; flights has every flight of the package."""
    counts = {
        "commerce.region": 5,
        "commerce.nation": 25,
        "commerce.customer": 1_500,
        "commerce.orders": 15_000,
        "commerce.lineitem": 60_175,
        "flights.flights": 336_776,
        "flights.airlines": 16,
        "flights.airports": 1_458,
        "flights.planes": 3_322,
        "flights.weather": 26_115,
    }
    assert {table: read_row(database, f"SELECT count(*) FROM {table}") for table in counts} == {
        table: (count,) for table, count in counts.items()
    }


def test_missing_values_are_null_and_never_text(database: Path):
    """``NA`` of the package is NULL: in numbers, in tail numbers, in time zones."""
    nulls = "count(*) FILTER (dep_time IS NULL), count(*) FILTER (tailnum IS NULL), count(*) FILTER (tailnum = 'NA')"
    assert read_row(database, f"SELECT {nulls} FROM flights.flights") == (8_255, 2_512, 0)
    zones = "count(*) FILTER (tzone IS NULL), count(*) FILTER (tzone = '\\N')"
    assert read_row(database, f"SELECT {zones} FROM flights.airports") == (3, 0)


def test_time_hour_is_utc_and_the_added_times_are_new_yorks(database: Path):
    """The first flight left at 5:15 in New York, which is 10 o'clock and a quarter in UTC."""
    row = read_row(
        database,
        "SELECT time_hour::VARCHAR, scheduled_departure::VARCHAR, flight_date::VARCHAR, typeof(time_hour) "
        "FROM flights.flights WHERE carrier = 'UA' AND flight = 1545 ORDER BY time_hour LIMIT 1",
    )
    assert row == ("2013-01-01 10:00:00", "2013-01-01 05:15:00", "2013-01-01", "TIMESTAMP")
    wrong = (
        "SELECT count(*) FROM flights.flights WHERE date_trunc('hour', scheduled_departure) "
        "<> timezone('America/New_York', timezone('UTC', time_hour))"
    )
    assert read_row(database, wrong) == (0,)


def test_what_was_added_to_commerce_is_the_orders_and_the_customers(database: Path):
    """Date, customer and territory on a line item are those of its order and of its customer's region."""
    wrong = (
        "SELECT count(*) FROM commerce.lineitem JOIN commerce.orders ON o_orderkey = l_orderkey "
        "JOIN commerce.customer ON c_custkey = o_custkey JOIN commerce.nation ON n_nationkey = c_nationkey "
        "JOIN commerce.region ON r_regionkey = n_regionkey WHERE l_orderdate <> o_orderdate OR l_custkey <> o_custkey "
        "OR l_territory <> r_name OR o_territory <> r_name OR c_territory <> r_name"
    )
    assert read_row(database, wrong) == (0,)
    assert read_row(database, "SELECT count(*) FROM commerce.lineitem WHERE l_territory IS NULL") == (0,)


def test_a_whole_file_of_the_same_scale_is_used_again(database: Path):
    """A second load does nothing and says so."""
    before = database.stat().st_mtime_ns
    lines: list[str] = []
    assert load_demo(database.parent, scale_factor=0.01, progress=lines.append) == database
    assert database.stat().st_mtime_ns == before
    assert "already" in lines[0]


def test_what_is_broken_foreign_or_of_another_scale_is_built_anew(tmp_path: Path):
    """Text in its place, a database without the manifest, and another scale are all replaced by a whole file."""
    path = tmp_path / "warehouse.duckdb"
    path.write_text("half a file")
    load_demo(tmp_path, scale_factor=0.01, progress=lambda _line: None)
    assert read_row(path, "SELECT scale_factor FROM demo.manifest") == (0.01,)
    load_demo(tmp_path, scale_factor=0.011, progress=lambda _line: None)
    assert read_row(path, "SELECT scale_factor FROM demo.manifest") == (0.011,)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_an_interrupted_load_leaves_what_was_there(tmp_path: Path):
    """Ctrl-C in the middle: the old file stays, no scraps stay, the next load builds."""
    path = tmp_path / "warehouse.duckdb"
    with build_file(path) as (builder, _scratch):
        builder.execute("CREATE TABLE old AS SELECT 1 AS a")

    def interrupt(line: str) -> None:
        if "flights" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_demo(tmp_path, scale_factor=0.01, progress=interrupt)
    assert read_row(path, "SELECT a FROM old") == (1,)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("scale", [0, -1, 0.009, 101, float("nan"), float("inf")])
def test_a_scale_out_of_range_is_refused(tmp_path: Path, scale: float):
    """Before anything is generated."""
    with pytest.raises(DemoDataError, match="scale"):
        load_demo(tmp_path, scale_factor=scale, progress=lambda _line: None)


def test_the_scale_comes_from_the_environment():
    """``METRICGATE_DEMO_SCALE`` decides; what is no number is told by name."""
    assert scale_from({}) == 0.05
    assert scale_from({"METRICGATE_DEMO_SCALE": " 0.2 "}) == 0.2
    with pytest.raises(DemoDataError, match=r"METRICGATE_DEMO_SCALE.*'big'"):
        scale_from({"METRICGATE_DEMO_SCALE": "big"})


def test_the_command_ends_with_a_sentence_and_not_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A bad scale and a place that cannot be written end with exit code 1 and words."""
    assert main([str(tmp_path)], {"METRICGATE_DEMO_SCALE": "-3"}) == 1
    assert "error: the scale" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file" / "below")], {}) == 1
    assert "error:" in capsys.readouterr().err
