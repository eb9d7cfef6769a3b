"""The run: draw a change, do it directly, propose it, compare, take it back, compare again."""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.differential.drawing import Draw
from conformance.differential.places import Refused
from conformance.differential.reporting import told as told_at_once
from conformance.differential.tally import Finding, Tally
from conformance.differential.writes.gate import WriteGate
from conformance.differential.writes.places import Content, Did, Place
from conformance.differential.writes.statements import statement

_ROWS_SHOWN = 3
_TOLD = 100


async def run(
    place: Place,
    gate: WriteGate,
    *,
    count: int,
    seed: int,
    first: int = 0,
    told: Callable[[Tally, int], None] | None = None,
    drawn: Callable[[Draw], str] = statement,
) -> Tally:
    """Draw until ``count`` changes run on the raw engine; the n-th is the same whenever seed and engine are.

    Args:
        place: the tables.
        gate: the gateway on them.
        count: changes that the raw engine carries out.
        seed: of the changes.
        first: number of the first change.
        told: hears now and then how far it has come, and which change is the next.
        drawn: draws a statement.
    """
    tally, number = Tally(), first - 1
    before = place.directly("").content
    while tally.valid < count:
        number += 1
        draw = Draw.of(f"{seed} {number}", place.engine)
        sql = drawn(draw)
        try:
            wanted = place.directly(sql)
        except Refused:
            tally.invalid += 1
            continue
        tally.valid += 1
        tally.drawn.update(draw.drawn)
        if told is not None and tally.valid % _TOLD == 0:
            told(tally, number)
        finding, back = await _tried(gate, tally, draw, sql, wanted, before)
        if finding is not None:
            tally.findings.append(Finding(number=number, sql=sql, caller="writer", ran="", what=finding))
            told_at_once(tally.findings[-1])
        if not back:
            # What stands in the tables now is no beginning for others.
            break
    return tally


async def _tried(
    gate: WriteGate, tally: Tally, draw: Draw, sql: str, wanted: Did, before: Content
) -> tuple[str | None, bool]:
    """Return what is wrong, or None; and whether the tables are as before."""
    carried = await gate.propose(sql)
    if carried.refusal is not None:
        if _is_unnamed(carried.refusal):
            return f"refused without a name: {carried.refusal}", True
        words = re.sub(r"'[^']*'|\d+", "...", carried.refusal)
        tally.refused.update(draw.drawn)
        tally.refusals[words] += 1
        tally.examples.setdefault(words, sql)
        return None, True
    found = await gate.content()
    what = _difference(wanted.content, found)
    # PostgreSQL does not say how many rows a TRUNCATE takes.
    if what is None and wanted.count not in {-1, carried.rows}:
        what = f"{wanted.count} rows became {carried.rows}"
    if found == before:
        return what, True
    undone = await gate.take_back(carried.action)
    back = _difference(before, await gate.content())
    if what is None and (undone is not None or back is not None):
        what = f"taken back: {undone or back}"
    return what, back is None


def _is_unnamed(refusal: str) -> bool:
    """Whether the refusal says nothing of the text: the engine failed on what was written for it."""
    return refusal.startswith(("E_WAREHOUSE", "E_WRITE_CONSTRAINT", "E_ROWS_CHANGED", "E_INTERNAL", "failed", "held"))


def _difference(wanted: Content, found: Content) -> str | None:
    for table, rows in wanted.items():
        lost = [row for row in rows if row not in found[table]]
        new = [row for row in found[table] if row not in rows]
        if lost or new or len(rows) != len(found[table]):
            return f"{table}: lost {lost[:_ROWS_SHOWN]}, new {new[:_ROWS_SHOWN]}"
    return None
