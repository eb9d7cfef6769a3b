"""The doors of a real ``metricgate serve``: what clients of each protocol get from the real gateway."""

import asyncio
import base64
import json
import re
import socket
import sys
import time

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from tests.surfaces.conftest import ISSUER, STRANGER, Real, entries, eventually, make_project, token
from tests.surfaces.real import environment, new_key, program, serving

import metricgate
from metricgate.bootstrap.project import open_project
from metricgate.vocabulary.json import canonical_json

ERAS = ["2026-07-28", "legacy"]
DOORS = ["http", "stdio"]
QUESTION = {"metrics": ["sales.revenue", "finance.revenue"], "group_by": ["customer__segment", "metric_time__month"]}
TOOLS = [
    "search_catalog",
    "describe_metric",
    "query_metrics",
    "explain_query",
    "list_dimension_values",
    "describe_dataset",
    "query_sql",
    "propose_write",
    "get_action",
    "get_receipt",
]


def mcp_client(real, door="http", key=None, **more):
    """A client of the official SDK, over HTTP or over ``metricgate mcp`` as a process."""
    if door == "http":
        http = httpx2.AsyncClient(headers=real.headers(key), timeout=30)
        return Client(streamable_http_client(f"{real.url}/mcp", http_client=http), **more)
    return Client(stdio(real.folder, key or real.key), **more)


def stdio(folder, key):
    variables = environment(METRICGATE_PROJECT=str(folder), METRICGATE_API_KEY=key)
    return StdioServerParameters(command=sys.executable, args=["-m", "metricgate", "mcp"], env=variables)


def post(real, arguments, tool="query_metrics", key=None, **more):
    return httpx2.post(f"{real.url}/v1/tools/{tool}", json=arguments, headers=real.headers(key, **more), timeout=30)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("era", ERAS)
def test_list_and_call(real, era, door):
    """The SDK's client lists the tools in order and gets the numbers worked out by hand, in both eras and ways."""

    async def go():
        async with mcp_client(real, door, mode=era) as session:
            assert [tool.name for tool in (await session.list_tools()).tools] == TOOLS
            result = await session.call_tool("query_metrics", {"metrics": ["finance.revenue"]})
            assert result.structured_content["answer"]["rows"] == [["130.00"]]
            assert not result.is_error

    asyncio.run(go())


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("era", ERAS)
def test_an_ambiguous_name_is_asked_back(real, era, door):
    """The user is offered both revenues with their owners; the choice is answered, declining gives the refusal."""
    offered, action = [], "accept"

    async def choose(_context, params):
        offered.append(params)
        content = {"metric": "finance.revenue"} if action == "accept" else None
        return types.ElicitResult(action=action, content=content)

    async def go():
        nonlocal action
        async with mcp_client(real, door, mode=era, elicitation_callback=choose) as session:
            call = ("query_metrics", {"metrics": ["revenue"], "order_by": ["-revenue"]})
            chosen = await session.call_tool(*call)
            action = "decline"
            declined = await session.call_tool(*call)
            return chosen, declined

    chosen, declined = asyncio.run(go())
    assert chosen.structured_content["answer"]["rows"] == [["130.00"]]
    assert "fin@acme.example" in json.dumps(offered[0].requested_schema)
    assert declined.is_error
    assert problem_of(declined)["code"] == "E_AMBIGUOUS_METRIC"
    newest = entries(real.folder, tool="query_metrics", limit=2)[0]
    assert newest["fields"]["error.type"] == "E_AMBIGUOUS_METRIC"


@pytest.mark.parametrize("door", DOORS)
def test_a_client_that_cannot_ask_gets_the_candidates(real, door):
    """Without elicitation the refusal names both metrics and says what to call instead."""

    async def go():
        async with mcp_client(real, door) as session:
            return await session.call_tool("query_metrics", {"metrics": ["revenue"]})

    refused = asyncio.run(go())
    names = [each["name"] for each in problem_of(refused)["details"]["candidates"]]
    assert names == ["finance.revenue", "sales.revenue"]
    assert "finance.revenue" in refused.content[0].text
    over_http = post(real, {"metrics": ["revenue"]}).json()
    assert problem_of(refused) | {"record": over_http["record"]} == over_http


def problem_of(result):
    """The problem document of a refusal over MCP."""
    return result.meta["metricgate/problem"]


