"""Windows of days, weeks, months or longer as frames of a running total: by numbers that follow the calendar.

A frame by a range of numbers is read in the order of time, without a join. Days are numbered as they follow each other.
For months each has 31 places, whether it has as many days or not: a month before the 31st of March is then the place of
a 31st of February, after which no day of February comes, as none comes after its last one.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from metricgate.compiling.context import Context
from metricgate.dialects.expressions import write_expression
from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.trees import literal
from metricgate.planning.scan import SpineJoin
from metricgate.vocabulary.grain import Grain

_DAYS = "DATEDIFF(t, CAST('2000-01-01' AS DATE), DAY)"
_PLACES = "YEAR(t) * 372 + MONTH(t) * 31 + DAY(t)"
_LENGTHS = {
    Grain.DAY: (_DAYS, 1),
    Grain.WEEK: (_DAYS, 7),
    Grain.MONTH: (_PLACES, 31),
    Grain.QUARTER: (_PLACES, 93),
    Grain.YEAR: (_PLACES, 372),
}
SINCE_EVER = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
"""All rows so far, in an order that tells them apart."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A window as a range of numbers: how a time is numbered in a dialect, and how many numbers it goes back."""

    text: str
    before: int
    dialect: str

    def number(self, time: exp.Expr) -> exp.Expr:
        """Return the number of a time that is a DATE."""
        root = exp.Paren(this=write_expression(self.text, self.dialect, (("t", ValueKind.DATE),)).copy())
        for found in list(root.find_all(exp.Column)):
            if found.name == "t" and not found.table:
                found.replace(time.copy())
        whole: exp.Expr = root.this
        return whole

    def spec(self) -> exp.WindowSpec:
        """Return the frame: everything of the moment's own number, and so many before."""
        return exp.WindowSpec(kind="RANGE", start=literal(self.before), start_side="PRECEDING", end="CURRENT ROW")


def frame_of(moments: SpineJoin, context: Context) -> Frame | None:
    """Return the window of a running scan as a frame; None where it is none of the calendar's lengths, or not known."""
    window = moments.window
    if window is None or window.calendar is not None or moments.starts or moments.grain < Grain.DAY:
        return None
    found = _LENGTHS.get(window.grain or Grain.DAY)
    if found is None or context.dialect.steps_back is None:
        return None
    text, length = found
    return Frame(text=text, before=window.count * length - 1, dialect=context.dialect.name)
