"""Layer 4 through the room's door: names to governed tables and columns, what is done with them, and what is told."""

from __future__ import annotations

import pytest

from metricgate import guarding
from metricgate.guarding import BoundQuery, FunctionAllowlist, ReadQuery
from metricgate.vocabulary.obligation import Use
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.relation import GovernedTable
from metricgate.vocabulary.result import Column, DataType

DIALECTS = ("duckdb", "postgres", "mysql")


def table(dataset: str, *columns: str, source: tuple[str, ...] | None = None) -> GovernedTable:
    return GovernedTable(
        dataset=dataset,
        source=source or ("shop", dataset),
        columns=tuple(Column(name=name, type=DataType.STRING) for name in columns),
    )


TABLES = (
    table("orders", "id", "customer_id", "amount", "region"),
    table("customers", "id", "name", "email", "region"),
)


def bind(sql: str, dialect: str = "postgres", tables: tuple[GovernedTable, ...] = TABLES) -> BoundQuery | Problems:
    reading = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect))
    assert isinstance(reading, ReadQuery), reading
    return guarding.bind(reading, tables)


def bound(sql: str, dialect: str = "postgres", tables: tuple[GovernedTable, ...] = TABLES) -> BoundQuery:
    found = bind(sql, dialect, tables)
    assert isinstance(found, BoundQuery), found
    return found


def refused(sql: str, dialect: str = "postgres", tables: tuple[GovernedTable, ...] = TABLES) -> Problems:
    found = bind(sql, dialect, tables)
    assert isinstance(found, Problems), found
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["orders", "shop.orders", "ORDERS", "Shop.Orders"])
def test_a_table_is_named_by_dataset_or_source(dialect: str, name: str) -> None:
    """Unquoted, in any case, with or without its schema."""
    assert bound(f"SELECT id FROM {name}", dialect).tables == ("orders",)


def test_quoted_names_follow_the_engine() -> None:
    """PostgreSQL compares quoted names as they are, DuckDB does not look at case."""
    assert bound('SELECT "id" FROM "orders"').tables == ("orders",)
    assert refused('SELECT id FROM "Orders"').first.code.name == "E_SQL_UNKNOWN_TABLE"
    assert refused('SELECT "Id" FROM orders').first.code.name == "E_SQL_UNKNOWN_COLUMN"
    assert bound('SELECT "Id" FROM "Orders"', "duckdb").output == ("Id",)
    mixed = (table("Sales", "Total", source=("public", "Sales")),)
    assert bound('SELECT "Total" FROM "Sales"', tables=mixed).output == ("Total",)
    assert refused('SELECT total FROM "Sales"', tables=mixed).first.code.name == "E_SQL_UNKNOWN_COLUMN"


def test_a_name_that_fits_two_datasets_is_refused_with_both() -> None:
    """Neither is guessed."""
    two = (table("web_orders", "id", source=("web", "orders")), table("shop_orders", "id", source=("shop", "orders")))
    found = refused("SELECT id FROM orders", tables=two)
    assert found.first.code.name == "E_SQL_AMBIGUOUS_TABLE"
    assert found.first.details["datasets"] == ["shop_orders", "web_orders"]
    assert bound("SELECT id FROM web.orders", tables=two).tables == ("web_orders",)


def test_ctes_shadow_tables() -> None:
    """Inside itself a CTE's name means the table; elsewhere the CTE; scopes decide."""
    found = bound("WITH orders AS (SELECT id FROM orders WHERE amount > 1) SELECT id FROM orders")
    assert found.tables == ("orders",)
    assert found.columns == {"orders": {"id": frozenset(), "amount": frozenset({Use.FILTER})}}
    assert bound("WITH orders AS (SELECT 1 AS x) SELECT x FROM orders").tables == ()
    swapped = bound("WITH orders AS (SELECT * FROM customers) SELECT name FROM orders")
    assert swapped.tables == ("customers",)
    assert refused("SELECT amount FROM (WITH orders AS (SELECT 1 AS x) SELECT x FROM orders) t").first.code.name == (
        "E_SQL_UNKNOWN_COLUMN"
    )


