"""Fixture tables (YAML snapshots) -> DuckDB."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import yaml

SCHEMA = "mf"
_TYPES = {
    "STRING": "VARCHAR", "TIME": "TIMESTAMP", "FLOAT": "DOUBLE", "INT": "BIGINT", "BOOLEAN": "BOOLEAN",
}  # fmt: skip
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_fixtures(folder: Path, connection: duckdb.DuckDBPyConnection) -> int:
    """Make every ``table_snapshot`` under ``folder`` a table of the schema; return how many."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    count = 0
    for file in sorted(folder.rglob("*.yaml")):
        for document in yaml.load_all(file.read_text(encoding="utf-8"), Loader=_LOADER):
            if document and "table_snapshot" in document:
                _load(document["table_snapshot"], connection)
                count += 1
    return count


def _load(snapshot: dict, connection: duckdb.DuckDBPyConnection) -> None:
    columns = [(each["name"], str(each["type"]).upper()) for each in snapshot["column_definitions"]]
    table = f"{SCHEMA}.{snapshot['table_name']}"
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    connection.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {_TYPES[kind]}' for name, kind in columns)})")
    rows = [
        [_cell(value, kind) for value, (_name, kind) in zip(row, columns, strict=True)]
        for row in snapshot["rows"] or []
    ]
    if rows:
        values = [f"unnest($column_{at})" for at in range(len(columns))]
        parameters = {f"column_{at}": [row[at] for row in rows] for at in range(len(columns))}
        connection.execute(f"INSERT INTO {table} SELECT {', '.join(values)}", parameters)


def _cell(value: object, kind: str) -> object:
    if value is None:
        return None
    text = str(value)
    match kind:
        case "TIME":
            return moment(text)
        case "FLOAT":
            return float(text)
        case "INT":
            return int(text)
        case "BOOLEAN":
            return text.strip().lower() in {"true", "t", "1", "yes"}
        case _:
            return text


def moment(text: str) -> datetime:
    """Read a date or time leniently: one-digit months and days, ``T`` or a space, nanoseconds cut to microseconds."""
    day, _, rest = text.strip().replace("T", " ").replace("/", "-").partition(" ")
    year, month, date = (int(part) for part in day.split("-"))
    clock, _, fraction = rest.strip().removesuffix("Z").partition(".")
    parts = [int(part) for part in clock.split(":")] if clock else []
    hour, minute, second = (*parts, 0, 0, 0)[:3]
    micros = int((fraction + "000000")[:6]) if fraction else 0
    return datetime(year, month, date, hour, minute, second, micros)  # noqa: DTZ001 - the suite's times have no zone
