"""One worker process as the gateway sees it: started with what it needs only, killed at will, never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

import metricgate
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions, pack_options
from metricgate.adapters.warehouses.duckdb.workers.frames import Gone, Malformed, receive, send
from metricgate.gateway.codes import WAREHOUSE_MEMORY, WAREHOUSE_TIMEOUT, WAREHOUSE_UNAVAILABLE
from metricgate.gateway.ports import WarehouseError
from metricgate.gateway.sql_codes import CRASHED
from metricgate.vocabulary.json import Json

_PROGRAM = "metricgate.adapters.warehouses.duckdb.workers.worker"
_PACKAGES = (metricgate, duckdb, pa)
_CLOSE_SECONDS = 5.0
_LAST_WORDS = 2_000
_SPILL = "metricgate-"
_OUT_OF_MEMORY = ("bad_alloc", "MemoryError", "Out of Memory", "Cannot allocate memory")


class Process:
    """A worker process with a number of channels.

    Its environment holds no variable of the gateway's but the loader's path, it inherits no descriptor but its
    channels, and it is no member of the gateway's process group, so that a Ctrl-C reaches the gateway alone.
    """

    def __init__(
        self, options: DuckDBOptions, identity: Json, channels: int, when_gone: Callable[[Process], None]
    ) -> None:
        """Start the process without waiting for it; ``when_gone`` is called in a thread when it has ended.

        Raises:
            WarehouseError: the operating system starts no process.
        """
        self.channels: list[socket.socket] = []
        self.failure: WarehouseError | None = None
        """Why it could not open the database, if so."""
        self.fell = False
        """Whether it ended before it could say whether the database opens."""
        self.killed = False
        """Whether we killed it."""
        self.over = False
        """Whether it takes no questions any more, because it was killed or found dead."""
        self.ready = threading.Event()
        """It has opened the database, or could not, or is gone."""
        self.gone = threading.Event()
        """It has ended and holds no lock any more."""
        self._when_gone = when_gone
        self._last_words = ""
        self._ours = ExitStack()
        try:
            with ExitStack() as theirs:
                self._start(options, identity, channels, theirs)
        except OSError as error:
            self._ours.close()
            raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, f"no worker process: {error}") from error
        threading.Thread(target=self._watch, daemon=True, name="duckdb-worker").start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def interrupt(self, channel: int, question: int) -> None:
        """Ask the engine to stop working on a question. Without effect where it does not listen."""
        with suppress(Gone):
            send(self._control, {"kind": "interrupt", "channel": channel, "question": question})

    def kill(self) -> None:
        """End the process at once; who waits for an answer of it stops waiting."""
        self.killed = self.over = True
        self._process.kill()
        for channel in self.channels:
            with suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)

    def close(self, *, gently: bool) -> None:
        """End the process and wait for it; ``gently`` lets it close the database first."""
        if gently:
            with suppress(Gone):
                send(self._control, {"kind": "close"})
            self.gone.wait(_CLOSE_SECONDS)
        if not self.gone.is_set():
            self.kill()
        self.gone.wait(_CLOSE_SECONDS)

    def failure_of_death(self) -> WarehouseError:
        """Return what is to be said of a process that ended without being asked to."""
        self.gone.wait(_CLOSE_SECONDS)
        status = self._process.returncode
        words = f"the worker process ended with status {status}. {self._last_words}".strip()
        if status == -signal.SIGXCPU:
            return WarehouseError(WAREHOUSE_TIMEOUT.name, words)
        # Nobody but the kernel kills it when we do not: it chooses the workers when the machine's memory is short.
        if status == -signal.SIGKILL or any(sign in self._last_words for sign in _OUT_OF_MEMORY):
            return WarehouseError(WAREHOUSE_MEMORY.name, words)
        return WarehouseError(CRASHED.name, words)

    def _start(self, options: DuckDBOptions, identity: Json, channels: int, theirs: ExitStack) -> None:
        """Start the process and say what to open; ``theirs`` holds our copies of the descriptors that it inherits."""
        self._control, control = self._pair(theirs)
        ends = []
        for _ in range(channels):
            channel, end = self._pair(theirs)
            self.channels.append(channel)
            ends.append(end)
        lifeline, held = os.pipe()
        theirs.callback(os.close, lifeline)
        self._ours.callback(os.close, held)
        self._said = self._ours.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it is one
        own = _with_own_spill(options, self._ours)
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-s", "-m", _PROGRAM],
            stdin=control,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            pass_fds=[*ends, lifeline],
            env=_environment(os.environ),
            cwd="/",
            start_new_session=True,
        )
        readable, writable = _readable_files(own)
        opening: dict[str, Json] = {
            "options": pack_options(own),
            "identity": identity,
            "channels": list(ends),
            "lifeline": lifeline,
            "readable": readable,
            "writable": writable,
        }
        with suppress(Gone):  # it died at once; _watch sees to it
            send(self._control, opening)

    def _pair(self, theirs: ExitStack) -> tuple[socket.socket, int]:
        ours, other = socket.socketpair()
        self._ours.enter_context(ours)
        theirs.enter_context(other)
        return ours, other.fileno()

    def _watch(self) -> None:
        """Wait until it is ready, then until it has ended, and clear up."""
        try:
            head, _body = receive(self._control)
            if not head["ok"]:
                self.failure = WarehouseError(str(head["code"]), str(head["text"]))
        except (Gone, Malformed, KeyError):
            self.fell = True
            self.failure = WarehouseError(WAREHOUSE_UNAVAILABLE.name, "the worker process ended while it started")
        self.ready.set()
        self._process.wait()
        self._said.seek(max(self._said.seek(0, os.SEEK_END) - _LAST_WORDS, 0))
        self._last_words = self._said.read().decode(errors="replace").strip()
        if self.failure is not None and self._last_words:
            self.failure = WarehouseError(self.failure.code, f"{self.failure.engine_text}. {self._last_words}")
        self._ours.close()
        self.gone.set()
        self._when_gone(self)


def remove_stale_spill(options: DuckDBOptions) -> None:
    """Remove what workers of gateways that are not there any more have spilled."""
    if options.spill_directory is None or not options.spill_directory.is_dir():
        return
    for folder in options.spill_directory.glob(f"{_SPILL}*"):
        gateway = folder.name.removeprefix(_SPILL).partition("-")[0]
        if gateway.isdigit() and not _runs(int(gateway)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _with_own_spill(options: DuckDBOptions, held: ExitStack) -> DuckDBOptions:
    """Return options with a spill directory of its own: instances that share one overwrite each other's files."""
    if options.spill_directory is None:
        return options
    options.spill_directory.mkdir(parents=True, exist_ok=True)
    own = tempfile.mkdtemp(prefix=f"{_SPILL}{os.getpid()}-", dir=options.spill_directory)
    held.callback(shutil.rmtree, own, ignore_errors=True)
    return replace(options, spill_directory=Path(own))


def _readable_files(options: DuckDBOptions) -> tuple[list[str], list[str]]:
    """Return what the worker may read, and the folders in which it may write."""
    path = options.path.absolute() if options.path is not None else None
    readable = [str(path), f"{path}.wal"] if path is not None else []
    writable = [str(path.parent)] if path is not None and not options.read_only else []
    if options.spill_directory is not None:
        writable.append(str(options.spill_directory.absolute()))
    return readable, writable


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the worker's environment: where the packages are, and how the process behaves. Nothing in it is secret."""
    loader = {name: ours[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in ours}
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(str(Path(str(each.__file__)).parents[1]) for each in _PACKAGES)),
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        # Few arenas and no pool of Arrow's own: both take address space, which is limited, in advance.
        "MALLOC_ARENA_MAX": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        **loader,
    }
