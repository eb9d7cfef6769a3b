"""A gateway that runs: the Python client, and commands that go to it instead of opening the project."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest

from metricgate.surfaces import client as client_module
from metricgate.surfaces.client import AsyncClient, Client, GatewayFault, HeldAction, Refused

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def url(run):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("METRICGATE_")}
    with (run.folder / "serve.log").open("wb") as log:
        serving = subprocess.Popen(
            [sys.executable, "-m", "metricgate", "serve", "--port", "0", "--project", str(run.folder)],
            stdout=log,
            stderr=log,
            env=environment,
        )
    address = run.folder / ".metricgate" / "serve.json"
    try:
        yield _when_ready(address, serving)
    finally:
        serving.send_signal(signal.SIGINT)
        assert serving.wait(15) == 0, (run.folder / "serve.log").read_text()


def _when_ready(address, serving):
    for _ in range(300):
        assert serving.poll() is None, "the gateway did not start"
        try:
            url = json.loads(address.read_text())["url"]
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return url
        except (OSError, ValueError, httpx2.TransportError):
            pass
        time.sleep(0.05)
    raise TimeoutError


def test_client_queries(url, key):
    """A query gives the envelope; numbers as worked out by hand."""
    with Client(url, key) as client:
        reply = client.query(["revenue"], group_by=["customer__country"])
        assert reply["answer"]["rows"] == [["DE", "10.50"], ["FR", "25.25"]]
        assert reply["record"]["index"] >= 0
        assert "query_metrics" in {tool["name"] for tool in client.tools()}


def test_async_client_queries(url, key):
    """The async client gives the same, many at once."""

    async def ask():
        async with AsyncClient(url, key, user="ana@example.com") as client:
            replies = await asyncio.gather(*(client.query(["sales.revenue"]) for _ in range(8)))
            return replies, await client.tools()

    replies, tools = asyncio.run(ask())
    assert [reply["answer"]["rows"] for reply in replies] == [[["35.75"]]] * 8
    assert len(tools) > 3


def test_client_raises_refusals(url, key):
    """A refusal is an exception with the problem document, its code, its record and the hint in its text."""
    with Client(url, key) as client, pytest.raises(Refused) as raised:
        client.query(["sales.revenu"])
    assert raised.value.code == "E_UNKNOWN_METRIC"
    assert raised.value.problem["status"] >= 400
    assert raised.value.record["index"] >= 0
    assert "sales.revenue" in str(raised.value)


@pytest.mark.parametrize("tool", ["no_such_tool", "../../healthz", "a/b", "?x=1", "query_metrics#"])
def test_client_tool_names_stay_in_their_place(url, key, tool):
    """Whatever a tool is called, the call goes to no other path."""
    with Client(url, key) as client, pytest.raises(Refused):
        client.call(tool)


def test_client_wrong_key(url):
    """A wrong key is a refusal, and the key is in no message."""
    with Client(url, "mg_nobody_" + "0" * 40) as client, pytest.raises(Refused) as raised:
        client.query(["sales.revenue"])
    assert raised.value.problem["status"] == 401
    assert "mg_nobody" not in str(raised.value)


@pytest.mark.parametrize("key", ["", "mg_a b", "mg_a\r\nX-Evil: 1", "mg_ü"])
def test_client_refuses_impossible_keys(key):
    """A key that cannot be one is told without repeating it."""
    with pytest.raises(ValueError, match="the key is empty or holds") as raised:
        Client("http://127.0.0.1:1", key)
    assert "Evil" not in str(raised.value)


def test_client_nobody_there(key):
    """No gateway is a fault with a problem document of our own, not a library's exception."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", key) as client, pytest.raises(GatewayFault) as raised:
        client.query(["sales.revenue"])
    assert raised.value.code == "E_CLIENT_UNREACHABLE"
    assert raised.value.record is None
    assert key not in str(raised.value)


_HELD = b'{"held": {"action_id": "act_1", "message": "needs approval"}, "record": {"index": 1}}'
_REPLIES = {
    "/v1/tools/html": (200, b"<html>"),
    "/v1/tools/list": (200, b"[1]"),
    "/v1/tools/other": (200, b'{"ok": true}'),
    "/v1/tools/bad_gateway": (502, b"nginx"),
    "/v1/tools/held": (202, _HELD),
    "/v1/tools/moved": (307, b'{"code": "x"}'),
}


class _Stranger(BaseHTTPRequestHandler):
    def do_POST(self):
        status, body = _REPLIES[self.path]
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def stranger():
    server = HTTPServer(("127.0.0.1", 0), _Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("tool", ["html", "list", "other", "bad_gateway", "moved"])
def test_client_something_else_there(stranger, key, tool):
    """What is no gateway is told as such; a redirect is not followed, so that the key goes nowhere else."""
    with Client(stranger, key) as client, pytest.raises(GatewayFault) as raised:
        client.call(tool)
    assert raised.value.code == "E_CLIENT_NOT_A_GATEWAY"


def test_client_held(stranger, key):
    """A held action is an exception of its own that names the action."""
    with Client(stranger, key) as client, pytest.raises(HeldAction, match="act_1") as raised:
        client.call("held")
    assert raised.value.record == {"index": 1}


def test_commands_go_to_the_running_gateway(url, run, key):
    """While a gateway holds the ledger, commands ask it; same answer, door http in the record."""
    result = run("query", "sales.revenue", "--json", key=key)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["answer"]["rows"] == [["35.75"]]
    entry = json.loads(run("audit", "show", str(told["record"]["index"]), "--json").stdout)
    assert entry["fields"]["gov.door"] == "http"
    with Client(url, key) as client:
        assert client.query(["sales.revenue"])["answer"] == told["answer"]
    assert run("query", "sales.revenu", key=key).exit_code == 3


def test_log_lines_of_the_gateway(url, run, key):
    """The gateway writes one JSON line per call on standard error."""
    with Client(url, key) as client:
        record = client.query(["sales.revenue"])["record"]
    time.sleep(0.2)
    lines = [json.loads(line) for line in (run.folder / "serve.log").read_text().splitlines() if line.startswith("{")]
    line = next(line for line in lines if line.get("trace_id") == record["trace_id"])
    assert (line["agent"], line["tool"], line["outcome"], line["record"]) == (
        "example-agent",
        "query_metrics",
        "answered",
        record["index"],
    )


def test_counters_of_the_gateway(url, key):
    """The gateway's /metrics counts calls and stages."""
    with Client(url, key) as client:
        client.query(["sales.revenue"])
    text = httpx2.get(f"{url}/metrics", headers={"authorization": f"Bearer {key}"}).text
    assert 'metricgate_calls_total{code="",outcome="answered",tool="query_metrics"}' in text
    assert 'metricgate_stage_seconds_count{stage="run"}' in text


def test_client_codes_are_documented():
    """docs/errors/client.md has a section for each code."""
    page = (DOCS / "errors" / "client.md").read_text(encoding="utf-8")
    assert all(f"## {code.name}\n" in page for code in client_module.CODES)
