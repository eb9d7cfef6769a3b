"""Commands that ask the gateway."""

import csv
import io
import json
import re

import orjson
import pytest
from tests.surfaces.cli.conftest import DENIED, answered, refused

from metricgate.gateway.questions import QuestionArguments
from metricgate.surfaces.cli import Exit, Reply
from metricgate.vocabulary.problem import Place, Problem

ROWS = {
    "columns": [{"name": "customer__segment", "type": "string"}, {"name": "sales.revenue", "type": "decimal"}],
    "rows": [["BUILDING", "1234.50"], [None, "7.00"]],
    "row_count": 2,
    "truncated": {"by": "rows", "limit": 2, "rule": "small-answers", "message": "Only the first rows are shown."},
    "definitions": [{"metric": "sales.revenue", "definition_version": "sha256:0123456789abcdef", "certified": True}],
    "sql": "SELECT 1 AS x\nWHERE y = $1",
    "parameters": ["BUILDING"],
    "notes": ["`metrics` came as a string of JSON."],
}


def test_query_passes_everything_on(shell, project):
    """Every option reaches its argument of query_metrics, values untouched."""
    result = shell.run(
        *("query", "sales.revenue", "order_count", "--by", "customer__segment", "--by", "metric_time__month"),
        *("--where", '{"member": "customer__segment", "op": "=", "value": "BUILDING"}'),
        *("--where", "{{ Dimension('order__status') }} = 'F'"),
        *("--from", "1995-01-01", "--before", "1996-01-01", "--time-zone", "Europe/Berlin"),
        *("--order", "-sales.revenue", "--limit", "5", "--offset", "1", "--for", "ana@acme.example"),
        *("--saved", "weekly", "--min-max", "--all-rows", "--pin", "revenue=sha256:00"),
    )
    assert result.exit_code == 0, result.stderr
    (tool, arguments, key, user) = project.asked[0]
    assert (tool, key, user) == ("query_metrics", "mg_test_key", "ana@acme.example")
    assert arguments == {
        "metrics": ["sales.revenue", "order_count"],
        "group_by": ["customer__segment", "metric_time__month"],
        "where": [
            {"member": "customer__segment", "op": "=", "value": "BUILDING"},
            "{{ Dimension('order__status') }} = 'F'",
        ],
        "time_range": {"start": "1995-01-01", "before": "1996-01-01", "time_zone": "Europe/Berlin"},
        "time_zone": "Europe/Berlin",
        "order_by": ["-sales.revenue"],
        "limit": 5,
        "offset": 1,
        "saved_query": "weekly",
        "min_max_only": True,
        "distinct": False,
        "pins": {"revenue": "sha256:00"},
    }
    assert arguments.keys() == QuestionArguments.model_fields.keys(), "an argument without an option"
    QuestionArguments.model_validate(arguments)


def test_what_is_not_given_is_not_sent(shell, project):
    """A plain question sends the metrics and nothing else."""
    shell.run("query", "revenue")
    assert project.asked[0][1] == {"metrics": ["revenue"]}


def test_table_for_people(shell, project):
    """Rows as a table with numbers on the right; the cut, the version and the record are told beside it."""
    project.reply = answered(ROWS)
    result = shell.run("query", "sales.revenue", "--by", "customer__segment")
    assert result.stdout.splitlines() == [
        "customer__segment  sales.revenue",
        "BUILDING                 1234.50",
        "-                           7.00",
    ]
    assert "cut: Only the first rows are shown. (rule small-answers)" in result.stderr
    assert "sales.revenue @ 0123456789ab (certified)" in result.stderr
    assert "record 7; `metricgate receipt 7` proves it" in result.stderr
    assert "note: `metrics` came as a string of JSON." in result.stderr


def test_json_is_exactly_the_envelope(shell, project):
    """--json prints the bytes that came, and nothing else, answered or refused."""
    project.reply = answered(ROWS)
    assert shell.run("query", "x", "--json").stdout_bytes == project.reply.body + b"\n"
    project.reply = refused(Problem(code=DENIED, message="no"))
    result = shell.run("query", "x", "--json")
    assert result.stdout_bytes == project.reply.body + b"\n"
    assert (result.stderr, result.exit_code) == ("", 3)


def test_csv(shell, project):
    """--csv prints RFC 4180 with NULL as an empty field; the cut is told on standard error."""
    project.reply = answered({**ROWS, "rows": [['a "quoted", one', "1"], [None, "2"]]})
    result = shell.run("query", "x", "--csv")
    assert list(csv.reader(io.StringIO(result.stdout, newline=""))) == [
        ["customer__segment", "sales.revenue"],
        ['a "quoted", one', "1"],
        ["", "2"],
    ]
    assert "cut:" in result.stderr


