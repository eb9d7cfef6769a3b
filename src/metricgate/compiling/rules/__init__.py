"""The compiler's rules, one per file, in the order in which they run.

``SCAN_RULES`` turn one scan into a SELECT. They run in the order of the text (what is selected, where from, which rows,
grouped by what), because parameters are numbered as they are bound.
"""

from __future__ import annotations

from collections.abc import Callable

from metricgate.compiling.context import ScanDraft
from metricgate.compiling.rules.aggregates import select_measures
from metricgate.compiling.rules.group_by import group_by_keys
from metricgate.compiling.rules.keys import select_keys
from metricgate.compiling.rules.small_groups import keep_large_groups
from metricgate.compiling.rules.sources import read_tables
from metricgate.compiling.rules.wanted_rows import keep_wanted_rows

SCAN_RULES: tuple[Callable[[ScanDraft], None], ...] = (
    select_keys,
    select_measures,
    read_tables,
    keep_wanted_rows,
    group_by_keys,
    keep_large_groups,
)
