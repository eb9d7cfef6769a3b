"""The retail example runs, and its questions over several facts agree with SQL written by hand."""

from __future__ import annotations

import asyncio

import pytest
from examples.retail.run import Compared, answers


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    return asyncio.run(answers())


def test_every_answer_is_that_of_the_sql_beside_it(compared):
    """At least five questions, each with rows, equal to hand-written SQL in rows and order."""
    assert len(compared) >= 5
    assert [each.title for each in compared if not each.agrees] == []


def test_the_questions_tell_customers_apart(compared):
    """Some customers are active in both channels and some are not: the filter by two metrics does something."""
    (both,) = [each for each in compared if each.title.startswith("Customers active in store and on the web")]
    assert 0 < sum(int(str(row[-1])) for row in both.rows) < 500


def test_a_difference_would_be_seen(compared):
    """Another number, or a row less, is not agreement."""
    first = compared[0]
    wrong = [[*first.wanted[0][:-1], 1], *first.wanted[1:]]
    for wanted in (wrong, first.wanted[1:]):
        assert not Compared(title="", columns=first.columns, rows=first.rows, wanted=wanted).agrees
