"""The table of what to touch, in ``docs/architecture.md``, is true: its numbers are counted, all points listed.

A number is how many files of ours, beside its own, name one that exists: who adds another touches no more.
"""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest

from metricgate.policy.rule_kinds import BUILT_IN
from metricgate.settings.extension_points import EXTENSION_POINTS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "metricgate"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:]
    for line in PAGE.partition("## Where to add what")[2].partition("\n## ")[0].splitlines()
    if len(cells := [cell.strip() for cell in line.strip("|").split(" | ")]) == 3
}
COUNTED = {
    "a metric type": (r"\bConversion(Metric|Document)\b", "catalog/metrics/conversion.py"),
    "a warehouse that is read": (r"adapters\.warehouses\.mariadb|\"mariadb\"", "adapters/warehouses/mariadb/**/*.py"),
    "a state": (r"adapters\.state\.sqlite", "adapters/state/sqlite/**/*.py"),
    "a sink of notifications": (r"adapters\.sinks\.webhook", "adapters/sinks/webhook*.py"),
    "a kind of policy rule": (
        r"\bMinimumGroup(Rule|Document|Enforcement)\b|\bMINIMUM_GROUPS\b",
        "policy/kinds/minimum_groups.py",
    ),
    "a tool for agents": (r"\bQUERY_SQL\b", "gateway/tools/query_sql.py"),
}
"""A word that only one that exists has, and where that is at home."""


@pytest.mark.parametrize("row", COUNTED)
def test_the_table_says_how_many_files_name_one(row: str) -> None:
    word, home = COUNTED[row]
    own = set(SOURCE.glob(home))
    assert own, home
    named = [path for path in SOURCE.rglob("*.py") if re.search(word, path.read_text()) and path not in own]
    assert ROWS[row][1] == str(len(named)), [path.relative_to(SOURCE).as_posix() for path in named]


def test_every_row_names_files_that_are_there() -> None:
    """Of each path in the table that names no kind to come."""
    for name, (touched, *_number) in ROWS.items():
        for path in re.findall(r"`((?:[a-z_]+/)+[A-Za-z_-]*(?:\.[a-z]+)?)`", touched):
            assert any((base / path).exists() for base in (SOURCE, ROOT)) or path == "actions/", (name, path)


@pytest.mark.parametrize("point", EXTENSION_POINTS, ids=lambda point: point.group)
def test_an_extension_point_is_what_it_says(point) -> None:
    """What an entry names is there, and so are the tests and the example; the docs list the point."""
    module, _colon, name = point.form.partition(":")
    assert hasattr(importlib.import_module(module), name)
    assert (ROOT / point.contract).is_file()
    assert (ROOT / point.example).is_file()
    row = f"| `{point.group}` | {point.brings} | `{name}` in `{module.replace('.', '/')}.py` | "
    assert f"{row}`{point.contract}` | `{point.example}` |" in PAGE


def test_there_are_no_other_extension_points() -> None:
    groups = {point.group for point in EXTENSION_POINTS}
    assert set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]) <= groups
    finding = [path for path in SOURCE.rglob("*.py") if "entry_points(" in path.read_text()]
    assert [path.relative_to(SOURCE).as_posix() for path in finding] == ["settings/extension_points.py"]
    assert len(re.findall(r"^\| `metricgate\.", PAGE, re.MULTILINE)) == len(groups)


def test_every_kind_of_rule_is_listed_with_what_it_does() -> None:
    page = (ROOT / "docs" / "writing-policy.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (.+) \|$", page.partition("\n## ")[0], re.MULTILINE)
    assert listed == [(kind.key, kind.summary) for kind in BUILT_IN.kinds]
