"""The flow from question to recorded answer, on real devices."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.gateway.conftest import ask, asked, opened

from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.gateway.outcome import Answered, RefusedCall


def entry_of(receipt: Answered) -> dict[str, object]:
    return json.loads(receipt.answer["leaf"])


def test_an_answer_explains_itself(project: Path) -> None:
    """Definition version, SQL, parameters, time column, join path, rules, data state and record are there."""
    outcome = asked(
        project, "omni", "query_metrics",
        {"metrics": ["finance.revenue"], "group_by": ["customer__segment", "metric_time__month"]},
    )  # fmt: skip
    assert isinstance(outcome, Answered)
    answer = json.loads(outcome.body)
    assert answer["rows"] == [
        ["big", "2026-02-01", "40.00"], ["small", "2026-01-01", "10.00"], [None, "2026-02-01", "80.00"],
    ]  # fmt: skip
    assert answer["definitions"][0]["definition_version"].startswith("sha256:")
    assert "$1" in answer["sql"]
    assert answer["parameters"] == ["paid"]
    assert answer["time"]["columns"] == {"finance.revenue": ["orders.ordered_at"]}
    assert answer["joins"]["customer__segment"] == ["orders.customer -> customers"]
    assert answer["policy"]["rules"] == ["tools", "all", "usual"]
    assert answer["data"]["state"]["as_of"]
    assert outcome.record.index > 0


def test_intent_is_recorded_before_and_outcome_after(project: Path) -> None:
    """A query leaves two entries: the release with SQL and verdict, then the outcome that links to it."""

    async def story() -> tuple[dict[str, object], dict[str, object]]:
        async with opened(project) as parts:
            done = await ask(parts, "omni", "query_metrics", {"metrics": ["sales.orders"]})
            assert isinstance(done, Answered)
            outcome = entry_of(await ask(parts, "omni", "get_receipt", {"index": done.record.index}))
            intent = entry_of(await ask(parts, "omni", "get_receipt", {"index": done.record.index - 1}))
            return intent, outcome

    intent, outcome = asyncio.run(story())
    assert intent["event_name"] == "gov.call.released"
    assert intent["fields"]["gov.decision.verdict"] == "allow"
    assert "SELECT" in intent["fields"]["db.query.text"]
    assert outcome["event_name"] == "gov.call.completed"
    assert outcome["fields"]["gov.links"] == [{"index": intent["index"], "rel": "intent"}]
    assert outcome["fields"]["trace_id"] == intent["fields"]["trace_id"]


def test_a_bare_name_that_fits_two_metrics_is_asked_back(project: Path) -> None:
    """Candidates with owner and difference, and a question; nothing runs."""
    outcome = asked(project, "omni", "query_metrics", {"metrics": ["revenue"]})
    assert isinstance(outcome, RefusedCall)
    problem = outcome.problems.first
    assert problem.code.name == "E_AMBIGUOUS_METRIC"
    assert [each["name"] for each in problem.details["candidates"]] == ["finance.revenue", "sales.revenue"]
    assert problem.details["candidates"][0]["difference"]["filter"] == "order__status = paid"
    assert "Which 'revenue'" in problem.details["question"]


def test_the_domain_rule_decides_a_bare_name_and_says_so(project: Path) -> None:
    """A caller of the sales domain gets sales.revenue, with a note that names rule and alternative."""
    outcome = asked(project, "seller", "query_metrics", {"metrics": ["revenue"]}, user="sam")
    assert isinstance(outcome, Answered)
    assert outcome.answer["definitions"][0]["metric"] == "sales.revenue"
    assert any("sales-words" in note and "finance.revenue" in note for note in outcome.answer["notes"])


def test_a_hidden_metric_does_not_make_a_name_ambiguous(project: Path) -> None:
    """`small` may not know of finance.revenue, so `revenue` is sales.revenue, and no hint names the other."""
    outcome = asked(project, "small", "query_metrics", {"metrics": ["revenue"]})
    assert isinstance(outcome, Answered)
    assert b"finance" not in outcome.body
    misspelt = asked(project, "small", "query_metrics", {"metrics": ["finance.revenu"]})
    assert isinstance(misspelt, RefusedCall)
    assert "finance.revenue" not in str(misspelt.problems)


def test_rights_are_the_intersection_of_agent_and_user(project: Path) -> None:
    """The agent may all, the user sales only: finance is refused with the rule and the party that lacks it."""
    outcome = asked(project, "omni", "query_metrics", {"metrics": ["finance.revenue"]}, user="sam")
    assert isinstance(outcome, RefusedCall)
    assert outcome.status == 403
    assert outcome.rules == ("default-deny",)
    assert outcome.problems.first.details["party"] == "user:sam"


def test_row_filters_of_the_user_bind_and_are_told(project: Path) -> None:
    """Sam's region is EU: only those rows exist, and the answer names the filter."""
    outcome = asked(project, "seller", "query_metrics", {"metrics": ["sales.revenue"]}, user="sam")
    assert isinstance(outcome, Answered)
    assert json.loads(outcome.body)["rows"] == [["30.00"]]
    assert json.loads(outcome.body)["policy"]["row_filters"] == [
        {"rule": "own-region", "dataset": "orders", "where": {"member": "region", "op": "=", "value": "EU"}}
    ]


