"""What is read at one sitting: no file of the program is over 400 lines, no function over 60."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent / "src" / "metricgate"
SOURCES = sorted(ROOT.rglob("*.py"))
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_THE_COMPOSITION = 1_500


def test_no_file_is_over_400_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert len(lengths) > 500
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_function_is_over_60_lines() -> None:
    found = {
        f"{path.relative_to(ROOT)} {each.name} {each.lineno}": (each.end_lineno or 0) - each.lineno + 1
        for path in SOURCES
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in found.items() if length > MOST_LINES_OF_A_FUNCTION} == {}


def test_the_composition_is_under_1500_lines() -> None:
    """``bootstrap`` wires; what people and operators do is in ``operations``."""
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "bootstrap").rglob("*.py")
    }
    assert sum(lengths.values()) < MOST_LINES_OF_THE_COMPOSITION, lengths
