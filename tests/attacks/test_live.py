"""Every attempt is asked at a real gateway on each live engine; the sentinel shows nowhere that anyone looks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conformance.sql_safety.probes import Suite
from conformance.sql_safety.probing import ENGINES, probe
from tests.attacks.attempts import attempts
from tests.attacks.confined import SENTINEL, WORLD

SUITE = Suite(
    probes=(),
    ddl=WORLD,
    policy={
        "orders": {"columns": ["id", "customer_id", "amount", "region"], "filter": "region = 'EU'"},
        "customers": {
            "columns": ["id", "name", "email", "region"],
            "filter": "region = 'EU'",
            "mask": {"email": "'***'"},
        },
    },
    sentinel=SENTINEL,
)
_DIALECTS = {"mariadb": "mysql"}


@pytest.mark.parametrize("engine", ENGINES)
def test_no_attempt_shows_the_sentinel(engine: str) -> None:
    """Not in answers, errors, receipts, logs, spans or metrics; the visible rows still come, and stay as they were."""
    visible = "SELECT name, email FROM customers"
    texts = [each.sql for each in attempts() if each.dialect == _DIALECTS.get(engine, engine)]
    report = probe(SUITE, engine, [*texts, visible])
    assert len(report.probed) > 100
    assert report.probed[-1].how == "answered"
    assert not report.leaking, [each.sql for each in report.leaking]
    assert not report.beside


@pytest.mark.parametrize("engine", ENGINES)
def test_the_search_finds_what_is_shown(engine: str) -> None:
    """A name that the policy shows is found in the answer: the test above does not look past it."""
    report = probe(replace(SUITE, sentinel="Annamaria"), engine, ["SELECT name FROM customers"])
    [probed] = report.leaking
    assert "answer" in probed.leaks
