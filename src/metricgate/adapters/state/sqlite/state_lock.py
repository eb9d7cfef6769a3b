"""The right to write a state folder: the lock of a process that lives, and a lease under a number.

The lock goes with its process, so who starts after a crash need not wait. The lease runs out by itself, so who starts
beside a process that is stopped, and not dead, need not wait for ever. Whoever was replaced finds a greater number at
its next write, which is refused.

Writes look at the number inside their own transaction, that is while they hold their file's write lock; the number is
in another file. That is enough: who takes the lease reads the files afterwards, under the same locks, and so either
finds what was written or has made it impossible.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from metricgate.adapters.files.private_folder import make_private
from metricgate.adapters.state.sqlite.log import log_of
from metricgate.adapters.state.sqlite.schema import Schema
from metricgate.adapters.state.sqlite.sqlite_database import Database
from metricgate.adapters.state.sqlite.sqlite_leases import LEASES, SqliteLeases
from metricgate.state.leases import GATEWAY, Lease, LeaseLost
from metricgate.state.record import LedgerUnavailable

LEASE_SECONDS = 30.0
"""How long a gateway may be silent before another one may take its place."""
_RENEWALS = 6
_FILE = "leases.db"


class StateLock:
    """One gateway's, or one command's, right to write the state beside a ledger.

    Args:
        ledger: the ledger's file; ``<ledger>.lock`` beside it is locked while its process lives.
        instance: id of the gateway, unlike any other's.
        seconds: for how long it may be silent.
        over_stopped: whether it may take the place of a gateway whose process is there and was silent for longer.
        now: seconds since 1970.

    Raises:
        LedgerUnavailable: another one holds it.
    """

    def __init__(
        self,
        ledger: Path,
        instance: str,
        *,
        seconds: float = LEASE_SECONDS,
        over_stopped: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.instance = instance
        self._now = now
        self._path, self._seconds = ledger.with_name(f"{ledger.name}.lock"), seconds
        self._ended, self._beat = threading.Event(), threading.Thread(target=self._renew, daemon=True)
        self._lock, last = _take_lock(self._path)
        self.replaced: str | None = None
        """Instance id of the gateway whose place it took though its process is there."""
        try:
            self._file = Database(ledger.with_name(_FILE), Schema([LEASES]))
            self._leases = SqliteLeases(self._file, now)
            self._lease = self._taken(last, over_stopped=over_stopped)
        except (sqlite3.Error, OSError) as error:
            self._unlock()
            raise LedgerUnavailable(f"the leases beside {ledger} cannot be opened: {error}") from error
        except LedgerUnavailable:
            self._unlock()
            raise
        self._sign()
        self._beat.start()

    def check(self) -> None:
        """Do nothing while it is held; call it inside the transaction of every write.

        Raises:
            LeaseLost: another gateway took its place; nothing may be written.
            LedgerUnavailable: nobody can tell; nothing may be written now.
        """
        try:
            kept = self._leases.current(GATEWAY)
        except sqlite3.Error as error:
            raise LedgerUnavailable(f"the lease of the gateway {self.instance} cannot be looked at: {error}") from error
        if kept is None or kept.number != self._lease.number:
            by = "" if kept is None else f" by {kept.owner}"
            raise LeaseLost(f"the gateway {self.instance} was silent for too long and was replaced{by}")

    def alive(self, instance: str) -> bool:
        """Whether this instance holds it, and its time is not over."""
        kept = self._leases.current(GATEWAY)
        return kept is not None and kept.owner == instance and self._now() < kept.until

    def is_lost(self) -> bool:
        """Whether another gateway took its place."""
        try:
            self.check()
        except LeaseLost:
            return True
        except LedgerUnavailable:
            return False
        return False

    def close(self) -> None:
        """Give it back. Nothing may be written afterwards."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._beat.join()
        try:
            self._leases.release(self._lease)
            self._file.close()
        except sqlite3.Error:
            log_of("state").warning("lease_not_returned", instance=self.instance)
        self._unlock()

    def _taken(self, last: tuple[str, str], *, over_stopped: bool) -> Lease:
        process, dead = last
        if self._lock is None and not over_stopped:
            raise LedgerUnavailable(_held_message(self._path, process))
        before = self._leases.current(GATEWAY)
        if self._lock is None and before is None:
            # Who has the lock and no lease is about to take one, or of a release that knows none: it is not silent.
            raise LedgerUnavailable(_held_message(self._path, process))
        # Who had the lock is dead where it can be had; who took another's place without it may live.
        lease = self._leases.take(
            GATEWAY, self.instance, seconds=self._seconds, dead=None if self._lock is None else dead
        )
        if lease is None:
            raise LedgerUnavailable(_held_message(self._path, process))
        if self._lock is None and before is not None:
            self.replaced = before.owner
            log = log_of("state")
            log.warning("gateway_replaced", instance=before.owner, process=process, by=self.instance)
        return lease

    def _renew(self) -> None:
        """Say that it is there, from a thread of its own: however busy the gateway is, it is not silent."""
        while not self._ended.wait(self._seconds / _RENEWALS):
            try:
                self._lease = self._leases.renew(self._lease, seconds=self._seconds)
                if self._lock is None:
                    self._lock, _last = _take_lock(self._path)
                    self._sign()
            except LeaseLost as error:
                log_of("state").error("gateway_was_replaced", error=str(error))
                return
            except (sqlite3.Error, OSError, LedgerUnavailable) as error:
                log_of("state").warning("lease_not_renewed", error=str(error))

    def _sign(self) -> None:
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n{self.instance}\n".encode(), 0)

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def holder_of(ledger: Path) -> int | None:
    """Return the id of the process that has the ledger open for writing, or None if there is none."""
    try:
        descriptor = os.open(f"{ledger}.lock", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        process, _instance = _read_holder(descriptor)
        return int(process) if process.isdigit() else None
    finally:
        os.close(descriptor)
    return None


def _held_message(lock: Path, process: str) -> str:
    who = f"process {process}" if process else "another process"
    return f"{who} already writes the ledger {lock.with_suffix('')}; one gateway per ledger"


def _take_lock(path: Path) -> tuple[int | None, tuple[str, str]]:
    """Take the lock where it is free; return it with the process and the instance that had it last.

    It is held for as long as the descriptor is open; the system frees it when the process dies.
    """
    try:
        make_private(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LedgerUnavailable(f"the ledger's lock {path} cannot be made: {error}") from error
    last = _read_holder(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None, last
    return descriptor, last


def _read_holder(descriptor: int) -> tuple[str, str]:
    lines = os.pread(descriptor, 200, 0).decode(errors="replace").splitlines()
    process, instance = (*lines, "", "")[:2]
    return process.strip(), instance.strip()
