import asyncio
import json

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.surfaces.echo import EchoGate, keeper
from tests.surfaces.serving import make_app, served

from metricgate.vocabulary.json import canonical_json

MODES = ["2026-07-28", "legacy"]


def client(url, key="mg_good", **more):
    # The first change starts a worker process, which takes seconds on a busy machine.
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=30)
    return Client(streamable_http_client(f"{url}/mcp", http_client=http), **more)


@pytest.mark.parametrize("mode", MODES)
def test_lists_and_calls(mode):
    """A real SDK client lists the tools in order, calls one, and gets the very bytes HTTP would give."""

    async def go():
        gate = EchoGate()
        async with served(make_app(gate, keeper())) as url, client(url, mode=mode) as session:
            listed = await session.list_tools()
            assert [tool.name for tool in listed.tools] == ["echo", "slow", "broken"]
            arguments = {"b": 1, "a": ["ü", 0.5]}
            result = await session.call_tool("echo", arguments)
            assert not result.is_error
            async with httpx2.AsyncClient(headers={"authorization": "Bearer mg_good"}) as plain:
                other = await plain.post(f"{url}/v1/tools/echo", json=arguments)
            bytes_of = other.content.split(b',"record":')[0]
            assert result.content[0].text.encode().split(b',"record":')[0] == bytes_of
            assert b'{"verdicts":{},"answer":' + canonical_json(result.structured_content["answer"]) == bytes_of
            assert gate.calls[0].client["mcp.protocol.version"] == session.protocol_version
            assert gate.calls[0].door == "mcp"

    asyncio.run(go())


@pytest.mark.parametrize("mode", MODES)
def test_refusal_is_a_result_a_model_can_act_on(mode):
    """A refusal is an error whose text has code and hint, for programs the document in _meta; the process goes on."""

    async def go():
        async with served(make_app(EchoGate(), keeper())) as url, client(url, mode=mode) as session:
            result = await session.call_tool("ecko", {})
            assert result.is_error
            assert result.structured_content is None
            assert result.meta["metricgate/problem"]["code"] == "E_UNKNOWN_TOOL"
            assert "Did you mean 'echo'?" in result.content[0].text

    asyncio.run(go())


@pytest.mark.parametrize("mode", MODES)
def test_ambiguity_is_asked_back(mode):
    """With elicitation the user chooses and the gateway is asked again with the full name; both calls reach it."""
    asked = []

    async def choose(_context, params):
        asked.append(params)
        name = "finance.revenue" if "revenue" in params.message else "sales.active"
        return types.ElicitResult(action="accept", content={"metric": name})

    async def go():
        gate = EchoGate()
        app = make_app(gate, keeper())
        async with served(app) as url, client(url, mode=mode, elicitation_callback=choose) as session:
            result = await session.call_tool(
                "echo", {"metrics": ["revenue", "active"], "order_by": ["-revenue"], "where": {"value": "revenue"}}
            )
            assert not result.is_error
            got = result.structured_content["answer"]["arguments"]
            assert got["metrics"] == ["finance.revenue", "sales.active"]
            assert got["order_by"] == ["-finance.revenue"]
            assert got["where"] == {"value": "revenue"}
            assert len(asked) == 2
            assert gate.calls[-1].client["gov.clarified"]

    asyncio.run(go())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("reply", ["decline", "cancel", "outside", None])
def test_no_choice_means_the_refusal_with_candidates(mode, reply):
    """Declining, an answer that was not offered, or no elicitation: the candidates come as a refusal; no guess."""

    async def choose(_context, _params):
        if reply == "outside":
            return types.ElicitResult(action="accept", content={"metric": "hr.salaries"})
        return types.ElicitResult(action=reply)

    async def go():
        more = {} if reply is None else {"elicitation_callback": choose}
        async with served(make_app(EchoGate(), keeper())) as url, client(url, mode=mode, **more) as session:
            result = await session.call_tool("echo", {"metrics": ["revenue"]})
            assert result.is_error
            problem = result.meta["metricgate/problem"]
            assert problem["code"] == "E_AMBIGUOUS_METRIC"
            assert len(problem["details"]["candidates"]) == 2

    asyncio.run(go())


