"""Parameters of an agent's SQL, on each live engine: values are bound, whatever is in them, and nothing else is."""

from __future__ import annotations

import json

import pytest
from conformance.sql_safety.probes import Suite
from conformance.sql_safety.probing import ENGINES, asked
from tests.attacks.confined import SENTINEL, WORLD

from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.vocabulary.json import Json

SUITE = Suite(
    probes=(),
    ddl=WORLD,
    policy={
        "orders": {"columns": ["id", "customer_id", "amount", "region"], "filter": "region = 'EU'"},
        "customers": {
            "columns": ["id", "name", "email", "region"],
            "filter": "region = 'EU'",
            "mask": {"email": "'***'"},
        },
    },
    sentinel=SENTINEL,
)
NAMES = "SELECT name FROM customers WHERE name = :name"
HOSTILE = (
    "' OR '1'='1",
    "x' UNION SELECT v FROM secrets -- ",
    "\\' OR 1=1 -- ",
    "\\",
    "''",
    "x'); DROP TABLE orders; --",
    "$1 @1 ? :name %s {0}",
    '" OR ""="',
    "`; /*!SELECT 1*/",
    "é\u2019' OR 1=1 #",
    "Annamaria' -- ",
)


def _rows(outcome: Outcome) -> Json:
    assert isinstance(outcome, Answered), str(outcome)
    return [list(row) for row in outcome.answer["rows"]]