async def _over_mcp(client):
    async with client as session:
        answered = await session.call_tool("query_metrics", QUESTION)
        refused = await session.call_tool("query_metrics", {"metrics": ["sales.revenu"]})
        return answered.content[0].text.encode(), problem_of(refused)["problems"]


async def _embedded(folder, key):
    async with metricgate.Gateway.open(folder) as gateway:
        answer = (await gateway.call("query_metrics", QUESTION, key=key))["answer"]
        with pytest.raises(metricgate.Refused) as refused:
            await gateway.call("query_metrics", {"metrics": ["sales.revenu"]}, key=key)
    return canonical_json(answer), refused.value.problem["problems"]


def _answer_bytes(envelope):
    return re.fullmatch(rb'\{"verdicts":\{\},"answer":(.*),"record":\{[^{}]*\}\}\s*', envelope, re.DOTALL)[1]


def test_one_question_one_answer_at_every_door(tmp_path):
    """Served or not, over HTTP, MCP, the command line and Python: byte for byte one answer, one verdict."""
    folder = make_project(tmp_path / "project")
    key, _ = new_key(folder, "omni")
    metrics, by = QUESTION["metrics"], [part for name in QUESTION["group_by"] for part in ("--by", name)]
    command = ("query", *metrics, *by, "--json")
    answers, refusals = {}, {}

    def local(when):
        answers[f"cli {when}"] = _answer_bytes(program(folder, *command, key=key).stdout.encode())
        wrong = program(folder, "query", "sales.revenu", "--json", key=key, check=False)
        assert wrong.returncode == 3
        refusals[f"cli {when}"] = json.loads(wrong.stdout)["problems"]
        body, refusals[f"stdio {when}"] = asyncio.run(_over_mcp(Client(stdio(folder, key))))
        answers[f"stdio {when}"] = _answer_bytes(body)

    with serving(folder) as url:
        served = Real(folder, url, key)
        reply = post(served, QUESTION, key=key)
        answers["http"] = _answer_bytes(reply.content)
        refusals["http"] = post(served, {"metrics": ["sales.revenu"]}, key=key).json()["problems"]
        for era in ERAS:
            body, refusals[f"mcp {era}"] = asyncio.run(_over_mcp(mcp_client(served, key=key, mode=era)))
            answers[f"mcp {era}"] = _answer_bytes(body)
        with metricgate.Client(url, key) as client:
            answers["python"] = canonical_json(client.call("query_metrics", **QUESTION)["answer"])
        local("beside the gateway")
    local("alone")
    answers["embedded"], refusals["embedded"] = asyncio.run(_embedded(folder, key))
    assert {name: body for name, body in answers.items() if body != answers["http"]} == {}
    assert {name: found for name, found in refusals.items() if found != refusals["http"]} == {}
    assert json.loads(answers["http"])["policy"]["rules"] == ["tools", "all", "usual"]
    recorded = [each["fields"] for each in entries(folder, tool="query_metrics")]
    assert {each["gov.door"] for each in recorded} == {"http", "mcp", "cli", "python"}
    assert len({json.dumps(each["gov.decision.rules"]) for each in recorded if "gov.decision.rules" in each}) == 1


def test_a_good_token_names_agent_and_user(real):
    """Agent and user of a token are both recorded as verified, at HTTP and MCP; the rights are those of both."""

    async def go():
        async with mcp_client(real, key=token()) as session:
            return (await session.call_tool("query_metrics", {"metrics": ["sales.revenue"]})).structured_content

    over_http, over_mcp = post(real, {"metrics": ["sales.revenue"]}, key=token()).json(), asyncio.run(go())
    assert over_http["answer"] == over_mcp["answer"]
    assert over_http["answer"]["rows"] == [["30.00"]], "sam may see the EU only"
    for door, reply in (("http", over_http), ("mcp", over_mcp)):
        intent = next(each for each in entries(real.folder) if each["index"] == reply["record"]["index"] - 1)
        fields = intent["fields"]
        assert fields["gov.door"] == door
        assert (fields["gen_ai.agent.id"], intent["bodies"]["gov.user.id"]) == ("seller", "sam")
        assert (fields["gov.agent.proof"], fields["gov.user.proof"]) == ("verified", "verified")


