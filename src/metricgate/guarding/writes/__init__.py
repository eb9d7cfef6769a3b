"""SQL that changes rows, taken apart: its target, what it sets, and for each step the SELECT that finds the rows.

No text of an agent's that changes anything ever reaches an engine. What is left of it are SELECTs, which go through the
whole guard like any other, and the names of a target and of columns. The engine is then given our own statements, row
by row, with bound values.
"""

from metricgate.guarding.writes.structure import StructureText, changes_structure, read_structure
from metricgate.guarding.writes.templates import fill, parameters_in
from metricgate.guarding.writes.text import SourceText, WriteText
from metricgate.guarding.writes.write_reader import read_write

__all__ = [
    "SourceText",
    "StructureText",
    "WriteText",
    "changes_structure",
    "fill",
    "parameters_in",
    "read_structure",
    "read_write",
]
