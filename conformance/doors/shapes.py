"""Every type that an engine lists, flat and in whatever nests it: as columns of tables, and as they stand on the wire.

The lists are those that the adapters' tests hold against the engines' own (``duckdb_types()``, ``pg_type``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from tests.adapters.warehouses.duckdb import test_types as duckdb_types
from tests.adapters.warehouses.mariadb import test_types as mariadb_types
from tests.adapters.warehouses.postgres import test_types as postgres_types

NO_COLUMN = {"NULL", "TYPE"}
"""Types of DuckDB's values that no column may have."""
UNKNOWN = object()
"""A wire value that is some text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One type of a column.

    Attributes:
        name: of the flat type and what nests it, outermost first.
        declared: the column's type; empty where the engine takes it from the value.
        written: an expression of one value.
        kind: the logical type.
        wire: the value as doors show it, or ``UNKNOWN``.
        depth: how many levels nest the flat type.
    """

    name: str
    declared: str
    written: str
    kind: str
    wire: object
    depth: int = 0


def shapes_of(engine: str, schema: str) -> list[Shape]:
    """Return the shapes of an engine; on PostgreSQL composites and domains are in ``schema`` (see ``types_of``)."""
    return list({"duckdb": _duckdb, "postgres": _postgres, "mariadb": _mariadb}[engine](schema))


def some(shapes: Sequence[Shape], each: int) -> list[Shape]:
    """Return the flat ones, and of the others one of so many."""
    nested = [shape for shape in shapes if shape.depth]
    return [*(shape for shape in shapes if not shape.depth), *nested[:: max(1, each)]]


def _duckdb(_schema: str) -> Iterator[Shape]:
    flat = {kind: each for kind, each in duckdb_types.FLAT.items() if kind not in NO_COLUMN}
    for depth in range(4):
        for kind, (sql, logical, wire) in flat.items():
            for number, ways in enumerate(product(duckdb_types.NESTS, repeat=depth)):
                if depth == 3 and (number + len(kind)) % len(flat):
                    continue
                written, value, type_name = sql, wire, logical
                for way in ways:
                    text, type_name, shown = duckdb_types.NESTS[way]
                    written, value = text.format(v=written), shown(value)
                name = " of ".join([*reversed(ways), kind])
                yield Shape(name=name, declared="", written=written, kind=type_name, wire=value, depth=depth)


def types_of(engine: str, schema: str) -> list[str]:
    """Return the statements that make the types which the shapes of PostgreSQL need."""
    if engine != "postgres":
        return []
    made = []
    for kind in postgres_types.FLAT:
        own = postgres_types.own_name(kind)
        made += [
            f'CREATE TYPE {schema}."one_{kind}" AS ("a b" {own}, n {own})',
            f'CREATE TYPE {schema}."two_{kind}" AS (inner_ {schema}."one_{kind}"[], n integer[])',
            f'CREATE DOMAIN {schema}."base_{kind}" AS {own}',
            f'CREATE DOMAIN {schema}."own_{kind}" AS {schema}."base_{kind}"',
        ]
    return made


def _postgres(schema: str) -> Iterator[Shape]:
    for kind, (text, logical, wire) in postgres_types.FLAT.items():
        own = postgres_types.own_name(kind)
        flat = f"CAST({postgres_types.literal(text)} AS {own})"
        yield Shape(name=kind, declared=own, written=flat, kind=logical, wire=wire)
        declared = {
            "list": f"{own}[]",
            "list of lists": f"{own}[]",
            "list from elsewhere": f"{own}[]",
            "composite": f'{schema}."one_{kind}"',
            "list of composites": f'{schema}."one_{kind}"[]',
            "composite of lists": f'{schema}."two_{kind}"',
            "domain": f'{schema}."own_{kind}"',
            "list of a domain": f'{schema}."own_{kind}"[]',
        }
        depth = {"list of lists": 2, "list of composites": 2, "composite of lists": 3}
        for way, (sql, shown) in postgres_types.nested(kind, schema).items():
            if "lists" in way and kind.endswith("vector"):
                continue
            shape = "struct" if way.startswith("composite") else logical if way == "domain" else "list"
            yield Shape(
                name=f"{way} of {kind}",
                declared=declared[way],
                written=sql,
                kind=shape,
                wire=shown,
                depth=depth.get(way, 1),
            )


def _mariadb(_schema: str) -> Iterator[Shape]:
    for kind, (sql, logical, wire) in mariadb_types.TYPES.items():
        shown = UNKNOWN if wire is None else wire
        yield Shape(name=kind, declared=f"{kind} NULL", written=sql, kind=logical, wire=shown)
