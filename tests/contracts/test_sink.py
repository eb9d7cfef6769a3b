"""The contract of ``gateway.notices.Sink``, on every kind that is entered under ``metricgate.sinks``.

To add a kind: an entry point, and a line in ``SINKS``.
"""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.adapters.sinks.hooks import SECRETS, Hook, notice

from metricgate.gateway.notifications import Delivery, Sink, SinkUnusable
from metricgate.settings import extension_points
from metricgate.vocabulary.json import Json

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """The other side of a sink."""

    keys: dict[str, Json]
    """Of the settings, beside `name`, `kind` and `on`."""
    came: Callable[[], Sequence[str]]
    """The ids of the notices that arrived."""
    leave: Callable[[], None]
    """Be there no more."""
    secret: str
    """Words of the settings that no message may hold."""


def webhook(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    hook = Hook(200)
    monkeypatch.setenv("TEST_SECRET", SECRETS)
    monkeypatch.setenv("TEST_URL", f"{hook.url}?token=s3cret")

    def leave() -> None:
        hook.shutdown()
        hook.server_close()

    return Receiver(
        keys={"url_variable": "TEST_URL", "secret": "TEST_SECRET"},
        came=lambda: [json.loads(body)["data"]["id"] for _headers, body in hook.got],
        leave=leave,
        secret="s3cret",
    )


SINKS = {"webhook": webhook}


@pytest.fixture(params=SINKS)
def receiver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Receiver]]:
    made = SINKS[request.param](monkeypatch)
    yield request.param, made
    made.leave()


def sink_of(kind: str, receiver: Receiver, folder: Path) -> Sink:
    plugin = extension_points.SINKS.installed()[kind]
    written = {"name": "ops", "kind": kind, "on": ["agent_paused"], **receiver.keys}
    return plugin.from_section(plugin.section.model_validate(written), folder)


def test_every_registered_sink_is_under_contract() -> None:
    assert set(SINKS) == set(PROJECT["entry-points"]["metricgate.sinks"])


def test_a_notice_arrives_and_a_receiver_that_is_gone_is_a_failure(
    receiver: tuple[str, Receiver], tmp_path: Path
) -> None:
    """Taken or not is an answer, never an exception; the reason says nothing secret."""
    kind, other = receiver
    sink = sink_of(kind, other, tmp_path)
    assert asyncio.run(sink.deliver(notice(), seconds=1)) == Delivery()
    assert other.came() == ["n_1"]
    other.leave()
    failed = asyncio.run(sink.deliver(notice("n_2"), seconds=1))
    assert failed.failure
    assert not failed.final
    assert other.secret not in failed.failure


def test_secrets_that_are_missing_end_the_start_by_the_names_of_their_variables(
    receiver: tuple[str, Receiver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, other = receiver
    for variable in ("TEST_URL", "TEST_SECRET"):
        monkeypatch.setenv(variable, "no-good-s3cret")
        with pytest.raises(SinkUnusable, match="TEST_") as caught:
            sink_of(kind, other, tmp_path)
        assert other.secret not in str(caught.value)
