"""The tables that are changed: keys of one column and of two, defaults, a reference, a column of most types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from conformance.differential.drawing import Column, Source

ITEMS: Mapping[str, Mapping[str, str]] = {
    "duckdb": {
        "id": "INTEGER PRIMARY KEY", "n": "INTEGER DEFAULT 7", "x": "DECIMAL(10, 2)", "f": "DOUBLE",
        "name": "VARCHAR DEFAULT 'none'", "d": "DATE", "ts": "TIMESTAMP", "flag": "BOOLEAN", "doc": "JSON",
        "small": "UTINYINT", "real4": "FLOAT", "bits": "BIT", "bytes": "BLOB", "level": "ENUM('low', 'mid', 'high')",
        "lst": "INTEGER[]",
    },
    "postgres": {
        "id": "integer PRIMARY KEY", "n": "integer DEFAULT 7", "x": "numeric(10, 2)", "f": "double precision",
        "name": "varchar(30) DEFAULT 'none'", "d": "date", "ts": "timestamp", "flag": "boolean", "doc": "json",
        "small": "smallint", "real4": "real", "bits": "bit(8)", "bytes": "bytea", "level": "char(4)",
        "lst": "integer[]",
    },
    "mariadb": {
        "id": "INTEGER PRIMARY KEY", "n": "INTEGER DEFAULT 7", "x": "DECIMAL(10, 2)", "f": "DOUBLE",
        "name": "VARCHAR(30) COLLATE utf8mb4_general_ci DEFAULT 'none'", "d": "DATE", "ts": "DATETIME(3)",
        "flag": "BOOLEAN", "doc": "JSON", "small": "TINYINT UNSIGNED", "real4": "FLOAT", "bits": "BIT(8)",
        "bytes": "VARBINARY(8)", "level": "ENUM('low', 'mid', 'high')",
    },
}  # fmt: skip
"""Engine -> column -> its definition."""

PARTS = {"a": "INTEGER", "b": "VARCHAR(8)", "item": "INTEGER", "qty": "INTEGER DEFAULT 1", "note": "VARCHAR(30)"}
_KINDS = {
    "id": "int", "n": "int", "x": "dec", "f": "float", "name": "text", "d": "date", "ts": "time", "flag": "bool",
    "doc": "json", "small": "int", "real4": "float", "lst": "list",
}  # fmt: skip
"""Columns whose values are drawn as expressions of the kind, too."""
_PARTS_KINDS = {"a": "int", "b": "text", "item": "int", "qty": "int", "note": "text"}


def names(engine: str, table: str) -> tuple[str, ...]:
    """Return the table's columns."""
    return tuple(ITEMS[engine] if table == "items" else PARTS)


def kind(table: str, column: str) -> str | None:
    """Return the kind of expressions that fit a column; None where only literals of its own do."""
    return (_KINDS if table == "items" else _PARTS_KINDS).get(column)


def source(engine: str, table: str, alias: str) -> Source:
    """Return a table as the expressions of a statement see it."""
    found = ((name, kind(table, name)) for name in names(engine, table))
    return Source(alias=alias, columns=tuple(Column(name=name, kind=each) for name, each in found if each is not None))


def script(engine: str, seed: int) -> Sequence[str]:
    """Return the statements that make the tables and fill them."""
    items = ", ".join(f"{name} {definition}" for name, definition in ITEMS[engine].items())
    parts = ", ".join(f"{name} {definition}" for name, definition in PARTS.items())
    reference = "" if engine == "duckdb" else ", FOREIGN KEY (item) REFERENCES items (id) ON DELETE SET NULL"
    collation = " COLLATE utf8mb4_bin" if engine == "mariadb" else ""
    parts = parts.replace("VARCHAR(8)", f"VARCHAR(8){collation}")
    ending = " ENGINE=InnoDB DEFAULT CHARSET utf8mb4" if engine == "mariadb" else ""
    return [
        f"CREATE TABLE items ({items}){ending}",
        f"CREATE TABLE parts ({parts}, PRIMARY KEY (a, b){reference}){ending}",
        *(f"INSERT INTO items VALUES ({', '.join(row)})" for row in _items(engine, Random(seed))),  # noqa: S311
        *(f"INSERT INTO parts VALUES ({', '.join(row)})" for row in _parts(Random(seed))),  # noqa: S311
    ]


def _items(engine: str, random: Random) -> list[list[str]]:
    values: Mapping[str, Sequence[str]] = {
        "n": ("1", "2", "3", "7", "-5", "0"),
        "x": ("0.50", "1.25", "12.34", "-3.00", "99999.99"),
        "f": ("0.1", "1.5", "-2", "1e10"),
        "name": ("'ann'", "'Bob'", "'it''s'", "''", "'x%_y'", "'é'"),
        "d": ("'2024-02-29'", "'2023-12-31'", "'2024-01-01'"),
        "ts": ("'2024-01-31 23:59:59'", "'2024-02-29 00:00:00'", "'2024-03-10 05:06:07.250'"),
        "flag": ("TRUE", "FALSE"),
        "doc": ("""'{"a": 1, "b": [1, 2]}'""", "'[1, 2.50, null]'"),
        "small": ("0", "5", "200"),
        "real4": ("0.5", "16777216", "0.1"),
        "bits": _BITS[engine],
        "bytes": _BYTES[engine],
        "level": ("'low'", "'mid'"),
        "lst": ("'{1,2}'", "'{}'") if engine == "postgres" else ("[1, 2]", "[]", "[3, NULL]"),
    }
    return [
        [str(number), *(_one(random, values[name]) for name in names(engine, "items")[1:])] for number in range(1, 9)
    ]


_BITS = {"duckdb": ("'101'::BIT", "'00'::BIT"), "postgres": ("B'00000101'",), "mariadb": ("b'101'", "b'0'", "255")}
_BYTES = {"duckdb": ("'AB'::BLOB", "'\\x00\\xFF'::BLOB"), "postgres": ("'\\x00ff'",), "mariadb": ("x'00ff'", "'AB'")}


def _one(random: Random, choices: Sequence[str]) -> str:
    return "NULL" if random.random() < 0.2 else random.choice(choices)


def _parts(random: Random) -> list[list[str]]:
    keys = [(a, b) for a in range(1, 5) for b in ("p", "q", "R")]
    return [
        [
            str(a),
            f"'{b}'",
            _one(random, [str(number) for number in range(1, 9)]),
            _one(random, ["1", "2", "10"]),
            _one(random, ["'ok'", "'it''s'", "''"]),
        ]
        for a, b in keys
    ]
