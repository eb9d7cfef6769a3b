"""The ledger as its users meet it: durable, ordered, one writer, honest about faults."""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime

import orjson
import pyarrow.parquet as pq
import pytest
from tests.adapters.state.sqlite.ledgers import NAME, kinds, opened, signer, verify

from metricgate.adapters.state.sqlite.ledger_export import export_jsonl, export_parquet
from metricgate.adapters.state.sqlite.ledger_keys import load_signer
from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.ledger.merkle import leaf_hash
from metricgate.ledger.note import NoteError, open_checkpoint
from metricgate.ledger.receipt import verify_receipt
from metricgate.state.record import AppendReceipt, EntryFilter, LedgerUnavailable

CALL = {
    "gen_ai.agent.id": "copilot",
    "gen_ai.tool.name": "query_metrics",
    "gov.metrics": [{"name": "sales.revenue", "version": "v"}],
    "gov.decision.verdict": "allow",
    "gov.decision.rules": ["r1"],
    "trace_id": "t1",
}


def test_fifty_writers_get_an_unbroken_ledger(tmp_path):
    """50 tasks append at once: indexes from 0 without gap, each task's own order kept, each durable when told."""
    ledger = opened(tmp_path)
    beside = sqlite3.connect(f"{(tmp_path / 'ledger.db').as_uri()}?mode=ro", uri=True, check_same_thread=False)

    async def writer(number):
        mine = []
        for turn in range(20):
            done = await ledger.append("e", {"writer": number, "turn": turn}, bodies={"b": turn})
            row = beside.execute("SELECT leaf, hash FROM entries WHERE idx=?", (done.index,)).fetchone()
            assert row[1].hex() == done.leaf_hash == leaf_hash(row[0]).hex()
            assert orjson.loads(row[0])["fields"] == {"writer": number, "turn": turn, "gov.actor.kind": "gateway"}
            mine.append(done.index)
        assert mine == sorted(mine)
        return mine

    async def all_writers():
        return await asyncio.gather(*[writer(number) for number in range(50)])

    indexes = sorted(index for mine in asyncio.run(all_writers()) for index in mine)
    assert indexes == list(range(1, 1001))  # 0 is the opening
    beside.close()
    ledger.close()
    report = verify(tmp_path)
    assert (report.findings, report.size) == ((), 1001)


