"""The README's examples are run: what a reader types works, and what is shown is what comes.

Every ```` ```console ```` block is run, all of them in order in one shell, in a fresh copy of the default project with
its data. Each command must end with the exit code that is shown (0 where none is); what is shown is standard output and
error together, compared as ``tests/console.py`` says.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests import console
from tests.console import Shown, blocks, fits

from metricgate.catalog.catalog_loader import load as load_catalog
from metricgate.demo.database import DEFAULT_SCALE, FILE_NAME, load_demo
from metricgate.policy.policy_loader import load as load_policy
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.problem import Problems

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECONDS = 240


def commands() -> list[Shown]:
    return [each for block in blocks(README, "console") for each in console.commands(block)]


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ((), "anything", True),
        (("a", "..."), "a\nb\nc\n", True),
        (("a", "..."), "a\n", True),
        (("a",), "a\nb\n", False),
        (("...", "c"), "a\nb\nc", True),
        (("size ... of ...",), "size 3 of 4\n", True),
        (("size ...",), "length 3\n", False),
        (("a.c",), "abc\n", False),
        (("a  b",), "a     b  \n", True),
        (("  a",), "a\n", False),
    ],
)
def test_the_comparison_itself(expected: tuple[str, ...], actual: str, same: bool) -> None:
    """Dots stand for what they may stand for and nothing else."""
    assert fits(expected, actual) is same


@pytest.mark.parametrize(
    ("block", "code", "output"),
    [
        ("$ a\nb\n", 0, ("b",)),
        ("$ a\nb\n[exit 3]\n", 3, ("b",)),
        ("$ a\n[exit 12]\n", 12, ()),
        ("$ a\n[exit 3]\nb\n", 0, ("[exit 3]", "b")),
    ],
)
def test_an_exit_code_is_shown_last(block: str, code: int, output: tuple[str, ...]) -> None:
    """Only a last line that is nothing else is a code; everything else is output."""
    assert console.commands(block) == [console.Shown(command="a", output=output, code=code)]


def test_no_command_hides_how_it_ends() -> None:
    """What a reader types is what is meant: a refusal is shown with its code, not swallowed."""
    assert [each.command for each in commands() if "|| true" in each.command] == []


def prepared(folder: Path) -> Path:
    """A fresh copy of the default project, with its data and the environment at ``.venv``."""
    project = folder / "metricgate"
    project.mkdir()
    for name in ("semantic_models", "policies"):
        shutil.copytree(ROOT / name, project / name)
    shutil.copy(ROOT / "metricgate.yaml", project)
    state = project / ".metricgate"
    state.mkdir(mode=0o700)
    if (ROOT / ".metricgate" / FILE_NAME).exists():
        shutil.copy(ROOT / ".metricgate" / FILE_NAME, state)
    load_demo(state, scale_factor=DEFAULT_SCALE, progress=lambda _line: None).chmod(0o600)
    (project / ".venv").symlink_to(sys.prefix)
    return project


def typed(command: str, *, scratch: Path, ports: dict[str, int]) -> str:
    """The command as it is run here: free ports, a scratch folder of its own, and waiting instead of guessing."""
    for port in set(re.findall(r"(?<=--port )\d+", command)):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports[port] = free.getsockname()[1]
    for port, free_port in ports.items():
        command = re.sub(rf"\b{port}\b", str(free_port), command)
    command = command.replace("/tmp/", f"{scratch}/")  # noqa: S108 - the README's own word
    if "metricgate serve" in command:
        command = re.sub(
            r"& sleep \d+", "& until [ -e .metricgate/serve.json ]; do sleep 0.1; done; sleep 0.3", command
        )
    return command


def run(found: list[Shown], project: Path, scratch: Path) -> list[tuple[Shown, int, str]]:
    """Run all commands in one shell; return each with its exit code and output."""
    ports: dict[str, int] = {}
    lines = ["exec 3>&1"]
    for number, each in enumerate(found):
        command = typed(each.command, scratch=scratch, ports=ports)
        lines += [f"{{ {command}\n}} > {scratch}/out.{number} 2>&1 < /dev/null", f"echo $? > {scratch}/code.{number}"]
    lines.append("kill $(jobs -p) 2> /dev/null; wait; exit 0")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("METRICGATE_")}
    subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=project,
        env={**environment, "NO_COLOR": "1", "COLUMNS": "140"},
        timeout=SECONDS,
        check=True,
    )
    return [
        (each, int((scratch / f"code.{number}").read_text()), (scratch / f"out.{number}").read_text())
        for number, each in enumerate(found)
    ]


@pytest.mark.skipif(shutil.which("bash") is None or shutil.which("curl") is None, reason="needs bash and curl")
def test_what_the_readme_shows_is_what_comes(tmp_path: Path) -> None:
    """Every command of every console block ends as shown and says what is shown."""
    found = commands()
    assert len(found) > 5
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    ran = run(found, prepared(tmp_path), scratch)
    wrong = [
        f"$ {each.command}\nexit code {code}\n--- shown\n{chr(10).join(each.output)}\n--- came\n{output}"
        for each, code, output in ran
        if code != each.code or not fits(each.output, output)
    ]
    assert not wrong, "\n\n".join(wrong)


def test_the_readmes_yaml_loads(tmp_path: Path) -> None:
    """The metric and the policy that it shows are whole files that load as they stand."""
    shown = blocks(README, "yaml")
    models = [text for text in shown if "semantic_models:" in text or "metrics:" in text]
    policies = [text for text in shown if re.search(r"^(grants|roles):", text, re.MULTILINE)]
    assert models
    assert policies
    for text in models:
        loaded = load_catalog([("readme.yaml", text)])
        assert not isinstance(loaded, Problems), str(loaded)
    for text in policies:
        loaded_policy = load_policy([("readme.yaml", text)])
        assert not isinstance(loaded_policy, Problems), str(loaded_policy)
    for text in shown:
        if re.search(r"^warehouse:", text, re.MULTILINE):
            (tmp_path / "metricgate.yaml").write_text(text)
            assert not isinstance(load_settings(tmp_path), Problems)


@pytest.mark.parametrize("number", range(len(blocks(README, "python"))))
def test_the_readmes_python_compiles(number: int) -> None:
    """No example has a slip of the pen."""
    compile(blocks(README, "python")[number], f"README.md python block {number}", "exec")
