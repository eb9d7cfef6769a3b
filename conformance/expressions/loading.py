"""The one row of inputs, as the engines that speak SQL take it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from conformance.expressions.asking import TABLE, columns
from conformance.expressions.cases import Type, Value

TYPES: Mapping[str, Mapping[Type, str]] = {
    "duckdb": {
        Type.INTEGER: "BIGINT",
        Type.DECIMAL: "DECIMAL(18, 4)",
        Type.DOUBLE: "DOUBLE",
        Type.TEXT: "VARCHAR",
        Type.BOOLEAN: "BOOLEAN",
        Type.DATE: "DATE",
        Type.TIMESTAMP: "TIMESTAMP",
    },
    "postgres": {
        Type.INTEGER: "BIGINT",
        Type.DECIMAL: "NUMERIC(18, 4)",
        Type.DOUBLE: "DOUBLE PRECISION",
        Type.TEXT: "TEXT",
        Type.BOOLEAN: "BOOLEAN",
        Type.DATE: "DATE",
        Type.TIMESTAMP: "TIMESTAMP",
    },
    "datafusion": {
        Type.INTEGER: "BIGINT",
        Type.DECIMAL: "NUMERIC(18, 4)",
        Type.DOUBLE: "DOUBLE PRECISION",
        Type.TEXT: "TEXT",
        Type.BOOLEAN: "BOOLEAN",
        Type.DATE: "DATE",
        Type.TIMESTAMP: "TIMESTAMP",
    },
    "mysql": {
        Type.INTEGER: "BIGINT",
        Type.DECIMAL: "DECIMAL(18, 4)",
        Type.DOUBLE: "DOUBLE",
        Type.TEXT: "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        Type.BOOLEAN: "BOOLEAN",
        Type.DATE: "DATE",
        Type.TIMESTAMP: "DATETIME(6)",
    },
    "clickhouse": {
        Type.INTEGER: "Nullable(Int64)",
        Type.DECIMAL: "Nullable(Decimal(18, 4))",
        Type.DOUBLE: "Nullable(Float64)",
        Type.TEXT: "Nullable(String)",
        Type.BOOLEAN: "Nullable(Bool)",
        Type.DATE: "Nullable(Date32)",
        Type.TIMESTAMP: "Nullable(DateTime64(6, 'UTC'))",
    },
    "databricks": {
        Type.INTEGER: "BIGINT",
        Type.DECIMAL: "DECIMAL(18, 4)",
        Type.DOUBLE: "DOUBLE",
        Type.TEXT: "STRING",
        Type.BOOLEAN: "BOOLEAN",
        Type.DATE: "DATE",
        Type.TIMESTAMP: "TIMESTAMP_NTZ",
    },
}
_ESCAPED = ("mysql", "clickhouse", "databricks")


def created(engine: str, table: str = TABLE) -> tuple[str, ...]:
    """Return the statements that make the table and its row."""
    kinds = TYPES[engine]
    known = columns()
    if engine == "databricks":
        row = ", ".join(
            f"CAST({written(value, engine)} AS {kinds[kind]}) AS {name}"
            for (kind, _text), (name, value) in known.items()
        )
        return (f"CREATE OR REPLACE TEMPORARY VIEW {table} AS SELECT {row}",)
    fields = ", ".join(f"{name} {kinds[kind]}" for (kind, _text), (name, _value) in known.items())
    values = ", ".join(written(value, engine) for _name, value in known.values())
    # InnoDB's rows are too short for all the texts.
    kept = {"mysql": " ENGINE = Aria", "clickhouse": " ENGINE = Memory"}.get(engine, "")
    lasting = "" if engine == "datafusion" else "TEMPORARY "  # it keeps all tables in memory, and has no other
    return f"CREATE {lasting}TABLE {table} ({fields}){kept}", f"INSERT INTO {table} VALUES ({values})"


def written(value: Value, engine: str) -> str:
    """Return the value as a literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value!r}e0"
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, date):
        return f"'{value}'"
    text = value.replace("\\", "\\\\") if engine in _ESCAPED else value
    quote = "\\'" if engine == "databricks" else "''"
    return "'" + text.replace("'", quote) + "'"
