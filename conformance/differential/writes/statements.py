"""Random statements that change rows."""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.differential.drawing import Draw, Scope
from conformance.differential.writes.tables import kind, names, source
from conformance.differential.writes.values import literals

_DEPTH = 2


def changes_drawn(engine: str) -> tuple[str, ...]:
    """Return the constructs that a run on an engine must have drawn."""
    own = ("number in hex",) if engine == "mariadb" else _NOT_MARIADB_WORDS
    return tuple(sorted((*_WORDS, *own, *(f"literal for {name}" for name in names(engine, "items") if name != "id"))))


_WORDS = (
    *("INSERT VALUES", "INSERT VALUES of several rows", "INSERT SELECT", "INSERT WITH ... SELECT", "INSERT of groups"),
    *("UPDATE", "UPDATE of several columns", "UPDATE of a key", "UPDATE by a scalar sub-query", "DELETE", "TRUNCATE"),
    *("expression as a value", "SET that reads what it sets"),
    *("WHERE by a literal", "WHERE with a sub-query", "WHERE by an expression"),
)
_NOT_MARIADB_WORDS = (
    *("UPDATE FROM", "DELETE USING"),
    *("MERGE", "MERGE that deletes", "MERGE that updates", "MERGE that inserts"),
)


def statement(draw: Draw) -> str:
    """Draw one."""
    forms = [*_EVERYWHERE, *([] if draw.engine == "mariadb" else _NOT_MARIADB)]
    made = draw.random.choices([make for make, _weight in forms], [weight for _make, weight in forms])[0]
    return made(draw)


def _table(draw: Draw) -> str:
    return "items" if draw.chance(0.75) else "parts"


def _value(draw: Draw, scope: Scope, table: str, column: str) -> str:
    """A literal of the column's, or an expression of its kind."""
    fitting = kind(table, column)
    if fitting is None or draw.chance(0.55):
        draw.mark(f"literal for {column}" if table == "items" else "literal")
        return draw.one(literals(draw.engine, table, column))
    draw.mark("expression as a value")
    return draw.value(scope, fitting, _DEPTH)


def _some(draw: Draw, table: str, most: int) -> list[str]:
    free = [name for name in names(draw.engine, table) if name not in {"id", "a", "b"}]
    return draw.random.sample(free, draw.random.randint(1, min(most, len(free))))


def _where(draw: Draw, scope: Scope, table: str, alias: str) -> str:
    roll = draw.random.random()
    key = "id" if table == "items" else "a"
    own = f"{alias}.{key}" if alias else key
    if roll < 0.35:
        return f"{own} {draw.one(['=', '>', '<=', '<>'])} {_number(draw, draw.random.randint(1, 8))}"
    if roll < 0.5:
        draw.mark("WHERE by a literal")
        column = draw.one([name for name in names(draw.engine, table) if name not in _NOT_COMPARED])
        value = (
            "1" if column in {"id", "a"} else "'p'" if column == "b" else draw.one(literals(draw.engine, table, column))
        )
        return f"{alias + '.' if alias else ''}{column} = {value}"
    if roll < 0.65:
        draw.mark("WHERE with a sub-query")
        other, theirs = ("parts", "item") if table == "items" else ("items", "id")
        ours = own if table == "items" else f"{alias + '.' if alias else 'parts.'}item"
        if draw.chance(0.5):
            return f"{ours} IN (SELECT z.{theirs} FROM {other} AS z WHERE z.{theirs} IS NOT NULL)"
        return f"EXISTS (SELECT 1 FROM {other} AS z WHERE z.{theirs} = {ours})"
    draw.mark("WHERE by an expression")
    return f"{draw.value(scope, 'bool', _DEPTH)} AND {own} IS NOT NULL"


_NOT_COMPARED = frozenset({"doc", "lst", "bytes", "level", "bits"})


def _number(draw: Draw, value: int) -> str:
    if draw.engine == "mariadb" and draw.chance(0.3):
        draw.mark("number in hex")
        return f"0x{value:02X}"
    return str(value)


def _insert_values(draw: Draw) -> str:
    table = _table(draw)
    columns = _some(draw, table, 4)
    count = draw.random.randint(1, 3)
    draw.mark("INSERT VALUES" if count == 1 else "INSERT VALUES of several rows")
    rows = []
    for number in range(count):
        key = [_number(draw, 101 + number)] if table == "items" else [_number(draw, 101 + number), "'n'"]
        values = [_value(draw, Scope(), table, each) for each in columns]
        rows.append(f"({', '.join([*key, *values])})")
    keys = ["id"] if table == "items" else ["a", "b"]
    return f"INSERT INTO {table} ({', '.join([*keys, *columns])}) VALUES {', '.join(rows)}"


def _insert_select(draw: Draw) -> str:
    draw.mark("INSERT SELECT")
    table = _table(draw)
    columns = _some(draw, table, 3)
    scope = Scope(sources=[source(draw.engine, table, "s")])
    keys = ["id"] if table == "items" else ["a", "b"]
    outputs = ["s.id + 1000"] if table == "items" else ["s.a + 1000", "s.b"]
    values = [_value(draw, scope, table, each) for each in columns]
    select = f"SELECT {', '.join([*outputs, *values])} FROM {table} AS s WHERE {_where(draw, scope, table, 's')}"
    head = f"INSERT INTO {table} ({', '.join([*keys, *columns])})"
    if draw.chance(0.15):
        draw.mark("INSERT WITH ... SELECT")
        return f"{head} WITH q AS ({select.replace(outputs[0], f'{outputs[0]} AS k1', 1)}) SELECT * FROM q"
    return f"{head} {select}"


