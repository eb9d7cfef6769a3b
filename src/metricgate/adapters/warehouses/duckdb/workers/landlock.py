"""Landlock: the Linux kernel opens no file for the worker but those named here, whatever the engine is talked into.

Needs Linux 5.13 and no privilege; https://docs.kernel.org/userspace-api/landlock.html. With Linux 6.7 it also takes TCP
away, and with 6.12 signals to other processes and abstract sockets. It binds the calling thread and those that it
starts later, so call it before the engine starts any.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _TRUNCATE = (
    1 << bit for bit in (0, 1, 2, 3, 5, 7, 8, 14)
)
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_ALL_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
_IOCTL_BITS = 16
_TCP, _TCP_SINCE = 0b11, 4
_SCOPES, _SCOPES_SINCE = 0b11, 6

READ = _READ_FILE | _READ_DIR | _EXECUTE
WRITE = READ | _WRITE_FILE | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
_REMOVE_DIR = 1 << 4


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def lock_files(readable: Sequence[Path], writable: Sequence[Path]) -> bool:
    """Open only what lies at or beneath these paths from now on; what is not there is left out.

    The process must have given up gaining privileges.

    Returns:
        whether the kernel does it; False changes nothing.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if version < 1:
        return False
    handled = (1 << _ALL_BITS.get(version, _IOCTL_BITS)) - 1
    rules = _Ruleset(handled, _TCP if version >= _TCP_SINCE else 0, _SCOPES if version >= _SCOPES_SINCE else 0)
    # Older kernels take shorter structures, and refuse what they do not know unless it is zero.
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0)
    if ruleset < 0:
        return False
    try:
        for paths, allowed in ((readable, READ), (writable, WRITE | _REMOVE_DIR)):
            for path in paths:
                _allow(libc, ruleset, path, allowed & handled)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, allowed: int) -> None:
    with suppress(OSError):  # it is not there
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = _Beneath(allowed if path.is_dir() else allowed & _OF_FILES, descriptor)
            libc.syscall(_ADD_RULE, ruleset, _BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(descriptor)
