"""Notices over a real socket: signed, retried, parked, kept over a restart, never read as markup."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from metricgate.adapters.sinks.courier import Courier, Patience
from metricgate.adapters.sinks.webhook import Webhook, read_secrets, slack
from metricgate.adapters.stores.sqlite_outbox import SqliteOutbox
from metricgate.bootstrap.clock import SystemClock
from metricgate.gateway.notices import Notice, NoticeKind

SECRETS = "whsec_" + base64.b64encode(b"n" * 32).decode() + " whsec_" + base64.b64encode(b"o" * 32).decode()
ALL = frozenset(NoticeKind)
HASTY = Patience(first=0.01, longest=0.05, end=0.2, look=0.01)


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


@pytest.fixture
def hooks() -> Iterator[list[Hook]]:
    opened: list[Hook] = []
    yield opened
    for each in opened:
        each.shutdown()
        each.server_close()


def notice(name: str = "n_1", text: str = "It was refused too often.") -> Notice:
    return Notice(kind=NoticeKind.AGENT_PAUSED, id=name, at="2026-01-01T00:00:00Z", title="Paused", text=text)


def run(outbox: SqliteOutbox, sinks: dict[str, Webhook], seconds: float = 0.6) -> None:
    async def main() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await Courier(outbox, sinks, clock=SystemClock(), patience=HASTY).run()

    asyncio.run(main())


def hook_of(hooks: list[Hook], *statuses: int) -> tuple[Hook, Webhook]:
    hooks.append(Hook(*statuses))
    return hooks[-1], Webhook(url=hooks[-1].url, form="plain", keys=read_secrets(SECRETS))


def test_told_twice_kept_over_a_restart_and_delivered_once_under_both_keys(tmp_path: Path, hooks: list[Hook]) -> None:
    first = SqliteOutbox(tmp_path / "outbox.db", routes={"ops": ALL}, clock=SystemClock())
    first.tell(notice())
    first.tell(notice())  # neither closed nor settled: as a process that was killed
    outbox = SqliteOutbox(tmp_path / "outbox.db", routes={"ops": ALL}, clock=SystemClock())
    hook, webhook = hook_of(hooks, 503, 302, 200)
    run(outbox, {"ops": webhook})
    assert outbox.undelivered() == []
    assert len(hook.got) == 3
    for headers, body in hook.got:
        assert headers["webhook-id"] == "n_1"
        signed = f"n_1.{headers['webhook-timestamp']}.".encode() + body
        wanted = [
            base64.b64encode(hmac.new(key * 32, signed, hashlib.sha256).digest()).decode() for key in (b"n", b"o")
        ]
        assert headers["webhook-signature"] == f"v1,{wanted[0]} v1,{wanted[1]}"
    assert json.loads(hook.got[0][1])["type"] == "agent_paused"


def test_what_nobody_takes_is_parked_told_elsewhere_and_tried_again(tmp_path: Path, hooks: list[Hook]) -> None:
    routes = {"ops": ALL, "other": frozenset({NoticeKind.NOTIFICATION_PARKED})}
    outbox = SqliteOutbox(tmp_path / "outbox.db", routes=routes, clock=SystemClock())
    outbox.tell(notice())
    bad, webhook = hook_of(hooks, 500)
    good, other = hook_of(hooks, 200)
    run(outbox, {"ops": webhook, "other": other}, 1.0)
    [parked] = outbox.undelivered()
    assert (parked.state, parked.failure, parked.attempts > 2) == ("parked", "status 500", True)
    assert [json.loads(body)["data"]["fields"]["notification"] for _headers, body in good.got] == ["n_1"]
    bad.statuses[:] = [200]
    assert outbox.retry("n_1") == 1
    run(outbox, {"ops": webhook}, 0.3)
    assert outbox.undelivered() == []


def test_text_is_no_markup_and_shows_what_hides() -> None:
    said = json.loads(slack(notice(text="<!channel> *x* \u202e & \x1b[0m" + "y" * 10_000)))
    words = json.dumps(said, ensure_ascii=False)
    assert "&lt;!channel&gt;" in words
    assert "\u202e" not in words
    assert "<U+202E>".replace("<", "&lt;").replace(">", "&gt;") in words
    assert max(len(block["text"]["text"]) for block in said["blocks"]) <= 3000


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_YWJj", "secret", "whsec_!!!!"])
def test_secrets_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_secrets(text)
