"""What keeps a request from the protocol: told as JSON-RPC, with what to do."""

import asyncio

import httpx2
import pytest
from mcp.shared.exceptions import MCPError
from tests.surfaces.echo import EchoGate, keeper
from tests.surfaces.mcp.test_mcp_door import META, MODES, client
from tests.surfaces.serving import make_app, served

BOTH = "application/json, text/event-stream"
MODERN = {"mcp-protocol-version": "2026-07-28"}
INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "t", "version": "1"},
}


def body_of(method, params=None, number=7):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}


def ask(body, key="mg_good", method="POST", accept=BOTH, **headers):
    """One request to a door; its reply."""

    async def go():
        async with served(make_app(EchoGate(), keeper())) as url, httpx2.AsyncClient() as plain:
            every = {"accept": accept, "authorization": f"Bearer {key}", **headers}
            return await plain.request(method, f"{url}/mcp", json=body, headers=every)

    return asyncio.run(go())


def error_of(reply, status):
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    answer = reply.json()
    assert answer["jsonrpc"] == "2.0"
    return answer["error"]


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
@pytest.mark.parametrize("headers", [{}, MODERN])
@pytest.mark.parametrize(
    ("key", "code", "words"),
    [
        ("mg_expired", "E_KEY_EXPIRED", "past its expiry"),
        ("mg_revoked", "E_KEY_REVOKED", "revoked"),
        ("mg_unknown", "E_UNAUTHENTICATED", "Hint: "),
    ],
)
def test_a_refused_key_is_told_with_its_reason(method, headers, key, code, words):
    """As a JSON-RPC error whose message has code, reason and hint, with the challenge of before beside it."""
    reply = ask(body_of("tools/list"), key, method, **headers)
    error = error_of(reply, 401)
    assert code in error["message"]
    assert words in error["message"]
    assert error["data"]["code"] == code
    assert "resource_metadata=" in reply.headers["www-authenticate"]
    assert key not in reply.text


@pytest.mark.parametrize("mode", MODES)
def test_the_official_client_shows_why_a_key_is_refused(mode):
    """Both eras of the SDK's client raise the gateway's own words."""

    async def go():
        app = make_app(EchoGate(), keeper())
        async with served(app) as url, client(url, "mg_expired", mode=mode) as session:
            await session.call_tool("echo", {})

    with pytest.raises(BaseExceptionGroup) as raised:
        asyncio.run(go())
    found, _others = raised.value.split(MCPError)
    assert "E_KEY_EXPIRED" in repr(found.exceptions) or "E_KEY_EXPIRED" in str(_leaf(found))


def _leaf(group):
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def test_a_body_without_the_version_header_is_told_which_to_send():
    """The revision that the body states, in the headers; the id is the request's."""
    reply = ask(body_of("tools/call", {"name": "echo", "arguments": {}, "_meta": META}))
    error = error_of(reply, 400)
    assert "MCP-Protocol-Version: 2026-07-28" in error["message"]
    assert reply.json()["id"] == 7


@pytest.mark.parametrize("version", [{}, {"mcp-protocol-version": "2025-06-18"}])
@pytest.mark.parametrize("method", ["tools/list", "tools/call", "ping", "notifications/initialized"])
def test_a_request_outside_any_session_is_told_how_to_open_one(method, version):
    """Older revisions begin with ``initialize``; the newest needs no session."""
    error = error_of(ask(body_of(method), **version), 400)
    assert "send `initialize` first" in error["message"]
    assert ("/healthz" in error["message"]) == (method == "ping")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_stream_outside_any_session_names_none(method):
    """No session id comes with the answer: the AI SDK, which asks before it initializes, would go on with it."""
    reply = ask(None, method=method)
    assert "send `initialize` first" in error_of(reply, 400)["message"]
    assert "mcp-session-id" not in reply.headers


@pytest.mark.parametrize("headers", [{}, MODERN])
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "text/html", ""])
def test_an_accept_header_of_one_form_is_told_both(accept, headers):
    """At every revision, also where the SDK would answer with a bare status."""
    error = error_of(ask(body_of("tools/list", {"_meta": META}), accept=accept, **headers), 406)
    assert "Accept: application/json, text/event-stream" in error["message"]


@pytest.mark.parametrize("accept", [BOTH, "*/*", "application/*;q=0.9, text/*", "text/event-stream , Application/JSON"])
def test_every_way_to_accept_both_is_let_through(accept):
    """Wildcards and weights are read as HTTP means them."""
    assert ask(body_of("initialize", INITIALIZE), accept=accept).status_code == 200


def test_a_ping_of_the_newest_revision_is_told_what_to_ask_instead():
    """It has none; ``/healthz`` and ``server/discover`` tell what a ping did."""
    reply = ask(body_of("ping", {"_meta": META}), **MODERN, **{"mcp-method": "ping"})
    error = error_of(reply, 404)
    assert error["code"] == -32601
    assert "/healthz" in error["message"]
    assert reply.json()["id"] == 7


def test_a_session_id_beside_the_newest_revision_means_nothing():
    """An unknown method is told as such, not as a session that ended."""
    body = body_of("tools/lost", {"_meta": META})
    error = error_of(ask(body, **MODERN, **{"mcp-method": "tools/lost", "mcp-session-id": "0" * 32}), 404)
    assert error["code"] == -32601


def test_a_session_answers_ping_and_its_end_is_told():
    """Within a session ping is served; with an id that is none, the client is told to begin anew."""

    async def go():
        headers = {"accept": BOTH, "authorization": "Bearer mg_good"}
        async with served(make_app(EchoGate(), keeper())) as url, httpx2.AsyncClient(headers=headers) as plain:
            opened = await plain.post(f"{url}/mcp", json=body_of("initialize", INITIALIZE))
            session = {"mcp-session-id": opened.headers["mcp-session-id"], "mcp-protocol-version": "2025-06-18"}
            pinged = await plain.post(f"{url}/mcp", json=body_of("ping"), headers=session)
            lost = session | {"mcp-session-id": "0" * 32}
            return pinged, await plain.post(f"{url}/mcp", json=body_of("tools/list"), headers=lost)

    pinged, lost = asyncio.run(go())
    assert pinged.status_code == 200
    assert '"result":{}' in pinged.text
    assert "Send `initialize` again" in error_of(lost, 404)["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"jsonrpc": "2.0"}', b'"' + b"x" * 2_000_000 + b'"'])
def test_what_is_no_request_is_the_sdks_to_refuse(body):
    """A body that was looked at is passed on whole; nothing of ours stands in the way."""

    async def go():
        headers = {"accept": BOTH, "authorization": "Bearer mg_good", "content-type": "application/json"}
        async with served(make_app(EchoGate(), keeper())) as url, httpx2.AsyncClient(headers=headers) as plain:
            return await plain.post(f"{url}/mcp", content=body)

    assert asyncio.run(go()).status_code in {400, 413}
