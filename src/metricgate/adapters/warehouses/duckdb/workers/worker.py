"""The process in which DuckDB runs what may have to be killed (``python -m`` with this module's name).

Started by ``process.py`` with a control channel as standard input. The first frame on it says what to open and
which descriptors are the channels; after that it carries interrupts, and its end means to end. Here the process takes
on its limits, while it has one thread and no driver is loaded; ``channels.py`` does the rest.

The process never decides anything: it runs what the gateway released, under limits that it cannot lift.
"""

from __future__ import annotations

import os
import socket
import sys
import sysconfig
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from metricgate.adapters.warehouses.duckdb.workers import limits
from metricgate.adapters.warehouses.duckdb.workers.frames import Head, receive
from metricgate.adapters.warehouses.duckdb.workers.landlock import lock_files

_SMALL_FILES = 1024 * 1024
_SYSTEM = (
    # Libraries, time zones, and what DuckDB looks up to know the machine: it aborts where it may not read the last two.
    *("/usr", "/lib", "/lib64", "/nix/store", "/etc/localtime", "/dev/null", "/dev/urandom"),
    *("/proc/meminfo", "/proc/cpuinfo", "/sys/devices/system", "/proc/self", "/sys/fs/cgroup"),
)


def main() -> None:
    """Take the limits on and serve until the control channel ends."""
    control = socket.socket(fileno=os.dup(0))
    head, _body = receive(control)
    limits.die_with_the_gateway(cast("int", head["lifeline"]))
    limits.drop_privileges()
    writable = [Path(path) for path in cast("list[str]", head["writable"])]
    lock_files([*_programs(), *(Path(path) for path in cast("list[str]", head["readable"]))], writable)
    limits.limit_files(None if writable else _SMALL_FILES)
    serve = cast("Callable[[socket.socket, Head], None]", import_module(f"{__package__}.channels").serve)
    serve(control, head)


def _programs() -> list[Path]:
    """Return where code lies that may still have to be loaded, and what the system tells everybody."""
    loader = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    places = {*sys.path, *sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, *loader, *_SYSTEM}
    return [Path(place) for place in places if place]


if __name__ == "__main__":
    try:
        main()
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        sys.stderr.flush()
        # Threads that still run statements are not waited for.
        os._exit(0)
