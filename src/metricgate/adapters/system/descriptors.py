"""Room for connections: each takes a file descriptor, and so do stores, workers and warehouses."""

from __future__ import annotations

import resource
from typing import Final

from metricgate.operations.start_refusal import StartRefused

_OURS: Final = 256


def make_room(connections: int) -> None:
    """Raise this process's own limit of open files, if need be, so that as many connections fit.

    Raises:
        StartRefused: the system does not let it.
    """
    wanted = connections + _OURS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise StartRefused(
            f"{connections} connections (listen.limits.connections) need {wanted} open files, and this process may "
            f"open {hard}: raise the limit (ulimit -n), or lower the setting"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