def _insert_grouped(draw: Draw) -> str:
    draw.mark("INSERT of groups")
    return (
        "INSERT INTO items (id, n, name) SELECT p.a + 1000, sum(p.qty), max(p.b) FROM parts AS p "
        f"GROUP BY p.a HAVING count(*) > {draw.random.randint(0, 3)}"
    )


def _update(draw: Draw) -> str:
    table = _table(draw)
    aliased = draw.chance(0.4)
    alias = "t" if aliased else table
    scope = Scope(sources=[source(draw.engine, table, alias)])
    columns = _some(draw, table, 3)
    draw.mark("UPDATE" if len(columns) == 1 else "UPDATE of several columns")
    values = [_value(draw, scope, table, each) for each in columns]
    pairs = [f"{column} = {value}" for column, value in zip(columns, values, strict=True)]
    if draw.chance(0.08):
        draw.mark("UPDATE of a key")
        key = "id" if table == "items" else "a"
        pairs.append(f"{key} = {alias}.{key} + 1000")
    if table == "items" and draw.chance(0.15):
        draw.mark("UPDATE by a scalar sub-query")
        pairs = [each for each in pairs if not each.startswith("n =")]
        pairs.append(f"n = (SELECT max(p.qty) FROM parts AS p WHERE p.item = {alias}.id)")
    if draw.engine == "mariadb":
        pairs = _without_reading_back(pairs)
    where = _where(draw, scope, table, alias)
    return f"UPDATE {table}{' AS t' if aliased else ''} SET {', '.join(pairs)} WHERE {where}"


def _without_reading_back(pairs: list[str]) -> list[str]:
    """Leave out what MariaDB would compute of a column that it has just set: refused, and drawn by ``_swap``."""
    kept: list[str] = []
    before: set[str] = set()
    for pair in pairs:
        column, _, value = pair.partition(" = ")
        if before.isdisjoint(re.findall(r"\w+", value)):
            kept.append(pair)
            before.add(column)
    return kept


def _swap(draw: Draw) -> str:
    draw.mark("SET that reads what it sets")
    first, second = draw.one([("n", "small"), ("f", "real4")])
    return f"UPDATE items SET {first} = {second}, {second} = {first} WHERE id > {draw.random.randint(0, 8)}"


def _update_from(draw: Draw) -> str:
    draw.mark("UPDATE FROM")
    join = draw.one(
        [
            "(SELECT p.item, max(p.qty) AS qty FROM parts AS p GROUP BY p.item) AS s WHERE s.item = t.id",
            "items AS s WHERE s.id = t.id + 1",
            "items AS s JOIN parts AS p ON p.a = s.id AND p.b = 'q' WHERE s.id = t.id",
        ]
    )
    value = "s.qty" if "max(" in join else draw.one(["s.n", "s.n + t.n", "coalesce(s.n, t.n)"])
    return f"UPDATE items AS t SET n = {value}, name = {_value(draw, Scope(), 'items', 'name')} FROM {join}"


def _delete(draw: Draw) -> str:
    draw.mark("DELETE")
    table = _table(draw)
    aliased = draw.engine != "mariadb" and draw.chance(0.3)
    alias = "t" if aliased else table
    scope = Scope(sources=[source(draw.engine, table, alias)])
    return f"DELETE FROM {table}{' AS t' if aliased else ''} WHERE {_where(draw, scope, table, alias)}"


def _delete_using(draw: Draw) -> str:
    draw.mark("DELETE USING")
    return f"DELETE FROM parts AS t USING items AS s WHERE s.id = t.item AND s.n > {draw.random.randint(-5, 3)}"


def _truncate(draw: Draw) -> str:
    draw.mark("TRUNCATE")
    return f"TRUNCATE {draw.one(['', 'TABLE '])}parts"


def _merge(draw: Draw) -> str:
    draw.mark("MERGE")
    scope = Scope(sources=[source(draw.engine, "items", "t"), source(draw.engine, "items", "s")])
    column = draw.one(["n", "x", "name", "d", "flag"])
    using = f"(SELECT i.* FROM items AS i WHERE i.id > {draw.random.randint(0, 4)}) AS s"
    shift = draw.random.randint(0, 4)
    whens = []
    if draw.chance(0.4):
        draw.mark("MERGE that deletes")
        whens.append(f"WHEN MATCHED AND s.n > {draw.random.randint(-5, 5)} THEN DELETE")
    if draw.chance(0.8):
        draw.mark("MERGE that updates")
        also = f" AND {draw.value(scope, 'bool', 1)}" if draw.chance(0.4) else ""
        whens.append(f"WHEN MATCHED{also} THEN UPDATE SET {column} = {_value(draw, scope, 'items', column)}")
    if draw.chance(0.8) or not whens:
        draw.mark("MERGE that inserts")
        inner = Scope(sources=[source(draw.engine, "items", "s")])
        value = _value(draw, inner, "items", column)
        whens.append(f"WHEN NOT MATCHED THEN INSERT (id, {column}) VALUES (s.id + {shift}, {value})")
    return f"MERGE INTO items AS t USING {using} ON t.id = s.id + {shift} {' '.join(whens)}"


_EVERYWHERE: list[tuple[Callable[[Draw], str], float]] = [
    (_insert_values, 5), (_insert_select, 3), (_insert_grouped, 0.4), (_update, 7), (_swap, 0.1), (_delete, 2),
    (_truncate, 0.2),
]  # fmt: skip
_NOT_MARIADB: list[tuple[Callable[[Draw], str], float]] = [(_update_from, 1), (_delete_using, 0.5), (_merge, 2)]