def test_json_and_csv_exclude_each_other(shell, project):
    """Two forms at once are a usage error."""
    assert shell.run("query", "x", "--json", "--csv").exit_code == 2
    assert project.asked == []


@pytest.mark.parametrize(("code", "number"), [("ANSWERED", 0), ("FAULT", 1), ("REFUSED", 3), ("HELD", 4)])
def test_exit_codes(shell, project, code, number):
    """Each way a call ends has its exit code."""
    body = answered({}).body if code == "ANSWERED" else b'{"code":"E_X","message":"m","record":null}'
    project.reply = Reply(exit=Exit[code], body=body)
    assert shell.run("query", "x").exit_code == number


def test_refusal_is_told_in_full(shell, project):
    """Every problem with its place and hint, the candidates, the rules, the record; nothing on standard output."""
    project.reply = refused(
        Problem(
            code=DENIED,
            message="'revenue' fits two metrics.",
            where=Place(path="metrics[0]"),
            hint="Which one?",
            details={"candidates": [{"name": "finance.revenue", "owner": "fin", "difference": "shipped and kept"}]},
        ),
        Problem(code=DENIED, message="second"),
        rules=("default-deny",),
    )
    result = shell.run("query", "revenue")
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "metrics[0]: E_DENIED: 'revenue' fits two metrics.",
        "  hint: Which one?",
        "  - finance.revenue (fin): shipped and kept",
        "E_DENIED: second",
        "  decided by: default-deny",
        "record 8; `metricgate receipt 8` proves it",
    ]


def test_held_is_told(shell, project):
    """A held action names its id and what it waits for."""
    held = {"held": {"action_id": "act_1", "message": "needs approval", "rules": ["big"]}, "record": {"index": 9}}
    project.reply = Reply(exit=Exit.HELD, body=orjson.dumps(held))
    result = shell.run("call", "propose_write", "{}")
    assert result.exit_code == 4
    result = shell.run("query", "x")
    assert "held as act_1: needs approval" in result.stderr
    assert "decided by: big" in result.stderr


def test_sql_prints_the_sql_alone(shell, project):
    """Sql is explain_query, of which only the statement goes to standard output."""
    project.reply = answered(ROWS)
    result = shell.run("sql", "sales.revenue")
    assert project.asked[0][0] == "explain_query"
    assert result.stdout == "SELECT 1 AS x\nWHERE y = $1\n"
    assert "$1 = BUILDING" in result.stderr


def test_sql_for_another_warehouse(shell, project):
    """The kind of warehouse is an argument of the tool."""
    project.reply = answered(ROWS)
    shell.run("sql", "sales.revenue", "--dialect", "snowflake")
    assert project.asked[0][1] == {"metrics": ["sales.revenue"], "dialect": "snowflake"}


def test_explain_shows_the_road(shell, project):
    """Explain prints definitions, policy and SQL."""
    policy = {"verdict": "allow", "rules": ["sales-reads-sales"], "row_filters": [], "limits": {}, "digest": "sha256:1"}
    project.reply = answered({**ROWS, "policy": policy, "time": {}, "joins": {}, "data": {"warehouse": "duckdb"}})
    result = shell.run("explain", "sales.revenue")
    assert "metric  sales.revenue @ 0123456789ab" in result.stdout
    assert "rules: sales-reads-sales" in result.stdout
    assert "WHERE y = $1" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (
            ("metrics", "--domain", "sales", "--owner", "o", "--status", "active", "--search", "money"),
            (
                "search_catalog",
                {"text": "money", "domain": "sales", "owner": "o", "status": "active", "limit": 200},
            ),
        ),
        (("search", "how much money"), ("search_catalog", {"text": "how much money", "limit": 20})),
        (("describe", "sales.revenue"), ("describe_metric", {"metric": "sales.revenue"})),
        (
            ("values", "customer__segment", "--contains", "B", "--metric", "m"),
            (
                "list_dimension_values",
                {"dimension": "customer__segment", "metrics": ["m"], "contains": "B", "limit": 100},
            ),
        ),
        (("receipt", "7"), ("get_receipt", {"index": 7})),
        (("call", "new_tool", '{"a": [1, {"b": null}]}'), ("new_tool", {"a": [1, {"b": None}]})),
    ],
)
def test_each_command_is_a_tool(shell, project, arguments, asked):
    """Every asking command is one tool call with the arguments one would expect."""
    result = shell.run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert project.asked[0][:2] == asked


