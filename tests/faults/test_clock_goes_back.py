"""A clock that is set back does not break the ledger."""

from __future__ import annotations

from pathlib import Path

from tests.faults.served import entries_of

from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.adapters.state.sqlite.ledger_keys import load_signer
from metricgate.adapters.state.sqlite.sqlite_ledger import SqliteLedger


class Backwards:
    """A clock on which every moment is an hour before the last, down to before 1970."""

    def __init__(self) -> None:
        self._now = 4 * 3600 * 10**9

    def unix_nano(self) -> int:
        """One hour less each time."""
        self._now -= 3600 * 10**9
        return self._now

    def monotonic(self) -> float:
        """Not asked."""
        return 0.0


def test_entries_stay_in_order_of_writing(tmp_path: Path) -> None:
    """Indexes, proofs and verification do not depend on the clock; each entry says the time that it was told."""
    ledger = tmp_path / "ledger.db"
    signer = load_signer(tmp_path / "ledger.key", tmp_path / "ledger.vkey", name="test/clock")
    for _ in range(2):
        opened = SqliteLedger(ledger, signer=signer, clock=Backwards())
        done = [opened.append_blocking("gov.call.completed", {"number": number}) for number in range(6)]
        assert [each.index for each in done] == list(range(done[0].index, done[0].index + 6))
        opened.close()
    times = [each.time_unix_nano for each in entries_of(ledger)]
    assert times[:7] == sorted(times[:7], reverse=True)
    assert not verify_file(ledger, (tmp_path / "ledger.vkey").read_text()).findings
