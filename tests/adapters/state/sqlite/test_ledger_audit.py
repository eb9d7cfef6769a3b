"""Tampering: whatever is done to the file is found, named and placed; an honest file is never accused."""

import asyncio
import random
import shutil
import sqlite3

import pytest
from tests.adapters.state.sqlite.ledgers import kinds, opened, signer, verify
from tests.adapters.state.sqlite.test_sqlite_ledger import killed

from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.ledger.note import NoteError, Signer
from metricgate.ledger.verification import FindingKind


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """A closed ledger of some 2,100 entries with bodies, long rows, an erasure; beside it a checkpoint at 1,200."""
    folder = tmp_path_factory.mktemp("honest")
    chance = random.Random(7)  # noqa: S311 - data for a test
    ledger = opened(folder)

    async def fill(count):
        async def one(at):
            bodies = {"gov.user.id": f"user-{at}", "gov.arguments": {"q": "z" * chance.choice((5, 50, 500))}}
            await ledger.append(
                "e", {"text": "x" * chance.choice((1, 40, 400, 9000 if at % 50 == 0 else 4))}, bodies=bodies
            )

        await asyncio.gather(*[one(at) for at in range(count)])

    asyncio.run(fill(1199))
    with LedgerReader(folder / "ledger.db") as reader:
        (folder / "earlier").write_text(reader.checkpoint(signer(folder).verifier))
    asyncio.run(fill(900))
    ledger.erase({5: ["gov.user.id"]}, by="steward", basis="GDPR Art. 17")
    ledger.close()
    return folder


def test_an_honest_ledger_is_not_accused(honest):
    """Closed, with an earlier checkpoint: no finding, exit code 0."""
    report = verify(honest, (honest / "earlier").read_text())
    assert (report.findings, report.exit_code, report.size, report.erased) == ((), 0, 2101, 1)


MUTATIONS = {
    "leaf changed": ("UPDATE entries SET leaf=CAST(leaf||' ' AS BLOB) WHERE idx=7", "entry_changed", 7),
    "first leaf changed": ("UPDATE entries SET leaf=CAST(leaf||' ' AS BLOB) WHERE idx=0", "entry_changed", 0),
    "last leaf changed": ("UPDATE entries SET leaf=CAST(leaf||' ' AS BLOB) WHERE idx=2100", "entry_changed", 2100),
    "leaf is no JSON": ("UPDATE entries SET leaf=x'00' WHERE idx=9", "entry_changed", 9),
    "leaf is a text": ("UPDATE entries SET leaf=CAST(leaf AS TEXT) WHERE idx=9", "entry_changed", 9),
    "leaf is empty": ("UPDATE entries SET leaf=x'' WHERE idx=9", "entry_changed", 9),
    "hash changed": ("UPDATE entries SET hash=zeroblob(32) WHERE idx=11", "entry_changed", 11),
    "hash cut": ("UPDATE entries SET hash=x'00' WHERE idx=11", "entry_changed", 11),
    "leaf and hash changed": (
        "UPDATE entries SET leaf=CAST(leaf||' ' AS BLOB), hash=sha256(0, leaf||' ') WHERE idx=12",
        "history_changed",
        0,
    ),
    "leaf and hash changed late": (
        "UPDATE entries SET leaf=CAST(leaf||' ' AS BLOB), hash=sha256(0, leaf||' ') WHERE idx=2080",
        "history_changed",
        2048,
    ),
    "first entry gone": ("DELETE FROM entries WHERE idx=0", "entry_missing", 0),
    "middle entry gone": ("DELETE FROM entries WHERE idx=1500", "entry_missing", 1500),
    "last entry gone": ("DELETE FROM entries WHERE idx=2100", "tail_missing", 2100),
    "tail gone": ("DELETE FROM entries WHERE idx>=2000", "tail_missing", 2000),
    "all gone": ("DELETE FROM entries", "tail_missing", 0),
    "entry put in behind": (
        "INSERT INTO entries SELECT 2101, leaf, hash FROM entries WHERE idx=3",
        "checkpoint_missing",
        2101,
    ),
    "entry put in far behind": (
        "INSERT INTO entries SELECT 9000, leaf, hash FROM entries WHERE idx=3",
        "entry_missing",
        2101,
    ),
    "entry copied over another": (
        "UPDATE entries SET (leaf, hash)=(SELECT leaf, hash FROM entries WHERE idx=3) WHERE idx=4",
        "entries_reordered",
        4,
    ),
    "two entries swapped": (
        (
            "UPDATE entries SET idx=-1 WHERE idx=20; UPDATE entries SET idx=20 WHERE idx=21;"
            "UPDATE entries SET idx=21 WHERE idx=-1"
        ),
        "entries_reordered",
        20,
    ),
    "all shifted": (
        "DELETE FROM entries WHERE idx=30; UPDATE entries SET idx=idx-1 WHERE idx>30",
        "entries_reordered",
        30,
    ),
    "body changed": ("UPDATE bodies SET value=CAST('\"eve\"' AS BLOB) WHERE id=40*256+1", "body_changed", 40),
    "salt changed": ("UPDATE bodies SET salt=zeroblob(16) WHERE id=40*256", "body_changed", 40),
    "body renamed": ("UPDATE bodies SET name='gov.user.ip' WHERE id=40*256", "body_changed", 40),
    "body gone": ("DELETE FROM bodies WHERE id=41*256", "body_missing", 41),
    "bodies gone": ("DELETE FROM bodies", "body_missing", 1),
    "body of another": (
        "UPDATE bodies SET (salt,value)=(SELECT salt,value FROM bodies WHERE id=42*256+1) WHERE id=43*256+1",
        "body_changed",
        43,
    ),
    "body put in": ("INSERT INTO bodies VALUES (9999*256,'x',zeroblob(16),x'31')", "body_changed", 9999),
    "body is a number": ("UPDATE bodies SET value=1 WHERE id=44*256", "body_changed", 44),
    "body erased without a record": (
        "UPDATE bodies SET salt=zeroblob(16), value=zeroblob(length(value)) WHERE id=45*256",
        "body_missing",
        45,
    ),
    "head gone": ("DELETE FROM head", "checkpoint_missing", None),
    "head bent": ("UPDATE head SET seal=zeroblob(104)", "signature_bad", None),
    "head cut": ("UPDATE head SET seal=x'00'", "signature_bad", None),
    "head's size bent": (
        "UPDATE head SET seal=CAST(x'0000000000000001'||substr(seal,9) AS BLOB)",
        "signature_bad",
        None,
    ),
    "head's signature bent": (
        "UPDATE head SET seal=CAST(substr(seal,1,40)||zeroblob(64) AS BLOB)",
        "signature_bad",
        None,
    ),
    "second head": ("INSERT INTO head SELECT 1, seal FROM head", "signature_bad", None),
    "seal gone": ("DELETE FROM seals WHERE size=1024", "checkpoint_missing", None),
    "seal's block bent": (
        "UPDATE seals SET seal=CAST(zeroblob(32)||substr(seal,33) AS BLOB) WHERE size=1024",
        "checkpoint_missing",
        None,
    ),
    "seal's root bent": (
        "UPDATE seals SET seal=CAST(substr(seal,1,32)||zeroblob(32)||substr(seal,65) AS BLOB) WHERE size=1024",
        "signature_bad",
        None,
    ),
    "seal moved": ("UPDATE seals SET size=1025 WHERE size=1024", "signature_bad", None),
    "seal cut": ("UPDATE seals SET seal=x'00' WHERE size=2048", "signature_bad", None),
    "table put in": ("CREATE TABLE notes(a)", "file_damaged", None),
    "index put in": ("CREATE INDEX i ON entries(hash)", "file_damaged", None),
    "trigger put in": ("CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END", "file_damaged", None),
    "version bent": ("PRAGMA user_version=2", "file_damaged", None),
    "vacuumed": ("VACUUM", "file_damaged", None),
}