def test_a_row_limit_cuts_and_is_told(project: Path) -> None:
    """Three groups under a limit of two: two rows, `truncated` names limit and rule."""
    outcome = asked(project, "small", "query_metrics", {"metrics": ["sales.orders"], "group_by": ["order"]})
    assert isinstance(outcome, Answered)
    assert outcome.answer["row_count"] == 2
    assert outcome.answer["truncated"]["rule"] == "tiny"
    assert outcome.answer["truncated"]["limit"] == 2


def test_a_question_of_exactly_the_limit_is_not_called_truncated(project: Path) -> None:
    """Asking for as many rows as the limit allows is the caller's own cut, not the policy's."""
    arguments = {"metrics": ["sales.orders"], "group_by": ["order"], "limit": 2}
    outcome = asked(project, "small", "query_metrics", arguments)
    assert isinstance(outcome, Answered)
    assert outcome.answer["truncated"] is None


def test_explain_says_what_query_would_do_and_runs_nothing(project: Path) -> None:
    """Same SQL, same rules; no entry of a release."""

    async def story() -> None:
        async with opened(project) as parts:
            arguments = {"metrics": ["sales.revenue"], "group_by": ["metric_time__month"]}
            before = parts.ledger.size
            explained = await ask(parts, "omni", "explain_query", arguments)
            assert parts.ledger.size == before + 1
            queried = await ask(parts, "omni", "query_metrics", arguments)
            assert isinstance(explained, Answered)
            assert isinstance(queried, Answered)
            for part in ("sql", "parameters", "definitions", "policy", "time"):
                assert explained.answer[part] == queried.answer[part]
            assert "rows" not in explained.answer

    asyncio.run(story())


def test_values_are_listed_under_the_row_filter(project: Path) -> None:
    """Sam sees the statuses of EU orders only."""
    outcome = asked(project, "seller", "list_dimension_values", {"dimension": "order__region"}, user="sam")
    assert isinstance(outcome, Answered)
    assert json.loads(outcome.body)["rows"] == [["EU"]]


