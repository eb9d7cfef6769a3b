"""What a worker process takes from itself before it sees the first statement. None of it can be taken back.

Address space, file size, core dumps and CPU time are limited by the operating system; on Linux the process also dies
with the gateway whatever it is doing, is the first that the kernel ends when memory is short, gains no privileges, and
has no network where the kernel lets it go without one.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import select
import signal
import sys
from contextlib import nullcontext, suppress
from pathlib import Path

LINUX = sys.platform.startswith("linux")
_NO_NEW_PRIVILEGES = 38
_NEW_USERS = 0x10000000
_NEW_NETWORK = 0x40000000


def die_with_the_gateway(lifeline: int) -> None:
    """Have the kernel kill this process when nobody holds the other end of the pipe ``lifeline`` any more.

    The signal comes from the kernel, so a statement that keeps the interpreter from running cannot put it off. Where
    there is no Linux, the end of the control channel is noticed instead.
    """
    if not LINUX:
        return
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    if poll.poll(0):  # it died before we listened
        os._exit(1)


def drop_privileges() -> bool:
    """Gain no privileges, be the kernel's first choice when memory is short, leave the network. Call before threads.

    Returns:
        whether the network is gone; kernels and containers often do not allow it.
    """
    if not LINUX:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    with suppress(OSError):  # a sandbox without it: the choice is the kernel's
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    # Alone it needs a privilege, which root has. Without privileges a user namespace brings it; as root that one would
    # take away the right to read other people's files, and so perhaps the database.
    flags = (_NEW_NETWORK,) if os.geteuid() == 0 else (_NEW_NETWORK | _NEW_USERS,)
    return any(libc.unshare(flag) == 0 for flag in flags)


def limit_files(largest: int | None) -> None:
    """Write no core dump, and no file beyond ``largest`` bytes (None: any)."""
    _lower_limit(resource.RLIMIT_CORE, 0)
    if largest is not None:
        _lower_limit(resource.RLIMIT_FSIZE, largest)


def limit_memory(size: int) -> None:
    """Have at most ``size`` bytes of address space; what is over fails to be allocated."""
    _lower_limit(resource.RLIMIT_AS, size)


def limit_time(seconds: float) -> None:
    """Allow this many more seconds of CPU time (of all threads together); past them the kernel ends the process.

    Only ever raises what an earlier call allowed, because statements of one process share it.
    """
    spent = resource.getrusage(resource.RUSAGE_SELF)
    wanted = int(spent.ru_utime + spent.ru_stime + seconds) + 1
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft == resource.RLIM_INFINITY or wanted > soft:
        resource.setrlimit(resource.RLIMIT_CPU, (wanted, hard))


def _lower_limit(what: int, size: int) -> None:
    _soft, hard = resource.getrlimit(what)
    size = size if hard == resource.RLIM_INFINITY else min(size, hard)
    # Not every system keeps every limit.
    with nullcontext() if LINUX else suppress(OSError, ValueError):
        resource.setrlimit(what, (size, size))


def unused_address_space() -> int:
    """Return how many bytes of address space are taken without being in memory; 0 where that cannot be told."""
    try:
        size, resident, *_others = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return (int(size) - int(resident)) * resource.getpagesize()
