"""``python -m bench.soak.kinds [--calls N] [KIND...]``: what a gateway holds after calls of one kind and no other.

Each kind has a gateway of its own. The first calls fill what is made at first use; then as many again, twice, and after
each round the gateway says what its memory consists of. What grows by as much in the second round as in the first one
is a leak; what is in use stays, and what the C library holds free is not given back to the system.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from tests.faults.served import Served, served

from bench.soak.asking import Call, change, question
from bench.soak.doors import McpClient, Person, client_of
from bench.soak.inside import asked_by
from bench.soak.place import made
from bench.soak.server import OwnPostgres

_AT_ONCE = 8
_SHOWN = ("rss_mb", "python_blocks", "c_in_use_mb", "c_free_mb")

Step = Callable[[random.Random, int], Awaitable[object]]
Kind = Callable[[Served], Step]


def main() -> None:
    """Measure the kinds, and print a line after each round."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak.kinds")
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("kinds", nargs="*", help=", ".join(KINDS))
    asked = parser.parse_args()
    print(f"{'':<20}{'calls':>8}" + "".join(f"{each:>15}" for each in _SHOWN))
    for name in asked.kinds or KINDS:
        for number, found in enumerate(measured(KINDS[name], asked.calls)):
            shown = "".join(f"{found[each]:>15,.{0 if each == 'python_blocks' else 1}f}" for each in _SHOWN)
            print(f"{name:<20}{(number + 1) * asked.calls:>8,}{shown}", flush=True)


def measured(kind: Kind, calls: int) -> list[dict[str, float]]:
    """Return the looks after the first, second and third ``calls``."""
    with tempfile.TemporaryDirectory() as folder, OwnPostgres() as server:
        place = made(Path(folder) / "shop", server)
        looks = Path(folder) / "looks.jsonl"
        with served(place.folder, wrapper=(sys.executable, "-m", "bench.soak.inside", str(looks))) as gate:
            return asyncio.run(_rounds(gate, kind, calls, looks))


async def _rounds(gate: Served, kind: Kind, calls: int, looks: Path) -> list[dict[str, float]]:
    step = kind(gate)
    drawn = [random.Random(f"{number}") for number in range(_AT_ONCE)]  # noqa: S311 - questions, no secrets
    found = []
    for _ in range(3):

        async def go(number: int) -> None:
            for _ in range(calls // _AT_ONCE):
                await step(drawn[number], number)

        await asyncio.gather(*map(go, range(_AT_ONCE)))
        found.append(await asyncio.to_thread(_look, looks))
    return found


def _look(looks: Path) -> dict[str, float]:
    """Have the gateway look, and return what it found."""
    before = looks.read_text().count("\n") if looks.exists() else 0
    asked_by(looks).touch()
    while not looks.exists() or looks.read_text().count("\n") == before:
        time.sleep(0.1)
    found: dict[str, Any] = json.loads(looks.read_text().splitlines()[-1])
    of_kernel = ("heap_mb", "thread_arenas_mb", "anonymous_mb", "stacks_mb", "of_files_mb")
    return {
        "rss_mb": sum(found[each] for each in of_kernel),
        "python_blocks": found["python_blocks"],
        "c_in_use_mb": found["c_system_mb"] - found["c_free_mb"] + found["c_mapped_mb"],
        "c_free_mb": found["c_free_mb"],
    }


def _tool(call: Callable[[random.Random, int], Call]) -> Kind:
    def kind(gate: Served) -> Step:
        client = client_of(gate, agent="omni", connections=_AT_ONCE)

        async def step(drawn: random.Random, number: int) -> object:
            tool, arguments = call(drawn, number)
            return await client.post(f"/v1/tools/{tool}", json=arguments)

        return step

    return kind


def _sessions(gate: Served) -> Step:
    client = client_of(gate, agent="omni", connections=_AT_ONCE)
    visitors = [McpClient(client, number + _AT_ONCE) for number in range(_AT_ONCE)]

    async def step(drawn: random.Random, number: int) -> object:
        return await visitors[number].step(drawn)

    return step


def _sessions_left(gate: Served) -> Step:
    client = client_of(gate, agent="omni", connections=_AT_ONCE)

    async def step(drawn: random.Random, number: int) -> object:
        return await McpClient(client, number).step(drawn)

    return step


def _record(gate: Served) -> Step:
    person = Person(client_of(gate, agent=None, connections=_AT_ONCE), gate.folder)

    async def step(drawn: random.Random, _number: int) -> object:
        return await person.step(drawn, ("audit", "entry", "approvals", "action"))

    return step


def _undo(gate: Served) -> Step:
    person = Person(client_of(gate, agent=None, connections=_AT_ONCE), gate.folder)
    changes = KINDS["changes"](gate)

    async def step(drawn: random.Random, number: int) -> object:
        await changes(drawn, number)
        return await person.step(drawn, ("undo",))

    return step


KINDS: Mapping[str, Kind] = {
    "answers": _tool(lambda drawn, _at: question(drawn, good=True)),
    "refusals": _tool(lambda drawn, _at: question(drawn, good=False)),
    "dry-runs": _tool(lambda drawn, at: change(drawn, at, "dry run")),
    "changes": _tool(lambda drawn, at: change(drawn, at, "change")),
    "undo": _undo,
    "record": _record,
    "sessions": _sessions,
    "sessions-left-open": _sessions_left,
}


if __name__ == "__main__":
    main()