def mutated(honest, tmp_path, script):
    from metricgate.ledger.merkle import leaf_hash  # the mutator's own tool, not the reader's

    shutil.copytree(honest, tmp_path, dirs_exist_ok=True)
    connection = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    connection.create_function(
        "sha256", 2, lambda _, leaf: leaf_hash(leaf if isinstance(leaf, bytes) else leaf.encode())
    )
    connection.executescript(script)
    connection.close()


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_mutation_is_found_and_placed(honest, tmp_path, name):
    """45 ways to change rows through SQLite itself: each has its class, its place and its exit code."""
    script, kind, index = MUTATIONS[name]
    mutated(honest, tmp_path, script)
    report = verify(tmp_path)
    assert kind in kinds(report)
    if index is not None:
        assert index in {finding.index for finding in report.findings if finding.kind == kind}
    assert report.exit_code >= 10


def test_exit_codes_tell_the_classes_apart():
    """Each class has its own exit code, none of the usual ones."""
    codes = [kind.exit_code for kind in FindingKind]
    assert len(set(codes)) == len(codes)
    assert min(codes) == 10
    assert max(codes) < 100


def test_a_forged_tail_is_found_by_an_earlier_checkpoint(honest, tmp_path):
    """An operator with the key cuts the log and signs anew: consistent in itself, but not with what was kept."""
    shutil.copytree(honest, tmp_path, dirs_exist_ok=True)
    (tmp_path / "ledger.db").unlink()
    ledger = opened(tmp_path)
    for _ in range(50):
        ledger.append_blocking("e", {})
    ledger.close()
    assert kinds(verify(tmp_path)) == set()
    report = verify(tmp_path, (honest / "earlier").read_text())
    assert kinds(report) == {"tail_missing"}
    assert report.exit_code == FindingKind.TAIL_MISSING.exit_code


