"""Fixes: only what is certainly right, only those characters, never another problem than before."""

from __future__ import annotations

import pytest
from tests.reviewing.test_comparing import BASE

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.documents.list_removal import without_items
from metricgate.reviewing.fixes import fixes

LINES = """# kept
metrics:
  - name: gross   # the name
    domain: sales
    type: derived
    expr: r
    input_metrics: [{name: sales.revenue, alias: r}]
    synonyms:   # words
      # before
      - brutto
      - orders
      - "gross"   # its own name
"""


def fixed(more: str) -> str:
    """The second file, corrected; both files load then."""
    documents = [("a.yaml", BASE), ("b.yaml", more)]
    found = fixes(documents)
    assert list(found) == ["b.yaml"]
    assert isinstance(load([("a.yaml", BASE), ("b.yaml", found["b.yaml"])]), Catalog)
    return found["b.yaml"]


def test_items_go_and_everything_else_stays() -> None:
    """Two lines are gone; comments, quotes and spaces of the others are as they were."""
    lines = LINES.splitlines(keepends=True)
    assert fixed(LINES) == "".join(line for line in lines if "- orders" not in line and '- "gross"' not in line)


def test_the_last_item_leaves_an_empty_list() -> None:
    """A key without a value would not load: it becomes an empty list, and its comment stays."""
    text = LINES.replace("      - brutto\n", "")
    assert "    synonyms: []   # words\n      # before\n" in fixed(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [("[orders]", "[]"), ("[brutto, orders]", "[brutto]"), ("[ 'orders',brutto ,gross]", "[brutto]")],
)
def test_in_brackets(before: str, after: str) -> None:
    """Bracketed lists keep the items that stay as they are written."""
    text = LINES[: LINES.index("    synonyms")] + f"    synonyms: {before}  # words\n"
    assert fixed(text).endswith(f"    synonyms: {after}  # words\n")


@pytest.mark.parametrize(
    "synonyms",
    [
        "[brutto, # a comment\n      orders]",
        "&words [orders]\n    ai_context: {examples: *words}",
        "[brutto,\n      orders]",
    ],
)
def test_where_there_is_doubt_nothing_is_written(synonyms: str) -> None:
    """Comments inside brackets, and lists that stand elsewhere too, are left to people."""
    text = LINES[: LINES.index("    synonyms")] + f"    synonyms: {synonyms}\n"
    assert fixes([("a.yaml", BASE), ("b.yaml", text)]) == {}


def test_other_problems_are_left() -> None:
    """A problem that needs a judgement stays as it is, beside what was fixed."""
    text = LINES.replace("expr: r\n", "expr: r + unknown_alias\n")
    found = fixes([("a.yaml", BASE), ("b.yaml", text)])
    assert "- orders" not in found["b.yaml"]
    assert "unknown_alias" in found["b.yaml"]


def test_definitions_without_such_problems_are_not_touched() -> None:
    """Nothing to fix, nothing written."""
    assert fixes([("a.yaml", BASE)]) == {}


def test_a_place_where_no_item_begins_changes_nothing() -> None:
    """The text comes back only where every place was found."""
    assert without_items("a: [x, y]\n", {(1, 5)}) == "a: [y]\n"
    assert without_items("a: [x, y]\n", {(1, 6)}) is None
