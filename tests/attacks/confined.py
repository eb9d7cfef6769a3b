"""A small world with a sentinel in every place that must stay hidden, and the way of a text through the guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from metricgate import guarding
from metricgate.guarding import ALL, BoundQuery, FunctionAllowlist, GuardedQuery, Layer, ReadQuery
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.relation import GovernedTable, Relation
from metricgate.vocabulary.result import Column, DataType

SENTINEL = "LEAK"

WORLD = (
    "CREATE TABLE orders (id int, customer_id int, amount int, region varchar(10))",
    "CREATE TABLE customers (id int, name varchar(20), email varchar(30), region varchar(10), ssn varchar(20))",
    "CREATE TABLE secrets (k int, v varchar(20))",
    "INSERT INTO orders VALUES (1, 1, 10, 'EU'), (2, 2, 20, 'US'), (3, 1, 30, 'EU')",
    "INSERT INTO customers VALUES (1, 'Annamaria', 'LEAKMAIL1', 'EU', 'LEAKSSN1')",
    "INSERT INTO customers VALUES (2, 'LEAKROW', 'LEAKMAIL2', 'US', 'LEAKSSN2')",
    "INSERT INTO secrets VALUES (1, 'LEAKSECRET')",
)
"""Policy: rows of EU only, ``email`` masked, ``ssn`` hidden, ``secrets`` not governed."""

_SCHEMAS = {"duckdb": ("memory", "main"), "postgres": ("public",), "mysql": ("sentinel",)}


def _columns(*names: str) -> tuple[Column, ...]:
    kinds = {"id": DataType.INTEGER, "customer_id": DataType.INTEGER, "amount": DataType.INTEGER}
    return tuple(Column(name=name, type=kinds.get(name, DataType.STRING)) for name in names)


def tables(dialect: str) -> tuple[GovernedTable, ...]:
    """What the caller may name."""
    schema = _SCHEMAS[dialect]
    return (
        GovernedTable(
            dataset="orders", source=(*schema, "orders"), columns=_columns("id", "customer_id", "amount", "region")
        ),
        GovernedTable(
            dataset="customers", source=(*schema, "customers"), columns=_columns("id", "name", "email", "region")
        ),
    )


def relations(dialect: str) -> dict[str, Relation]:
    """What stands in the tables' place."""
    quote, mark = ("`", "@") if dialect == "mysql" else ('"', "$")

    def quoted(name: str) -> str:
        return f"{quote}{name}{quote}"

    found = {}
    for table in tables(dialect):
        selected = [
            f"'***' AS {quoted('email')}" if column.name == "email" else f"g.{quoted(column.name)}"
            for column in table.columns
        ]
        where = ".".join(map(quoted, table.source))
        found[table.dataset] = Relation(
            sql=f"SELECT {', '.join(selected)} FROM {where} AS g WHERE g.{quoted('region')} = {mark}1",
            parameters=("EU",),
        )
    return found


def through(
    sql: str,
    dialect: str,
    layers: frozenset[Layer] = ALL,
    book: FunctionAllowlist | None = None,
    row_limit: int = 100,
    decided: Callable[[BoundQuery], Problems | None] = lambda _bound: None,
) -> ReadQuery | BoundQuery | GuardedQuery | Problems:
    """Take a text through the guard as far as it goes; nothing is decided unless ``decided`` does it."""
    reading = guarding.read(
        sql, dialect=dialect, functions=book or FunctionAllowlist.all_reviewed(dialect), layers=layers
    )
    if isinstance(reading, Problems):
        return reading
    bound = guarding.bind(reading, tables(dialect), layers=layers)
    if isinstance(bound, Problems):
        return bound
    refused = decided(bound)
    if refused is not None:
        return refused
    return guarding.rewrite(bound, relations(dialect), row_limit=row_limit, layers=layers)


_LAYERS: Mapping[str, Layer] = {
    "E_SQL_CHARACTER": Layer.INTAKE,
    "E_SQL_UNREADABLE": Layer.PARSE,
    "E_SQL_SEVERAL_STATEMENTS": Layer.PARSE,
    "E_SQL_NO_QUERY": Layer.PARSE,
    "E_SQL_CONSTRUCT": Layer.CLASSIFY,
    "E_SQL_FUNCTION": Layer.CLASSIFY,
    "E_SQL_TYPE": Layer.CLASSIFY,
    "E_SQL_GENERATOR": Layer.CLASSIFY,
    "E_SQL_UNFAITHFUL": Layer.CLASSIFY,
    "E_SQL_RESERVED_NAME": Layer.CLASSIFY,
    "E_SQL_PARAMETERS": Layer.CLASSIFY,
    "E_SQL_UNKNOWN_TABLE": Layer.BIND,
    "E_SQL_AMBIGUOUS_TABLE": Layer.BIND,
    "E_SQL_UNKNOWN_COLUMN": Layer.BIND,
    "E_SQL_AMBIGUOUS_COLUMN": Layer.BIND,
    "E_SQL_UNBOUND": Layer.BIND,
    "E_SQL_UNWRITABLE": Layer.REGENERATE,
    "E_SQL_DISAGREEMENT": Layer.OPINION,
}


def stopped_by(sql: str, dialect: str, answer: object) -> Layer:
    """Return the layer that refused, or REWRITE where the text may run, confined."""
    if not isinstance(answer, Problems):
        return Layer.REWRITE
    code = answer.first.code.name
    if code == "E_SQL_TOO_LARGE":
        without = guarding.read(
            sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect), layers=ALL - {Layer.CLASSIFY}
        )
        return Layer.INTAKE if isinstance(without, Problems) else Layer.CLASSIFY
    if code == "E_SQL_NO_QUERY" and not sql.strip():
        return Layer.INTAKE
    return _LAYERS[code]
