"""The glossary is true: each term stands once, has a meaning, and lives where it says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "metricgate"
LINES = [
    tuple(cell.strip() for cell in line.strip("|").split(" | "))
    for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| term |")
]


def test_each_term_has_a_meaning_and_a_place() -> None:
    """Three cells a line: the term, what it means, where it lives."""
    assert len(LINES) > 60
    assert [line for line in LINES if len(line) != 3 or not all(line)] == []


def test_no_term_stands_twice() -> None:
    """One word has one meaning."""
    assert [term for term, count in Counter(term.lower() for term, *_rest in LINES).items() if count > 1] == []


def test_each_term_lives_where_it_says() -> None:
    """The file is there; a class or function that is named with it is defined in it."""
    wrong = []
    for term, _meaning, place in LINES:
        path, *names = re.findall(r"`([^`]+)`", place)
        file = SOURCE / path
        text = file.read_text(encoding="utf-8") if file.is_file() else None
        defined = text is not None and all(
            re.search(rf"^(class|(async )?def) {re.escape(name)}\b|^{re.escape(name)}\b.* = ", text, re.MULTILINE)
            for name in names
        )
        if not defined:
            wrong.append((term, place))
    assert wrong == []
