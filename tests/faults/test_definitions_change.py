"""Model and policy files that break and heal while the gateway runs."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.served import entries_of
from tests.gateway.conftest import MODELS, POLICY, ask, opened

from metricgate.bootstrap.running_gateway import RunningGateway
from metricgate.gateway.outcome import Answered, RefusedCall

MODEL_FILE = Path("semantic_models/models.yaml")
POLICY_FILE = Path("policies/policy.yaml")
ORDERS = {"metrics": ["sales.orders"]}

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
BROKEN = {
    "not yaml": b"semantic_models: [",
    "a bomb of aliases": BOMB.encode(),
    "a python tag": b"semantic_models: !!python/object/apply:os.system ['echo pwned > pwned']\n",
    "a local tag": b"semantic_models: !include /etc/passwd\n",
    "two keys of one name": b"semantic_models: []\nsemantic_models: []\n",
    "an unknown key": MODELS.encode() + b"\nsemantik_models: []\n",
    "not UTF-8": MODELS.encode() + b"# \xff\xfe\n",
    "a NUL": MODELS.encode() + b"# \0\n",
    "too deep": b"semantic_models: " + b"[" * 5000 + b"]" * 5000,
    "a dangling reference": MODELS.replace("semantic_model: orders, agg: count", "semantic_model: nowhere").encode(),
    "no metrics that the policy names": b"semantic_models: []\n",
}


async def until(done: Callable[[], bool], *, seconds: float = 20.0) -> float:
    """Wait until ``done``; return how long it took."""
    begin = time.monotonic()
    while not done():
        assert time.monotonic() - begin < seconds
        await asyncio.sleep(0.02)
    return time.monotonic() - begin


def rejected(project: Path) -> int:
    return len(entries_of(project / ".metricgate" / "ledger.db", "gov.definitions.rejected"))


async def breaks_and_heals(project: Path, file: Path, broken: bytes, healed: bytes, parts: RunningGateway) -> None:
    """Break the file, see the old state hold and the refusal recorded, heal it, see the new state in force."""
    before, size = parts.governance.current, rejected(project)
    (project / file).write_bytes(broken)
    await until(lambda: rejected(project) > size)
    assert parts.governance.current is before
    assert isinstance(await ask(parts, "omni", "query_metrics", ORDERS), Answered)
    (project / file).write_bytes(healed)
    await until(lambda: parts.governance.current is not before)
    assert isinstance(await ask(parts, "omni", "query_metrics", ORDERS), Answered)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_model_file_leaves_the_old_state_in_force(project: Path, kind: str) -> None:
    """The old catalog answers, the refusal is in the record, nothing in the file was run, and healing takes effect."""

    async def story() -> None:
        async with opened(project, watch=True) as parts:
            await asyncio.sleep(0.3)
            healed = MODELS.replace("description: Orders.", "description: All orders.").encode()
            await breaks_and_heals(project, MODEL_FILE, BROKEN[kind], healed, parts)
            described = await ask(parts, "omni", "describe_metric", {"metric": "sales.orders"})
            assert isinstance(described, Answered)
            assert described.answer["description"] == "All orders."

    asyncio.run(story())
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    "broken",
    [
        POLICY.replace("version: 1", "version: 1\nversion: 2"),
        POLICY.replace("effect", "efect") + "hold_everything: true\n",
        POLICY.replace("roles: [small]", "roles: [nobody-of-that-name]"),
        "",
        "grants: !!python/name:os.system\n",
    ],
)
def test_a_broken_policy_file_leaves_the_old_policy_in_force(project: Path, broken: str) -> None:
    """Neither more nor less is allowed than before; the healed file takes effect."""

    async def story() -> None:
        async with opened(project, watch=True) as parts:
            await asyncio.sleep(0.3)
            healed = POLICY.replace("rows: 2", "rows: 1")
            await breaks_and_heals(project, POLICY_FILE, broken.encode(), healed.encode(), parts)
            cut = await ask(parts, "small", "query_metrics", {**ORDERS, "group_by": ["order"]})
            assert isinstance(cut, Answered)
            assert cut.answer["row_count"] == 1

    asyncio.run(story())


def test_a_change_is_in_force_within_two_seconds_without_a_restart(project: Path) -> None:
    """A revoked grant refuses soon after the file is saved; the record says which policy came into force."""

    async def story() -> None:
        async with opened(project, watch=True) as parts:
            await asyncio.sleep(0.5)
            before = parts.governance.current
            (project / POLICY_FILE).write_text(POLICY.replace('"metric:sales.*"', '"metric:finance.*"'))
            assert await until(lambda: parts.governance.current is not before) < 2.0
            assert isinstance(await ask(parts, "small", "query_metrics", ORDERS), RefusedCall)
            digest = parts.governance.current.judge.policy.digest
            ledger = project / ".metricgate" / "ledger.db"
            await until(
                lambda: entries_of(ledger, "gov.definitions.published")[-1].fields["gov.policy.digest"] == digest
            )

    asyncio.run(story())


def test_replaced_folders_are_seen(project: Path) -> None:
    """A deployment that swaps the whole folder is loaded like a saved file."""

    async def story() -> None:
        async with opened(project, watch=True) as parts:
            await asyncio.sleep(0.3)
            for words in ("Orders of all.", "Orders of everyone."):
                before = parts.governance.current
                fresh = project / "fresh"
                fresh.mkdir()
                (fresh / "models.yaml").write_text(MODELS.replace("Orders.", words))
                shutil.rmtree(project / "semantic_models")
                fresh.rename(project / "semantic_models")

                def shown(words: str = words) -> bool:
                    return parts.governance.current.catalog.metrics["sales.orders"].header.description == words

                await until(shown)
                assert parts.governance.current is not before

    asyncio.run(story())


def test_a_call_sees_one_state_from_start_to_end(project: Path) -> None:
    """While definitions flip, every answer fits the catalog version it names: never one state's SQL with another's."""
    paid = MODELS.replace("agg: count}", 'agg: count, filter: {member: order__status, op: "=", value: paid}}')

    async def story() -> set[tuple[str, str]]:
        seen: set[tuple[str, str]] = set()
        async with opened(project, watch=True) as parts:
            await asyncio.sleep(0.3)
            for number in range(6):
                before = parts.governance.current
                (project / MODEL_FILE).write_text(paid if number % 2 == 0 else MODELS)
                while parts.governance.current is before:
                    done = await ask(parts, "omni", "query_metrics", ORDERS)
                    assert isinstance(done, Answered)
                    seen.add((str(done.answer["catalog_version"]), str([list(row) for row in done.answer["rows"]])))
        return seen

    assert sorted(rows for _version, rows in asyncio.run(story())) == ["[[3]]", "[[4]]"]
