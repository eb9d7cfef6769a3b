"""An earlier release beside this one: its tree from the history, with its own plugins.

What is installed here names this tree's plugins; the earlier one finds its own, since its folder comes first on the
path and brings what an installation would have written.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
BEFORE = "df0a88a"


def unpack(folder: Path, commit: str = BEFORE) -> Path:
    """Put the tree of ``commit`` into ``folder`` and return it; its ``src`` is to come first on the path."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    installed = folder / "src" / f"{project['name']}-{project['version']}.dist-info"
    installed.mkdir()
    named = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (installed / "METADATA").write_text(named)
    lines: list[str] = []
    for group, entries in project.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{name} = {place}" for name, place in entries.items())]
    (installed / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder
