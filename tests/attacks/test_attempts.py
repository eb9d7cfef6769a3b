"""Every attempt is stopped by the layer that it was written for, or runs confined; and answers tell nothing hidden."""

from __future__ import annotations

import pytest
from tests.attacks.attempts import Attempt, attempts
from tests.attacks.confined import SENTINEL, stopped_by, tables, through

from metricgate.guarding import GuardedQuery

ATTEMPTS = attempts()


def test_there_are_many_attempts() -> None:
    """The list is read: no test below holds for nothing."""
    assert len({attempt.sql for attempt in ATTEMPTS}) >= 300


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_the_expected_layer_stops_it(attempt: Attempt) -> None:
    """The first refusal comes from the layer that the list names."""
    answer = through(attempt.sql, attempt.dialect)
    assert stopped_by(attempt.sql, attempt.dialect, answer) is attempt.stopped_by, answer
    if isinstance(answer, GuardedQuery):
        physical = {table.source for table in tables(attempt.dialect)}
        assert answer.tables <= physical
    else:
        told = str(answer)
        for hidden in ("ssn", "secrets"):
            assert hidden in attempt.sql.lower() or hidden not in told.lower()
        assert SENTINEL not in told
