"""The page on expressions has a line for each word, and says where each was seen."""

from __future__ import annotations

from pathlib import Path

from conformance.expressions.cases import CASES
from conformance.expressions.page import PAGE, lines, put_in, unknown

from metricgate.catalog.allowed import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_says_what_is_tried():
    """Its table is what the cases and the dialects make of it."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert text == put_in(text, lines()), "run python -m conformance.expressions --page"
    assert not unknown()


def test_every_allowed_function_is_tried():
    """A function without a case would mean something else on each engine, and nobody would know."""
    tried = " ".join(case.text.upper() for case in CASES)
    assert [name for name in FUNCTIONS.values() if f"{name}(" not in tried] == []