def unsigned():
    head, body = ({"alg": "none"}, {"iss": ISSUER, "sub": "sam", "client_id": "omni", "exp": time.time() + 60})
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, body)]
    return ".".join([*parts, ""])


BAD_TOKENS = {
    "expired": lambda: token(exp=int(time.time()) - 120),
    "another audience": lambda: token(aud="https://elsewhere.example/mcp"),
    "another issuer": lambda: token(iss="https://id.evil.example"),
    "another key": lambda: token(key=STRANGER),
    "unsigned": unsigned,
    "none": lambda: "",
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_bad_tokens_are_refused_and_told_where_to_go(real, kind):
    """401 at both doors, with a challenge whose metadata URL answers the RFC 9728 document."""
    made = BAD_TOKENS[kind]()
    headers = {"authorization": f"Bearer {made}"} if made else {}
    for path in ("/v1/tools/query_metrics", "/mcp"):
        reply = httpx2.post(f"{real.url}{path}", json={}, headers=headers)
        assert reply.status_code == 401
        media = "application/json" if path == "/mcp" else "application/problem+json"
        assert reply.headers["content-type"] == media
        assert not made or made not in reply.text
        found = re.search(r'^Bearer .*resource_metadata="([^"]+)"', reply.headers["www-authenticate"])
        document = httpx2.get(found[1]).json()
        assert document["resource"] == f"{real.url}/mcp"
        assert document["authorization_servers"] == [ISSUER]


ORDERS = {"metrics": ["sales.orders"]}


def made_key(folder):
    made = open_project(folder).create_key("omni", users=(), expires_in=None)
    return made.secret, made.id


def _revoked_events(real, key_id):
    newest = entries(real.folder, limit=10)
    return [
        each for each in newest if each["fields"].get("gov.key.id") == key_id and each["event"] == "gov.key.revoked"
    ]


def test_a_revoked_key_is_refused_at_once_over_http(real):
    """A key that the command line revokes is refused by the running gateway at the next call; both are recorded."""
    key, key_id = made_key(real.folder)
    assert post(real, ORDERS, key=key).status_code == 200
    program(real.folder, "keys", "revoke", key_id)
    refused = post(real, ORDERS, key=key)
    assert (refused.status_code, refused.json()["code"]) == (401, "E_KEY_REVOKED")
    eventually(lambda: _revoked_events(real, key_id))
    eventually(lambda: [each for each in entries(real.folder, limit=10) if each["event"] == "gov.auth.refused"])


@pytest.mark.parametrize("era", ERAS)
def test_a_revoked_key_is_refused_at_once_over_mcp(real, era):
    """An open MCP session ends with the key: the next request is answered 401."""
    key, key_id = made_key(real.folder)
    statuses = []

    async def note(response):
        statuses.append(response.status_code)

    async def go():
        http = httpx2.AsyncClient(headers=real.headers(key), timeout=5, event_hooks={"response": [note]})
        async with Client(streamable_http_client(f"{real.url}/mcp", http_client=http), mode=era) as session:
            assert not (await session.call_tool("query_metrics", ORDERS)).is_error
            open_project(real.folder).revoke_key(key_id)
            statuses.clear()
            with pytest.raises(MCPError):
                await session.call_tool("query_metrics", ORDERS)
            assert statuses == [401]

    asyncio.run(go())


def test_a_revoked_key_is_refused_over_stdio(real):
    """``metricgate mcp`` beside a running gateway passes on the gateway's refusal of the revoked key."""
    key, key_id = made_key(real.folder)

    async def go():
        async with mcp_client(real, "stdio", key=key) as session:
            assert not (await session.call_tool("query_metrics", ORDERS)).is_error
            open_project(real.folder).revoke_key(key_id)
            await asyncio.sleep(1.0)
            with pytest.raises(MCPError, match="E_KEY_REVOKED"):
                await session.call_tool("query_metrics", ORDERS)

    asyncio.run(go())


def _slow_body():
    return {"metrics": ["sales.slow"], "group_by": ["grain__kind"]}


def _newest(real):
    return entries(real.folder, limit=1)[0]["index"]


def _cancelled(real, before):
    """What the record says of the slow query begun after entry ``before``, once it is over."""

    def look():
        mine = [each for each in entries(real.folder, limit=20) if each["index"] > before]
        released = [each["index"] for each in mine if "gov.statement.digest" in each["fields"]]
        linked = [each for each in mine if [link["index"] for link in each["fields"].get("gov.links", [])] == released]
        return linked[0]["fields"] if released and linked else None

    return eventually(look)["error.type"]


def test_hanging_up_on_http_stops_the_query(real):
    """A dropped connection interrupts the warehouse at once; intent and outcome are both recorded."""
    before = _newest(real)
    body = json.dumps(_slow_body()).encode()
    address = real.url.removeprefix("http://")
    head = (
        f"POST /v1/tools/query_metrics HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {real.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(head.encode() + body)
        eventually(lambda: [each for each in entries(real.folder, metric="sales.slow") if each["index"] > before])
    assert _cancelled(real, before) == "E_WAREHOUSE_CANCELLED"
    began = time.monotonic()
    assert post(real, {"metrics": ["sales.orders"]}).status_code == 200
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("era", ERAS)
def test_giving_up_over_mcp_stops_the_query(real, era, door):
    """A client that gives up, by protocol or by closing its stream, interrupts the warehouse; it is recorded."""
    before = _newest(real)

    async def go():
        async with mcp_client(real, door, mode=era) as session:
            await session.list_tools()  # the process is up
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.call_tool("query_metrics", _slow_body()), 1.0)
            return await asyncio.to_thread(_cancelled, real, before)

    assert asyncio.run(go()) == "E_WAREHOUSE_CANCELLED"


def test_hostile_bodies_at_http(real):
    """A megabyte, half a document, another content type: each is refused in words, and life goes on."""
    big = post(real, {"metrics": ["x" * 900_000]})
    assert big.status_code in {400, 413, 422}
    assert post(real, {"metrics": ["x" * 1_200_000]}).status_code == 413
    url, headers = f"{real.url}/v1/tools/query_metrics", real.headers()
    broken = httpx2.post(url, content=b'{"metrics": [', headers={**headers, "content-type": "application/json"})
    assert (broken.status_code, broken.json()["code"]) == (400, "E_MALFORMED_JSON")
    other = httpx2.post(url, content=b"<x/>", headers={**headers, "content-type": "application/xml"})
    assert other.status_code == 415
    assert post(real, {"metrics": ["sales.orders"]}).status_code == 200


def test_hostile_bodies_at_mcp(real):
    """The same at MCP: errors of the protocol, and the session of somebody else goes on."""

    async def big(session, size):
        return await session.call_tool("query_metrics", {"metrics": ["x" * size]})

    async def go():
        async with mcp_client(real) as session:
            assert (await big(session, 900_000)).is_error
            with pytest.raises((MCPError, httpx2.HTTPError)):
                await big(session, 1_200_000)
            assert not (await session.call_tool("query_metrics", {"metrics": ["sales.orders"]})).is_error

    asyncio.run(go())
    headers = real.headers(accept="application/json, text/event-stream")
    for kind, body in (("application/json", b'{"jsonrpc": '), ("application/xml", b"<x/>"), ("application/json", b"")):
        reply = httpx2.post(f"{real.url}/mcp", content=body, headers={**headers, "content-type": kind})
        assert 400 <= reply.status_code < 500, (kind, body)
    assert post(real, {"metrics": ["sales.orders"]}).status_code == 200


def test_trace_context_reaches_the_record(real):
    """The caller's trace id, from ``traceparent`` or MCP ``_meta``, is that of the answer and of its entries."""

    async def go(trace):
        async with mcp_client(real) as session:
            meta = {"traceparent": f"00-{trace}-{'12' * 8}-01"}
            result = await session.call_tool("query_metrics", {"metrics": ["sales.orders"]}, meta=meta)
            return result.structured_content["record"]

    over_http, over_mcp = "ab" * 16, "cd" * 16
    first = post(real, {"metrics": ["sales.orders"]}, traceparent=f"00-{over_http}-{'34' * 8}-01").json()["record"]
    second = asyncio.run(go(over_mcp))
    assert (first["trace_id"], second["trace_id"]) == (over_http, over_mcp)
    for record in (first, second):
        found = [
            each for each in entries(real.folder, limit=20) if each["fields"].get("trace_id") == record["trace_id"]
        ]
        assert len(found) == 2
        assert record["index"] in {each["index"] for each in found}