def test_threads_may_append_without_an_event_loop(tmp_path):
    """The blocking form works from several threads at once."""
    ledger = opened(tmp_path)
    threads = [threading.Thread(target=lambda: [ledger.append_blocking("e", {}) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()
    assert verify(tmp_path).size == 81


def test_receipts_verify_across_blocks(tmp_path):
    """Receipts of first, middle, block-edge and last entries verify with the public key alone."""
    ledger = opened(tmp_path)

    async def fill():
        await asyncio.gather(*[ledger.append("e", CALL) for _ in range(3000)])
        return [await ledger.receipt(index) for index in (0, 1, 1023, 1024, 2047, 2048, 2999, 3000)]

    for receipt in asyncio.run(fill()):
        verify_receipt(receipt, signer(tmp_path).verifier)
    assert ledger.receipt_blocking(1).agent == "copilot"
    assert ledger.receipt_blocking(3001) is None
    assert ledger.receipt_blocking(-1) is None
    ledger.close()


def test_a_ledger_goes_on_after_reopening(tmp_path):
    """Closing and opening keeps everything and the tree; openings are recorded."""
    for turn in range(3):
        ledger = opened(tmp_path)
        assert ledger.size == 2 * turn + 1
        ledger.append_blocking("e", {})
        ledger.close()
    assert (verify(tmp_path).findings, verify(tmp_path).size) == ((), 6)


def test_a_second_gateway_is_refused(tmp_path):
    """One writer per file: the second is told who holds it, and may write when the first has gone."""
    first = opened(tmp_path)
    with pytest.raises(LedgerUnavailable, match=rf"process {os.getpid()} already writes the ledger .*one gateway"):
        opened(tmp_path)
    first.close()
    opened(tmp_path).close()


def test_a_closed_ledger_refuses(tmp_path):
    """After close nothing is accepted, and closing twice is harmless."""
    ledger = opened(tmp_path)
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerUnavailable, match="closed"):
        ledger.append_blocking("e", {})


def _written(ledger, text):
    try:
        ledger.append_blocking("e", {"text": text})
    except LedgerUnavailable as error:
        assert "full" in str(error)  # noqa: PT017 - either way is right, but only for this reason
        return False
    return True


def test_a_full_disk_refuses_and_recovers(tmp_path):
    """A file that may not grow: refused entries were not written, order goes on when there is room again."""
    ledger = opened(tmp_path, most_pages=40)
    written = sum(1 for _ in range(100) if _written(ledger, "x" * 3000))
    assert 3 < written < 40
    with pytest.raises(LedgerUnavailable):
        ledger.append_blocking("e", {"text": "x" * 300_000})
    small = ledger.append_blocking("e", {})
    assert small.index == written + 1
    ledger.close()
    more = opened(tmp_path)
    assert more.append_blocking("e", {"text": "x" * 3000}).index == written + 3
    more.close()
    assert verify(tmp_path).findings == ()


def test_a_real_write_fault_refuses_and_recovers(tmp_path):
    """The operating system refuses to let the file grow (RLIMIT_FSIZE): refused, alive, and going on afterwards."""
    ledger = opened(tmp_path)
    before = ledger.append_blocking("e", {}).index
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "ledger.db-wal").stat().st_size, old[1]))
        for _ in range(3):
            with pytest.raises(LedgerUnavailable, match="could not write"):
                ledger.append_blocking("e", {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert ledger.append_blocking("e", {}).index == before + 1
    ledger.close()
    assert verify(tmp_path).findings == ()


def test_a_ledger_that_cannot_be_written_does_not_open(tmp_path):
    """A folder in the file's place, or a file that is no ledger, is refused with a message."""
    (tmp_path / "ledger.db").write_bytes(b"this is not a database, but text that is long enough to look at" * 20)
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        opened(tmp_path)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t(a)")
    other.close()
    (tmp_path / "other.db").replace(tmp_path / "ledger.db")
    with pytest.raises(LedgerUnavailable, match="not a ledger"):
        opened(tmp_path)


def test_too_many_waiting_are_refused(tmp_path):
    """Back-pressure: beyond the bound an append is refused at once, and those that waited are written."""
    ledger = opened(tmp_path, most_waiting=5)

    async def flood():
        return await asyncio.gather(*[ledger.append("e", {}) for _ in range(200)], return_exceptions=True)

    answers = asyncio.run(flood())
    kept = [answer.index for answer in answers if isinstance(answer, AppendReceipt)]
    assert any(isinstance(answer, LedgerUnavailable) for answer in answers)
    assert kept == list(range(1, len(kept) + 1))
    ledger.close()


def test_a_cancelled_caller_leaves_its_entry(tmp_path):
    """Cancelling the waiting task neither loses the entry nor hurts the others."""
    ledger = opened(tmp_path)

    async def run():
        task = asyncio.ensure_future(ledger.append("gone", {}))
        await asyncio.sleep(0)
        task.cancel()
        return (await ledger.append("stays", {})).index

    assert asyncio.run(run()) == 2
    ledger.close()


KILLED = """
    import os, pathlib, signal
    from tests.adapters.state.sqlite.ledgers import opened
    ledger = opened(pathlib.Path({folder!r}))
    done = ledger.append_blocking("gov.call.released", {{}})
    ledger.append_blocking("gov.call.completed", {{"gov.links": [{{"index": done.index, "rel": "intent"}}]}})
    for _ in range(3):
        ledger.append_blocking("gov.call.released", {{"text": "x" * 9000}}, bodies={{"gov.user.id": "ana"}})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(folder):
    script = textwrap.dedent(KILLED.format(folder=str(folder)))
    done = subprocess.run([sys.executable, "-c", script], check=False, env={**os.environ, "PYTHONPATH": os.getcwd()})  # noqa: PTH109
    assert done.returncode == -signal.SIGKILL


def test_killed_between_intent_and_outcome(tmp_path):
    """Kill -9: the file verifies but for the open intents; the next opening marks each exactly once."""
    killed(tmp_path)
    report = verify(tmp_path)
    assert [(str(finding.kind), finding.index) for finding in report.findings] == [
        ("intent_open", index) for index in (3, 4, 5)
    ]
    opened(tmp_path).close()
    opened(tmp_path).close()
    assert verify(tmp_path).findings == ()
    with LedgerReader(tmp_path / "ledger.db") as reader:
        marks = list(reader.entries(EntryFilter(event="gov.recovery.marked"), newest_first=False))
    assert [mark.fields["gov.links"] for mark in marks] == [[{"index": at, "rel": "intent"}] for at in (3, 4, 5)]


def test_a_tampered_tail_does_not_open(tmp_path):
    """A changed newest entry is found at opening, before anything is written on top of it."""
    ledger = opened(tmp_path)
    ledger.append_blocking("e", {})
    ledger.close()
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.execute("UPDATE entries SET hash=zeroblob(32) WHERE idx=1")
    connection.commit()
    connection.close()
    with pytest.raises(LedgerUnavailable, match="audit verify"):
        opened(tmp_path)


def test_another_key_does_not_open_the_ledger(tmp_path):
    """A lost or swapped private key is noticed at opening; a public key that does not fit, too."""
    opened(tmp_path).close()
    (tmp_path / "ledger.key").unlink()
    with pytest.raises(NoteError, match="is not the public key"):
        signer(tmp_path)
    (tmp_path / "ledger.vkey").unlink()
    with pytest.raises(LedgerUnavailable, match="not signed by"):
        opened(tmp_path)


def test_the_private_key_is_private(tmp_path):
    """The key file is made with mode 0600, once."""
    first = signer(tmp_path)
    assert (tmp_path / "ledger.key").stat().st_mode & 0o777 == 0o600
    assert signer(tmp_path).verifier == first.verifier
    (tmp_path / "ledger.key").write_text("no key")
    with pytest.raises(NoteError, match="not a private key"):
        load_signer(tmp_path / "ledger.key", tmp_path / "ledger.vkey", name=NAME)


def filled(tmp_path):
    ledger = opened(tmp_path)
    ledger.append_blocking("gov.call.released", CALL, bodies={"gov.user.id": "ana"})
    denied = {**CALL, "gov.decision.verdict": "deny", "gov.decision.rules": ["r2"], "gen_ai.agent.id": "bot"}
    ledger.append_blocking("gov.call.refused", denied, bodies={"gov.user.id": "ben"})
    ledger.append_blocking(
        "gov.call.completed", {**CALL, "gov.metrics": [], "gov.links": [{"index": 1, "rel": "intent"}]}
    )
    return ledger


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ({}, [3, 2, 1, 0]),
        ({"agent": "bot"}, [2]),
        ({"user": "ana"}, [1]),
        ({"tool": "query_metrics"}, [3, 2, 1]),
        ({"metric": "sales.revenue"}, [2, 1]),
        ({"verdict": "deny"}, [2]),
        ({"rule": "r1"}, [3, 1]),
        ({"event": "gov.log.opened"}, [0]),
        ({"trace_id": "t1", "verdict": "allow"}, [3, 1]),
        ({"until": datetime.fromtimestamp(0, UTC)}, []),
        ({"since": datetime.fromtimestamp(0, UTC)}, [3, 2, 1, 0]),
        ({"agent": "nobody"}, []),
    ],
)
def test_entries_are_found_by_each_filter(tmp_path, keep, expected):
    """Each filter of `audit list` keeps what it says, beside a running gateway, newest first; a limit holds."""
    ledger = filled(tmp_path)
    with LedgerReader(tmp_path / "ledger.db") as reader:
        assert [each.index for each in reader.entries(EntryFilter(**keep))] == expected
        oldest = reader.entries(EntryFilter(**keep), newest_first=False, limit=1)
        assert [each.index for each in oldest] == expected[-1:]
    ledger.close()


def test_exports_hold_everything(tmp_path):
    """JSONL and Parquet give back each leaf's exact bytes or hash, and the bodies."""
    filled(tmp_path).close()
    with LedgerReader(tmp_path / "ledger.db") as reader:
        assert export_jsonl(reader.entries(newest_first=False), tmp_path / "out.jsonl") == 4
        assert export_parquet(reader.entries(newest_first=False), tmp_path / "out.parquet") == 4
        leaves = [reader.entry(index).leaf for index in range(4)]
    lines = [orjson.loads(line) for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["leaf"] for row in rows] == leaves
    assert [line["leaf_hash"] for line in lines] == [leaf_hash(leaf).hex() for leaf in leaves]
    assert [line["bodies"] for line in lines][1:3] == [{"gov.user.id": "ana"}, {"gov.user.id": "ben"}]
    assert [row["user"] for row in rows] == [None, "ana", "ben", None]


def test_reading_what_is_not_there_is_told(tmp_path):
    """A missing or foreign file is a clear error."""
    with pytest.raises(LedgerUnavailable, match="cannot be read"):
        LedgerReader(tmp_path / "none.db")


def test_erasure_leaves_every_proof_valid(tmp_path):
    """After erasing a body the old receipt and the whole file verify, and the value is nowhere in the folder."""
    ledger = opened(tmp_path)
    ledger.append_blocking(
        "e", CALL, bodies={"gov.user.id": "ana-the-unmistakable", "gov.arguments": {"x": "y" * 9000}}
    )
    before = ledger.receipt_blocking(1)
    ledger.erase({1: ["gov.user.id", "gov.arguments"]}, by="steward-1", basis="GDPR Art. 17")
    verify_receipt(before, signer(tmp_path).verifier)
    with LedgerReader(tmp_path / "ledger.db") as reader:
        assert reader.entry(1).bodies == {"gov.user.id": None, "gov.arguments": None}
        note = reader.checkpoint(signer(tmp_path).verifier)
    assert open_checkpoint(note, signer(tmp_path).verifier).size == 3
    ledger.close()
    report = verify(tmp_path)
    assert (report.findings, report.erased) == ((), 2)
    assert not any(b"unmistakable" in file.read_bytes() for file in tmp_path.iterdir())
    assert kinds(verify(tmp_path, note)) == set()
