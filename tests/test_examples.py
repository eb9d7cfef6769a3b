"""What a docstring shows by an example is so: the examples of all modules run."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import metricgate

ROOT = Path(metricgate.__file__).parent
MODULES = [
    ".".join(("metricgate", *path.relative_to(ROOT).with_suffix("").parts))
    for path in sorted(ROOT.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
SHOWN = frozenset(
    {"adaptation", "expressions", "kinds", "names", "offline_adaptation", "padded_texts", "trees", "vendor"}
)
"""Modules of ``dialects`` that have some: passes over trees, and what makes small ones."""


def test_what_writes_trees_of_dialects_shows_what_it_does() -> None:
    """A pass without an example is hard to read."""
    assert {f"metricgate.dialects.{name}" for name in SHOWN} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    """None is wrong, and none is hidden from the one who runs them."""
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0
    assert found.attempted > 0