def test_a_rewritten_history_is_found_by_an_earlier_checkpoint(honest, tmp_path):
    """Longer than before but not the same: the earlier checkpoint shows it."""
    shutil.copytree(honest, tmp_path, dirs_exist_ok=True)
    (tmp_path / "ledger.db").unlink()
    ledger = opened(tmp_path)

    async def fill():
        await asyncio.gather(*[ledger.append("e", {}) for _ in range(1300)])

    asyncio.run(fill())
    ledger.close()
    assert kinds(verify(tmp_path, (honest / "earlier").read_text())) == {"history_changed"}


def test_another_key_is_told(honest, tmp_path):
    """With a key that is not the log's nothing is confirmed; a checkpoint of another log is not accepted."""
    other = Signer("metricgate/test", bytes(32)).verifier
    assert "signature_bad" in kinds(verify_file(honest / "ledger.db", str(other)))
    with pytest.raises(NoteError):
        verify_file(honest / "ledger.db", str(other), (honest / "earlier").read_text())


def flips(data, count, seed, places=None):
    chance = random.Random(seed)  # noqa: S311 - places for a test
    for _ in range(count):
        at = chance.choice(places) if places else chance.randrange(len(data))
        yield at, data[at] ^ chance.randrange(1, 256)


def small(tmp_path, **options):
    ledger = opened(tmp_path, **options)
    for at in range(60):
        ledger.append_blocking("e", {"text": "x" * (9000 if at == 7 else at * 9)}, bodies={"b": "z" * at * 7, "a": at})
    ledger.erase({4: ["a"]}, by="s", basis="b")
    ledger.close()


@pytest.mark.parametrize("page_bytes", [1024, 4096, 65536])
def test_any_changed_byte_is_found(tmp_path, page_bytes):
    """The whole header and 600 random places, free space included: every changed byte is found."""
    small(tmp_path, page_bytes=page_bytes)
    assert verify(tmp_path).findings == ()
    data = bytearray((tmp_path / "ledger.db").read_bytes())
    places = [(at, data[at] ^ 1 << at % 8) for at in range(120)] + list(flips(data, 600, page_bytes))
    for at, value in places:
        bent = bytearray(data)
        bent[at] = value
        (tmp_path / "bent.db").write_bytes(bent)
        assert verify(tmp_path, file="bent.db").findings, f"byte {at} was changed to {value} unseen"


def test_any_changed_byte_of_a_deep_file_is_found(tmp_path):
    """Small pages, trees of several levels, inner pages split again and again: inner pages flipped too."""
    ledger = opened(tmp_path, page_bytes=1024)

    async def fill():
        await asyncio.gather(*[ledger.append("e", {"t": "x" * (at % 700)}, bodies={"b": at}) for at in range(6000)])

    asyncio.run(fill())
    assert verify(tmp_path).findings == ()  # beside the running writer
    ledger.close()
    assert verify(tmp_path).findings == ()
    data = bytearray((tmp_path / "ledger.db").read_bytes())
    inner = [
        at
        for page in range(1, len(data) // 1024)
        if data[page * 1024] == 5
        for at in range(page * 1024, page * 1024 + 1024)
    ]
    assert len(inner) > 5 * 1024
    for at, value in flips(data, 25, 1, inner):
        bent = bytearray(data)
        bent[at] = value
        (tmp_path / "bent.db").write_bytes(bent)
        assert verify(tmp_path, file="bent.db").findings, f"byte {at} was changed to {value} unseen"


def test_cut_and_lengthened_files_are_found(tmp_path):
    """Any other length than the honest one is found."""
    small(tmp_path)
    data = (tmp_path / "ledger.db").read_bytes()
    for bent in (b"", data[:50], data[:5000], data[:-1], data[:-4096], data + b"\0", data + bytes(4096), data * 2):
        (tmp_path / "bent.db").write_bytes(bent)
        assert verify(tmp_path, file="bent.db").findings


def test_a_crashed_ledger_is_read_with_its_write_ahead_file(tmp_path):
    """After kill -9: damage within the write-ahead file is told from an unfinished end, and nothing is modified."""
    killed(tmp_path)
    ahead = (tmp_path / "ledger.db-wal").read_bytes()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if not file.name.endswith("-shm")}
    assert kinds(verify(tmp_path)) == {"intent_open"}
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if not file.name.endswith("-shm")} == before
    chance = random.Random(5)  # noqa: S311 - places for a test
    for at in [*range(32), *(chance.randrange(32, len(ahead)) for _ in range(60))]:
        bent = bytearray(ahead)
        bent[at] ^= 1 << chance.randrange(8)
        (tmp_path / "ledger.db-wal").write_bytes(bent)
        assert kinds(verify(tmp_path)) & {"write_ahead_damaged", "write_torn"}, f"byte {at} was changed unseen"
    half = bytearray(ahead)
    half[32 + 24 + 100] ^= 1
    (tmp_path / "ledger.db-wal").write_bytes(half)
    assert "write_ahead_damaged" in kinds(verify(tmp_path))
    (tmp_path / "ledger.db-wal").write_bytes(ahead[:-100])
    assert "write_torn" in kinds(verify(tmp_path))
