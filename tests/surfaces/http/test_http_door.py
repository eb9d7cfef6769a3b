import asyncio
import re
from pathlib import Path

import httpx2
import jsonschema
import pytest
from tests.surfaces.echo import EchoGate, keeper
from tests.surfaces.serving import make_app, served

from metricgate.surfaces.http import codes

KEY = {"authorization": "Bearer mg_good"}
JSON = {"content-type": "application/json"}


def ask(method, path, *, gate=None, ready=True, any_of=None, base="http://gate.test", **more):
    """One request against the real app, in process."""
    app = make_app(gate or EchoGate(), keeper(), ready=ready, any_of=any_of)

    async def go():
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **more)

    return asyncio.run(go())


def post(body, *, tool="echo", headers=None, **more):
    return ask("POST", f"/v1/tools/{tool}", content=body, headers=KEY | JSON | (headers or {}), **more)


def test_answer_is_an_envelope():
    """An answer comes with its record, also as a header, and with the security headers."""
    reply = post(b'{"a": 1}')
    assert reply.status_code == 200
    assert reply.json()["answer"]["arguments"] == {"a": 1}
    assert reply.headers["x-metricgate-record"] == str(reply.json()["record"]["index"])
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b'{"a": ', {}, codes.MALFORMED_JSON),
        (b"", {}, codes.MALFORMED_JSON),
        (b'{"a": NaN}', {}, codes.MALFORMED_JSON),
        (b'\xff{"a": 1}', {}, codes.MALFORMED_JSON),
        (b'{"a": 1, "a": 2}', {}, codes.MALFORMED_JSON),
        (b'{"x": {"b": ":", "b": 2}}', {}, codes.MALFORMED_JSON),
        (b'{"a": 1, "\\u0061": 2}', {}, codes.MALFORMED_JSON),
        (b"[" * 100_000, {}, codes.MALFORMED_JSON),
        (b"{}", {"content-type": "text/plain"}, codes.CONTENT_TYPE),
        (b"{}", {"content-type": "application/json; charset=utf-16"}, codes.CONTENT_TYPE),
        (b"{}", {"content-encoding": "gzip"}, codes.CONTENT_TYPE),
        (b'"' + b"x" * 1_048_576 + b'"', {}, codes.BODY_TOO_LARGE),
    ],
)
def test_bad_bodies_are_problem_documents(body, headers, code):
    """A body that is not one clean JSON value never reaches the gateway; the reply has the code and a hint."""
    gate = EchoGate()
    reply = post(body, headers=headers, gate=gate)
    assert reply.status_code == code.status
    assert reply.headers["content-type"] == "application/problem+json"
    document = reply.json()
    assert document["code"] == code.name
    assert document["hint"]
    assert document["problems"]
    assert gate.calls == []


def test_colons_in_strings_are_no_repeated_keys():
    """The fast check for repeated keys lets values with colons through."""
    assert post(b'{"a": "x:y:z", "b": {"a": ":"}}').status_code == 200


def test_malformed_json_says_where():
    """The place of the mistake is told as line and column."""
    assert post(b'{\n  "a": nope}').json()["problems"][0]["where"]["line"] == 2


def test_a_stream_without_length_is_capped_while_read():
    """A body without Content-Length is cut off soon after the cap, not read to its end."""
    sent = 0

    async def endless():
        nonlocal sent
        for _ in range(1_000):
            sent += 1
            yield b" " * 65_536

    async def go():
        async with served(make_app(EchoGate(), keeper())) as url, httpx2.AsyncClient() as client:
            return await client.post(f"{url}/v1/tools/echo", content=endless(), headers=KEY | JSON)

    try:
        assert asyncio.run(go()).status_code == 413
    except httpx2.TransportError:
        assert sent < 1_000  # the server hung up on the flood
    assert sent < 1_000


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([], 401, "E_UNAUTHENTICATED"),
        ([("authorization", "Bearer mg_nobody")], 401, "E_UNAUTHENTICATED"),
        ([("authorization", "Bearer mg_revoked")], 401, "E_KEY_REVOKED"),
        ([("authorization", "Bearer mg_expired")], 401, "E_KEY_EXPIRED"),
        ([("authorization", "Bearer mg_good"), ("authorization", "Bearer mg_other")], 401, "E_CREDENTIALS_MALFORMED"),
        ([("authorization", "Bearer mg_good"), ("x-api-key", "mg_good")], 401, "E_CREDENTIALS_CONFLICT"),
        ([("authorization", "Bearer mg_good"), ("x-metricgate-user", "eve@x.example")], 403, "E_MAY_NOT_ACT_FOR"),
        ([("x-api-key", "mg_good"), ("x-metricgate-user", "a"), ("x-metricgate-user", "b")], 401, None),
        ([("authorization", "Basic bWc6Z29vZA==")], 401, "E_CREDENTIALS_MALFORMED"),
    ],
)
def test_nobody_is_let_in_by_doubt(headers, status, code):
    """Absent, unknown, dead, doubled and conflicting credentials are refused before the body is looked at."""
    gate = EchoGate()
    reply = ask("POST", "/v1/tools/echo", content=b"{", headers=[*headers, *JSON.items()], gate=gate)
    assert reply.status_code == status
    assert code is None or reply.json()["code"] == code
    assert (status == 401) == ("www-authenticate" in reply.headers)
    assert gate.calls == []


