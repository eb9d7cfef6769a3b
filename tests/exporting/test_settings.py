"""What holds for all definitions has no form elsewhere: each export tells it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from metricgate.exporting.dbt import export_dbt
from metricgate.exporting.definitions import Exported
from metricgate.exporting.ossie import export_ossie

TEXTS = [
    (
        "a.yaml",
        """
settings: {week_start: sunday}
semantic_models:
  - name: orders
    source: orders
    entities: [{name: order, type: primary, expr: id}]
    metrics: [{name: orders_count, type: simple, agg: count}]
""",
    )
]


@pytest.mark.parametrize("export", [export_dbt, export_ossie])
def test_settings_are_told_as_lost(export: Callable[..., Exported]) -> None:
    """With their place; without settings nothing is told."""
    found = export(TEXTS)
    assert isinstance(found, Exported), str(found)
    [told] = [each for each in found.changes if "settings" in each.subject]
    assert told.where.file == "a.yaml"
    without = export([("a.yaml", TEXTS[0][1].replace("settings: {week_start: sunday}", ""))])
    assert not any("settings" in each.subject for each in without.changes)
