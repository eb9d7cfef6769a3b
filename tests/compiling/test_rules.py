"""Each rule shows what it does by an example, and the example runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from metricgate.compiling import row_order, rules
from metricgate.dialects import expressions, names, trees

RULES = [f"{rules.__name__}.{found.name}" for found in pkgutil.iter_modules(rules.__path__)]


@pytest.mark.parametrize("name", [*RULES, expressions.__name__, names.__name__, row_order.__name__, trees.__name__])
def test_the_example_runs(name):
    """A rule without an example, or with a wrong one, fails."""
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0
