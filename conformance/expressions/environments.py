"""Engines from packages, each in an environment of its own: none is a dependency of the product or of its tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "programs"
_LONGEST = 1_800.0

Answer = Mapping[str, object]
"""``row`` or ``error`` of a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An engine that a few packages bring along.

    Attributes:
        dialect: in which it is written to.
        packages: pinned, from PyPI.
        program: statements in as JSON, a row or an error for each out; needs no more than the packages.
    """

    name: str
    dialect: str
    packages: tuple[str, ...]
    program: str

    def answers(self, folder: Path, before: Sequence[str], asked: Sequence[str]) -> list[Answer]:
        """Run ``before``, then each of ``asked``, in the environment below ``folder``, made where it is not there.

        Raises:
            RuntimeError: the engine did not start, or not take what stands before.
        """
        done = subprocess.run(  # noqa: S603 -- a program of ours
            [str(self._made(folder)), str(PROGRAMS / self.program)],
            input=json.dumps({"before": list(before), "asked": list(asked)}),
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr.strip()[-2_000:]}")
        found: list[Answer] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    def _made(self, folder: Path) -> Path:
        place = folder / self.name
        python = place / "bin" / "python"
        if not python.exists():
            print(f"making an environment for {self.name}: {', '.join(self.packages)}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)  # noqa: S603
            install = [str(python), "-m", "pip", "install", "--quiet", *self.packages]
            subprocess.run(install, check=True)  # noqa: S603 -- pinned above
        return python


ENVIRONMENTS = {
    each.name: each
    for each in (
        Environment(name="clickhouse", dialect="clickhouse", packages=("chdb==4.4.0",), program="chdb_row.py"),
        Environment(
            name="datafusion",
            dialect="datafusion",
            packages=("datafusion==55.0.0",),
            program="datafusion_row.py",
        ),
        Environment(
            name="sail",
            dialect="databricks",
            packages=("pysail==0.7.2", "pyspark-client==4.2.0"),
            program="sail_row.py",
        ),
        Environment(
            name="spark",
            dialect="databricks",
            packages=("pyspark[connect]==4.3.0",),
            program="spark_row.py",
        ),
    )
}
