"""A caller with a key tries to learn or do what it may not."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest
from tests.faults.served import Served, make_key, served
from tests.gateway.conftest import MODELS, POLICY, ask, asked, opened, write_project

from metricgate.gateway.outcome import Answered, Fault, Outcome, RefusedCall
from metricgate.surfaces.problem_document import document_of, to_bytes
from metricgate.vocabulary.json import Json

HIDING_MODELS = (
    MODELS.replace(
        "metrics:\n",
        """  - name: salaries
    source: main.customers
    entities: [{name: employee, type: primary, expr: id}]
    dimensions: [{name: paygrade, type: categorical, expr: segment}]
metrics:
""",
        1,
    )
    .replace("expr: region}\n", "expr: region}\n      - {name: secretive, type: categorical, expr: region}\n", 1)
    .replace(
        "expr: customer_id}\n", "expr: customer_id}\n      - {name: employee, type: foreign, expr: customer_id}\n", 1
    )
    + """
  - {name: payroll, domain: hidden, owner: hr@acme.example, description: Pay., type: simple, synonyms: [turnover],
     semantic_model: orders, agg: sum, expr: amount}
  - {name: orders, domain: hidden, owner: hr@acme.example, description: Pay., type: simple,
     semantic_model: orders, agg: sum, expr: amount}
  - {name: share, domain: sales, owner: s@acme.example, description: Share., type: ratio, numerator: sales.revenue,
     denominator: hidden.payroll}
  - {name: share, domain: finance, owner: s@acme.example, description: Share., type: ratio, numerator: sales.revenue,
     denominator: sales.orders}
"""
)
"""Hidden from agent `small`: domain hidden and finance, dataset salaries, dimension orders.secretive."""

HIDING_POLICY = (
    POLICY.replace(
        '["metric:sales.*", "dimension:*", "dataset:*"]',
        '["metric:sales.*", "dimension:orders.*", "dimension:customers.*", "dataset:orders", "dataset:customers"]',
    )
    .replace(
        "row_filters:",
        """  - {id: no-secrets, roles: [small], actions: [describe, query, list_values], effect: deny,
     on: ["dimension:orders.secretive", "dimension:orders.employee"]}