META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


async def post(url, params, key="mg_good", meta=None, **headers):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"_meta": META | (meta or {}), **params}}
    every = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": params["name"],
        "authorization": f"Bearer {key}",
        **headers,
    }
    async with httpx2.AsyncClient(timeout=30) as plain:
        return await plain.post(f"{url}/mcp", json=body, headers=every)


def test_request_state_is_bound():
    """State tampered with, used by another principal, or with other arguments is refused; the rightful use works."""

    async def go():
        gate = EchoGate()
        async with served(make_app(gate, keeper())) as url:
            asked = {"name": "echo", "arguments": {"metrics": ["revenue"]}}
            first = (await post(url, asked)).json()["result"]
            assert first["resultType"] == "input_required"
            assert gate.calls[0].carrier["traceparent"].startswith("00-0af7")
            state = first["requestState"]
            assert "finance" not in state
            chosen = {"metric": {"action": "accept", "content": {"metric": "sales.revenue"}}}
            retry = {**asked, "requestState": state, "inputResponses": chosen}
            before = len(gate.calls)
            flipped = state[:-3] + ("A" if state[-3] != "A" else "B") + state[-2:]
            for bad in (
                await post(url, {**retry, "requestState": flipped}),
                await post(url, {**retry, "arguments": {"metrics": ["revenue"], "limit": 1}}),
                await post(url, retry, key="mg_other"),
            ):
                assert bad.json()["error"]["data"] == {"reason": "invalid_request_state"}
            assert len(gate.calls) == before
            good = (await post(url, retry)).json()["result"]
            assert json.loads(good["content"][0]["text"])["answer"]["arguments"]["metrics"] == ["sales.revenue"]

    asyncio.run(go())


def test_strangers_and_rebinding_are_kept_out():
    """No credential: 401 with the metadata URL, which is served; foreign Host: 421; foreign Origin: 403."""

    async def go():
        gate = EchoGate()
        async with served(make_app(gate, keeper())) as url:
            asked = {"name": "echo", "arguments": {}}
            denied = await post(url, asked, key="mg_unknown")
            assert denied.status_code == 401
            assert "/.well-known/oauth-protected-resource/mcp" in denied.headers["www-authenticate"]
            async with httpx2.AsyncClient() as plain:
                metadata = await plain.get(f"{url}/.well-known/oauth-protected-resource/mcp")
            assert metadata.json()["resource"] == "http://127.0.0.1/mcp"
            assert (await post(url, asked, host="evil.test")).status_code == 421
            assert (await post(url, asked, origin="http://evil.test")).status_code == 403
            assert gate.calls == []

    asyncio.run(go())


def test_a_session_belongs_to_who_opened_it():
    """A session id of the older revision is worthless with another key."""

    async def go():
        async with served(make_app(EchoGate(), keeper())) as url, httpx2.AsyncClient() as plain:
            headers = {"accept": "application/json, text/event-stream", "authorization": "Bearer mg_good"}
            hello = {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "initialize",
                "params": {
                    "protocolVersion": "2025-11-25",
                    "capabilities": {},
                    "clientInfo": {"name": "t", "version": "1"},
                },
            }
            opened = await plain.post(f"{url}/mcp", json=hello, headers=headers)
            session = opened.headers["mcp-session-id"]
            listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
            stolen = headers | {"authorization": "Bearer mg_other", "mcp-session-id": session}
            assert (await plain.post(f"{url}/mcp", json=listing, headers=stolen)).status_code == 404

    asyncio.run(go())


def test_tools_vary_by_principal():
    """The list shows what the caller may call, and tells clients to keep it private."""

    async def go():
        async with (
            served(make_app(EchoGate(), keeper())) as url,
            client(url, "mg_narrow", mode="2026-07-28") as session,
        ):
            listed = await session.list_tools()
            assert [tool.name for tool in listed.tools] == ["echo"]
            assert listed.cache_scope == "private"

    asyncio.run(go())