@pytest.mark.parametrize("engine", ENGINES)
def test_values_are_bound_and_mean_what_a_literal_means(engine: str) -> None:
    """By order, by name, by number; a text, numbers, NULL, a day; named once and used twice."""
    first = "SELECT id FROM orders WHERE amount > ? AND region = ? ORDER BY id"
    named = "SELECT id FROM orders WHERE region = :here OR (:here = 'EU' AND id = :id) ORDER BY id"
    calls: list[tuple[dict[str, Json], Json]] = [
        ({"sql": first, "parameters": [10, "EU"]}, [[3]]),
        ({"sql": first, "parameters": {"1": 9.5, "2": "EU"}}, [[1], [3]]),
        ({"sql": first, "parameters": [0, "US"]}, []),
        ({"sql": named, "parameters": {"here": "EU", "id": 2}}, [[1], [3]]),
        ({"sql": "SELECT COUNT(*) FROM orders WHERE region = :r", "parameters": {"r": None}}, [[0]]),
        (
            {"sql": "SELECT SUM(amount * :x) FROM orders WHERE id IN (:a, :b)", "parameters": {"x": 2, "a": 1, "b": 3}},
            [[80]],
        ),
        (
            {
                "sql": "SELECT COUNT(*) FROM orders WHERE DATE '2026-01-31' >= CAST(:day AS DATE)",
                "parameters": {"day": {"type": "date", "value": "2026-01-31"}},
            },
            [[2]],
        ),
        (
            {"sql": "SELECT id FROM orders WHERE amount = ?", "parameters": {"1": {"type": "decimal", "value": "30"}}},
            [[3]],
        ),
    ]
    if engine != "mariadb":
        calls.append(({"sql": "SELECT id FROM orders WHERE region = $2 AND id < $1", "parameters": [3, "EU"]}, [[1]]))
    found = asked(SUITE, engine, [arguments for arguments, _ in calls])
    assert [_rows(outcome) for outcome in found] == [expected for _, expected in calls]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_value_is_read_as_sql(engine: str) -> None:
    """Hostile texts find the row that has them, which is none; they come back as they went in."""
    calls: list[dict[str, Json]] = [{"sql": NAMES, "parameters": {"name": text}} for text in HOSTILE]
    echo = "SELECT CAST(? AS CHAR(60)) AS x FROM orders WHERE id = 1"
    if engine != "mariadb":
        echo = "SELECT CAST(? AS VARCHAR) AS x FROM orders WHERE id = 1"
    calls += [{"sql": echo, "parameters": [text]} for text in HOSTILE]
    found = asked(SUITE, engine, [*calls, {"sql": NAMES, "parameters": {"name": "Annamaria"}}])
    assert [_rows(each) for each in found[: len(HOSTILE)]] == [[]] * len(HOSTILE)
    assert [_rows(each) for each in found[len(HOSTILE) : -1]] == [[[text]] for text in HOSTILE]
    assert _rows(found[-1]) == [["Annamaria"]], "and the table is still there"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_number_of_rows_may_be_a_parameter(engine: str) -> None:
    """After LIMIT, OFFSET and FETCH, alone or beside other values, also where one value stands in both places."""
    orders = "SELECT id FROM orders WHERE id >= :a ORDER BY id"
    calls: list[tuple[dict[str, Json], Json]] = [
        ({"sql": f"{orders} LIMIT :n", "parameters": {"a": 0, "n": 1}}, [[1]]),
        ({"sql": f"{orders} LIMIT :n", "parameters": {"a": 0, "n": 0}}, []),
        ({"sql": f"{orders} LIMIT :a OFFSET :a", "parameters": {"a": 1}}, [[3]]),
        ({"sql": f"{orders} LIMIT :n", "parameters": {"a": 0, "n": 1_000_000}}, [[1], [3]]),
        ({"sql": "SELECT id FROM orders WHERE id > ? ORDER BY id LIMIT ? OFFSET ?", "parameters": [0, 5, 1]}, [[3]]),
        (
            {"sql": "SELECT id FROM orders ORDER BY id LIMIT ?", "parameters": [{"type": "integer", "value": "1"}]},
            [[1]],
        ),
        (
            {
                "sql": "SELECT (SELECT id FROM orders ORDER BY id LIMIT ?), ? FROM orders LIMIT ?",
                "parameters": [1, "x", 1],
            },
            [[1, "x"]],
        ),
    ]
    if engine == "mariadb":
        calls.append(({"sql": "SELECT id FROM orders ORDER BY id LIMIT :o, :n", "parameters": {"o": 1, "n": 1}}, [[3]]))
        calls.append(({"sql": "SELECT id FROM orders ORDER BY id LIMIT 1, ?", "parameters": [1]}, [[3]]))
    else:
        calls.append(({"sql": "SELECT id FROM orders WHERE id < $2 LIMIT $1", "parameters": [3, 2]}, [[1]]))
    if engine == "postgres":
        sql = "SELECT id FROM orders ORDER BY id OFFSET :o ROWS FETCH FIRST :n ROWS ONLY"
        calls.append(({"sql": sql, "parameters": {"o": 1, "n": 1}}, [[3]]))
    found = asked(SUITE, engine, [arguments for arguments, _ in calls])
    assert [_rows(outcome) for outcome in found] == [expected for _, expected in calls]


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_but_a_number_of_rows_is_written(engine: str) -> None:
    """A text that looks like a number, a fraction, NULL, a truth, what lies below zero or beyond what is counted."""
    values: list[Json] = ["1", "1; DROP TABLE orders", -1, 1.5, True, None, 2**63, {"type": "double", "value": 1}]
    values.append({"type": "text", "value": "(SELECT ssn FROM customers)"})
    forms = ("SELECT id FROM orders LIMIT :n", "SELECT id FROM orders LIMIT 1 OFFSET :n")
    calls: list[dict[str, Json]] = [{"sql": sql, "parameters": {"n": each}} for sql in forms for each in values]
    for call, outcome in zip(calls, asked(SUITE, engine, calls), strict=True):
        assert isinstance(outcome, RefusedCall), call
        assert outcome.problems.first.code.name == "E_SQL_PARAMETERS"
        assert 'parameters: {"n": 100}' in str(outcome.problems.first.hint)