row_filters:""",
    )
    .replace('on: ["metric:finance.*"]}', 'on: ["metric:finance.*"]}')
)

HIDDEN_WORDS = ("payroll", "hidden.", "salaries", "paygrade", "employee", "secretive", "finance.")


@pytest.fixture
def hiding(tmp_path: Path) -> Path:
    return write_project(tmp_path / "hiding", models=HIDING_MODELS, policy=HIDING_POLICY)


def shown(outcome: Outcome) -> str:
    """Everything that a door sends."""
    if isinstance(outcome, Answered):
        return outcome.body.decode()
    assert isinstance(outcome, RefusedCall | Fault)
    return to_bytes(document_of(outcome)).decode()


def query(**more: Json) -> dict[str, Json]:
    return {"metrics": ["sales.orders"], **more}


PROBES: list[tuple[str, dict[str, Json]]] = [
    ("search_catalog", {}),
    ("search_catalog", {"text": "pay"}),
    ("search_catalog", {"domain": "hidden"}),
    ("search_catalog", {"owner": "hr@acme.example"}),
    ("describe_metric", {"metric": "sales.orders"}),
    ("describe_metric", {"metric": "orders"}),
    ("describe_metric", {"metric": "turnover"}),
    ("describe_metric", {"metric": "payrol"}),
    ("describe_metric", {"metric": "sales.share"}),
    ("describe_metric", {"metric": "share"}),
    ("query_metrics", {"metrics": ["orders"]}),
    ("query_metrics", {"metrics": ["payrol"]}),
    ("query_metrics", query(group_by=["nope"])),
    ("query_metrics", query(group_by=["secretiv"])),
    ("query_metrics", query(group_by=["order__secretiv"])),
    ("query_metrics", query(group_by=["customer__paygrad"])),
    ("query_metrics", query(group_by=["employee__paygrad"])),
    ("query_metrics", query(group_by=["employe"])),
    ("query_metrics", query(group_by=["paygrad"])),
    ("query_metrics", query(group_by=["payrol"])),
    ("query_metrics", query(where={"member": "secretiv", "op": "=", "value": 1})),
    ("query_metrics", query(where="{{ Dimension('order__secretiv') }} = 1")),
    ("query_metrics", query(order_by=["secretiv"])),
    ("query_metrics", {"metrics": ["sales.share"], "group_by": ["nope"]}),
    ("explain_query", query(group_by=["customer__nope", "order__nope"])),
    ("list_dimension_values", {"dimension": "secretiv"}),
    ("list_dimension_values", {"dimension": "customer__paygrad"}),
    ("list_dimension_values", {"dimension": "nope"}),
    ("list_dimension_values", {"dimension": "nope", "metrics": ["sales.orders"]}),
]


def test_nothing_hidden_is_named(hiding: Path) -> None:
    """Search, descriptions, hints, candidates and lists of what is reachable leave out what the caller may not know."""

    async def story() -> None:
        async with opened(hiding) as parts:
            for tool, arguments in PROBES:
                text = shown(await ask(parts, "small", tool, arguments))
                for asked_for in json.dumps(arguments).split('"'):
                    text = text.replace(asked_for, "") if len(asked_for) > 6 and asked_for != "finance." else text
                found = [word for word in HIDDEN_WORDS if word in text]
                assert not found, (tool, arguments, text)
            # The words are there for those who may: the list above is no list of absent words.
            everything = " ".join([shown(await ask(parts, "omni", tool, arguments)) for tool, arguments in PROBES])
            for word in HIDDEN_WORDS:
                assert word in everything, word

    asyncio.run(story())


@pytest.mark.parametrize(
    "arguments",
    [
        query(group_by=["secretive__month"]),
        query(where={"member": "order__secretive", "op": ">", "value": "a"}, limit=0),
        query(group_by=["customer__paygrade"], limit=0),
        query(group_by=["employee__paygrade__month"]),
    ],
)
def test_a_hidden_member_looks_like_none_where_something_else_is_wrong(hiding: Path, arguments: Json) -> None:
    """Type, grain and home of a member that the caller may not query are not in any problem."""
    outcome = asked(hiding, "small", "query_metrics", arguments)
    assert isinstance(outcome, RefusedCall)
    codes = {problem.code.name for problem in outcome.problems}
    assert "E_UNKNOWN_MEMBER" in codes
    assert not codes & {"E_NOT_A_TIME", "E_VALUE_TYPE", "E_VALUE_COUNT", "E_GRAIN_TOO_FINE", "E_FAN_OUT", "E_NO_PATH"}
    assert "salaries" not in shown(outcome)


@pytest.mark.parametrize("group_by", [[], ["nope"], ["metric_time__second"]])
def test_a_denied_metric_tells_nothing_of_its_definition(hiding: Path, group_by: list[Json]) -> None:
    """Whatever else is wrong with the question, it looks as if there were none: no grain, no member, no model."""
    outcome = asked(hiding, "small", "query_metrics", {"metrics": ["hidden.payroll"], "group_by": group_by})
    assert isinstance(outcome, RefusedCall)
    assert outcome.problems.first.code.name == "E_UNKNOWN_METRIC"
    assert "order__" not in shown(outcome)
    assert "'orders'" not in shown(outcome)


def test_values_are_not_listed_by_way_of_a_hidden_metric(hiding: Path) -> None:
    """`metrics` of list_dimension_values is no oracle for what a hidden metric reaches."""
    for dimension in ("customer__segment", "nope"):
        arguments = {"dimension": dimension, "metrics": ["hidden.payroll"]}
        outcome = asked(hiding, "small", "list_dimension_values", arguments)
        assert isinstance(outcome, RefusedCall)
        assert [each.code.name for each in outcome.problems] == ["E_UNKNOWN_METRIC"]


NASTY = [
    "\0",
    "a\0b",
    "\u202egrp",
    "a\r\nX-Evil: 1",
    "\ufeff",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "../../etc/passwd",
    "\x1b[2J",
]


def test_nasty_text_is_refused_or_harmless(hiding: Path) -> None:
    """In no argument does any text make a fault; each call has its record."""

    async def story() -> None:
        async with opened(hiding) as parts:
            for text in NASTY:
                calls: list[tuple[str, Json]] = [
                    ("query_metrics", {"metrics": [text]}),
                    ("query_metrics", query(group_by=[text])),
                    ("query_metrics", query(where={"member": "order__status", "op": "=", "value": text})),
                    ("query_metrics", query(time_zone=text)),
                    ("list_dimension_values", {"dimension": text}),
                    ("list_dimension_values", {"dimension": "order__status", "contains": text}),
                    ("search_catalog", {"text": text}),
                    (text, {}),
                    ("query_metrics", query(**{text: 1})),
                ]
                for tool, arguments in calls:
                    outcome = await ask(parts, "omni", tool, arguments)
                    assert isinstance(outcome, Answered | RefusedCall), (tool, arguments, outcome)
                    assert outcome.record is not None

    asyncio.run(story())


@pytest.mark.parametrize(
    "arguments",
    [
        {"metrics": ["\ud800"]},
        {"metrics": ["x"], "\udfff": 1},
        {"metrics": [float("nan")]},
        {"metrics": [float("inf")], "limit": 10**40},
        {1: 2},
        {"metrics": ["sales.orders"], "limit": 10**40},
        {"metrics": ["sales.orders"], "where": {"member": "order__status", "op": "=", "value": 10**400}},
        {"metrics": ["sales.orders"], "time_range": {"start": "9999-12-31", "through": "9999-12-31"}},
        {"metrics": ["sales.orders"], "time_range": {"start": "0001-01-01", "time_zone": "Pacific/Kiritimati"}},
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_has_no_json_form_is_refused_and_recorded(hiding: Path, arguments: Json) -> None:
    """Callers from Python may hand over anything: it is refused, with a record, and never a fault."""
    for tool in ("query_metrics", "nope"):
        outcome = asked(hiding, "omni", tool, arguments)
        assert isinstance(outcome, RefusedCall | Answered), outcome
        assert outcome.record is not None


def test_deep_nesting_is_refused_and_recorded(hiding: Path) -> None:
    """Nesting beyond any parser's depth ends in a refusal, at every depth."""
    for depth in (100, 300, 900, 5_000):
        deep: Json = []
        for _ in range(depth):
            deep = [deep]
        where: Json = {"member": "order__status", "op": "=", "value": "paid"}
        for _ in range(depth):
            where = {"not": where}
        for arguments in (query(where=deep), query(where=where), query(group_by=deep)):
            outcome = asked(hiding, "omni", "query_metrics", arguments)
            assert isinstance(outcome, RefusedCall | Answered), (depth, outcome)
            assert outcome.record is not None


