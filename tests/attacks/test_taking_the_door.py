"""Strangers without a key try to take the door's memory, connections or knowledge, at a gateway that is served."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from pathlib import Path

import httpx2
import pytest
from tests.faults.served import Served, served
from tests.gateway.conftest import write_project

LIMITS = "listen: {limits: {head_seconds: 1, connections: 450}}\n"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("door") / "project")
    settings = folder / "metricgate.yaml"
    settings.write_text(settings.read_text() + LIMITS)
    with served(folder) as serving:
        yield serving


def taken(gate: Served) -> int:
    """Return what the process holds, in bytes."""
    status = Path(f"/proc/{gate.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


def connected(gate: Served) -> socket.socket:
    host, port = gate.url.removeprefix("http://").split(":")
    found = socket.create_connection((host, int(port)), timeout=10)
    found.settimeout(10)
    return found


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nX: ", b"GET /", b"X"], ids=["header", "target", "method"])
def test_96_megabytes_are_not_taken(gate, start):
    """A head without end is cut off after kilobytes, and nothing of it is kept."""
    before, sent = taken(gate), 0
    with connected(gate) as client, contextlib.suppress(OSError):
        client.sendall(start)
        while sent < 96 * MEGABYTE:
            client.sendall(b"a" * MEGABYTE)
            sent += MEGABYTE
    assert sent < 20 * MEGABYTE
    assert taken(gate) - before < 10 * MEGABYTE
    assert gate.alive()


def test_400_half_sent_requests_do_not_stay(gate):
    """Each is let go after its second, and callers are served all the while."""
    half = [connected(gate) for _ in range(400)]
    for each in half:
        each.sendall(b"POST /v1/tools/query_metrics HTTP/1.1\r\nHost: ")
    assert gate.ask().status_code == 200
    end = time.monotonic() + 8
    ended = [ended_by(each, end) for each in half]
    assert all(ended)
    assert gate.ask().status_code == 200


def ended_by(client: socket.socket, end: float) -> bool:
    """Whether the door hangs up before then."""
    with client, contextlib.suppress(ConnectionError):
        while time.monotonic() < end:
            client.settimeout(max(0.01, end - time.monotonic()))
            try:
                if not client.recv(4_096):
                    return True
            except TimeoutError:
                return False
    return True


def test_strangers_learn_nothing_of_the_project(gate):
    """What is open to everybody names routes, and nothing of what is governed."""
    for path in ("/openapi.json", "/healthz", "/readyz", "/.well-known/oauth-protected-resource/mcp"):
        text = httpx2.get(f"{gate.url}{path}").text
        for word in ("sales.", "s@acme.example", "customers", "acme.example"):
            assert word not in text, (path, word)
