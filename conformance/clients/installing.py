"""Each client in an environment of its own under ``.clients/``, pinned: made once, kept while they stay."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".clients"
DRIVERS: Final = Path(__file__).parent / "drivers"


class NotInstalled(Exception):
    """The packages cannot be had here; the message says why."""


def node_client(name: str, packages: Mapping[str, str], driver: str) -> list[str]:
    """Install npm packages; return the command that runs the driver among them.

    Raises:
        NotInstalled: there is no Node or npm, or the registry does not give the packages.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotInstalled("node and npm are not on PATH")
    folder = FOLDER / name
    wanted = json.dumps({"name": name, "private": True, "type": "module", "dependencies": dict(packages)})
    if _stale(folder, wanted):
        (folder / "package.json").write_text(wanted)
        _run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], folder)
        (folder / "installed").write_text(wanted)
    for each in DRIVERS.glob("*.mjs"):  # Node looks for packages beside the file that imports them
        shutil.copyfile(each, folder / each.name)
    return [node, str(folder / driver)]


def python_client(name: str, packages: tuple[str, ...], driver: str) -> list[str]:
    """Install packages from PyPI; return the command that runs the driver with them.

    Raises:
        NotInstalled: the index does not give the packages.
    """
    if not packages:
        return [sys.executable, str(DRIVERS / driver)]
    folder = FOLDER / name
    wanted = json.dumps(packages)
    if _stale(folder, wanted):
        _run([sys.executable, "-m", "venv", str(folder / "venv")], folder)
        pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        _run([*pip, "--disable-pip-version-check", *packages], folder)
        (folder / "installed").write_text(wanted)
    return [str(folder / "venv" / "bin" / "python"), str(DRIVERS / driver)]


def _stale(folder: Path, wanted: str) -> bool:
    """Whether it has to be made; what was there is then gone."""
    done = folder / "installed"
    if done.exists() and done.read_text() == wanted:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return True


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise NotInstalled(f"{command[0]} {command[1]}: {done.stderr[-600:]}")
