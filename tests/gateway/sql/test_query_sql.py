"""``query_sql`` at a real gateway: what comes back, what is refused, and what stands in the record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import duckdb
import pytest
from tests.faults.served import entries_of
from tests.gateway.conftest import PATIENT, principal

from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.gateway.tool import ToolCall
from metricgate.settings.settings import Settings, load_settings
from metricgate.vocabulary.json import Json

MODELS = """
semantic_models:
  - name: orders
    source: main.orders
    entities: [{name: order, type: primary, expr: id}, {name: customer, type: foreign, expr: customer_id}]
    dimensions: [{name: region, type: categorical}]
    metrics:
      - {name: amount, type: simple, agg: sum}
  - name: customers
    source: main.customers
    entities: [{name: customer, type: primary, expr: id}]
    dimensions: [{name: region, type: categorical}, {name: email, type: categorical}, {name: plan, type: categorical}]
    columns: [{name: email, sensitivity: personal}]
    metrics:
      - {name: customer_count, type: simple, agg: count}
      - {name: mailed, type: simple, agg: count_distinct, expr: email}
"""
POLICY = """
version: 1
roles: [{name: readers, members: ["agent:omni"]}]
grants:
  - {id: tools, roles: [readers], actions: [call], on: ["tool:*"]}
  - id: metrics
    roles: [readers]
    actions: [query, describe, list_values]
    on: ["metric:*", "dimension:*", "dataset:*"]
  - id: columns
    roles: [readers]
    actions: [read]
    on: ["dataset:*", "column:orders.*", column:customers.id, column:customers.name, column:customers.email,
         column:customers.region, column:customers.plan, "function:*"]
  - {id: no-random, roles: [readers], actions: [read], on: [function:random], effect: deny, because: It must repeat.}
  - id: reviews-only
    roles: [readers]
    actions: [read]
    on: [column:customers.ssn]
    when: {purpose: [fraud-review]}
row_filters:
  - {id: europe-orders, roles: [readers], dataset: orders, where: {member: region, op: "=", value: EU}}
  - {id: europe-customers, roles: [readers], dataset: customers, where: {member: region, op: "=", value: EU}}
masks:
  - {id: no-mail, roles: [readers], on: ["label:personal"], method: hash}
  - {id: plans, roles: [readers], on: [column:customers.plan], method: partial, first: 1, usable_in: [group]}
limits:
  - {id: few, roles: [readers], rows: 3}
"""
TABLES = """
CREATE TABLE orders (id INT, customer_id INT, amount INT, region VARCHAR);
CREATE TABLE customers (id INT, name VARCHAR, email VARCHAR, region VARCHAR, ssn VARCHAR, plan VARCHAR);
CREATE TABLE secrets (k INT, v VARCHAR);
INSERT INTO orders VALUES (1, 1, 10, 'EU'), (2, 2, 20, 'US'), (3, 1, 30, 'EU'), (4, 3, 5, 'EU'), (5, 3, 6, 'EU');
INSERT INTO customers VALUES (1, 'Ann', 'LEAKMAIL1@x', 'EU', 'LEAKSSN1', 'gold'), (2, 'LEAKROW', 'LEAKMAIL2@x', 'US',
 'LEAKSSN2', 'lead'), (3, 'Bo', 'LEAKMAIL1@x', 'EU', 'LEAKSSN3', 'grey');
INSERT INTO secrets VALUES (1, 'LEAKSECRET');
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("semantic_models/m.yaml", MODELS), ("policies/p.yaml", POLICY), ("metricgate.yaml", PATIENT)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
        connection.execute(TABLES)
    return tmp_path


def call(folder: Path, *calls: tuple[str, Json], purpose: str | None = None) -> list[Outcome]:
    settings = load_settings(folder)
    assert isinstance(settings, Settings), str(settings)

    async def main() -> list[Outcome]:
        async with run_gateway(folder, settings, watch=False, logs=False) as parts:
            return [
                await parts.gateway.call(
                    ToolCall(
                        tool=tool, arguments=arguments, principal=principal("omni"), door="python", purpose=purpose
                    )
                )
                for tool, arguments in calls
            ]

    return asyncio.run(main())


def sql(folder: Path, text: str, purpose: str | None = None) -> Outcome:
    return call(folder, ("query_sql", {"sql": text}), purpose=purpose)[0]


def rows(outcome: Outcome) -> object:
    assert isinstance(outcome, Answered), str(outcome)
    return [list(row) for row in outcome.answer["rows"]]


def code(outcome: Outcome) -> str:
    assert isinstance(outcome, RefusedCall), str(outcome)
    return outcome.problems.first.code.name


def test_rows_filters_and_masks(folder: Path) -> None:
    """A join of two governed datasets: hidden rows are gone from both sides, the masked column shows a digest."""
    joined = "SELECT c.name, SUM(o.amount) AS total FROM orders o JOIN customers c ON o.customer_id = c.id"
    assert rows(sql(folder, f"{joined} GROUP BY 1 ORDER BY 1")) == [["Ann", 40], ["Bo", 11]]
    [[first], [second]] = rows(sql(folder, "SELECT email FROM customers ORDER BY id"))
    assert first == second, "equal values stay equal"
    assert len(first) == 32
    assert "LEAK" not in first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT name FROM customers WHERE email LIKE 'L%'", "E_MASKED_COLUMN"),
        ("SELECT COUNT(DISTINCT email) FROM customers", "E_MASKED_COLUMN"),
        ("SELECT x FROM (SELECT email AS x, name FROM customers) WHERE x <> ''", "E_MASKED_COLUMN"),
        ("WITH c AS (SELECT email AS x FROM customers) SELECT a.x FROM c a JOIN c b ON a.x = b.x", "E_MASKED_COLUMN"),
        ("SELECT name FROM customers ORDER BY email", "E_MASKED_COLUMN"),
        ("SELECT ssn FROM customers", "E_SQL_UNKNOWN_COLUMN"),
        ("SELECT * FROM secrets", "E_SQL_UNKNOWN_TABLE"),
        ("SELECT RANDOM() FROM orders", "E_DENIED"),
        ("DELETE FROM orders", "E_SQL_NO_QUERY"),
    ],
)
def test_what_is_refused(folder: Path, text: str, expected: str) -> None:
    """Nothing ran, and neither the message nor the record's fields hold a hidden value."""
    outcome = sql(folder, text)
    assert code(outcome) == expected
    assert "LEAK" not in str(outcome)
    ledger = folder / ".metricgate" / "ledger.db"
    assert entries_of(ledger, "gov.call.released") == []
    [entry] = entries_of(ledger, "gov.call.refused")
    assert entry.fields["gov.sql.original_digest"].startswith("sha256:")


def test_what_the_record_tells(folder: Path) -> None:
    """Original and released text, datasets, columns, functions, rules; the key of the mask stands nowhere."""
    text = "SELECT email, UPPER(name) AS n FROM customers"
    assert isinstance(sql(folder, text), Answered)
    [entry] = entries_of(folder / ".metricgate" / "ledger.db", "gov.call.released")
    assert entry.fields["gov.datasets"] == ["customers"]
    assert entry.fields["gov.columns"] == ["customers.email", "customers.name"]
    assert entry.fields["gov.functions"] == ["upper"]
    assert {"columns", "europe-customers", "no-mail"} <= set(entry.fields["gov.decision.rules"])
    assert entry.bodies["gov.arguments"] == {"sql": text}
    key = (folder / ".metricgate" / "mask.key").read_text().strip()
    assert key not in (folder / ".metricgate" / "ledger.db").read_bytes().decode("latin-1")
    assert entry.bodies["gov.statement.parameters"] == ["(secret)", "(secret)", "EU"]