_OTHER_VARIABLES = {
    "duckdb": "SELECT $x, ?",
    "mariadb": "SELECT @1, name FROM customers WHERE id = ?",
    # There, @ is the absolute value of what follows.
    "postgres": "SELECT @ssn, name FROM customers WHERE id = ?",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_parameters_stand_for_values_only(engine: str) -> None:
    """Not for tables, columns, schemas, functions, sorts or sizes; and no other variable becomes one."""
    one: list[tuple[str, Json]] = [
        ("SELECT * FROM :t", {"t": "secrets"}),
        ("SELECT * FROM ?", ["secrets"]),
        ("SELECT :c.id FROM customers c", {"c": "c"}),
        ("SELECT c.:x FROM customers c", {"x": "ssn"}),
        ("SELECT :f(name) FROM customers", {"f": "lower"}),
        ("SELECT name FROM customers ORDER BY :c", {"c": "ssn"}),
        ("SELECT REPEAT('x', ?)", [100000000]),
        (_OTHER_VARIABLES[engine], [1]),
        ("SELECT @@version, ? FROM customers", [1]),
        ("SELECT name FROM customers WHERE id = ?; DROP TABLE orders", [1]),
        ("UPDATE customers SET name = ?", ["x"]),
        ("SELECT ssn FROM customers WHERE id = ?", [1]),
        ("SELECT name FROM customers AS :a", {"a": "x"}),
        ("WITH :a AS (SELECT 1) SELECT * FROM customers", {"a": "x"}),
        ("SELECT name FROM customers WHERE id = ? /*! UNION SELECT ssn FROM customers */", [1]),
    ]
    if engine == "mariadb":
        one = [each for each in one if "/*!" not in each[0]] + [one[-1]]
    else:
        one.pop()
    found = asked(SUITE, engine, [{"sql": sql, "parameters": values} for sql, values in one])
    for (sql, _values), outcome in zip(one, found, strict=True):
        assert isinstance(outcome, RefusedCall), sql
        assert "LEAK" not in json.dumps([each.as_json() for each in outcome.problems])


@pytest.mark.parametrize("engine", ENGINES)
def test_masks_and_filters_hold_against_values(engine: str) -> None:
    """A parameter in a condition on a masked column sees the mask; hidden rows stay hidden."""
    sql = "SELECT name, email FROM customers WHERE email = :mail OR name = :row"
    [found, shown] = asked(
        SUITE,
        engine,
        [
            {"sql": sql, "parameters": {"mail": "LEAKMAIL1", "row": "LEAKROW"}},
            {"sql": sql, "parameters": {"mail": "***", "row": ""}},
        ],
    )
    assert _rows(found) == []
    assert _rows(shown) == [["Annamaria", "***"]]


@pytest.mark.parametrize(
    ("sql", "values", "said"),
    [
        ("SELECT id FROM orders WHERE id = ? AND amount = ?", [1], "The text has 2 ?, and 1 value is given."),
        ("SELECT id FROM orders WHERE id = :a", {"b": 1}, "The parameter a has no value."),
        ("SELECT id FROM orders WHERE id = :a", [1], "The parameters have names, and the values have none."),
        (
            "SELECT id FROM orders WHERE id = :a AND 1 = ?",
            {"a": 1},
            "? stands beside parameters with names or numbers.",
        ),
        ("SELECT id FROM orders WHERE id = $1 AND 1 = $b", {"1": 1, "b": 1}, "Names and numbers of parameters"),
        ("SELECT id FROM orders WHERE id = $2", [1, 2], "The text has $2, and 2 values are given."),
        ("SELECT id FROM orders", [1], "1 value is given, and the text has no parameter."),
        ("SELECT id FROM orders WHERE id = :a", None, "The text has a parameter (a), and no values are given."),
        ("SELECT id FROM orders WHERE id IN (?)", [[1, 2]], "A list is no value of a parameter."),
        ("SELECT id FROM orders WHERE id = ?", [{"type": "daet", "value": "2026-01-01"}], "'daet' is no type"),
        ("SELECT id FROM orders WHERE id = ?", [{"type": "date", "value": "31.1.2026"}], "The value is no date."),
        ("SELECT id FROM orders WHERE id = ?", [{"date": "2026-01-31"}], "An object as a parameter's value"),
        ("SELECT id FROM orders WHERE id = ?", [{"type": "integer", "value": "9" * 19}], "The value is no integer."),
    ],
)
def test_what_does_not_fit_is_told(sql: str, values: Json, said: str) -> None:
    """With what is missing or too much, and never with a value that was given."""
    [outcome] = asked(SUITE, "duckdb", [{"sql": sql, "parameters": values}])
    assert isinstance(outcome, RefusedCall)
    first = outcome.problems.first
    assert first.message.startswith(said)
    assert first.hint