def test_metrics_list_tells_what_is_left_out(shell, project):
    """A list that is cut says how many fit."""
    metric = {"name": "sales.revenue", "status": "active", "certified": False, "definition_version": "sha256:abc"}
    saved = {
        "name": "weekly",
        "metrics": ["sales.revenue"],
        "group_by": ["metric_time__week"],
        "description": "By week.",
    }
    project.reply = answered({"metrics": [metric], "found": 31, "saved_queries": [saved]})
    result = shell.run("metrics")
    assert re.search(r"^weekly +sales\.revenue +metric_time__week +By week\.", result.stdout, re.MULTILINE)
    assert "sales.revenue" in result.stdout
    assert "1 of 31 metrics; --limit shows more" in result.stderr
    assert "sales.revenue" in shell.run("metrics", "--csv").stdout


def test_no_key_no_question(shell, project):
    """Without a key nothing is asked; the message says what to do; the key itself is never an option."""
    result = shell.run("query", "x", key=None)
    assert result.exit_code == 2
    assert "E_CLI_NO_KEY" in result.stderr
    assert "keys create" in result.stderr
    assert project.asked == []
    assert shell.run("query", "x", "--key", "mg_a_b").exit_code == 2
    assert shell.run("query", "x", "--as", "agent:admin").exit_code == 2


def test_key_file(shell, project, tmp_path):
    """A key comes from a file, without its line end; a file that is not there is a usage error."""
    (tmp_path / "key").write_text("mg_from_file\n")
    shell.run("query", "x", "--key-file", str(tmp_path / "key"))
    assert project.asked[0][2] == "mg_from_file"
    result = shell.run("query", "x", "--key-file", str(tmp_path / "none"))
    assert result.exit_code == 2
    assert "E_CLI_UNREADABLE_FILE" in result.stderr


def test_a_key_never_shows(shell, project):
    """Whatever goes wrong, the key is in no output."""
    project.reply = Reply(exit=Exit.FAULT, body=b"<html>502</html>")
    for arguments in (("query", "x"), ("query", "x", "--json"), ("query", "x", "--where", "{")):
        result = shell.run(*arguments)
        assert "mg_test_key" not in result.output


def test_something_else_answers(shell, project):
    """A reply that is not JSON is told as such, with exit code 1 and no trace."""
    project.reply = Reply(exit=Exit.ANSWERED, body=b"<html>")
    result = shell.run("query", "x")
    assert result.exit_code == 1
    assert "E_CLI_UNREADABLE_REPLY" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("condition", ['{"member": ', "[1,", '{"a": NaN}'])
def test_broken_json_condition(shell, project, condition):
    """A condition that looks like JSON and is not is refused before anything is asked."""
    result = shell.run("query", "x", "--where", condition)
    assert result.exit_code == 2
    assert "E_CLI_NOT_JSON" in result.stderr
    assert project.asked == []


@pytest.mark.parametrize("arguments", ["[1]", "3", "{", ""])
def test_call_wants_an_object(shell, project, arguments):
    """Call takes a JSON object and nothing else."""
    result = shell.run("call", "query_metrics", arguments)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["problems"][0]["code"] == "E_CLI_NOT_JSON"
    assert project.asked == []


def test_data_cannot_rule_the_terminal(shell, project):
    """Escape sequences, markup and bidi overrides in data or messages are spelled out."""
    evil = "\x1b[2J[red]x[/red]\u202e\x9b31m"
    project.reply = answered({**ROWS, "rows": [[evil, "1"]], "notes": [evil]})
    result = shell.run("query", "x")
    for forbidden in ("\x1b", "\u202e", "\x9b"):
        assert forbidden not in result.output
    assert "<U+001B>[2J[red]x[/red]<U+202E>" in result.stdout
    project.reply = refused(Problem(code=DENIED, message=evil, hint=evil))
    assert "\x1b" not in shell.run("query", "x").output


@pytest.mark.parametrize("text", ["'; DROP TABLE x; --", "--", "\u202e", "a" * 10_000, "{{"])
def test_odd_text_is_passed_on_as_it_is(shell, project, text):
    """The command line judges no names: the gateway does, the same at each door."""
    result = shell.run("query", "--", text)
    assert project.asked[0][1] == {"metrics": [text]}
    assert result.exit_code == 0
