"""What a caller is told when an engine fails: their own mistake as theirs, a definition's as its owner's to mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contracts.warehouse_engines import released
from tests.faults.served import entries_of
from tests.gateway.conftest import MODELS, POLICY, asked, write_project

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.gateway.failures import of_definitions, of_engine, of_own_text
from metricgate.gateway.outcome import Fault, Outcome, RefusedCall
from metricgate.gateway.ports import WarehouseError
from metricgate.vocabulary.obligation import Obligations, RowFilter
from metricgate.vocabulary.predicate import Comparison, Operator, Scalar, Secret

METRICS = """
  - {name: broken, domain: sales, owner: sales@acme.example, description: Fails on the data., type: simple,
     semantic_model: orders, agg: sum, expr: CAST(status AS INTEGER)}
  - {name: too_great, domain: sales, owner: sales@acme.example, description: Over 38 digits., type: simple,
     semantic_model: orders, agg: sum, expr: "CAST(99999999999999 + id AS DECIMAL(38, 4))
     * CAST(99999999999999 AS DECIMAL(38, 4)) * CAST(99999999999999 AS DECIMAL(18, 4))"}
  - {name: misplaced, domain: sales, owner: sales@acme.example, description: No such column., type: simple,
     semantic_model: orders, agg: sum, expr: nowhere}
"""
READS = '  - {id: sql, roles: [all-seeing], actions: [read], on: ["dataset:*", "column:*", "function:*"]}'
SQL = POLICY.replace('"dataset:*", "record:*"]}', f'"dataset:*", "record:*"]}}\n{READS}')


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    number = "dimensions:\n      - {name: number, type: categorical, expr: CAST(status AS INTEGER)}"
    models = MODELS.replace("dimensions:", number, 1)
    return write_project(tmp_path / "project", models=models + METRICS, policy=SQL)


def told(outcome: Outcome) -> str:
    """Everything that the caller sees of a failure."""
    assert isinstance(outcome, RefusedCall | Fault)
    problem = outcome.problems.first if isinstance(outcome, RefusedCall) else outcome.problem
    return str(problem.as_json())


def test_an_agents_own_error_is_a_refusal_with_class_and_place(failing: Path) -> None:
    """422 and what to do about it; not a fault of ours, and no word of checking definitions."""
    outcome = asked(failing, "omni", "query_sql", {"sql": "SELECT id, CAST(status AS INTEGER) AS s FROM orders"})
    assert isinstance(outcome, RefusedCall)
    problem = outcome.problems.first
    assert (problem.code.name, outcome.status) == ("E_SQL_BAD_CAST", 422)
    position, near, sql = (problem.details[name] for name in ("position", "near", "sql"))
    assert str(near).startswith("CAST(")
    assert str(sql)[int(str(position)) :].startswith(str(near).removesuffix("…"))
    assert "validate" not in told(outcome)
    assert "paid" not in told(outcome)


def test_an_error_without_a_class_is_still_the_agents_own() -> None:
    """The engine failed in a way that nobody foresaw: the agent is not sent to the definitions."""
    problem = of_own_text(WarehouseError("E_WAREHOUSE_FAILED", "the secret hunter2"), "SELECT 1")
    assert problem.code.name == "E_SQL_FAILED"
    assert "hunter2" not in str(problem.as_json())
    assert "validate" not in str(problem.as_json())


@pytest.mark.parametrize(
    ("code", "told_as"),
    [
        ("E_SQL_CRASHED", "E_SQL_CRASHED"),
        ("E_WAREHOUSE_TIMEOUT", "E_WAREHOUSE_TIMEOUT"),
        ("E_SQL_UNKNOWN_NAME", "E_WAREHOUSE_FAILED"),
        ("E_NEVER_HEARD_OF", "E_WAREHOUSE_FAILED"),
    ],
)
def test_what_fails_before_a_statement_runs_is_no_error_of_its_text(code: str, told_as: str) -> None:
    """The engine was asked for its tables, or for its opinion of a text, of which its parser may die."""
    assert of_engine(WarehouseError(code, "hunter2")).code.name == told_as


@pytest.mark.parametrize("position", [-1, 8, 10**9, None])
def test_a_place_outside_of_the_statement_is_none(position: int | None) -> None:
    """An engine counts otherwise, or a worker that was taken over sends a number of its own."""
    problem = of_own_text(WarehouseError("E_SQL_BAD_CAST", "", position=position), "SELECT 1")
    assert problem.details == {}


def test_an_expression_that_fails_on_the_data_is_told_with_its_place(failing: Path) -> None:
    """Who asked cannot mend it: the definition's file and line, the class, the part of the statement; no value."""
    outcome = asked(failing, "omni", "query_metrics", {"metrics": ["sales.broken", "sales.orders"]})
    assert isinstance(outcome, Fault)
    problem = outcome.problem
    assert problem.code.name == "E_EXPRESSION_FAILED"
    assert problem.details["class"] == "E_SQL_BAD_CAST"
    assert [each.get("metric") or each["model"] for each in problem.details["definitions"]] == [
        "sales.broken",
        "sales.orders",
        "orders",
    ]
    lines = (failing / "semantic_models" / "models.yaml").read_text().splitlines()
    assert problem.where is not None
    assert "name: broken" in lines[(problem.where.line or 0) - 1]
    assert "CAST" in str(problem.details["near"])
    assert "sql" not in problem.details
    assert "paid" not in told(outcome)


def test_a_product_of_too_many_digits_is_told_by_metric_and_place(failing: Path) -> None:
    """It fails the whole question; each metric that was asked is told with its place, no number is."""
    outcome = asked(failing, "omni", "query_metrics", {"metrics": ["sales.orders", "sales.too_great"]})
    assert isinstance(outcome, Fault)
    problem = outcome.problem
    assert (problem.code.name, problem.details["class"]) == ("E_EXPRESSION_FAILED", "E_SQL_OUT_OF_RANGE")
    lines = (failing / "semantic_models" / "models.yaml").read_text().splitlines()
    places = {each["metric"]: lines[each["line"] - 1] for each in problem.details["definitions"] if "metric" in each}
    assert set(places) == {"sales.orders", "sales.too_great"}
    assert "name: too_great" in places["sales.too_great"]
    assert "9999" not in told(outcome)


def test_a_dimension_that_fails_on_the_data_is_told_with_its_model(failing: Path) -> None:
    """A list of values has no metric: the model is where to look."""
    outcome = asked(failing, "omni", "list_dimension_values", {"dimension": "order__number"})
    assert isinstance(outcome, Fault)
    assert outcome.problem.code.name == "E_EXPRESSION_FAILED"
    [definition] = outcome.problem.details["definitions"]
    assert (definition["model"], outcome.problem.where is not None) == ("orders", True)
    assert "paid" not in told(outcome)


def test_a_definition_that_does_not_fit_its_table_is_for_validate(failing: Path) -> None:
    """The class is told; what to do is to compare the models with the tables."""
    outcome = asked(failing, "omni", "query_metrics", {"metrics": ["sales.misplaced"]})
    assert isinstance(outcome, Fault)
    assert outcome.problem.code.name == "E_WAREHOUSE_FAILED"
    assert outcome.problem.details["class"] == "E_SQL_UNKNOWN_NAME"
    assert "metricgate validate" in str(outcome.problem.hint)


def test_the_engines_words_are_in_the_record_alone(failing: Path) -> None:
    """In a body of the entry that ends the call, which says that it was released and refused."""
    asked(failing, "omni", "query_sql", {"sql": "SELECT CAST(status AS INTEGER) AS s FROM orders"})
    [failed] = entries_of(failing / ".metricgate" / "ledger.db", "gov.call.failed")
    assert (failed.fields["gov.outcome"], failed.fields["error.type"]) == ("refused", "E_SQL_BAD_CAST")
    assert failed.fields["gov.links"][0]["rel"] == "intent"
    assert "Could not convert" in failed.bodies["gov.error.text"]
    assert "Could not convert" not in str(failed.fields)


def test_a_value_that_the_column_cannot_have_is_the_callers_to_mend(failing: Path) -> None:
    """It is named, where it is theirs: a text beside a column of numbers."""
    where = {"member": "order", "op": "=", "value": "no number"}
    outcome = asked(failing, "omni", "query_metrics", {"metrics": ["sales.orders"], "where": where})
    assert isinstance(outcome, RefusedCall)
    problem = outcome.problems.first
    assert (problem.code.name, outcome.status) == ("E_SQL_UNFIT_VALUE", 422)
    assert problem.details["value"] == "no number"
    assert "list_dimension_values" in str(problem.hint)


@pytest.mark.parametrize(
    ("parameters", "filtered", "named"),
    [
        (("new", "zzz"), None, "zzz"),
        (("new", "zzz"), "zzz", None),
        (("new", Secret("zzz")), None, None),
        (("new",), None, None),
    ],
)
def test_an_enums_unknown_label_is_told_only_where_it_is_the_questions(
    parameters: tuple[Scalar, ...], filtered: str | None, named: str | None
) -> None:
    """PostgreSQL quotes it; so it would quote what policy compares with."""
    words = 'invalid input value for enum st: "zzz"'
    statement = released("SELECT 1", *parameters).statement
    rows = () if filtered is None else (RowFilter(rule="r", dataset="o", condition=_equal("s", filtered)),)
    catalog = load([("m.yaml", MODELS)])
    assert isinstance(catalog, Catalog)
    problem = of_definitions(
        WarehouseError("E_SQL_BAD_CAST", words), statement, ["sales.orders"], [], catalog, Obligations(row_filters=rows)
    )
    assert problem.details.get("value") == named
    assert ("zzz" in str(problem.as_json())) == (named is not None)
    assert problem.code.name == ("E_EXPRESSION_FAILED" if named is None else "E_SQL_UNFIT_VALUE")


def test_a_guess_at_hidden_data_is_not_confirmed() -> None:
    """An expression that fails on a row that policy hides fails the same whatever the question compares with."""
    statement = released("SELECT 1", "guessed").statement
    rows = (RowFilter(rule="r", dataset="o", condition=_equal("s", "open")),)
    catalog = load([("m.yaml", MODELS)])
    assert isinstance(catalog, Catalog)
    told = [
        of_definitions(
            WarehouseError("E_SQL_BAD_CAST", f"Could not convert string '{quoted}' to INT32"),
            statement, ["sales.orders"], [], catalog, Obligations(row_filters=rows),
        ).as_json()
        for quoted in ("guessed", "another")
    ]  # fmt: skip
    assert told[0] == told[1]


def _equal(member: str, value: str) -> Comparison:
    return Comparison(member=member, op=Operator.EQ, values=(value,))
