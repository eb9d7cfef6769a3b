"""The disk of the ledger fails while the gateway serves. Nothing runs without its record."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.faults.served import Served, run, served, slow_project


def refuses_and_recovers(gate: Served, heal) -> None:
    """Every call is a 503 in words and reaches no table; once ``heal`` has run, calls are answered as before."""
    before = gate.entries()
    for metric in ("sales.orders", "sales.revenue"):
        reply = gate.ask(metric)
        assert reply.status_code == 503
        document = reply.json()
        assert document["code"] == "E_LEDGER_UNAVAILABLE"
        assert document["record"] is None
        assert "rows" not in reply.text
        assert "disk full" in document["hint"]
        assert str(gate.folder) not in reply.text
    # A query that never ends would be running still if anything had reached the warehouse.
    assert gate.ask("sales.endless").status_code == 503
    assert gate.alive()
    heal()
    gate.until(lambda: gate.ask().status_code == 200)
    after = gate.entries()
    assert after[: len(before)] == before
    assert gate.stop() == 0
    gate.verified()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small disk needs root")
def test_a_full_disk_refuses_calls_and_space_brings_them_back(tmp_path: Path) -> None:
    """On a disk without a free byte calls are refused; after a file is removed they are answered, and all verifies."""
    folder = slow_project(tmp_path / "project")
    disk = folder / ".metricgate"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    try:
        with served(folder) as gate:
            assert gate.ask().status_code == 200
            junk = disk / "junk"
            _fill(junk)
            gate.until(lambda: gate.ask().status_code == 503)  # the write-ahead file may have had room left
            _fill(junk)
            refuses_and_recovers(gate, junk.unlink)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(junk: Path) -> None:
    with junk.open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def test_a_ledger_file_that_may_not_grow_refuses_calls(gate: Served) -> None:
    """With the process's file size limited to what there is, writing fails; lifting the limit brings calls back."""
    assert gate.ask().status_code == 200
    limits = resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    refuses_and_recovers(gate, lambda: resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE, limits))


def test_an_answer_whose_outcome_cannot_be_recorded_is_not_given(gate: Served) -> None:
    """The disk fails between intent and outcome: a 503 without rows, and the next start marks the open intent."""
    asked = gate.meanwhile("sales.lengthy")
    gate.until_event("gov.call.released")
    limits = resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    reply = asked.result()
    assert reply.status_code == 503
    assert "rows" not in reply.text
    intent = gate.entries("gov.call.released")[0].index
    resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE, limits)
    assert gate.stop() == 0
    with served(gate.folder, keys=gate.keys) as again:
        marked = again.entries("gov.recovery.marked")
        assert [each.fields["gov.links"][0]["index"] for each in marked] == [intent]
        again.stop()
        again.verified()


def test_readiness_tells_of_a_ledger_that_cannot_write(gate: Served) -> None:
    """`/readyz` turns 503 so that traffic goes elsewhere, `/healthz` stays 200 so that nobody restarts it."""
    limits = resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    gate.ask()
    assert gate.get("/readyz").status_code == 503
    assert gate.get("/healthz").status_code == 200
    resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE, limits)
    gate.until(lambda: gate.ask().status_code == 200)
    assert gate.get("/readyz").status_code == 200


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="a read-only disk needs a mount")
def test_a_read_only_ledger_keeps_the_gateway_from_starting(folder: Path) -> None:
    """`serve` on a read-only disk leaves with 1 and says what is wrong, without a traceback."""
    with served(folder) as gate:
        gate.ask()
        gate.stop()
    disk = str(folder / ".metricgate")
    subprocess.run(["mount", "--bind", disk, disk], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", disk], check=True)
        done = run(folder, "serve", "--port", "0")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
    assert done.returncode == 1
    assert "the ledger cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr
