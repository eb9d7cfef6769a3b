"""``python -m conformance.clients [NAME ...]``: clients whose name contains one of the words, or all of them.

Prints a table and, below it, what a model saw where it was not enough. Exit code 1 where something fails that
``frameworks`` does not explain, or passes that it explains; 2 where a client could not be installed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import httpx2

from conformance.clients.frameworks import FRAMEWORKS, Framework
from conformance.clients.installing import NotInstalled
from conformance.clients.scenarios import SCENARIOS, Seen, Stage
from conformance.clients.scene import Scene
from conformance.clients.talking import Talk

_WIDTH = 34


def played(framework: Framework, command: list[str], scene: Scene, key: str) -> Mapping[str, Seen]:
    """Take one client through the script."""
    seen: dict[str, Seen] = {}
    with Talk(command, scene.url, key) as talk:
        stage = Stage(talk=talk, again=partial(Talk, command, scene.url), scene=scene, name=framework.driver)
        for name, scenario in SCENARIOS.items():
            seen[name] = scenario(stage)
    return seen


def row(framework: Framework, seen: Mapping[str, Seen]) -> tuple[str, list[str]]:
    """Return the table's row, and what in it is not as expected or known not to work."""
    words, notes = [], []
    for name, each in seen.items():
        limit = framework.limits.get(name)
        word = each.word if each.enough else "limit" if limit else "FAIL"
        if each.enough and limit:
            word = "PASSES"
        words.append(f"{word:<{max(len(name), 6)}}")
        if limit:
            notes.append(f"{framework.name}, {name}: {word}, {limit}")
        elif not each.enough:
            notes.append(f"{framework.name}, {name}: FAIL, the model sees: {each.shown[:500]}")
    return f"{framework.name:<{_WIDTH}} {' '.join(words)}", notes


def main() -> int:
    """Run; return the exit code."""
    wanted = [word.lower() for word in sys.argv[1:]]
    chosen = [each for each in FRAMEWORKS if not wanted or any(word in each.name.lower() for word in wanted)]
    notes: list[str] = []
    missing = 0
    with tempfile.TemporaryDirectory() as temporary:
        scene = Scene(Path(temporary))
        key = scene.key()
        listed = httpx2.get(f"{scene.url}/v1/tools?format=mcp", headers={"Authorization": f"Bearer {key}"})
        print(f"tools/list: {len(listed.json()['tools'])} tools, {len(listed.content):,} bytes")
        print(f"{'client':<{_WIDTH}} {' '.join(f'{name:<6}' for name in SCENARIOS)}", flush=True)
        for framework in chosen:
            try:
                command = framework.command()
            except NotInstalled as error:
                missing += 1
                print(f"{framework.name:<{_WIDTH}} not installed: {error}", flush=True)
                continue
            line, told = row(framework, played(framework, command, scene, key))
            notes += told
            print(line, flush=True)
            with Talk(command, scene.url, key) as idle:
                idle.tools()
                seconds = scene.stop()
            if scene.waited_for_clients():
                notes.append(
                    f"{framework.name}, idle: FAIL, the gateway waited for it, {seconds:.1f} s, when it stopped"
                )
            scene.restart()
        scene.stop()
    print("\n".join(notes))
    return 1 if any("FAIL" in each or "PASSES" in each for each in notes) else 2 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
