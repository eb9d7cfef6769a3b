"""Passes over trees show what they do by examples, and the examples run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from metricgate import dialects
from metricgate.catalog import canonical_sql

MODULES = [found.name for found in pkgutil.walk_packages(dialects.__path__, f"{dialects.__name__}.")]
SHOWN = ("adaptation", "offline_adaptation", "kinds", "padded_texts", "vendor", "words", "expressions", "trees", "names")


@pytest.mark.parametrize("name", [*MODULES, canonical_sql.__name__])
def test_the_examples_run(name: str):
    """None is wrong, and modules of passes and small trees have some."""
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0
    assert found.attempted > 0 or name.rpartition(".")[2] not in SHOWN
