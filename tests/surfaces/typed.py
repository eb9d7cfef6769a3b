"""A table of every type on three real engines, and the values of it as they stand on the wire."""

from __future__ import annotations

from pathlib import Path

import duckdb
from tests.contracts import servers

_BIG = 9007199254740993
_PLAIN = (
    # name, declared as, written as, logical type, on the wire
    ("whole", "BIGINT", "9007199254740992", "integer", 9007199254740992),
    ("large", "BIGINT", "-9007199254740993", "integer", "-9007199254740993"),
    ("price", "DECIMAL(30, 10)", "12345678901234567890.1234567890", "decimal", "12345678901234567890.1234567890"),
    ("ratio", "DOUBLE PRECISION", "0.30000000000000004", "float", 0.30000000000000004),
    (
        "words",
        "VARCHAR(50)",
        "'Gr\u00fc\u00dfe, \"\U0001f600\" \u2028'",
        "string",
        'Gr\u00fc\u00dfe, "\U0001f600" \u2028',
    ),
    ("day", "DATE", "'9999-12-31'", "date", "9999-12-31"),
)
_STANDARD = (
    *_PLAIN,
    ("moment", "TIMESTAMP", "'2013-03-10 05:06:07.25'", "timestamp", "2013-03-10T05:06:07.250000"),
    ("instant", "TIMESTAMPTZ", "'2013-03-10 05:06:07-05'", "timestamp_tz", "2013-03-10T10:06:07+00:00"),
    ("clock", "TIME", "'23:59:58'", "time", "23:59:58"),
    ("length", "INTERVAL", "INTERVAL '14 months 2 days 90 seconds'", "interval", "P1Y2M2DT1M30S"),
    ("nan", "DOUBLE PRECISION", "'nan'", "float", "NaN"),
    ("most", "DOUBLE PRECISION", "'inf'", "float", "Infinity"),
    ("least", "REAL", "'-inf'", "float", "-Infinity"),
    ("flag", "BOOLEAN", "true", "boolean", True),
    ("id", "UUID", "'95369340-61c6-4754-97fc-4de39dcf989b'", "string", "95369340-61c6-4754-97fc-4de39dcf989b"),
    ("document", "JSON", f"'{{\"a\": [1, {_BIG}, null]}}'", "json", {"a": [1, str(_BIG), None]}),
    ("prices", "DECIMAL(10, 2)[]", "ARRAY[1.5, NULL]", "list", ["1.50", None]),
    ("days", "DATE[]", "ARRAY[DATE '2020-01-01']", "list", ["2020-01-01"]),
    ("numbers", "BIGINT[]", f"ARRAY[1, {_BIG}]", "list", [1, str(_BIG)]),
)
TYPES = {
    "duckdb": (
        *_STANDARD,
        ("raw", "BLOB", r"'\xAA\x00'::BLOB", "binary", "qgA="),
        ("bits", "BIT", "'0101'", "string", "0101"),
        ("zoned", "TIMETZ", "'10:00:00.5+02'", "time", "10:00:00.500000+02:00"),
        ("tagged", "UNION(a DATE, b VARCHAR)", "DATE '2020-01-01'", "struct", {"a": "2020-01-01"}),
        ("pairs", "MAP(VARCHAR, DECIMAL(5, 2)[])", "MAP {'k': [1.5, NULL]}", "struct", {"k": ["1.50", None]}),
        (
            "tree",
            "STRUCT(a STRUCT(b TIMESTAMP[]), c INTEGER[2])[]",
            "[{'a': {'b': [TIMESTAMP '2020-01-01', NULL]}, 'c': [1, NULL]}, {'a': NULL, 'c': NULL}, NULL]",
            "list",
            [{"a": {"b": ["2020-01-01T00:00:00", None]}, "c": [1, None]}, {"a": None, "c": None}, None],
        ),
    ),
    "postgres": (
        *_STANDARD,
        ("raw", "BYTEA", r"'\xAA00'", "binary", "qgA="),
        ("bits", "BIT(4)", "'0101'", "string", "0101"),
        ("zoned", "TIMETZ", "'10:00:00.5+02'", "time", "10:00:00.500000+02:00"),
        ("address", "INET", "'10.0.0.1/24'", "string", "10.0.0.1/24"),
        ("paid", "MONEY", "'1234.50'", "string", "$1,234.50"),
        ("span", "DATERANGE", "'[2020-01-01,2020-02-01)'", "string", "[2020-01-01,2020-02-01)"),
        ("place", "POINT", "'(1,2)'", "string", "(1,2)"),
        ("addresses", "INET[]", "ARRAY['::1'::INET, NULL]", "list", ["::1", None]),
    ),
    "mariadb": (
        *_PLAIN,
        ("moment", "DATETIME(6)", "'2013-03-10 05:06:07.25'", "timestamp", "2013-03-10T05:06:07.250000"),
        ("instant", "TIMESTAMP NULL", "'2013-03-10 10:06:07'", "timestamp_tz", "2013-03-10T10:06:07+00:00"),
        ("clock", "TIME", "'23:59:58'", "time", "23:59:58"),
        ("flag", "BOOLEAN", "true", "boolean", True),
        ("id", "UUID", "'95369340-61c6-4754-97fc-4de39dcf989b'", "string", "95369340-61c6-4754-97fc-4de39dcf989b"),
        ("raw", "BLOB", "X'AA00'", "binary", "qgA="),
        ("bits", "BIT(9)", "b'101000001'", "integer", 321),
        ("single", "FLOAT", "16777216", "float", 16777216.0),
        ("place", "POINT", "POINT(1, 2)", "binary", "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA=="),
    ),
}
NOT_COMPARED = {("postgres", "document"), ("postgres", "place")}
"""Columns of types that the engine does not compare: nobody can group by them."""
MODEL = """
  - name: {table}_{engine}
    source: {schema}.{table}
    warehouse: {engine}
    entities: [{{name: {engine}_{table}, type: primary, expr: n}}]
    dimensions: [{dimensions}]
    metrics: [{{name: {engine}_{table}_count, type: simple, agg: count}}]
"""
POLICY = """
version: 1
roles: [{name: hasty, members: ["agent:hasty"]}]
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [everyone], actions: [describe, query, list_values, read],
     on: ["metric:*", "dimension:*", "dataset:*", "column:*", "function:*"]}
limits: [{id: hurry, roles: [hasty], seconds: 1}]
"""


