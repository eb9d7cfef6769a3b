"""Another account of the machine tries to read what the gateway keeps: it finds nothing that it may open."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest
from tests.faults.served import run
from tests.gateway.changes.shop import opened, write_shop
from tests.gateway.conftest import write_project

from metricgate.adapters.files import private_folder
from metricgate.adapters.files.private_folder import NotPrivate, narrow, open_to_others
from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.operations.start_refusal import StartRefused
from metricgate.state.record import EntryFilter


@pytest.fixture
def careless():
    """An account whose new files are everybody's."""
    before = os.umask(0)
    yield
    os.umask(before)


def wide(folder: Path) -> list[str]:
    """Return what others may open, looked up without our own function."""
    everything = [folder, *folder.rglob("*")]
    return [str(each) for each in everything if not each.is_symlink() and stat.S_IMODE(each.stat().st_mode) & 0o077]


def test_nothing_is_made_for_others(tmp_path, careless):
    """Ledger, write-ahead logs, keys, changes and their images, locks: while they are used, and afterwards."""
    folder = write_shop(tmp_path / "shop")
    state = folder / ".metricgate"

    async def story():
        async with opened(folder) as shop:
            assert stat.S_IMODE(state.stat().st_mode) == 0o700
            await shop.call("propose_write", sql="UPDATE orders SET status = 'x' WHERE id = 1", dry_run=False,
                            because="x", idempotency_key="one-0001")  # fmt: skip
            assert {each.suffix for each in state.iterdir()} >= {".db", ".db-wal", ".key", ".vkey", ".lock"}
            assert wide(state) == []

    asyncio.run(story())
    assert wide(state) == []


def test_commands_make_nothing_for_others(tmp_path, careless):
    """Keys, people and switches are made by commands, perhaps before any gateway runs."""
    folder = write_project(tmp_path / "project")
    for words in (
        ("keys", "create", "omni"),
        ("switch", "stop", "agent:omni", "--because", "trying"),
        ("query", "--metric", "sales.orders"),
        ("people", "add", "ana@acme.example"),
    ):
        run(folder, *words)
    state = folder / ".metricgate"
    assert {"keys.db", "switches.json"} <= {each.name for each in state.iterdir()}
    assert wide(state) == []


def test_wider_rights_are_taken_at_start_and_recorded(tmp_path):
    """Whatever lies in the folder, backups and sockets too; links are not followed."""
    folder = write_shop(tmp_path / "shop")
    state = folder / ".metricgate"

    async def start():
        async with opened(folder):
            pass

    asyncio.run(start())
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("not ours")
    elsewhere.chmod(0o644)
    (state / "link").symlink_to(elsewhere)
    (state / "backups").mkdir(mode=0o755)
    (state / "backups" / "ledger-old.db").write_bytes(b"old")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(state / "gate.sock"))
    for each in (state, *state.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o777 if each.is_dir() else 0o666)
    assert {"ledger.db", "backups/ledger-old.db"} <= {each.name for each in open_to_others(state)}
    asyncio.run(start())
    listening.close()
    assert wide(state) == []
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644
    with LedgerReader(state / "ledger.db") as reader:
        [entry] = [each for each in reader.entries(EntryFilter()) if each.event == "gov.state.narrowed"]
    named = {each["name"]: each["mode"] for each in entry.fields["gov.state.files"]}
    assert named["."] == "0777"
    assert named["ledger.db"] == named["backups/ledger-old.db"] == named["gate.sock"] == "0666"
    asyncio.run(start())
    with LedgerReader(state / "ledger.db") as reader:
        assert sum(each.event == "gov.state.narrowed" for each in reader.entries(EntryFilter())) == 1


def test_what_cannot_be_closed_refuses_the_start(tmp_path, monkeypatch):
    """Another account's file, or a file system without rights: the start says which and what to do."""
    folder = write_shop(tmp_path / "shop")
    state = folder / ".metricgate"
    state.mkdir(mode=0o700)
    (state / "theirs.db").touch(mode=0o666)
    (state / "theirs.db").chmod(0o666)

    def not_ours(*_args: object, **_more: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    async def start():
        async with opened(folder):
            pass

    for chmod in (not_ours, lambda *_args, **_more: None):
        monkeypatch.setattr(private_folder.os, "chmod", chmod)
        with pytest.raises(NotPrivate, match=r"theirs\.db.*chmod -R go-rwx"):
            narrow(state)
        with pytest.raises(StartRefused, match=r"theirs\.db"):
            asyncio.run(start())
        assert not (state / "ledger.db").exists()
        monkeypatch.undo()
    assert [each.name for each in open_to_others(state)] == ["theirs.db"]
