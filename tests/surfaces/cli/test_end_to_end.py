"""The real program over a real project: what init writes, with two tables behind it."""

import json
import re


def test_the_example_is_valid(run):
    """What init writes validates against its tables, and its policy tests pass."""
    validated = run("validate")
    assert validated.exit_code == 0, validated.output
    assert run("policy", "test").exit_code == 0


def test_validate_finds_a_missing_column(run):
    """A model that does not fit its table is told with its place."""
    model = run.folder / "semantic_models" / "sales.yaml"
    text = model.read_text()
    model.write_text(text.replace("expr: amount", "expr: amout"))
    try:
        result = run("validate")
    finally:
        model.write_text(text)
    assert result.exit_code == 3
    assert re.match(r"semantic_models/sales\.yaml:\d+:\d+: E_\w+: .*amout", result.stderr)


def test_query(run, key):
    """Numbers come back as worked out by hand, for the agent and for the user it acts for."""
    arguments = ("query", "revenue", "order_count", "--by", "customer__country", "--order", "customer__country")
    result = run(*arguments, "--csv", key=key)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1:] == ["DE,10.50,2", "FR,25.25,2"]
    assert run(*arguments, "--for", "ana@example.com", key=key).exit_code == 0
    assert run(*arguments, "--for", "bob@example.com", key=key).exit_code == 3


def test_time_and_filter(run, key):
    """Ranges, grains and both forms of filters work from the command line."""
    result = run(
        *("query", "sales.revenue", "--by", "metric_time__month", "--from", "2026-02-01", "--through", "2026-02-03"),
        *("--where", '{"member": "customer__country", "op": "=", "value": "FR"}'),
        *("--where", "{{ Dimension('order__status') }} = 'open'", "--json"),
        key=key,
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["answer"]["rows"] == [["2026-02-01", "20.00"]]


def test_sql_explain_describe_search_values(run, key):
    """The other asking commands answer too."""
    assert "SELECT" in run("sql", "sales.revenue", key=key).stdout
    assert "sales-reads-sales" in run("explain", "sales.revenue", key=key).stdout
    assert "customer__country" in run("describe", "turnover", key=key).stdout
    assert "sales.revenue" in run("search", "turnover", key=key).stdout
    assert "sales.order_count" in run("metrics", "--domain", "sales", key=key).stdout
    assert run("values", "customer__country", "--csv", key=key).stdout.splitlines()[1:] == ["DE", "FR"]


def test_refusals(run, key):
    """An unknown metric and an unknown key are refused with what would be right."""
    result = run("query", "sales.revenu", key=key)
    assert result.exit_code == 3
    assert "sales.revenue" in result.stderr
    stranger = run("query", "sales.revenue", key="mg_nobody_" + "0" * 40)
    assert stranger.exit_code == 3
    assert "Traceback" not in result.output + stranger.output


def test_record(run, key):
    """A call can be found, shown, exported, proven; the ledger verifies, with and without the project."""
    asked = json.loads(run("query", "sales.revenue", "--json", key=key).stdout)
    index = asked["record"]["index"]
    assert json.loads(run("receipt", str(index), key=key).stdout)["index"] == index
    listed = run("audit", "list", "--agent", "example-agent", "--metric", "sales.revenue", "--json")
    assert index in {json.loads(line)["index"] for line in listed.stdout.splitlines()}
    assert run("audit", "list").exit_code == 0
    assert asked["record"]["trace_id"] in run("audit", "show", str(index)).stdout
    exported = run.folder / "out.jsonl"
    assert run("audit", "export", str(exported)).exit_code == 0
    assert len(exported.read_text().splitlines()) > index
    assert run("audit", "export", str(run.folder / "out.parquet")).exit_code == 0
    whole = run("audit", "verify")
    assert whole.exit_code == 0, whole.output


def test_revoked_key(run):
    """A revoked key asks nothing more."""
    made = json.loads(run("keys", "create", "example-agent", "--json").stdout)
    assert run("query", "sales.revenue", key=made["secret"]).exit_code == 0
    assert run("keys", "revoke", made["id"]).exit_code == 0
    assert run("query", "sales.revenue", key=made["secret"]).exit_code == 3
    assert made["secret"] not in run("keys", "list").output


def test_validate_looks_at_the_data_too(run):
    """Exit code 0 where all holds or warns; what does not hold is on standard error, and all of it in the JSON."""
    whole = run("validate", "--data")
    assert whole.exit_code == 0, whole.output
    assert re.search(r"data: \d+ hold.* of \d+ checks", whole.stdout)
    found = json.loads(run("validate", "--data", "--json").stdout)
    assert found["valid"] is True
    assert {each["kind"] for each in found["data"]} >= {"key", "reference"}
    nobody = run("validate", "--data", "--as", "agent:nobody")
    assert "not_allowed: key" in nobody.stderr
    assert run("validate", "--as", "agent:nobody").exit_code == 2
