"""Behaviour at a real gateway: loops, bursts of refusals and switches, each refused and each in the record."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.faults.served import entries_of, make_key, served
from tests.gateway.conftest import SETTINGS, ask, opened, write_project

from metricgate.adapters.state.sqlite.switch_file import SwitchFile
from metricgate.bootstrap.project import OpenedProject
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.operations.switches import SwitchFacts
from metricgate.settings.settings import Settings, load_settings
from metricgate.state.switches import Switch, SwitchKind

ORDERS = {"metrics": ["sales.orders"]}
STRICT = SETTINGS + "conduct: {repeats: 5, errors: 3, rounds: 3, refusals: 4, pause_seconds: 1}\n"


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project", settings=STRICT)


def code(outcome: Outcome) -> str:
    assert isinstance(outcome, RefusedCall), str(outcome)
    return outcome.problems.first.code.name


def test_a_loop_is_told_and_something_else_goes_on(strict: Path) -> None:
    """The sixth equal call is refused; another question is answered at once."""

    async def main() -> None:
        async with opened(strict) as parts:
            for _ in range(5):
                assert isinstance(await ask(parts, "omni", "query_metrics", ORDERS), Answered)
            refused = await ask(parts, "omni", "query_metrics", ORDERS)
            assert code(refused) == "E_REPEATED_CALL"
            assert "5 times" in refused.problems.first.message
            assert isinstance(await ask(parts, "omni", "query_metrics", {"metrics": ["sales.revenue"]}), Answered)
            for _ in range(7):
                again = await ask(parts, "omni", "get_receipt", {"index": refused.record.index})
                assert isinstance(again, Answered)

    asyncio.run(main())
    assert [
        each.fields["error.type"] for each in entries_of(strict / ".metricgate" / "ledger.db", "gov.call.refused")
    ] == ["E_REPEATED_CALL"]


def test_a_burst_of_refusals_pauses_the_agent_and_nobody_else(strict: Path) -> None:
    """Four different refusals, then nothing is answered for a second, not even what is allowed."""

    async def main() -> None:
        async with opened(strict) as parts:
            for at in range(4):
                # Each is another question, so that this is no loop.
                refused = await ask(parts, "seller", "query_metrics", {"metrics": ["finance.revenue"], "limit": at + 1})
                assert code(refused) == "E_NOT_GRANTED"
            assert code(await ask(parts, "seller", "search_catalog", {})) == "E_AGENT_PAUSED"
            assert isinstance(await ask(parts, "omni", "query_metrics", ORDERS), Answered)
            await asyncio.sleep(1.1)
            assert isinstance(await ask(parts, "seller", "search_catalog", {}), Answered)

    asyncio.run(main())
    [paused] = entries_of(strict / ".metricgate" / "ledger.db", "gov.agent.paused")
    assert paused.fields == {"gen_ai.agent.id": "seller", "gov.refusals": 4, "gov.actor.kind": "gateway"}


def project_of(folder: Path) -> OpenedProject:
    settings = load_settings(folder)
    assert isinstance(settings, Settings)
    return OpenedProject(folder, settings)


def test_a_switch_is_in_force_within_a_second_at_a_running_gateway(tmp_path: Path) -> None:
    """Thrown beside a serving gateway: HTTP and MCP refuse, other agents go on, taking it back opens again."""
    folder = write_project(tmp_path / "project")
    key, other = make_key(folder, "omni"), make_key(folder, "seller")
    with served(folder) as gate, httpx2.Client(timeout=30) as client:

        def status(secret: str) -> tuple[int, str]:
            got = client.post(
                f"{gate.url}/v1/tools/query_metrics", json=ORDERS, headers={"Authorization": f"Bearer {secret}"}
            )
            return got.status_code, got.text

        assert status(key)[0] == 200
        thrown = project_of(folder).throw_switch("stop", "agent:omni", "it asks for too much")
        assert isinstance(thrown, SwitchFacts), str(thrown)
        refused, text = status(key)
        assert refused == 403
        assert json.loads(text)["code"] == "E_AGENT_STOPPED"
        assert "it asks for too much" in text
        assert "E_AGENT_STOPPED" in asyncio.run(mcp_text(gate.url, key))
        assert status(other)[0] == 200
        project_of(folder).take_back_switches("agent:omni", "mended")
        assert status(key)[0] == 200
        end = time.monotonic() + 10
        ledger = folder / ".metricgate" / "ledger.db"
        while not entries_of(ledger, "gov.switch.taken_back"):
            assert time.monotonic() < end
            time.sleep(0.05)
        [entry] = entries_of(ledger, "gov.switch.thrown")
        assert entry.bodies["gov.switch.because"] == "it asks for too much"
        assert b"it asks for too much" not in entry.leaf, "words of people can be erased"


def test_a_stop_in_the_policy_is_in_force_within_a_second_at_every_door(tmp_path: Path) -> None:
    """A file changes beside a serving gateway: HTTP and MCP refuse with rule and reason, which is recorded."""
    folder = write_project(tmp_path / "project")
    key = make_key(folder, "omni")
    [file] = (folder / "policies").glob("*.yaml")
    with served(folder) as gate, httpx2.Client(timeout=30) as client:

        def ask_http() -> httpx2.Response:
            headers = {"Authorization": f"Bearer {key}"}
            return client.post(f"{gate.url}/v1/tools/query_metrics", json=ORDERS, headers=headers)

        assert ask_http().status_code == 200
        rule = '\nstops:\n  - {id: omni-waits, targets: ["agent:omni"], because: It asks too much.}\n'
        begin = time.monotonic()
        file.write_text(file.read_text() + rule)
        while ask_http().status_code == 200:
            assert time.monotonic() - begin < 1.0
            time.sleep(0.15)
        refused = ask_http()
        assert refused.status_code == 403
        assert "The stop 'omni-waits' serves no call of agent:omni: It asks too much." in refused.text
        assert "omni-waits" in asyncio.run(mcp_text(gate.url, key))
        [entry, *_more] = entries_of(folder / ".metricgate" / "ledger.db", "gov.call.refused")
        assert "omni-waits" in json.dumps(entry.fields)


async def mcp_text(url: str, key: str) -> str:
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=30)
    async with Client(streamable_http_client(f"{url}/mcp", http_client=http)) as session:
        return (await session.call_tool("query_metrics", ORDERS)).model_dump_json()


@pytest.mark.parametrize(
    ("target", "hit"),
    [("all", True), ("agent:omni", True), ("user:ana", False), ("agent:omn", False), ("group:x", False)],
)
def test_whom_a_switch_concerns(tmp_path: Path, target: str, hit: bool) -> None:
    """Names are whole names."""
    folder = write_project(tmp_path / "project")
    board = SwitchFile(folder / ".metricgate" / "switches.json")
    board.throw(Switch(kind=SwitchKind.STOP, target=target, because="b", by="t", at="2026-01-01T00:00:00+00:00"))

    async def main() -> Outcome:
        async with opened(folder) as parts:
            return await ask(parts, "omni", "query_metrics", ORDERS)

    assert isinstance(asyncio.run(main()), RefusedCall if hit else Answered)


def test_a_freeze_lets_reading_go_on(tmp_path: Path) -> None:
    """All tools of this gateway that only read answer under a freeze of everything."""
    folder = write_project(tmp_path / "project")
    project_of(folder).throw_switch("freeze", "all", "month end")

    async def main() -> Outcome:
        async with opened(folder) as parts:
            return await ask(parts, "omni", "query_metrics", ORDERS)

    assert isinstance(asyncio.run(main()), Answered)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"thrown": [{"kind": "stop"}], "notices": []}', '{"thrown": 1}'])
def test_an_unreadable_file_stops_everything(tmp_path: Path, content: str) -> None:
    """Nobody can tell who is stopped: then everybody is."""
    folder = write_project(tmp_path / "project")
    (folder / ".metricgate").mkdir(exist_ok=True)
    (folder / ".metricgate" / "switches.json").write_text(content)

    async def main() -> Outcome:
        async with opened(folder) as parts:
            return await ask(parts, "omni", "query_metrics", ORDERS)

    assert code(asyncio.run(main())) == "E_AGENT_STOPPED"
