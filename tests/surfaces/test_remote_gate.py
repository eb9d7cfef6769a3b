"""``metricgate mcp`` in front of something that is no gateway, or none any more."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from metricgate.gateway.outcome import Fault
from metricgate.gateway.tool import ToolCall
from metricgate.surfaces.remote.gate import RemoteGate
from metricgate.vocabulary.principal import Identity, Principal, Proof

BODIES = [
    *(b"<html>", b"[1]", b'{"ok": true}', b'{"record": null}', b'{"answer": {}, "record": {"index": "x"}}'),
    *(
        b'{"verdicts": %b, "answer": {}, "record": {"index": 1, "trace_id": "ab"}}' % verdicts
        for verdicts in (b"[]", b"null", b'"fresh"', b"7")
    ),
    b'{"verdicts": {}, "answer": [1], "record": {"index": 1, "trace_id": "ab"}}',
]


def served(body, status=200):
    class Stranger(BaseHTTPRequestHandler):
        def answer(self):
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def asked(url):
    async def go():
        async with RemoteGate(url, "mg_key", None) as gate:
            principal = Principal(agent=Identity(id="a", proof=Proof.ASSERTED, method="remote"))
            outcome = await gate.call(ToolCall(tool="../x", arguments={}, principal=principal, door="mcp"))
            return gate.admit(), outcome

    return asyncio.run(go())


@pytest.mark.parametrize("body", BODIES)
def test_something_else_there(body):
    """What is no gateway is told as such, in a problem and a fault; the key is in neither."""
    server = served(body)
    try:
        problems, outcome = asked(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
    assert isinstance(outcome, Fault)
    assert problems.first.code.name == outcome.problem.code.name == "E_CANNOT_START"
    assert "mg_key" not in f"{problems}{outcome}"


def test_nobody_there():
    """A gateway that went away is a fault with its address, not a library's exception."""
    server = served(b"")
    server.server_close()
    url = f"http://127.0.0.1:{server.server_port}"
    problems, outcome = asked(url)
    assert isinstance(outcome, Fault)
    assert url in problems.first.message
    assert url in outcome.problem.message


def test_a_stranger_that_holds_nothing():
    """What waits for people has an action; a reply without one is no gateway's."""
    server = served(b'{"answer": {}, "record": {"index": 1, "trace_id": "ab"}}', 202)
    try:
        _problems, outcome = asked(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
    assert isinstance(outcome, Fault)
    assert "no gateway" in outcome.problem.message