def test_receipts_of_others_need_a_grant(project: Path) -> None:
    """Own receipts are given; another agent's only with read_record; what is not there looks the same."""

    async def story() -> None:
        async with opened(project) as parts:
            own = await ask(parts, "seller", "query_metrics", {"metrics": ["sales.orders"]})
            assert isinstance(own, Answered)
            index = own.record.index
            assert isinstance(await ask(parts, "seller", "get_receipt", {"index": index}), Answered)
            assert isinstance(await ask(parts, "omni", "get_receipt", {"index": index}), Answered)
            others = await ask(parts, "small", "get_receipt", {"index": index})
            missing = await ask(parts, "small", "get_receipt", {"index": 10_000})
            assert isinstance(others, RefusedCall)
            assert isinstance(missing, RefusedCall)
            assert others.problems.first.code == missing.problems.first.code

    asyncio.run(story())


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("query_metrics", {"metric": ["sales.revenue"]}, "E_UNKNOWN_ARGUMENT"),
        ("query_metrics", {"metrics": []}, "E_NO_METRICS"),
        ("query_metrics", {"metrics": {"sales.revenue": 1}}, "E_INVALID_ARGUMENT"),
        ("query_metrics", {"metrics": ["sales.revenue"], "limit": "ten"}, "E_INVALID_ARGUMENT"),
        ("query_metrics", {"metrics": ["sales.revenue"], "limit": 0}, "E_"),
        ("query_metrics", {"metrics": ["sales.revenue"], "time_range": {"through": "soon"}}, "E_INVALID_ARGUMENT"),
        ("query_metrics", {"metrics": ["sales.rev\0enue"]}, "E_INVALID_ARGUMENT"),
        ("query_metrics", {"metrics": ["sales.revenue\u202e"]}, "E_UNKNOWN_METRIC"),
        ("query_metrics", ["sales.revenue"], "E_ARGUMENTS_NOT_OBJECT"),
        ("query_metrics", "x" * 1_000_000, "E_ARGUMENTS_NOT_OBJECT"),
        ("query_metrics", {"metrics": ["x" * 1_000_000]}, "E_ARGUMENTS_TOO_LARGE"),
        ("query_metrics", {"metrics": ["nope"]}, "E_UNKNOWN_METRIC"),
        ("query_metrics", {"metrics": ["sales.orders"], "where": '{"not":' * 900 + "1" + "}" * 900}, "E_"),
        ("query_metrics", {"metrics": ["sales.orders"], "where": "[" * 900 + "]" * 900}, "E_"),
        ("query_metrics", {"metrics": ["sales.revenue"], "group_by": ["customer__nope"]}, "E_UNKNOWN_MEMBER"),
        ("query_metrics", {"metrics": ["sales.revenue"], "group_by": ["metric_time__second"]}, "E_GRAIN_TOO_FINE"),
        ("drop_table", {}, "E_UNKNOWN_TOOL"),
        ("get_receipt", {"index": -1}, "E_INVALID_ARGUMENT"),
        ("get_receipt", {"index": 1.5}, "E_INVALID_ARGUMENT"),
    ],
)
def test_bad_input_is_refused_with_a_code_and_recorded(project: Path, tool: str, arguments: object, code: str) -> None:
    """Each mistake has its code, a message and a record; nothing runs."""

    async def story() -> None:
        async with opened(project) as parts:
            before = parts.ledger.size
            outcome = await ask(parts, "omni", tool, arguments)
            assert isinstance(outcome, RefusedCall), outcome
            assert outcome.problems.first.code.name.startswith(code)
            assert outcome.problems.first.message
            assert outcome.record is not None
            assert parts.ledger.size == before + 1

    asyncio.run(story())


def test_an_unknown_argument_comes_with_the_corrected_call(project: Path) -> None:
    """`groupby` is refused, and the details hold the call that was meant."""
    outcome = asked(project, "omni", "query_metrics", {"metrics": ["sales.orders"], "groupby": ["order__status"]})
    assert isinstance(outcome, RefusedCall)
    assert outcome.problems.first.details["corrected"] == {
        "tool": "query_metrics",
        "arguments": {"metrics": ["sales.orders"], "group_by": ["order__status"]},
    }


def test_a_list_sent_as_a_string_is_read_and_noted(project: Path) -> None:
    """Accepted on purpose, and the answer says so."""
    outcome = asked(project, "omni", "query_metrics", {"metrics": '["sales.orders"]'})
    assert isinstance(outcome, Answered)
    assert any("string of JSON" in note for note in outcome.answer["notes"])


