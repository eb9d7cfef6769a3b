"""The shop of ``tests/cases/over_time`` as a world: its tables' rows, its definitions, its calendar."""

from __future__ import annotations

import duckdb
from tests.oracle.calendars import Periods
from tests.oracle.moments import moment
from tests.oracle.world import Row, World


def shop_world(connection: duckdb.DuckDBPyConnection, documents: dict, metrics: tuple[str, ...]) -> World:
    """Return the world of these metrics and of all that they are built on."""
    by_name = {each["name"]: each for each in documents["metrics"]}
    chosen: dict[str, dict] = {}

    def add(name: str) -> None:
        found = {**by_name[name]}
        if found.get("agg") == "count":
            found.setdefault("expr", "1")
        chosen[name] = found
        for part in found.get("input_metrics", []):
            add(part["name"])
        if "input_metric" in found:
            add(found["input_metric"])

    for name in metrics:
        add(name)
    models = {
        each["name"]: each for each in documents["semantic_models"] if each["name"] in {"orders", "users", "visits"}
    }
    columns = {part.get("expr", part["name"]) for each in models.values() for part in each["dimensions"]}
    columns |= {each["expr"] for each in chosen.values() if each["type"] == "simple"} - {"1"}
    days = rows_of(connection, "days")
    return World(
        models=models,
        metrics=chosen,
        tables={name: rows_of(connection, name) for name in models},
        days=[moment(row["day"]) for row in days],
        expressions={"1": lambda _row: 1, **{name: lambda row, name=name: row[name] for name in columns}},
        calendars={
            name: Periods({moment(row["day"]): row[name] for row in days})
            for name in ("fiscal_month", "fiscal_quarter", "season")
        },
    )


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    """Return the rows of a table."""
    found = connection.execute(f"SELECT * FROM {table}")
    names = [each[0] for each in found.description]
    return [dict(zip(names, values, strict=True)) for values in found.fetchall()]
