"""The real program on a project folder: ``metricgate serve`` as a process, keys made by ``metricgate keys``."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time

import httpx2

PROGRAM = (sys.executable, "-m", "metricgate")


def environment(**more):
    """The environment without this user's own settings."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("METRICGATE_")}
    return {**plain, **more}


def program(folder, *arguments, key="", check=True):
    """Run the program on the project in ``folder``."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment(METRICGATE_PROJECT=str(folder), METRICGATE_API_KEY=key),
        capture_output=True,
        text=True,
        check=check,
        timeout=60,
    )


def new_key(folder, agent, *more):
    """Make a key; return its text and its id."""
    made = json.loads(program(folder, "keys", "create", agent, *more, "--json").stdout)
    return made["secret"], made["id"]


@contextlib.contextmanager
def serving(folder):
    """Serve the project on a free port; yield the URL."""
    with (folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [*PROGRAM, "serve", "--port", "0"],
            cwd=folder,
            env=environment(METRICGATE_PROJECT=str(folder)),
            stdout=log,
            stderr=log,
        )
    try:
        yield _when_ready(folder, process)
    finally:
        process.terminate()
        process.wait(20)


def _when_ready(folder, process):
    for _ in range(400):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, ValueError, httpx2.TransportError):
            url = json.loads((folder / ".metricgate" / "serve.json").read_text())["url"]
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return url
        time.sleep(0.05)
    raise RuntimeError((folder / "serve.log").read_text())
