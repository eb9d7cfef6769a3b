"""Random schemas: keys of every sort, every column type, cascades, self-references, and what engines set."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import duckdb
from tests.adapters.warehouses.duckdb import test_types as test_duckdb_types
from tests.adapters.warehouses.mariadb import test_types as test_mariadb_types
from tests.adapters.warehouses.postgres import test_types as test_postgres_types

_LOSSY = ("UNION", "VARIANT", "GEOMETRY", "NULL", "TYPE")
_PARTS = 6
"""Columns of random types in a table."""


@dataclass
class Table:
    """One table of a world.

    Attributes:
        key: names of its key's columns.
        free: column -> expressions that give values for it.
        moving: key columns -> the expression that gives each a new value.
        needs: columns that an insert gives, with their expressions; ``{n}`` is a fresh number.
    """

    name: str
    key: tuple[str, ...]
    free: dict[str, tuple[str, ...]]
    moving: dict[str, str]
    needs: dict[str, str]


@dataclass
class World:
    """Statements that make the tables and fill them, parents first."""

    script: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def types_of(engine: str) -> list[tuple[str, str]]:
    """Return every type that a column of the engine may have, with an expression of a value of it."""
    if engine == "duckdb":
        flat = {kind: sql for kind, (sql, _type, _wire) in test_duckdb_types.FLAT.items()}
        exact = [sql for kind, sql in flat.items() if not set(kind.split()) & set(_LOSSY)]
        exact += [f"[{sql}, NULL]" for kind, sql in flat.items() if not set(kind.split()) & {*_LOSSY, "JSON"}]
        with duckdb.connect() as connection:
            rows = [connection.execute(f"SELECT typeof({sql})").fetchall() for sql in exact]
        return [(kind, sql) for [(kind,)], sql in zip(rows, exact, strict=True)]
    if engine == "postgres":
        found = []
        for kind, (text, _type, _wire) in test_postgres_types.FLAT.items():
            name, value = test_postgres_types.own_name(kind), test_postgres_types.literal(text)
            found += [(name, f"CAST({value} AS {name})"), (f"{name}[]", f"ARRAY[CAST({value} AS {name}), NULL]")]
        return found
    return [(kind, sql) for kind, (sql, _type, _wire) in test_mariadb_types.TYPES.items()]


def made(engine: str, dice: random.Random) -> World:
    """Return a world of this engine."""
    world = World()
    types = types_of(engine)
    if engine == "postgres":
        world.script += [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {does}; RETURN NEW; END'"
            for name, does in (("touched", "NEW.touched := now()"), ("counted", "NEW.v := OLD.v + 1"))
        ]
    parent: Table | None = None
    for level in range(dice.choice((1, 2, 2, 3, 3))):
        parent = _table(engine, dice, world, types, f"t{level}", parent)
    return world


def _table(
    engine: str, dice: random.Random, world: World, types: list[tuple[str, str]], name: str, parent: Table | None
) -> Table:
    """Make one table, a child of ``parent``."""
    composite = dice.random() < 0.5
    key = ("a", "b") if composite else ("a",)
    text = {"mariadb": "varchar(30) COLLATE utf8mb4_bin", "postgres": "text", "duckdb": "VARCHAR"}[engine]
    columns = ["a int NOT NULL", *([f"b {text} NOT NULL"] if composite else []), "n int"]
    needs = {"a": "{n}", **({"b": "'k{n}'"} if composite else {}), "n": "{n}"}
    moving = {"a": "a + 1000", **({"b": _joined(engine, "b", "'x'")} if composite else {})}
    rest: list[str] = [f"{dice.choice(('PRIMARY KEY', 'PRIMARY KEY', 'UNIQUE'))} ({', '.join(key)})"]
    free = _typed(engine, dice, types, columns)
    rest += _references(engine, dice, columns, needs, parent, key, name)
    extra = _set_by_engine(engine, dice, columns, name)
    if engine == "mariadb":
        world.script.append(
            f"CREATE TABLE {name} ({', '.join([*columns, *rest])}) ENGINE=InnoDB DEFAULT CHARSET utf8mb4"
        )
    else:
        world.script.append(f"CREATE TABLE {name} ({', '.join([*columns, *rest])})")
    world.script += extra
    if engine == "postgres" and dice.random() < 0.3:
        world.script.append(f"CREATE UNIQUE INDEX part_{name} ON {name} (n) WHERE n > 5")
    table = Table(name, key, free, moving, needs)
    world.tables.append(table)
    return table


def _typed(
    engine: str, dice: random.Random, types: list[tuple[str, str]], columns: list[str]
) -> dict[str, tuple[str, ...]]:
    free: dict[str, tuple[str, ...]] = {}
    null = " NULL" if engine == "mariadb" else ""
    for at, (kind, value) in enumerate(dice.sample(types, _PARTS)):
        columns.append(f"c{at} {kind}{null}")
        free[f"c{at}"] = (value, "NULL")
    if engine == "mariadb" and dice.random() < 0.5:
        columns.append("e enum('low','mid')")
        free["e"] = ("'mid'", "NULL")
    return free


def _references(
    engine: str,
    dice: random.Random,
    columns: list[str],
    needs: dict[str, str],
    parent: Table | None,
    key: tuple[str, ...],
    name: str,
) -> list[str]:
    found: list[str] = []
    plain = engine == "duckdb"
    if parent is not None:
        text = {"mariadb": "varchar(30) COLLATE utf8mb4_bin", "postgres": "text", "duckdb": "VARCHAR"}[engine]
        own = [f"p{each}" for each in parent.key]
        columns += [f"p{each} {'int' if each == 'a' else text}" for each in parent.key]
        needs |= {f"p{each}": f"(SELECT {each} FROM {{s}}{parent.name} WHERE n = {{p}})" for each in parent.key}
        reacts = "" if plain else _reactions(dice)
        found.append(f"FOREIGN KEY ({', '.join(own)}) REFERENCES {parent.name} ({', '.join(parent.key)}){reacts}")
    if len(key) == 1 and dice.random() < 0.4 and not plain:
        columns.append("up int")
        needs["up"] = f"(SELECT a FROM {{s}}{name} WHERE n = {{u}})" if engine == "postgres" else "{u}"
        reacts = dice.choice((" ON DELETE CASCADE", " ON DELETE SET NULL", ""))
        if engine == "postgres":
            reacts += dice.choice(("", " ON UPDATE CASCADE"))
        found.append(f"FOREIGN KEY (up) REFERENCES {name} (a){reacts}")
    return found


def _reactions(dice: random.Random) -> str:
    deleted = dice.choice(("", " ON DELETE CASCADE", " ON DELETE CASCADE", " ON DELETE SET NULL"))
    return deleted + dice.choice(("", " ON UPDATE CASCADE", " ON UPDATE CASCADE", " ON UPDATE SET NULL"))


def _set_by_engine(engine: str, dice: random.Random, columns: list[str], name: str) -> list[str]:
    """Add generated and identity columns, defaults, and what sets columns anew; return further statements."""
    stored = {"mariadb": "AS (n * 2) STORED", "postgres": "GENERATED ALWAYS AS (n * 2) STORED"}.get(engine)
    if dice.random() < 0.4:
        columns.append(f"g int {stored or 'GENERATED ALWAYS AS (n * 2)'}")
    if dice.random() < 0.4:
        columns.append("d int DEFAULT 7")
    if engine == "postgres" and dice.random() < 0.4:
        columns.append(f"i int GENERATED {dice.choice(('ALWAYS', 'BY DEFAULT'))} AS IDENTITY")
    touch = dice.random()
    if engine == "mariadb" and touch < 0.35:
        columns.append("touched timestamp(6) NULL ON UPDATE CURRENT_TIMESTAMP(6)")
    elif engine == "mariadb" and touch < 0.5:
        columns.append("v int DEFAULT 0")
        return [f"CREATE TRIGGER v_{name} BEFORE UPDATE ON {name} FOR EACH ROW SET NEW.v = OLD.v + 1"]
    elif engine == "postgres" and touch < 0.25:
        columns.append("touched timestamptz")
        return [f"CREATE TRIGGER z_{name} BEFORE UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION touched()"]
    elif engine == "postgres" and touch < 0.4:
        columns.append("v int DEFAULT 0")
        return [f"CREATE TRIGGER v_{name} BEFORE UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION counted()"]
    return []


def _joined(engine: str, one: str, other: str) -> str:
    return f"CONCAT({one}, {other})" if engine == "mariadb" else f"{one} || {other}"