def test_headers_cannot_forge_lines_or_answers(folder: Path) -> None:
    """Line ends, bidi marks and 100 kB in headers: an HTTP error or an answer; the log stays one JSON line a call."""
    keys = {"omni": make_key(folder, "omni", may_act_for=("olga",), or_alone=True)}
    with served(folder, keys=keys) as gate:
        for name, value in [
            ("X-Metricgate-User", "olga\r\nX-Evil: 1"),
            ("X-Metricgate-User", "o\u202elga"),
            ("X-Metricgate-User", "x" * 100_000),
            ("X-Metricgate-User", 'olga"}\n{"event":"forged'),
            ("traceparent", "00-" + "a" * 32 + "-" + "b" * 16 + '-01"}\n{"event": "forged"}'),
            ("traceparent", "x" * 100_000),
            ("tracestate", "a=\x1b[2Jb"),
            ("User-Agent", '"}\t{"event": "forged"}' + "\x7f" * 300),
        ]:
            status = _raw(gate, name, value)
            assert status == 0 or 200 <= status < 500, (name, status)
        gate.post('query_metrics"}%0a{"event":"forged"}', {})
        gate.post("query_metrics%0d%0aSet-Cookie:x", {})
        assert gate.ask().status_code == 200
        assert gate.stop() == 0
        assert [line for line in gate.log.splitlines() if not line.startswith("{")] == []
        lines = [json.loads(line) for line in gate.log.splitlines()]
        assert all(line["event"] in {"call", "serving", "Invalid HTTP request received."} for line in lines)
        outcomes = [each for each in gate.entries() if each.event in {"gov.call.completed", "gov.call.refused"}]
        assert sum(line["event"] == "call" for line in lines) == len(outcomes)
        gate.verified()


