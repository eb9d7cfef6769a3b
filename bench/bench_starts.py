"""What a start costs beside df0a88a in one run: CPU seconds of the whole process until it ends, or lists its tools.

Each start is a process of its own; the two releases take turns, and the least of their runs counts: what others do on
the machine only ever adds. ``python -c pass`` is what no program can go below.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from bench.earlier import BEFORE, ROOT, unpack
from bench.timing import Figure

_ROUNDS = int(os.environ.get("BENCH_STARTS_ROUNDS", "7"))
_COMMANDS = (("--version",), ("keys", "list"), ("switch", "list"), ("audit", "list"))
_INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


def figures() -> list[Figure]:
    """Return the figures of each command, then of the MCP door."""
    with tempfile.TemporaryDirectory(prefix="bench-starts-") as name:
        folder = Path(name)
        trees = {BEFORE: unpack(folder / "before"), "now": ROOT}
        projects = {release: _project(tree, folder / f"shop-{release}") for release, tree in trees.items()}
        bare = min(_ended([sys.executable, "-c", "pass"], folder, dict(os.environ)) for _ in range(_ROUNDS))
        found = [
            _figure(" ".join(command), _least(trees, projects, command), bare if command == ("--version",) else None)
            for command in _COMMANDS
        ]
        keys = {release: _key(tree, projects[release]) for release, tree in trees.items()}
        listed = {release: float("inf") for release in trees}
        for _ in range(_ROUNDS):
            for release, tree in trees.items():
                listed[release] = min(listed[release], _until_listed(tree, projects[release], keys[release]))
        return [*found, _figure("mcp, to the tool list", listed, None, aim="half")]


def _figure(name: str, spent: dict[str, float], bare: float | None, aim: str = "") -> Figure:
    beside, floor = ("python -c pass", bare) if bare is not None else (BEFORE, spent[BEFORE])
    if bare is not None:
        name, aim = f"{name} ({BEFORE}: {spent[BEFORE]:.3f} s)", "20 times"
    return Figure(
        subject="starts, CPU", name=name, value=spent["now"], unit="s", floor_name=beside, floor=floor, aim=aim
    )


def _least(trees: dict[str, Path], projects: dict[str, Path], command: tuple[str, ...]) -> dict[str, float]:
    spent = {release: float("inf") for release in trees}
    for _ in range(_ROUNDS):
        for release, tree in trees.items():
            run = [sys.executable, "-m", "metricgate", *command]
            spent[release] = min(spent[release], _ended(run, projects[release], _environment(tree)))
    return spent


def _environment(tree: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(tree / "src"), **more}


def _project(tree: Path, folder: Path) -> Path:
    run = [sys.executable, "-m", "metricgate"]
    subprocess.run([*run, "init", str(folder)], env=_environment(tree), check=True, capture_output=True)
    duckdb.connect(folder / "warehouse.duckdb").close()
    return folder


def _key(tree: Path, project: Path) -> str:
    run = [sys.executable, "-m", "metricgate", "keys", "create", "bench"]
    made = subprocess.run(run, cwd=project, env=_environment(tree), check=True, capture_output=True, text=True)
    return made.stdout.strip()


def _ended(run: list[str], folder: Path, environment: dict[str, str]) -> float:
    process = subprocess.Popen(run, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, run
    return used.ru_utime + used.ru_stime


def _until_listed(tree: Path, project: Path, key: str) -> float:
    """Return the CPU seconds of ``metricgate mcp`` when it has answered ``tools/list``, from the kernel's own count."""
    process = subprocess.Popen(
        [sys.executable, "-m", "metricgate", "mcp"],
        cwd=project,
        env=_environment(tree, METRICGATE_API_KEY=key),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for message in (
        {"id": 1, "method": "initialize", "params": _INITIALIZE},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
    ):
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()
    process.stdout.readline()
    assert json.loads(process.stdout.readline())["result"]["tools"]
    times = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    process.communicate()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    for figure in figures():
        print(f"{figure.name:44} {figure.value:.3f} s; {figure.floor_name}: {figure.floor:.3f} s")
