"""Plays drills: each a Python file, in a scratch project that is removed afterwards."""

from __future__ import annotations

import asyncio
import importlib.util
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, cast

from metricgate.operations.drills.scene import DrillHost, DrillReport, Scene
from metricgate.operations.start_refusal import StartRefused
from metricgate.vocabulary.json import Json


class Scenario(Protocol):
    """A file of a drill: its first docstring line says what it shows."""

    FILES: Mapping[str, str]
    """Text of each project file by its path."""
    TABLES: str
    """SQL that makes the data."""

    async def play(self, scene: Scene) -> None:
        """Play the incident and check."""


def scenarios(folder: Path) -> dict[str, Path]:
    """Return the drills of a folder by name."""
    return {each.stem: each for each in sorted(folder.glob("*.py")) if not each.stem.startswith("_")}


def drills_of(folder: Path, host: DrillHost) -> Mapping[str, Callable[[], Mapping[str, Json]]]:
    """Return what plays each drill of a folder, by name, and gives its finding as JSON."""
    return {name: lambda path=path: play_drill(path, host).as_json() for name, path in scenarios(folder).items()}  # type: ignore[misc]


def play_drill(path: Path, host: DrillHost) -> DrillReport:
    """Play one drill in a scratch project, which is removed afterwards.

    Raises:
        StartRefused: the drill's file is no Python, or its project does not start.
    """
    spec = importlib.util.spec_from_file_location(f"incident_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise StartRefused(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with tempfile.TemporaryDirectory(prefix="metricgate-drill-") as folder:
        return asyncio.run(_played(path.stem, cast("Scenario", module), Path(folder), host))


async def _played(name: str, scenario: Scenario, folder: Path, host: DrillHost) -> DrillReport:
    report = DrillReport(name=name)
    await asyncio.to_thread(_write_project, scenario, folder, host)
    async with host.open(folder) as running:
        await scenario.play(Scene(folder, host, running, report))
    verified = await asyncio.to_thread(running.state.verify)
    report.verified = verified.exit_code == 0
    return report


def _write_project(scenario: Scenario, folder: Path, host: DrillHost) -> None:
    for name, text in scenario.FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    host.make_data(folder, scenario.TABLES)