def _raw(gate: Served, name: str, value: str) -> int:
    """Send a request with a header as it stands; return the status, or 0 where the server hung up."""
    host, port = gate.url.removeprefix("http://").split(":")
    body = b'{"metrics": ["sales.orders"]}'
    head = (
        f"POST /v1/tools/query_metrics HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {gate.key('omni')}\r\n"
        f"{name}: {value}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as caller:
        try:
            caller.sendall(head.encode() + body)
            line = caller.recv(4096).split(b"\r\n")[0]
        except OSError:
            return 0
    return int(line.split()[1]) if line else 0


def test_a_user_that_the_key_may_not_name_is_refused_and_recorded(folder: Path) -> None:
    """Another user's rights cannot be had by naming them; the attempt is in the record, without the user's name."""
    keys = {"seller": make_key(folder, "seller", may_act_for=("sam",))}
    with served(folder, keys=keys) as gate:
        arguments = {"metrics": ["sales.revenue"]}
        good = gate.post("query_metrics", arguments, agent="seller", headers={"X-Metricgate-User": "sam"})
        assert good.status_code == 200
        assert good.json()["answer"]["rows"] == [["30.00"]]
        for user in ("olga", "SAM", "sam,olga", "*", ""):
            bad = gate.post("query_metrics", arguments, agent="seller", headers={"X-Metricgate-User": user})
            assert bad.status_code in {401, 403}, user
            assert "rows" not in bad.text
        gate.until_event("gov.auth.refused")
        [refused] = gate.entries("gov.auth.refused")
        assert refused.fields["gen_ai.agent.id"] == "seller"
        assert "olga" not in json.dumps(dict(refused.fields))


def test_receipts_of_others_cannot_be_walked(gate: Served) -> None:
    """`small` walks through all numbers: it gets its own records and, of the rest, nothing but the same 404."""
    gate.ask(agent="omni")
    own = gate.ask(agent="small").json()["record"]["index"]
    size = len(gate.entries())
    others = set()
    for index in [*range(size), size + 1000, 2**53]:
        reply = gate.post("get_receipt", {"index": index}, agent="small")
        if reply.status_code == 200:
            assert json.loads(reply.json()["answer"]["leaf"])["fields"]["gen_ai.agent.id"] == "small"
        else:
            assert reply.status_code == 404
            document = reply.json()
            others.add((document["code"], document["message"].replace(str(index), "N"), document["hint"]))
    assert len(others) == 1
    assert gate.post("get_receipt", {"index": own}, agent="small").status_code == 200


def test_no_answer_shows_the_inside(gate: Served) -> None:
    """No path of the machine, no module, no engine's words, no traceback in any answer, good or bad."""
    replies = [
        gate.ask(),
        gate.ask("sales.endless", agent="hasty"),
        gate.ask("nope"),
        gate.post("query_metrics", {"metrics": ["sales.orders"], "where": "{{ Dimension('x') }} = ((("}),
        gate.post("query_metrics", {"metrics": 3}),
        gate.post("nope", {}),
        gate.get("/nope"),
        gate.get("/v1/tools"),
        gate.get("/readyz"),
        gate.get("/openapi.json"),
        gate.get("/metrics"),
    ]
    for reply in replies:
        for word in (str(gate.folder), "Traceback", "site-packages", "duckdb.", "sqlite3.", ".py", "INTERRUPT"):
            assert word not in reply.text, (word, reply.text[:500])
