"""Every way to tamper with a ledger's file that has a name: each is found, and placed where it has a place.

The ledger is small, with a seal each eight entries, so that all of it can be tried: entries at the beginning, beside
the seals and at the end; with bodies, one of them erased.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator

import orjson
import pytest
from tests.adapters.state.sqlite.ledgers import opened, verify

from metricgate.adapters.state.sqlite import ledger_audit, ledger_file, ledger_tree
from metricgate.ledger.merkle import leaf_hash
from metricgate.ledger.note import Checkpoint, Signer

BLOCK, COUNT = 8, 30
POSITIONS = {"first": 0, "early": 3, "before a seal": 7, "after a seal": 8, "late": 20, "last": COUNT - 1}
SEALS = (8, 16, 24)
Mutation = Callable[[sqlite3.Connection], object]


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest")
    with pytest.MonkeyPatch.context() as patch:
        for module in (ledger_file, ledger_tree, ledger_audit):
            patch.setattr(module, "BLOCK", BLOCK)
        ledger = opened(folder)
        for number in range(COUNT - 2):
            bodies = {"gov.user.id": f"user-{number}", "gov.arguments": {"n": number}}
            ledger.append_blocking("e", {"text": f"entry {number}", "n": number}, bodies=bodies)
        ledger.erase({5: ["gov.user.id"]}, by="steward", basis="GDPR Art. 17")
        ledger.close()
    return folder


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    for module in (ledger_file, ledger_tree, ledger_audit):
        monkeypatch.setattr(module, "BLOCK", BLOCK)


def run(sql: str, *values: object) -> Mutation:
    return lambda connection: connection.execute(sql, values)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def changed(table: str, key: str, row: int, column: str, change: Callable[[bytes], object]) -> Mutation:
    def mutate(connection: sqlite3.Connection) -> None:
        value = connection.execute(f"SELECT {column} FROM {table} WHERE {key}=?", (row,)).fetchone()[0]
        connection.execute(f"UPDATE {table} SET {column}=? WHERE {key}=?", (change(value), row))

    return mutate


def rewritten(row: int, change: Callable[[dict], object]) -> Mutation:
    """A leaf whose meaning is another, with its hash."""

    def mutate(connection: sqlite3.Connection) -> None:
        record = orjson.loads(connection.execute("SELECT leaf FROM entries WHERE idx=?", (row,)).fetchone()[0])
        change(record)
        leaf = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
        connection.execute("UPDATE entries SET leaf=?, hash=? WHERE idx=?", (leaf, leaf_hash(leaf), row))

    return mutate


def swapped(table: str, key: str, columns: str, one: int, other: int) -> Mutation:
    def mutate(connection: sqlite3.Connection) -> None:
        first, second = (
            connection.execute(f"SELECT {columns} FROM {table} WHERE {key}=?", (row,)).fetchone()
            for row in (one, other)
        )
        into = ", ".join(f"{name.strip()}=?" for name in columns.split(","))
        connection.execute(f"UPDATE {table} SET {into} WHERE {key}=?", (*second, one))
        connection.execute(f"UPDATE {table} SET {into} WHERE {key}=?", (*first, other))

    return mutate


def of_entries() -> Iterator[tuple[str, Mutation]]:
    for where, row in POSITIONS.items():
        other = row + 1 if row + 1 < COUNT else row - 1
        for what, column, change in (
            ("a bit at its begin", "leaf", lambda leaf: flipped(leaf, 3)),
            ("a bit in its middle", "leaf", lambda leaf: flipped(leaf, len(leaf) // 2)),
            ("a bit at its end", "leaf", lambda leaf: flipped(leaf, len(leaf) - 1)),
            ("a blank behind", "leaf", lambda leaf: leaf + b" "),
            ("a blank before", "leaf", lambda leaf: b" " + leaf),
            ("cut", "leaf", lambda leaf: leaf[:-5]),
            ("empty", "leaf", lambda _leaf: b""),
            ("text", "leaf", lambda leaf: leaf.decode()),
            ("a number", "leaf", lambda _leaf: 7),
            ("a zero byte behind", "leaf", lambda leaf: leaf + b"\0"),
            ("a bit of its hash", "hash", lambda found: flipped(found, 31)),
            ("zeros for its hash", "hash", lambda _found: bytes(32)),
            ("a hash cut", "hash", lambda found: found[:31]),
            ("a hash lengthened", "hash", lambda found: found + b"\0"),
            ("a hash as text", "hash", lambda found: found.hex()),
            ("the hash without its prefix", "hash", lambda found: hashlib.sha256(found).digest()),
        ):
            yield f"{where} entry: {what}", changed("entries", "idx", row, column, change)
        yield f"{where} entry: gone", run("DELETE FROM entries WHERE idx=?", row)
        yield f"{where} entry: moved", run("UPDATE entries SET idx=idx+100 WHERE idx=?", row)
        yield f"{where} entry: moved below zero", run("UPDATE entries SET idx=-9 WHERE idx=?", row)
        yield (
            f"{where} entry: again behind",
            run("INSERT INTO entries SELECT ?, leaf, hash FROM entries WHERE idx=?", COUNT, row),
        )
        yield (
            f"{where} entry: another's",
            run("UPDATE entries SET (leaf, hash)=(SELECT leaf, hash FROM entries WHERE idx=?) WHERE idx=?", other, row),
        )
        yield f"{where} entry: changed places", swapped("entries", "idx", "leaf, hash", row, other)
        yield f"{where} entry: leaves changed places", swapped("entries", "idx", "leaf", row, other)
        yield f"{where} entry: hashes changed places", swapped("entries", "idx", "hash", row, other)
        for what, change in (
            ("another event", lambda record: record.update(event_name="f")),
            ("another field", lambda record: record["fields"].update(more=1)),
            ("a field gone", lambda record: record["fields"].pop("gov.actor.kind")),
            ("another id", lambda record: record.update(id="1" * 26)),
            ("another number", lambda record: record.update(index=record["index"] + 1)),
            ("another form", lambda record: record.update(schema="metricgate.record/1")),
            ("another time", lambda record: record.update(time_unix_nano="1")),
            ("commitments gone", lambda record: record.update(commitments={})),
            ("a commitment more", lambda record: record.setdefault("commitments", {}).update(more="00" * 32)),
            ("no fields", lambda record: record.pop("fields")),
            ("a list of fields", lambda record: record.update(fields=[])),
        ):
            yield f"{where} entry, hashed anew: {what}", rewritten(row, change)


def of_bodies() -> Iterator[tuple[str, Mutation]]:
    for where, row in {"first": 1 << 8, "second": 1 << 8 | 1, "sealed": 7 << 8, "late": 25 << 8 | 1}.items():
        for what, column, change in (
            ("a bit of its value", "value", lambda value: flipped(value, 0)),
            ("another value", "value", lambda _value: b'"eve"'),
            ("no value", "value", lambda _value: b""),
            ("a longer value", "value", lambda value: value + b" "),
            ("a value as text", "value", lambda value: value.decode()),
            ("zeros for its value", "value", lambda value: bytes(len(value))),
            ("a bit of its salt", "salt", lambda salt: flipped(salt, 15)),
            ("zeros for its salt", "salt", lambda salt: bytes(len(salt))),
            ("a salt cut", "salt", lambda salt: salt[:15]),
            ("a salt that took a byte of the name", "salt", lambda salt: salt + b"g"),
            ("another name", "name", lambda name: name + "x"),
            ("a name in capitals", "name", lambda name: name.upper()),
            ("no name", "name", lambda _name: ""),
        ):
            yield f"{where} body: {what}", changed("bodies", "id", row, column, change)
        yield f"{where} body: gone", run("DELETE FROM bodies WHERE id=?", row)
        yield f"{where} body: another entry's", run("UPDATE bodies SET id=id+512+100 WHERE id=?", row)
        yield f"{where} body: of an entry that is not", run("UPDATE bodies SET id=id+(1000<<8) WHERE id=?", row)
        yield (
            f"{where} body: again",
            run("INSERT INTO bodies SELECT id+7, name, salt, value FROM bodies WHERE id=?", row),
        )
        yield (
            f"{where} body: erased without a record of it",
            run("UPDATE bodies SET salt=zeroblob(length(salt)), value=zeroblob(length(value)) WHERE id=?", row),
        )
        yield f"{where} body: changed places", swapped("bodies", "id", "name, salt, value", row, row ^ 512)
        yield f"{where} body: values changed places", swapped("bodies", "id", "value", row, row ^ 512)
    erased = 5 << 8 | 1
    yield "erased body: a value again", run("UPDATE bodies SET value=? WHERE id=?", b'"user-4"', erased)
    yield "erased body: a salt again", run("UPDATE bodies SET salt=? WHERE id=?", bytes(range(16)), erased)
    yield "erased body: gone", run("DELETE FROM bodies WHERE id=?", erased)
    yield "erased body: another name", run("UPDATE bodies SET name='gov.other' WHERE id=?", erased)
    yield "all bodies gone", run("DELETE FROM bodies")


def of_seals() -> Iterator[tuple[str, Mutation]]:
    for size in SEALS:
        for what, change in (
            ("a bit of its block", lambda seal: flipped(seal, 0)),
            ("a bit of its root", lambda seal: flipped(seal, 40)),
            ("a bit of its signature", lambda seal: flipped(seal, 100)),
            ("zeros for its block", lambda seal: bytes(32) + seal[32:]),
            ("root and block changed places", lambda seal: seal[32:64] + seal[:32] + seal[64:]),
            ("cut", lambda seal: seal[:-1]),
            ("lengthened", lambda seal: seal + b"\0"),
            ("empty", lambda _seal: b""),
            ("text", lambda seal: seal.hex()),
        ):
            if (size, what) != (SEALS[0], "root and block changed places"):  # they are the same there
                yield f"seal {size}: {what}", changed("seals", "size", size, "seal", change)
        yield f"seal {size}: gone", run("DELETE FROM seals WHERE size=?", size)
        yield f"seal {size}: moved", run("UPDATE seals SET size=size+1 WHERE size=?", size)
        yield f"seal {size}: again beyond", run("INSERT INTO seals SELECT 800+size, seal FROM seals WHERE size=?", size)
        yield (
            f"seal {size}: another's",
            run(
                "UPDATE seals SET seal=(SELECT seal FROM seals WHERE size=?) WHERE size=?", 8 if size > 8 else 16, size
            ),
        )
    yield "all seals gone", run("DELETE FROM seals")


def of_head() -> Iterator[tuple[str, Mutation]]:
    def put(change: Callable[[bytes], object]) -> Mutation:
        return changed("head", "id", 0, "seal", change)

    yield "head: one entry more", put(lambda seal: (COUNT + 1).to_bytes(8, "big") + seal[8:])
    yield "head: one entry fewer", put(lambda seal: (COUNT - 1).to_bytes(8, "big") + seal[8:])
    yield "head: none", put(lambda seal: bytes(8) + seal[8:])
    yield "head: a bit of its root", put(lambda seal: flipped(seal, 8))
    yield "head: a bit of its signature", put(lambda seal: flipped(seal, 103))
    yield "head: cut", put(lambda seal: seal[:-1])
    yield "head: lengthened", put(lambda seal: seal + b"\0")
    yield "head: text", put(lambda seal: seal.hex())
    yield "head: gone", run("DELETE FROM head")
    yield "head: a second one", run("INSERT INTO head SELECT 1, seal FROM head")
    yield "head: moved", run("UPDATE head SET id=3")
    yield (
        "head: a seal's",
        run("UPDATE head SET seal=(SELECT x'0000000000000018' || substr(seal, 33) FROM seals WHERE size=24)"),
    )

    def forged(connection: sqlite3.Connection) -> None:
        signer = Signer("metricgate/test", bytes(32))
        root = connection.execute("SELECT seal FROM head").fetchone()[0][8:40]
        checkpoint = Checkpoint(origin="metricgate/test", size=COUNT, root=root)
        seal = ledger_file.pack_head(checkpoint, signer.sign(checkpoint))
        connection.execute("UPDATE head SET seal=?", (seal,))

    yield "head: signed by another key", forged
    yield "tail gone, head and all", run("DELETE FROM entries WHERE idx>=24")


def of_schema() -> Iterator[tuple[str, Mutation]]:
    for what, sql in (
        ("a table", "CREATE TABLE more(x)"),
        ("an index", "CREATE INDEX more ON entries(hash)"),
        ("a view", "CREATE VIEW more AS SELECT * FROM entries"),
        ("a trigger", "CREATE TRIGGER more AFTER INSERT ON entries BEGIN DELETE FROM bodies; END"),
        ("a column", "ALTER TABLE entries ADD COLUMN more"),
        ("a table's new name", "ALTER TABLE seals RENAME TO sealed"),
        ("a column's new name", "ALTER TABLE bodies RENAME COLUMN salt TO pepper"),
        ("no bodies", "DROP TABLE bodies"),
        ("no seals", "DROP TABLE seals"),
        ("statistics", "ANALYZE"),
        ("another version", "PRAGMA user_version=2"),
        ("another application", "PRAGMA application_id=1"),
        ("room reserved", "CREATE TABLE more(x); INSERT INTO more VALUES (zeroblob(9000)); DROP TABLE more"),
    ):
        yield f"schema: {what}", lambda connection, sql=sql: connection.executescript(sql)


MUTATIONS = {
    name: mutate for part in (of_entries(), of_bodies(), of_seals(), of_head(), of_schema()) for name, mutate in part
}
FIELDS_OF_HEADER = {
    "magic": 0, "page size": 16, "write version": 18, "read version": 19, "reserved": 20, "fractions": 21,
    "page count": 31, "first free page": 35, "free pages": 39, "schema cookie": 43, "schema format": 47,
    "cache size": 51, "auto-vacuum": 55, "encoding": 59, "user version": 63, "vacuum mode": 67, "application": 71,
    "room to grow": 80, "writer's version": 99,
}  # fmt: skip


def test_there_are_as_many_as_were_aimed_at() -> None:
    assert len(MUTATIONS) + len(FIELDS_OF_HEADER) + len(WHOLE) >= 300


def test_the_honest_one_is_not_accused(honest) -> None:
    report = verify(honest)
    assert (report.findings, report.size, report.erased) == ((), COUNT, 1)


def _copied(honest, folder):
    for name in ("ledger.db", "ledger.vkey"):
        shutil.copyfile(honest / name, folder / name)
    return folder


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_done_to_its_rows_is_found(honest, tmp_path, name) -> None:
    folder = _copied(honest, tmp_path)
    before = (folder / "ledger.db").read_bytes()
    connection = sqlite3.connect(folder / "ledger.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    MUTATIONS[name](connection)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert (folder / "ledger.db").read_bytes() != before, "nothing was done"
    report = verify(folder)
    assert report.findings, name
    assert report.exit_code >= 10
    where = name.partition(" entry")[0]
    if where in POSITIONS and ", hashed anew" not in name:
        # It is said where, or from which seal on.
        row = POSITIONS[where]
        assert any((finding.index is not None and finding.index <= max(row + 1, 0)) or finding.index == COUNT
                   for finding in report.findings), report.findings  # fmt: skip


@pytest.mark.parametrize("name", FIELDS_OF_HEADER)
def test_what_is_done_to_its_header_is_found(honest, tmp_path, name) -> None:
    folder = _copied(honest, tmp_path)
    data = (folder / "ledger.db").read_bytes()
    (folder / "ledger.db").write_bytes(flipped(data, FIELDS_OF_HEADER[name]))
    assert verify(folder).findings


WHOLE = {
    "nothing left": lambda _data: b"",
    "its header alone": lambda data: data[:100],
    "one page": lambda data: data[:4096],
    "half": lambda data: data[: len(data) // 2],
    "a byte fewer": lambda data: data[:-1],
    "a page fewer": lambda data: data[:-4096],
    "a byte more": lambda data: data + b"\0",
    "a page more": lambda data: data + bytes(4096),
    "a page again": lambda data: data + data[-4096:],
    "a page of zeros": lambda data: data[:4096] + bytes(4096) + data[8192:],
    "pages changed places": lambda data: data[:4096] + data[8192:12288] + data[4096:8192] + data[12288:],
    "another file before it": lambda data: b"x" + data,
    "a text": lambda _data: b"a ledger" * 50,
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_done_to_the_file_is_found(honest, tmp_path, name) -> None:
    folder = _copied(honest, tmp_path)
    data = (folder / "ledger.db").read_bytes()
    (folder / "ledger.db").write_bytes(WHOLE[name](data))
    assert verify(folder).findings
