"""A receiver of webhooks over a real socket, and notices to send it."""

from __future__ import annotations

import base64
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from metricgate.adapters.sinks.courier import Patience
from metricgate.gateway.notices import Notice, NoticeKind

SECRETS = "whsec_" + base64.b64encode(b"n" * 32).decode() + " whsec_" + base64.b64encode(b"o" * 32).decode()
HASTY = Patience(first=0.01, longest=0.05, end=0.8, attempt=0.8, look=0.01, tidy=0.01)


class Hook(ThreadingHTTPServer):
    """Answers with the statuses it was given, the last for ever; keeps what came."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.got = list(statuses), []
        super().__init__(("127.0.0.1", 0), Handler)
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    """Keeps what was posted."""

    server: Hook

    def do_POST(self) -> None:
        """Answer a post."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))
        status = self.server.statuses.pop(0) if len(self.server.statuses) > 1 else self.server.statuses[0]
        self.send_response(status)
        self.send_header("location", self.server.url)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def notice(name: str = "n_1", text: str = "It was refused too often.") -> Notice:
    return Notice(kind=NoticeKind.AGENT_PAUSED, id=name, at="2026-01-01T00:00:00Z", title="Paused", text=text)