SQL_TEXT = "x'); DROP TABLE orders; --"


@pytest.mark.parametrize(
    "arguments",
    [
        {"metrics": [SQL_TEXT]},
        {"metrics": ["sales.orders"], "group_by": [SQL_TEXT]},
        {"metrics": ["sales.orders"], "group_by": [{"member": SQL_TEXT, "grain": SQL_TEXT}]},
        {"metrics": ["sales.orders"], "where": SQL_TEXT},
        {"metrics": ["sales.orders"], "where": {"member": SQL_TEXT, "op": "=", "value": "x"}},
        {"metrics": ["sales.orders"], "where": {"member": "order__status", "op": SQL_TEXT, "value": "x"}},
        {"metrics": ["sales.orders"], "where": {"member": "order__status", "op": "=", "value": SQL_TEXT}},
        {
            "metrics": ["sales.orders"],
            "where": "{{ Dimension('order__status') }} = '" + SQL_TEXT.replace("'", "''") + "'",
        },
        {"metrics": ["sales.orders"], "time_range": {"start": SQL_TEXT}},
        {"metrics": ["sales.orders"], "time_range": {"start": "2026-01-01", "time_zone": SQL_TEXT}},
        {"metrics": ["sales.orders"], "time_zone": SQL_TEXT},
        {"metrics": ["sales.orders"], "order_by": [SQL_TEXT]},
    ],
)
def test_sql_text_in_any_string_never_reaches_the_sql(project: Path, arguments: dict[str, object]) -> None:
    """It is refused, or it stays a bound value; the table is still there."""

    async def story() -> None:
        async with opened(project) as parts:
            outcome = await ask(parts, "omni", "query_metrics", arguments)
            if isinstance(outcome, Answered):
                assert "DROP" not in outcome.answer["sql"]
            assert isinstance(await ask(parts, "omni", "query_metrics", {"metrics": ["sales.orders"]}), Answered)

    asyncio.run(story())


def test_the_ledger_of_a_session_verifies(project: Path) -> None:
    """After answers and refusals the file verifies with nothing but the public key."""

    async def story() -> None:
        async with opened(project) as parts:
            await ask(parts, "omni", "query_metrics", {"metrics": ["sales.orders"]})
            await ask(parts, "seller", "query_metrics", {"metrics": ["finance.revenue"]})

    asyncio.run(story())
    state = project / ".metricgate"
    report = verify_file(state / "ledger.db", (state / "ledger.vkey").read_text())
    assert not report.findings, report


def test_the_same_question_has_the_same_bytes(project: Path) -> None:
    """Answers do not depend on time, record number or what was asked before."""
    arguments = {"metrics": ["sales.revenue", "finance.revenue"], "group_by": ["customer__segment"]}
    first = asked(project, "omni", "query_metrics", arguments)
    asked(project, "omni", "query_metrics", {"metrics": ["sales.orders"]})
    second = asked(project, "omni", "query_metrics", arguments)
    assert isinstance(first, Answered)
    assert isinstance(second, Answered)
    assert first.body == second.body


def test_tools_are_listed_per_caller(project: Path) -> None:
    """Descriptions are short enough for clients, schemas closed, and unknown callers are offered nothing."""

    async def story() -> None:
        async with opened(project) as parts:
            for tool in parts.gateway.tools():
                assert len(tool.description) <= 2048
                assert tool.input_schema["additionalProperties"] is False
                assert "$ref" not in json.dumps(tool.input_schema)

    asyncio.run(story())


def test_a_question_too_large_to_remember_is_answered_all_the_same(project: Path) -> None:
    """A filter of thousands of values has the same answer; only the memory of plans leaves it out."""
    values = [f"status {number}" for number in range(3_000)] + ["paid"]
    where = {"member": "order__status", "op": "in", "value": values}
    outcome = asked(project, "omni", "query_metrics", {"metrics": ["sales.orders"], "where": where})
    assert isinstance(outcome, Answered)
    assert json.loads(outcome.body)["rows"] == [[3]]
