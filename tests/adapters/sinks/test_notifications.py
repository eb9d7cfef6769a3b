"""Notices over a real socket: signed, retried, parked, kept over a restart, never read as markup."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.adapters.sinks.hooks import CLOCK, HASTY, SECRETS, Hook, notice, served

from metricgate.adapters.sinks.courier import Courier, RetrySchedule
from metricgate.adapters.sinks.webhook import Webhook, slack
from metricgate.adapters.sinks.webhook_signatures import read_secrets
from metricgate.adapters.state.sqlite.sqlite_outbox import SqliteOutbox
from metricgate.gateway.notifications import Delivery, Sink
from metricgate.vocabulary.notice import Notice, NoticeKind

ALL = frozenset(NoticeKind)


@pytest.fixture
def hooks() -> Iterator[list[Hook]]:
    opened: list[Hook] = []
    yield opened
    for each in opened:
        each.shutdown()
        each.server_close()


def run(
    outbox: SqliteOutbox,
    sinks: dict[str, Sink],
    until: Callable[[], object],
    patience: RetrySchedule = HASTY,
    **options: float,
) -> None:
    """Deliver until something is so."""
    served(Courier(outbox, sinks, clock=CLOCK, patience=patience, **options), until)


def hook_of(hooks: list[Hook], *statuses: int) -> tuple[Hook, Webhook]:
    hooks.append(Hook(*statuses))
    return hooks[-1], Webhook(url=hooks[-1].url, form="plain", keys=read_secrets(SECRETS))


def test_told_twice_kept_over_a_restart_and_delivered_once_under_both_keys(tmp_path: Path, hooks: list[Hook]) -> None:
    first = SqliteOutbox(tmp_path / "outbox.db", routes={"ops": ALL}, clock=CLOCK)
    first.tell(notice())
    first.tell(notice())  # neither closed nor settled: as a process that was killed
    outbox = SqliteOutbox(tmp_path / "outbox.db", routes={"ops": ALL}, clock=CLOCK)
    hook, webhook = hook_of(hooks, 503, 302, 200)
    run(outbox, {"ops": webhook}, lambda: not outbox.list_undelivered())
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
    outbox = SqliteOutbox(tmp_path / "outbox.db", routes=routes, clock=CLOCK)
    outbox.tell(notice())
    bad, webhook = hook_of(hooks, 500)
    good, other = hook_of(hooks, 200)
    run(outbox, {"ops": webhook, "other": other}, lambda: good.got and len(outbox.list_undelivered()) == 1)
    [parked] = outbox.list_undelivered()
    assert (parked.state, parked.failure, parked.attempts > 2) == ("parked", "status 500", True)
    assert [json.loads(body)["data"]["fields"]["notification"] for _headers, body in good.got] == ["n_1"]
    bad.statuses[:] = [200]
    assert outbox.retry("n_1") == 1
    run(outbox, {"ops": webhook}, lambda: not outbox.list_undelivered())


class Clumsy:
    """A plugin with mistakes: raises for the first notice, hangs at the second."""

    async def deliver(self, told: Notice, *, seconds: int) -> Delivery:  # noqa: ARG002 - the port's
        """Fail, in the way that the notice's id says."""
        if told.id == "raises":
            raise RuntimeError("https://hooks.example/secret")
        await asyncio.sleep(60)
        return Delivery()


def test_a_plugin_that_raises_or_hangs_has_not_taken_it(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "outbox.db", routes={"own": ALL}, clock=CLOCK)
    outbox.tell(notice("raises"))
    outbox.tell(notice("hangs"))

    def failed() -> dict[str, str | None]:
        return {each.notice.id: each.failure for each in outbox.list_undelivered() if each.attempts}

    run(outbox, {"own": Clumsy()}, lambda: len(failed()) == 2, replace(HASTY, attempt=0.2))
    assert failed() == {"raises": "RuntimeError", "hangs": "timeout"}


def test_what_was_delivered_is_forgotten_in_time_and_nothing_else(tmp_path: Path, hooks: list[Hook]) -> None:
    routes = {"ops": ALL, "gone": ALL}
    _hook, webhook = hook_of(hooks, 200)

    def delivered() -> list[str]:
        return [each.sink for each in outbox.deliveries(states=["delivered"])]

    class Counting(SqliteOutbox):
        """Says how often it was tidied since something was delivered."""

        times = 0

        def prune(self, before: float) -> None:
            """Tidy."""
            self.times += delivered() == ["ops"]
            super().prune(before)

    outbox = Counting(tmp_path / "outbox.db", routes=routes, clock=CLOCK)
    outbox.tell(notice())
    run(outbox, {"ops": webhook}, lambda: outbox.times > 2)
    assert delivered() == ["ops"], "kept for 30 days where nothing else is said"
    run(outbox, {"ops": webhook}, lambda: not delivered(), keep_seconds=0.0)
    assert [(each.sink, each.state) for each in outbox.list_undelivered()] == [("gone", "waiting")]
    assert outbox.list_undelivered()[0].notice == notice(), "the notice stays for the sink that has not had it"


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
