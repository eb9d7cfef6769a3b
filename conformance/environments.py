"""Python environments of their own for peers' packages: made once, with pinned versions, outside the lock file."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / ".metricgate" / "conformance"


def environment(name: str, *packages: str) -> Path:
    """Return the ``bin`` folder of an environment that holds exactly these requirements (and what they need).

    Args:
        name: of the environment's folder; one that was made for other requirements is made anew.
        packages: requirements with their versions, such as ``azem==0.2.0``.

    Raises:
        subprocess.CalledProcessError: pip could not install them; what it said stands on standard error.
    """
    folder = ROOT / name
    made = folder / "made-for.txt"
    wanted = "\n".join(packages)
    if not made.is_file() or made.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making an environment for {', '.join(packages)}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "install", *packages], check=True)  # noqa: S603 -- pinned names of ours
        made.write_text(wanted)
    return folder / "bin"