def test_challenge_names_the_metadata():
    """Without a credential the challenge has no error, but the metadata's URL."""
    challenge = ask("GET", "/v1/tools").headers["www-authenticate"]
    assert "error=" not in challenge
    assert 'resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource/mcp"' in challenge


def test_on_behalf_of():
    """An allowed user is taken along, marked as asserted."""
    gate = EchoGate()
    post(b"{}", headers={"x-metricgate-user": "ana@acme.example"}, gate=gate)
    user = gate.calls[0].principal.user
    assert (user.id, str(user.proof), user.method) == ("ana@acme.example", "asserted", "header")


@pytest.mark.parametrize("form", ["metricgate", "openai", "openai-responses", "anthropic", "mcp"])
def test_definitions_in_every_form(form):
    """Each form lists what the caller may call."""
    tools = ask("GET", f"/v1/tools?format={form}", headers={"x-api-key": "mg_narrow"}).json()["tools"]
    assert len(tools) == 1
    assert (tools[0].get("name") or tools[0]["function"]["name"]) == "echo"


def test_unknown_things_are_said_kindly():
    """Unknown tool, format, path and method: a problem document each, near names where there are some."""
    assert "Did you mean 'echo'" in post(b"{}", tool="ecco").json()["hint"]
    assert "openai" in ask("GET", "/v1/tools?format=openia", headers=KEY).json()["message"]
    assert ask("GET", "/nothing").json()["code"] == "E_NOT_FOUND"
    wrong = ask("DELETE", "/v1/tools/echo")
    assert wrong.json()["code"] == "E_METHOD_NOT_ALLOWED"
    assert wrong.headers["allow"] == "POST"


def test_faults_show_no_inside():
    """An unexpected error is a 500 problem without its text."""
    reply = post(b"{}", tool="broken")
    assert reply.status_code == 500
    assert reply.json()["code"] == "E_HTTP_INTERNAL"
    assert "secret" not in reply.text


@pytest.mark.parametrize("host", ["evil.test", "gate.test.evil.test", "127.0.0.1:80:80", "127.0.0.1@evil.test"])
def test_foreign_hosts_are_refused(host):
    """DNS rebinding: a Host that is not ours gets nothing, but probes work under any name."""
    assert post(b"{}", headers={"host": host}).json()["code"] == "E_HOST_NOT_ALLOWED"
    assert ask("GET", "/healthz", headers={"host": host}).status_code == 200


def test_readiness_tells_what_is_down():
    """Ready is 200; not ready is 503 and names the part."""
    assert ask("GET", "/readyz").status_code == 200
    down = ask("GET", "/readyz", ready=False)
    assert down.status_code == 503
    assert "disk is full" in down.json()["checks"]["ledger"]
    assert ask("GET", "/metrics").text.startswith("metricgate_")


@pytest.mark.parametrize(
    ("ready", "any_of", "status"),
    [
        (True, {"one": True, "other": False}, 200),
        (True, {"one": False, "other": False}, 503),
        (True, {"one": False}, 503),
        (False, {"one": True, "other": True}, 503),
    ],
)
def test_of_several_parts_one_must_be_well(ready, any_of, status):
    """One of several warehouses is enough; none is not, and they do not stand in for the ledger."""
    reply = ask("GET", "/readyz", ready=ready, any_of=any_of)
    assert reply.status_code == status
    told = {name: reply.json()["checks"][name] == "ok" for name in any_of}
    assert told == any_of


def test_openapi_has_each_tool():
    """The document has an operation and the true schemas for each tool."""
    document = ask("GET", "/openapi.json").json()
    operation = document["paths"]["/v1/tools/echo"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert operation["operationId"] == "echo"


def test_hanging_up_cancels_the_call():
    """A caller that drops its connection mid-query cancels the gateway's work; the server lives on."""

    async def go():
        gate = EchoGate()
        async with served(make_app(gate, keeper())) as url, httpx2.AsyncClient() as client:
            with pytest.raises(httpx2.TimeoutException):
                await client.post(f"{url}/v1/tools/slow", json={}, headers=KEY, timeout=0.3)
            await asyncio.wait_for(gate.cancelled.wait(), 5)
            assert (await client.post(f"{url}/v1/tools/echo", json={}, headers=KEY)).status_code == 200

    asyncio.run(go())


def test_smuggled_requests_reach_nobody():
    """A request with both Content-Length and chunked coding yields at most one call, never a second hidden one."""

    async def go():
        gate = EchoGate()
        async with served(make_app(gate, keeper())) as url:
            port = int(url.rsplit(":", 1)[1])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            hidden = b"POST /v1/tools/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer mg_good\r\n\r\n{}"
            head = (
                b"POST /v1/tools/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            )
            writer.write(head + hidden)
            await writer.drain()
            await asyncio.wait_for(reader.read(2_000), 5)
            writer.close()
        assert gate.calls == []

    asyncio.run(go())


def test_every_code_is_documented():
    """docs/errors/http.md has a heading for each code and no heading for another one."""
    page = (Path(__file__).parents[3] / "docs/errors/http.md").read_text()
    assert set(re.findall(r"^## (E_\w+)", page, re.MULTILINE)) == {code.name for code in codes.CODES}