def test_the_row_limit_is_told(folder: Path) -> None:
    """Four rows where three are allowed: cut, and said by which rule; the agent's own smaller limit is no cut."""
    outcome = sql(folder, "SELECT id FROM orders ORDER BY id")
    assert rows(outcome) == [[1], [3], [4]]
    assert outcome.answer["truncated"]["rule"] == "few"
    outcome = sql(folder, "SELECT id FROM orders ORDER BY id LIMIT 2")
    assert rows(outcome) == [[1], [3]]
    assert outcome.answer["truncated"] is None


def test_a_purpose_opens_a_column(folder: Path) -> None:
    """The column exists for whoever states the purpose, and for nobody else; the claim is recorded."""
    assert code(sql(folder, "SELECT ssn FROM customers WHERE id = 1")) == "E_SQL_UNKNOWN_COLUMN"
    assert code(sql(folder, "SELECT ssn FROM customers WHERE id = 1", "curiosity")) == "E_SQL_UNKNOWN_COLUMN"
    assert rows(sql(folder, "SELECT ssn FROM customers WHERE id = 1", "fraud-review")) == [["LEAKSSN1"]]
    assert (
        entries_of(folder / ".metricgate" / "ledger.db", "gov.call.released")[-1].fields["gov.purpose"]
        == "fraud-review"
    )


def test_metrics_pass_the_same_masks(folder: Path) -> None:
    """What SQL may not do with a masked column, metrics and value lists may not either."""
    by_mail: Json = {"metrics": ["customer_count"], "group_by": ["customer__email"]}
    where: Json = {
        "metrics": ["customer_count"],
        "where": {"member": "customer__email", "op": "=", "value": "LEAKMAIL1@x"},
    }
    by_plan: Json = {"metrics": ["customer_count"], "group_by": ["customer__plan"]}
    outcomes = call(
        folder,
        ("query_metrics", by_mail),
        ("query_metrics", where),
        ("query_metrics", {"metrics": ["mailed"]}),
        ("explain_query", by_mail),
        ("list_dimension_values", {"dimension": "customer__email"}),
        ("list_dimension_values", {"dimension": "customer__plan", "starts_with": "go"}),
        ("query_metrics", by_plan),
        ("list_dimension_values", {"dimension": "customer__plan"}),
    )
    assert [code(each) for each in outcomes[:6]] == ["E_MASKED_COLUMN"] * 6
    assert rows(outcomes[6]) == [["g***", 2]]
    assert rows(outcomes[7]) == [["g***"]]


def test_datasets_show_what_may_be_read(folder: Path) -> None:
    """Columns that are not granted are not listed; masks and labels are told; a hidden name looks like none."""
    listed, one, hidden = call(
        folder,
        ("describe_dataset", {}),
        ("describe_dataset", {"dataset": "customers"}),
        ("describe_dataset", {"dataset": "secrets"}),
    )
    assert isinstance(listed, Answered)
    assert [each["name"] for each in listed.answer["datasets"]] == ["customers", "orders"]
    assert isinstance(one, Answered)
    [customers] = one.answer["datasets"]
    assert [each["name"] for each in customers["columns"]] == ["id", "name", "email", "region", "plan"]
    email = customers["columns"][2]
    assert email["labels"] == ["personal"]
    assert email["mask"]["method"] == "hash"
    assert customers["row_filters"] == ["europe-customers"]
    assert code(hidden) == "E_NO_SUCH_DATASET"


def test_no_log_line_repeats_an_agents_text(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Parsers warn with the text that they did not like; what a caller wrote belongs to the record alone."""
    text = "WITH c AS (COPY (SELECT 'hunter2') TO '/tmp/x') SELECT * FROM c"
    assert isinstance(sql(folder, text), RefusedCall)
    out, err = capfd.readouterr()
    assert "hunter2" not in out + err
