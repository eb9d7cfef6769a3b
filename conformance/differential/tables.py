"""The small tables that queries are about: NULLs, repeated keys, names that are words of SQL, one without rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from conformance.differential.drawing import Column, Source

Row = Sequence[object]

_TYPES: Mapping[str, Mapping[str, str]] = {
    "duckdb": {"float": "DOUBLE", "time": "TIMESTAMP", "json": "JSON", "list": "INTEGER[]"},
    "postgres": {"float": "DOUBLE PRECISION", "time": "TIMESTAMP", "json": "JSON", "list": "INTEGER[]"},
    "mariadb": {
        "float": "DOUBLE",
        "time": "DATETIME(3)",
        "json": "JSON",
        "text": "VARCHAR(30) COLLATE utf8mb4_general_ci",
    },
}
_COMMON = {"int": "INTEGER", "text": "VARCHAR(30)", "bool": "BOOLEAN", "date": "DATE", "dec": "DECIMAL(10, 2)"}

TABLES: Mapping[str, Mapping[str, str]] = {
    "a": {"id": "int", "k": "int", "name": "text", "v": "int", "d": "date", "x": "dec"},
    "b": {"id": "int", "k": "int", "name": "text", "w": "int", "ts": "time", "f": "float"},
    "c": {"id": "int", "k": "int", "v": "int", "tag": "text", "flag": "bool", "doc": "json"},
    "words": {"id": "int", "order": "int", "offset": "int", "group": "text", "Mixed Case": "int", "value": "dec"},
    "e": {"id": "int", "k": "int", "name": "text"},
    "lists": {"id": "int", "k": "int", "items": "list"},
}
"""Table -> column -> kind. ``id`` is unique and never NULL."""

FILTERS: Mapping[str, tuple[str, str, int]] = {
    "a": ("k", ">=", 2),
    "b": ("w", "<", 5),
    "c": ("k", "!=", 1),
    "words": ("id", "<=", 2),
}
"""Table -> column, operator, value: the rows that the filtered caller may see."""


def quoted(name: str, engine: str) -> str:
    """Return a name as it is written in SQL."""
    if name.isidentifier() and name.islower() and name not in {"order", "offset", "group", "value"}:
        return name
    return f"`{name}`" if engine == "mariadb" else f'"{name}"'


def sources(engine: str) -> tuple[Source, ...]:
    """Return the engine's tables."""
    return tuple(
        Source(
            alias=table,
            columns=tuple(
                Column(name=quoted(name, engine), kind=kind)
                for name, kind in columns.items()
                if kind != "list" or engine != "mariadb"
            ),
        )
        for table, columns in TABLES.items()
    )


def rows(seed: int) -> dict[str, list[Row]]:
    """Return random rows for each table."""
    random = Random(seed)  # noqa: S311 - examples, not secrets
    return {
        table: [
            [number if name == "id" else _value(random, kind) for name, kind in columns.items()]
            for number in range(1, {"e": 0, "words": 4}.get(table, 6) + 1)
        ]
        for table, columns in TABLES.items()
    }


def allowed(table: str, row: Row) -> bool:
    """Say whether the filtered caller may see the row."""
    if table not in FILTERS:
        return True
    name, operator, value = FILTERS[table]
    found = row[list(TABLES[table]).index(name)]
    if not isinstance(found, int):
        return False
    return {">=": found >= value, "<": found < value, "!=": found != value, "<=": found <= value}[operator]


def statements(schema: str, content: Mapping[str, Sequence[Row]], engine: str, *, views: bool = False) -> Iterator[str]:
    """Return the SQL that makes and fills the tables in a schema, or views of such tables."""
    for table, columns in TABLES.items():
        kept = [name for name, kind in columns.items() if kind != "list" or engine != "mariadb"]
        kinds = {**_COMMON, **_TYPES[engine]}
        parts = ", ".join(f"{quoted(name, engine)} {kinds[columns[name]]}" for name in kept)
        place = f"{schema}.{table}_rows" if views else f"{schema}.{table}"
        yield f"CREATE TABLE {place} ({parts})"
        for row in content[table]:
            values = dict(zip(columns, row, strict=True))
            yield f"INSERT INTO {place} VALUES ({', '.join(_literal(values[name], engine) for name in kept)})"
        if views:
            names = ", ".join(quoted(name, engine) for name in kept)
            yield f"CREATE VIEW {schema}.{table} AS SELECT {names} FROM {place}"


def _value(random: Random, kind: str) -> object:
    if random.random() < 0.2:
        return None
    choices: Mapping[str, Sequence[object]] = {
        "int": (0, 1, 1, 2, 2, 3, 5, 7, -4),
        "text": ("ann", "Bob", "bob", "bob ", "carl", "", "x%_y", "é"),
        "bool": (True, False),
        "date": ("2024-01-31", "2024-02-29", "2023-12-31", "2024-03-10"),
        "time": ("2024-01-31 23:59:59", "2024-03-10 05:06:07.25", "2023-12-31 00:00:00"),
        "dec": ("1.50", "0.25", "-3.10", "12.34", "100.00"),
        "float": (0.5, 0.25, -1.5, 8.0),
        "json": ('{"a": 1, "b": [1, 2], "t": "x"}', '{"a": null, "t": "y"}', "[1, 2.5]"),
        "list": ((1, 2, 3), (3,), (2, None)),
    }
    return random.choice(choices[kind])


def _literal(value: object, engine: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, tuple):
        return f"ARRAY[{', '.join('NULL' if each is None else str(each) for each in value)}]::INTEGER[]"
    if isinstance(value, str):
        return "'" + (value.replace("\\", "\\\\") if engine == "mariadb" else value) + "'"
    return str(value).upper()
