"""Small files that must be complete or not there."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from metricgate.adapters.files.private_folder import make_private


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file durably, in place of what was there: it is complete or not there."""
    beside = _write_beside(path, data, mode)
    beside.replace(path)
    _sync(path.parent)


def write_first(path: Path, data: bytes, mode: int) -> None:
    """Write a new file durably. Of several that write it at once the first wins, and nobody's is replaced."""
    beside = _write_beside(path, data, mode)
    try:
        with suppress(FileExistsError):
            path.hardlink_to(beside)
    finally:
        beside.unlink()
    _sync(path.parent)


def _write_beside(path: Path, data: bytes, mode: int) -> Path:
    make_private(path.parent)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return beside


def _sync(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