def test_stars_are_written_out_over_visible_columns() -> None:
    """In the engine's order."""
    assert bound("SELECT * FROM customers").output == ("id", "name", "email", "region")
    assert bound("SELECT c.*, o.id FROM customers c JOIN orders o ON true").output == (
        *("id", "name", "email", "region"),
        "id",
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_hidden_and_missing_look_the_same(dialect: str) -> None:
    """The message names what is visible and nothing else."""
    tables = (table("customers", "id", "name"),)
    hidden, missing = (
        refused("SELECT ssn FROM customers", dialect, tables),
        refused("SELECT xyz FROM customers", dialect, tables),
    )
    assert str(hidden).replace("ssn", "?") == str(missing).replace("xyz", "?")
    assert "The columns of customers are id, name." in str(hidden)
    absent = refused("SELECT 1 FROM payroll", dialect, tables)
    assert absent.first.message == "'payroll' is not a dataset that you may read."
    assert absent.first.hint == "The datasets that you may read are customers."


def test_every_wrong_column_is_told() -> None:
    """All at once, each with its place and a near name."""
    found = refused("SELECT nam, ssn\nFROM customers\nWHERE emale = 'x'")
    assert [(problem.details["column"], str(problem.where)) for problem in found] == [
        ("nam", "1:8"),
        ("ssn", "1:13"),
        ("emale", "3:7"),
    ]
    assert "Did you mean 'name'?" in (found.first.hint or "")


def test_an_ambiguous_column_names_its_tables() -> None:
    """A bare name that two tables have is not guessed."""
    found = refused("SELECT region FROM orders JOIN customers ON true")
    assert found.first.code.name == "E_SQL_AMBIGUOUS_COLUMN"
    assert found.first.details["datasets"] == ["customers", "orders"]


USES = {
    "SELECT email FROM customers": set(),
    "SELECT upper(email) FROM customers": set(),
    "SELECT name FROM customers WHERE email = 'x'": {Use.FILTER},
    "SELECT name FROM customers WHERE id IN (SELECT id FROM customers WHERE email = 'x')": {Use.FILTER},
    "SELECT name FROM customers WHERE name IN (SELECT email FROM customers)": {Use.FILTER},
    "SELECT count(*) FROM customers GROUP BY email": {Use.GROUP},
    "SELECT email, count(*) FROM customers GROUP BY 1": {Use.GROUP},
    "SELECT DISTINCT email FROM customers": {Use.GROUP},
    "SELECT name FROM customers ORDER BY email": {Use.ORDER},
    "SELECT email FROM customers ORDER BY 1": {Use.ORDER},
    "SELECT email AS e FROM customers ORDER BY e": {Use.ORDER},
    "SELECT max(email) FROM customers": {Use.AGGREGATE},
    "SELECT count(DISTINCT email) FROM customers": {Use.AGGREGATE, Use.GROUP},
    "SELECT sum(CASE WHEN email = 'x' THEN 1 END) FROM customers": {Use.AGGREGATE},
    "SELECT count(*) FROM customers HAVING max(email) > 'a'": {Use.AGGREGATE, Use.FILTER},
    "SELECT row_number() OVER (PARTITION BY email) FROM customers": {Use.GROUP},
    "SELECT row_number() OVER (ORDER BY email) FROM customers": {Use.ORDER},
    "SELECT lag(email) OVER (ORDER BY id) FROM customers": {Use.AGGREGATE},
    "SELECT o.id FROM orders o JOIN customers c ON c.email = o.region": {Use.JOIN},
    "SELECT o.id FROM orders o JOIN (SELECT email AS region FROM customers) c USING (region)": {Use.JOIN},
    "SELECT e FROM (SELECT email AS e FROM customers) t WHERE e = 'x'": {Use.FILTER},
    "WITH t AS (SELECT lower(email) AS e FROM customers) SELECT count(*) FROM t GROUP BY e": {Use.GROUP},
    "WITH t AS (SELECT email AS e FROM customers), u AS (SELECT e FROM t) SELECT 1 FROM u WHERE e > 'a'": {Use.FILTER},
    "SELECT x FROM (SELECT name AS x FROM customers UNION ALL SELECT email FROM customers) t WHERE x > 'a'": {
        Use.FILTER
    },
    "SELECT name FROM customers UNION SELECT email FROM customers": {Use.GROUP},
    "SELECT name FROM customers EXCEPT SELECT email FROM customers": {Use.FILTER, Use.GROUP},
    "SELECT name FROM customers UNION ALL SELECT email FROM customers ORDER BY 1": {Use.ORDER},
    "SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.region = c.email)": {Use.FILTER},
    "SELECT (SELECT max(email) FROM customers) AS m": {Use.AGGREGATE},
    "SELECT id FROM orders WHERE region = (SELECT max(email) FROM customers)": {Use.AGGREGATE, Use.FILTER},
    "SELECT t.e FROM customers c CROSS JOIN LATERAL (SELECT c.email AS e) t ORDER BY t.e": {Use.ORDER},
    "SELECT c.d FROM customers AS c(a, b, d, e) WHERE c.d = 'x'": {Use.FILTER},
    "SELECT count(*) FILTER (WHERE email = 'x') FROM customers": {Use.FILTER},
    "SELECT string_agg(name, ',' ORDER BY email) FROM customers": {Use.AGGREGATE, Use.ORDER},
}


@pytest.mark.parametrize("sql", USES)
def test_what_is_done_with_a_column(sql: str) -> None:
    """Through derived tables, CTEs, set operations, sub-queries and windows."""
    assert bound(sql).columns["customers"]["email"] == USES[sql]


def test_a_column_that_is_not_touched_is_not_named() -> None:
    """Counting rows names no column."""
    assert bound("SELECT count(*) FROM customers").columns == {"customers": {}}
    assert set(bound("SELECT name FROM customers WHERE id = 1").columns["customers"]) == {"name", "id"}


def test_columns_of_no_table_at_all() -> None:
    """A query without tables binds to nothing."""
    found = bound("SELECT 1 AS x")
    assert (found.tables, dict(found.columns), found.output) == ((), {}, ("x",))


NAMES = {
    "postgres": {
        "SELECT count(*), sum(amount), amount + 1, 'x', amount::text, Amount FROM orders GROUP BY amount": (
            *("count", "sum", "?column?", "?column?", "amount", "amount"),
        ),
        'SELECT amount AS "Total", amount AS Total FROM orders': ("Total", "total"),
        "SELECT substr(region, 1), coalesce(region, 'x'), (SELECT max(id) FROM orders) FROM orders": (
            *("substr", "coalesce", "max"),
        ),
        "SELECT 1::int::bigint, INTERVAL '1 day', power(2, 3), CAST('{1}' AS int[]), CASE WHEN true THEN 1 END": (
            *("int8", "interval", "power", "int4", "case"),
        ),
    },
    "duckdb": {
        "SELECT count(*), SUM(amount), amount + 1, Amount AS Total FROM orders GROUP BY ALL": (
            *("count_star()", "sum(amount)", "(amount + 1)", "Total"),
        ),
        "SELECT * FROM (SELECT amount AS Total FROM orders)": ("Total",),
    },
    "mysql": {
        "SELECT COUNT(*), Sum( amount ), amount+1, Amount AS Total FROM orders GROUP BY amount": (
            *("COUNT(*)", "Sum( amount )", "amount+1", "Total"),
        ),
    },
}


@pytest.mark.parametrize(("dialect", "sql"), [(dialect, sql) for dialect, texts in NAMES.items() for sql in texts])
def test_outputs_are_called_what_the_engine_would_call_them(dialect: str, sql: str) -> None:
    """Aliases as the agent wrote them, the rest in the engine's way."""
    assert bound(sql, dialect).output == NAMES[dialect][sql]


def test_binding_leaves_the_reading_as_it_was() -> None:
    """The same reading can be bound again, for another caller."""
    reading = guarding.read(
        "SELECT * FROM customers", dialect="duckdb", functions=FunctionAllowlist.all_reviewed("duckdb")
    )
    assert isinstance(reading, ReadQuery)
    first, second = guarding.bind(reading, TABLES), guarding.bind(reading, (table("customers", "id"),))
    assert isinstance(first, BoundQuery)
    assert isinstance(second, BoundQuery)
    assert (first.output, second.output) == (("id", "name", "email", "region"), ("id",))


def test_an_unknown_dialect_is_a_mistake_of_the_program() -> None:
    """Reading needs a list of functions, binding needs rules."""
    reading = guarding.read("SELECT 1", dialect="oracle", functions=FunctionAllowlist.all_reviewed("oracle"))
    assert isinstance(reading, ReadQuery)
    with pytest.raises(ValueError, match="oracle"):
        guarding.bind(reading, TABLES)
