"""Texts for warehouses not connected to: a sample of the sweep has no fault, and faults are found where they are."""

from __future__ import annotations

import pytest
from conformance.dialects.__main__ import sweep
from conformance.dialects.constructs import WRITERS, faults


def test_a_sample_of_the_sweep_has_no_fault():
    """Each dialect is asked the same forms; what it cannot say is told, what it says is known to exist there."""
    found = sweep(step=41)
    assert set(found) == set(WRITERS)
    assert {name: dict(swept.faulty) for name, swept in found.items() if swept.faulty} == {}
    assert all(swept.written > 50 for swept in found.values())


@pytest.mark.parametrize(
    ("name", "sql", "fault"),
    [
        ("snowflake", "SELECT (", "does not parse"),
        ("trino", "SELECT 1; SELECT 2", "is not one query"),
        ("bigquery", "SELECT STRFTIME(a) FROM t", "has no function strftime"),
        ("mysql8", "SELECT COUNT(a) FILTER(WHERE b) FROM t", "an aggregate under FILTER"),
        ("bigquery", "SELECT a - INTERVAL '1' DAY FROM t", "an interval of text"),
        ("databricks", "SELECT PERCENTILE_APPROX(a, 0.5) FROM t", "an exact percentile made approximate"),
        ("redshift", "SELECT a IS NOT DISTINCT FROM b FROM t", "IS DISTINCT FROM"),
        ("redshift", "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a NULLS LAST) FROM t", "a place for NULLs"),
    ],
)
def test_what_an_engine_does_not_have_is_told(name, sql, fault):
    """The checks bite."""
    assert any(each.startswith(fault) for each in faults(name, sql))


def test_words_in_quotes_are_no_functions():
    """A value or a name that looks like a call is neither."""
    assert faults("trino", "SELECT 'STRFTIME(a)' AS \"ILIKE(\" FROM t") == []
