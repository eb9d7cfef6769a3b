"""An older or another copy of a file put in its place, or a file taken away, is noticed before anything is written."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.gateway.changes.shop import opened, write_shop

from metricgate.adapters.state.sqlite.anchors import StoreAnchor
from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.adapters.state.sqlite.losses import anchors_of, ledger_behind
from metricgate.adapters.state.sqlite.paths import StatePaths
from metricgate.bootstrap.project import open_project
from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.ledger.events.names import LOSS_ACCEPTED
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import load_settings

ROOT = Path(__file__).parents[2]


async def asked(folder: Path, times: int) -> None:
    async with opened(folder) as shop:
        for number in range(times):
            await shop.call("query_sql", sql=f"SELECT {number} AS n FROM orders WHERE id = 1")


async def started(folder: Path, accept_loss: int | None = None) -> None:
    async with run_gateway(folder, load_settings(folder), watch=True, logs=False, accept_loss=accept_loss):
        pass


def paths_of(folder: Path) -> StatePaths:
    return state_of(folder, load_settings(folder)).paths


def size_of(paths: StatePaths) -> int:
    with LedgerReader(paths.ledger) as reader:
        return next(iter(reader.entries())).index + 1


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """A project whose ledger went on after a copy of it was taken."""
    place = tmp_path_factory.mktemp("older")
    folder = write_shop(place / "shop")
    asyncio.run(asked(folder, 2))
    paths = paths_of(folder)
    shutil.copyfile(paths.ledger, place / "copy.db")
    before = size_of(paths)
    asyncio.run(asked(folder, 3))
    return place, before, size_of(paths)


@pytest.fixture
def shop(left, tmp_path):
    """A copy of it: folder, the older ledger, sizes of both."""
    place, before, after = left
    shutil.copytree(place, tmp_path / "state")
    return tmp_path / "state" / "shop", tmp_path / "state" / "copy.db", before, after


def test_an_older_ledger_is_not_gone_on_with(shop):
    folder, copy, before, after = shop
    paths = paths_of(folder)
    shutil.copyfile(copy, paths.ledger)
    bytes_before = paths.ledger.read_bytes()
    for _each in range(2):
        with pytest.raises(StartRefused, match=rf"{after - before} are missing.*--accept-loss {after}"):
            asyncio.run(started(folder))
    assert paths.ledger.read_bytes() == bytes_before
    project = open_project(folder)
    report = project.verify(None)
    assert str(report.findings[0].kind) == "tail_missing"
    assert f"{after - before} are missing" in report.findings[0].message
    assert any(f"{after - before} are missing" in finding.object for _place, finding in project.doctor())


def test_every_store_that_knows_is_enough(shop):
    folder, copy, before, _after = shop
    paths = paths_of(folder)
    newest = StoreAnchor(paths.actions).last_checkpoint()
    open_project(folder).list_keys()
    open_project(folder).create_key("desk", users=(), expires_in=None)
    open_project(folder).people().list()
    shutil.copyfile(copy, paths.ledger)
    for store in ("actions.db", "journal.db", "keys.db", "people.db", "outbox.db"):
        for anchor in anchors_of(paths):
            anchor.keep("" if anchor.name != store else newest)
        found = ledger_behind(paths)
        assert (found.size, found.known_by, found.checkpoint) == (before, (store,), newest)
    with pytest.raises(StartRefused, match=rf"has {before} entries, but outbox.db knows"):
        asyncio.run(started(folder))


def test_the_loss_is_accepted_by_its_size_and_recorded_first(shop):
    folder, copy, before, after = shop
    paths = paths_of(folder)
    lost = StoreAnchor(paths.actions).last_checkpoint()
    with pytest.raises(StartRefused, match="no loss to accept"):
        asyncio.run(started(folder, accept_loss=after))
    shutil.copyfile(copy, paths.ledger)
    with pytest.raises(StartRefused, match=f"--accept-loss {after}"):
        asyncio.run(started(folder, accept_loss=after + 1))
    asyncio.run(started(folder, accept_loss=after))
    with LedgerReader(paths.ledger) as reader:
        entry = reader.entry(before)
    assert entry.event == LOSS_ACCEPTED
    assert entry.fields["gov.log.lost.size"] == after
    assert entry.fields["gov.log.lost.checkpoint"] == lost
    assert entry.fields["gov.actor.kind"] == "operator"
    assert open_project(folder).verify(None).findings == ()
    asyncio.run(asked(folder, 1))


def test_an_older_copy_of_the_whole_folder_is_noticed_by_an_anchor_elsewhere(shop, tmp_path):
    """And a folder of another log, or none, in its place; an anchor within the folder is no anchor."""
    folder, _copy, _before, after = shop
    settings, kept = folder / "metricgate.yaml", tmp_path / "elsewhere" / "shop.checkpoint"
    kept.parent.mkdir()
    plain = settings.read_text()
    settings.write_text(f"{plain}ledger: {{anchor: {kept}}}\n")
    paths = paths_of(folder)
    asyncio.run(started(folder))
    shutil.copytree(paths.folder, tmp_path / "older")
    asyncio.run(asked(folder, 2))
    size = size_of(paths)
    assert kept.stat().st_mode & 0o777 == 0o600
    shutil.move(paths.folder, tmp_path / "newest")
    shutil.copytree(tmp_path / "older", paths.folder)
    with pytest.raises(StartRefused, match=rf"shop.checkpoint knows of {size}: .* --accept-loss {size}"):
        asyncio.run(started(folder))
    assert any("shop.checkpoint knows" in finding.object for _place, finding in open_project(folder).doctor())
    shutil.rmtree(paths.folder)
    with pytest.raises(StartRefused, match="knows another log"):
        asyncio.run(started(folder))
    shutil.rmtree(paths.folder, ignore_errors=True)
    shutil.move(tmp_path / "newest", paths.folder)
    asyncio.run(started(folder))
    settings.write_text(f"{plain}ledger: {{anchor: .metricgate/inside}}\n")
    with pytest.raises(StartRefused, match="lies in the state folder"):
        asyncio.run(started(folder))
    assert size > after


def test_all_that_is_known_of_changes_taken_away_together_is_not_begun_anew(shop):
    """The ledger tells of changes: without their files nothing starts, until an operator accepts that, recorded."""
    folder, _copy, _before, after = shop
    paths = paths_of(folder)

    async def change() -> None:
        async with opened(folder) as found:
            sql = "UPDATE customers SET segment = 'lead' WHERE id = 4"
            await found.call("propose_write", sql=sql, dry_run=False, idempotency_key="one-change")

    names = ("actions.db", "journal.db", "journal.key")
    for name in names:
        (paths.folder / name).unlink()
    asyncio.run(started(folder))
    for name in names:
        assert (paths.folder / name).exists(), "nothing was lost: no change was ever made"
    asyncio.run(change())
    size = size_of(paths)
    for name in names:
        (paths.folder / name).unlink()
    for wrong in (None, after, size + 1):
        with pytest.raises(StartRefused, match=rf"actions.db .*are gone.*--accept-loss {size}"):
            asyncio.run(started(folder, accept_loss=wrong))
    assert not (paths.folder / "actions.db").exists()
    assert any("are gone" in finding.object for _place, finding in open_project(folder).doctor())
    asyncio.run(started(folder, accept_loss=size))
    with LedgerReader(paths.ledger) as reader:
        entry = reader.entry(size)
    assert entry.event == LOSS_ACCEPTED
    assert entry.fields["gov.state.lost"] == list(names)
    assert entry.fields["gov.actor.kind"] == "operator"
    asyncio.run(started(folder))
    asyncio.run(change())


def test_another_ledger_of_the_same_key_is_noticed(shop):
    """One that went another way and is longer by now."""
    folder, copy, _before, after = shop
    paths = paths_of(folder)
    newest = StoreAnchor(paths.actions).last_checkpoint()
    shutil.copyfile(copy, paths.ledger)
    asyncio.run(started(folder, accept_loss=after))
    asyncio.run(asked(folder, 5))
    StoreAnchor(paths.journal).keep(newest)
    with pytest.raises(StartRefused, match="it is another one"):
        asyncio.run(started(folder))
    assert str(open_project(folder).verify(None).findings[0].kind) == "history_changed"


def test_an_anchor_that_the_log_did_not_sign_says_nothing(shop):
    folder, _copy, _before, after = shop
    anchor = StoreAnchor(paths_of(folder).actions)
    note = anchor.last_checkpoint()
    anchor.keep(note.replace(f"\n{after}\n", f"\n{after + 9}\n", 1))
    asyncio.run(started(folder))


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("actions.db", "what waits for a decision"),
        ("journal.db", "the rows by which changes are taken back"),
        ("mask.key", "other digests"),
    ],
)
def test_a_file_that_is_gone_is_not_made_anew(shop, name, lost):
    folder, *_rest = shop
    path = paths_of(folder).folder / name
    path.unlink()
    with pytest.raises(StartRefused, match=f"{name} is gone.*{lost}.*restore it from the backup, or"):
        asyncio.run(started(folder))
    assert not path.exists()
    assert any(name in finding.object for _place, finding in open_project(folder).doctor())


def test_to_begin_anew_on_purpose(shop):
    """As the refusal says: all that belongs together is moved away."""
    folder, *_rest = shop
    paths = paths_of(folder)
    for path in (paths.actions, paths.journal, paths.journal_key):
        path.unlink()
    asyncio.run(asked(folder, 1))
    paths.mask_key.write_text("ab" * 32)
    asyncio.run(asked(folder, 1))


def test_a_gateway_that_was_killed_is_remembered(tmp_path):
    """The stores are told while it runs, not only when it ends well."""
    folder = write_shop(tmp_path / "shop")
    asyncio.run(asked(folder, 1))
    paths = paths_of(folder)
    copy = tmp_path / "copy.db"
    shutil.copyfile(paths.ledger, copy)
    code = f"""
import asyncio, pathlib
from tests.attacks.test_older_copies import asked
from tests.gateway.changes.shop import opened
async def main():
    async with opened(pathlib.Path({str(folder)!r})) as shop:
        await shop.call("query_sql", sql="SELECT 1 AS n FROM orders WHERE id = 1")
        print("asked", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout.readline() == b"asked\n"
    size, deadline = size_of(paths), time.monotonic() + 60
    while f"\n{size}\n" not in str(StoreAnchor(paths.actions).last_checkpoint()) and time.monotonic() < deadline:
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    shutil.copyfile(copy, paths.ledger)
    Path(f"{paths.ledger}-wal").unlink()
    Path(f"{paths.ledger}-shm").unlink(missing_ok=True)
    with pytest.raises(StartRefused, match="are missing"):
        asyncio.run(started(folder))