def grouped(engine: str, table: str) -> list[str]:
    """Return the columns of a table that a question may group by."""
    return [name for name, *_ in TYPES[engine] if (engine, name) not in NOT_COMPARED] if table == "typed" else []


def made(engine: str, schema: str) -> list[str]:
    """Statements that make the table of one row of values and one of NULLs, and one to join with itself."""
    columns = ", ".join(f"{name} {kind}" for name, kind, *_ in TYPES[engine])
    values = ", ".join(written for _, _, written, *_ in TYPES[engine])
    nulls = ", ".join("NULL" for _ in TYPES[engine])
    digits = "(SELECT 0 AS d " + " ".join(f"UNION ALL SELECT {d}" for d in range(1, 20)) + ")"
    lines = f"SELECT a.d * 400 + b.d * 20 + c.d FROM {digits} AS a, {digits} AS b, {digits} AS c"
    return [
        f"CREATE TABLE {schema}.typed (n INT, {columns})",
        f"INSERT INTO {schema}.typed VALUES (1, {values}), (2, {nulls})",
        f"CREATE TABLE {schema}.many (n INT)",
        f"INSERT INTO {schema}.many {lines}",
    ]


def write_typed(folder: Path) -> Path:
    """Make the tables and the project over all three engines."""
    first, second = servers.postgres(), servers.mariadb()
    with servers.postgres_connection(first) as connection:
        for each in made("postgres", servers.SCHEMA):
            connection.execute(each)
    with servers.mariadb_connection(second) as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        for each in made("mariadb", servers.SCHEMA):
            cursor.execute(each)
    folder.mkdir()
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        for each in made("duckdb", "main"):
            connection.execute(each)
    models = "semantic_models:" + "".join(
        MODEL.format(
            engine=engine,
            table=table,
            schema="main" if engine == "duckdb" else servers.SCHEMA,
            dimensions=", ".join(
                f"{{name: v_{name}, type: categorical, expr: {name}}}" for name in grouped(engine, table)
            ),
        )
        for engine in TYPES
        for table in ("typed", "many")
    )
    settings = f"""
project: test
conduct: {{repeats: null, refusals: null}}
warehouses:
  duckdb: {{kind: duckdb, file: data.duckdb, threads: 1}}
  postgres: {{kind: postgres, host: {first.host}, port: {first.port}, database: {first.database}, user: {first.user},
             tls: disable}}
  mariadb: {{kind: mariadb, host: {second.host}, port: {second.port}, database: {servers.SCHEMA}, user: {second.user}}}
default_warehouse: duckdb
"""
    for name, text in (("semantic_models/m.yaml", models), ("policies/p.yaml", POLICY), ("metricgate.yaml", settings)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder
