"""The rows: a fault, what must hold in spite of it, on which engine, and the tests that bring it about and look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CRASHES: Final = "tests/adapters/warehouses/duckdb/test_changes_crash.py"
SERVERS: Final = "tests/contracts/test_writable_servers.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault.

    Attributes:
        fault: what is done.
        holds: what must be true afterwards.
        engine: ``duckdb``, ``postgres`` or ``mariadb``; ``-`` where no engine has a part in it.
        tests: ids below the project's folder.
        only: of a test over several engines, the cases whose id has this word.
    """

    fault: str
    holds: str
    engine: str
    tests: tuple[str, ...]
    only: str = ""


def _on_servers(fault: str, holds: str, *tests: str) -> tuple[Row, ...]:
    return tuple(
        Row(fault=fault, holds=holds, engine=engine, tests=tests, only=engine) for engine in ("postgres", "mariadb")
    )


ROWS: Final = (
    Row(
        fault="kill -9 between intent and outcome",
        holds="the intent is found at the next start and marked",
        engine="-",
        tests=(
            "tests/faults/test_processes.py::test_kill_between_intent_and_outcome_is_found_and_marked",
            "tests/adapters/state/sqlite/test_sqlite_ledger.py::test_killed_between_intent_and_outcome",
        ),
    ),
    Row(
        fault="kill -9 of the gateway before and after each step of a change",
        holds="it was carried out whole or not at all, and the record says which",
        engine="duckdb",
        tests=("tests/gateway/changes/test_crashes.py",),
    ),
    *_on_servers(
        "kill -9 of the gateway before and after each step of a change",
        "it was carried out whole or not at all, and the record says which",
        "conformance/faults/kills.py",
    ),
    Row(
        fault="kill -9 after an action, an image or a step is kept",
        holds="what was kept is there, whole",
        engine="-",
        tests=(
            "tests/adapters/state/sqlite/test_sqlite_actions.py::test_what_was_kept_survives_kill_9",
            "tests/adapters/state/sqlite/test_sqlite_journal.py::test_what_was_prepared_survives_kill_9",
        ),
    ),
    Row(
        fault="kill -9 of the worker while images are written",
        holds="nothing was changed",
        engine="duckdb",
        tests=(f"{CRASHES}::test_a_worker_that_dies_while_the_journal_is_written_changed_nothing",),
    ),
    Row(
        fault="kill -9 of the worker before it may go on",
        holds="nothing was changed",
        engine="duckdb",
        tests=(f"{CRASHES}::test_a_worker_that_dies_before_it_hears_go_changed_nothing",),
    ),
    Row(
        fault="kill -9 of the worker in its commit",
        holds="all of the change is there, or nothing; which of the two is known",
        engine="duckdb",
        tests=(f"{CRASHES}::test_a_worker_that_dies_in_its_commit_did_all_of_it_or_nothing",),
    ),
    *_on_servers(
        "the connection is killed before and in the commit",
        "before: nothing was changed; in it: the outcome is asked of the marker",
        f"{SERVERS}::test_a_connection_killed_before_commit_changes_nothing_and_in_commit_is_unknown",
    ),
    Row(
        fault="the images cannot be written between intent and effect",
        holds="the change is not made",
        engine="duckdb",
        tests=(f"{CRASHES}::test_a_journal_that_fails_keeps_the_change_from_being_made",),
    ),
    *_on_servers(
        "the images cannot be written between intent and effect",
        "the change is not made",
        f"{SERVERS}::test_prepare_that_raises_and_locks_of_others_change_nothing",
    ),
    Row(
        fault="disk full under the ledger",
        holds="calls are refused, nothing runs unrecorded; space brings them back",
        engine="-",
        tests=(
            "tests/faults/test_ledger_cannot_write.py::test_a_full_disk_refuses_calls_and_space_brings_them_back",
            "tests/adapters/state/sqlite/test_sqlite_ledger.py::test_a_full_disk_refuses_and_recovers",
        ),
    ),
    Row(
        fault="read-only state",
        holds="the gateway does not start, and says why",
        engine="-",
        tests=("tests/faults/test_ledger_cannot_write.py::test_a_read_only_ledger_keeps_the_gateway_from_starting",),
    ),
    Row(
        fault="the clock jumps back",
        holds="entries keep their order; sessions, holds and budgets do not come back to life",
        engine="-",
        tests=("tests/faults/test_clock_goes_back.py",),
    ),
    Row(
        fault="the ledger is gone, cut or another",
        holds="it is not begun anew, nor gone on with",
        engine="-",
        tests=(
            "tests/gateway/test_running.py::test_a_ledger_that_is_gone_is_not_begun_anew",
            "tests/faults/test_damaged_files.py",
        ),
    ),
    Row(
        fault="an older copy of the ledger, or of the whole state, in its place; files of changes taken away",
        holds="nothing starts on it, and it is said what is missing and how to go on",
        engine="-",
        tests=("tests/attacks/test_older_copies.py",),
    ),
    Row(
        fault="what is kept of changes is altered, or its key is gone or another",
        holds="nothing is done on what does not open, and it is named",
        engine="-",
        tests=("tests/gateway/changes/test_damage.py",),
    ),
    Row(
        fault="the write-ahead log is damaged, or left by a crash",
        holds="what was acknowledged is read; a changed byte is found",
        engine="-",
        tests=(
            "tests/adapters/state/sqlite/test_ledger_audit.py::test_a_crashed_ledger_is_read_with_its_write_ahead_file",
            "tests/adapters/state/sqlite/test_ledger_audit.py::test_cut_and_lengthened_files_are_found",
        ),
    ),
    Row(
        fault="the warehouse's file is replaced, removed, written over",
        holds="the next answer is of the file that is there, or a clear failure; none is of two",
        engine="duckdb",
        tests=("tests/faults/test_file_replaced.py",),
    ),
    *_on_servers(
        "the server drops a connection, idle or in a statement",
        "idle: nobody notices; in a statement: it is told, and the next one works",
        "tests/adapters/warehouses/test_servers.py::test_a_connection_lost_while_idle_is_replaced_without_a_word",
        "tests/adapters/warehouses/test_servers.py::test_a_connection_lost_in_a_statement_is_told_and_the_next_one_works",
    ),
    *_on_servers(
        "the server hangs, or drops every session at once",
        "nobody waits longer than the limit; others are answered",
        "tests/adapters/warehouses/test_servers_that_hang.py",
    ),
    Row(
        fault="the server is away, and comes back",
        holds="it is told as away, nothing of a change is lost, and no restart is needed",
        engine="postgres",
        tests=("tests/gateway/warehouses/test_away_and_writable.py",),
    ),
)
