"""Files that are missing, damaged or changed behind the gateway's back."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from pathlib import Path

import duckdb
import pytest
from tests.faults.served import Served, entries_of, make_key, run, served
from tests.gateway.conftest import ask, asked, opened

from metricgate.gateway.outcome import Answered, Fault
from metricgate.operations.start_refusal import StartRefused

ORDERS = {"metrics": ["sales.orders"]}


@pytest.mark.parametrize("seed", range(3))
def test_a_ledger_changed_while_stopped_is_found(project: Path, seed: int) -> None:
    """Any byte: `audit verify` names a finding, or `serve` refuses; whichever starts, tells."""
    for _ in range(3):
        assert isinstance(asked(project, "omni", "query_metrics", ORDERS), Answered)
    ledger = project / ".metricgate" / "ledger.db"
    whole = bytearray(ledger.read_bytes())
    dice = random.Random(seed)  # noqa: S311 - a repeatable choice of places
    place = dice.choice([at for at in range(len(whole)) if not 24 <= at < 28 and not 92 <= at < 96])
    whole[place] ^= 1 << dice.randrange(8)
    ledger.write_bytes(whole)
    found = run(project, "audit", "verify")
    assert found.returncode != 0, place
    assert "Traceback" not in found.stderr
    assert found.stdout.strip() or found.stderr.strip()
    assert "Traceback" not in run(project, "audit", "list").stderr, place


@pytest.mark.parametrize("content", [b"", b"no ledger here" * 500])
def test_what_is_no_ledger_is_said(project: Path, content: bytes) -> None:
    """Every command that reads the record, and `serve`, refuse in words."""
    ledger = project / ".metricgate" / "ledger.db"
    assert isinstance(asked(project, "omni", "query_metrics", ORDERS), Answered)
    ledger.write_bytes(content)
    for words in (
        ("audit", "verify"),
        ("audit", "list"),
        ("audit", "show", "1"),
        ("audit", "export", str(project / "out.parquet")),
        ("serve", "--port", "0"),
    ):
        if words[0] == "serve" and not content:
            continue  # an empty file is a new ledger
        done = run(project, *words)
        assert done.returncode != 0, words
        assert "Traceback" not in done.stderr + done.stdout, (words, done.stderr)


def test_a_gateway_does_not_continue_a_log_that_was_cut(project: Path) -> None:
    """The newest entry is removed: opening refuses with the command that says more."""
    assert isinstance(asked(project, "omni", "query_metrics", ORDERS), Answered)
    ledger = project / ".metricgate" / "ledger.db"
    with sqlite3.connect(ledger) as connection:
        connection.execute("DELETE FROM entries WHERE idx = (SELECT max(idx) FROM entries)")
    with pytest.raises(StartRefused, match="--accept-loss"):
        asked(project, "omni", "query_metrics", ORDERS)
    done = run(project, "serve", "--port", "0")
    assert done.returncode == 1
    assert "--accept-loss" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 1000])
def test_a_missing_or_corrupt_warehouse_is_said_and_never_made(project: Path, content: bytes | None) -> None:
    """`serve` and `validate` name the file; no empty database appears in its place."""
    file = project / "data.duckdb"
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    served_ = run(project, "serve", "--port", "0")
    assert served_.returncode == 1
    assert "data.duckdb" in served_.stderr
    assert "Traceback" not in served_.stderr
    validated = run(project, "validate")
    assert validated.returncode != 0
    assert "E_WAREHOUSE_CLOSED" in validated.stdout + validated.stderr
    assert "Traceback" not in validated.stdout + validated.stderr
    assert file.exists() == (content is not None)
    assert content is None or file.read_bytes() == content


def test_a_renamed_table_is_named_by_validate_and_its_query_fails_in_plain_words(project: Path) -> None:
    """The answer holds none of the engine's words; the record does."""
    with duckdb.connect(str(project / "data.duckdb")) as connection:
        connection.execute("ALTER TABLE orders RENAME TO orders_of_old")
    validated = run(project, "validate")
    assert validated.returncode != 0
    assert "orders" in validated.stdout + validated.stderr
    outcome = asked(project, "omni", "query_metrics", ORDERS)
    assert isinstance(outcome, Fault)
    assert outcome.problem.code.name == "E_WAREHOUSE_FAILED"
    shown = str(outcome.problem.as_json())
    assert "Catalog Error" not in shown
    assert "orders_of_old" not in shown
    [failed] = entries_of(project / ".metricgate" / "ledger.db", "gov.call.failed")
    assert "Catalog Error" in failed.bodies["gov.error.text"]
    assert failed.fields["gov.links"][0]["rel"] == "intent"


def test_a_dropped_column_is_named_by_validate(project: Path) -> None:
    """Model, column and table are said."""
    with duckdb.connect(str(project / "data.duckdb")) as connection:
        connection.execute("ALTER TABLE orders DROP COLUMN amount")
    validated = run(project, "validate")
    assert validated.returncode != 0
    assert "amount" in validated.stdout + validated.stderr


def test_keys_that_cannot_be_read_let_nobody_in_and_stop_nothing(gate: Served) -> None:
    """While the table is gone or the file is locked callers get 401 or 503; afterwards the same key works again."""
    file = gate.folder / ".metricgate" / "keys.db"
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("ALTER TABLE keys RENAME TO hidden")
        reply = gate.ask()
        assert reply.status_code == 503
        assert "no such table" not in reply.text
        assert gate.alive()
        other.execute("ALTER TABLE hidden RENAME TO keys")
        assert gate.ask().status_code == 200
        other.execute("BEGIN EXCLUSIVE")
        assert gate.ask().status_code in {200, 503}  # write-ahead files let readers pass
        other.execute("ROLLBACK")
    assert gate.ask().status_code == 200


def test_a_corrupt_key_file_is_said(folder: Path) -> None:
    """`serve` and `keys list` refuse in words; the file is left as it is."""
    file = folder / ".metricgate" / "keys.db"
    make_key(folder, "omni")
    for path in file.parent.glob("keys.db*"):
        path.unlink()
    file.write_bytes(b"no keys here" * 500)
    for words in (("serve", "--port", "0"), ("keys", "list"), ("keys", "create", "omni")):
        done = run(folder, *words)
        assert done.returncode != 0, words
        assert "Traceback" not in done.stderr + done.stdout, words
        assert "keys.db" in done.stderr + done.stdout, words
    assert file.read_bytes() == b"no keys here" * 500


def test_a_warehouse_that_is_gone_while_serving_does_not_end_the_gateway(gate: Served) -> None:
    """The question is told that the warehouse is away; no answer comes from a file that was deleted."""
    assert gate.ask().json()["answer"]["rows"] == [[4]]
    file = gate.folder / "data.duckdb"
    file.unlink()
    assert gate.ask("sales.revenue").status_code == 503
    assert gate.alive()


def test_nothing_is_left_open_after_a_refused_start(project: Path) -> None:
    """A start that fails late releases the ledger, so that the next one succeeds."""
    (project / "semantic_models" / "more.yaml").write_bytes(b"\xff")
    with pytest.raises(StartRefused):
        asked(project, "omni", "query_metrics", ORDERS)
    (project / "semantic_models" / "more.yaml").unlink()

    async def again() -> None:
        async with opened(project) as parts:
            assert isinstance(await ask(parts, "omni", "query_metrics", ORDERS), Answered)

    asyncio.run(again())


def test_two_gateways_after_each_other_share_the_record(folder: Path) -> None:
    """Entries of the first are the beginning of the second's."""
    with served(folder) as first:
        first.ask()
        first.stop()
        before = first.entries()
    with served(folder, keys=first.keys) as second:
        second.ask()
        second.stop()
        assert second.entries()[: len(before)] == before
        second.verified()
