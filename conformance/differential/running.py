"""The run: draw, run raw, ask the gate, compare, count by construct."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from conformance.differential.comparing import difference, differs_in_letters_only, same
from conformance.differential.drawing import Draw, Query
from conformance.differential.gate import Gate
from conformance.differential.places import Place, Refused, Result
from conformance.differential.queries import statement

_AT_ONCE = 6
_MORE_ROWS = 2_000
"""Queries that give more rows tell no more and take long."""
_NOT_OURS = re.compile(r"E_WAREHOUSE_TIMEOUT|E_BUSY")


_CHOOSES = frozenset(
    {
        *("UNION", "UNION DISTINCT", "INTERSECT", "EXCEPT", "DISTINCT"),
        *("GROUP BY a place", "GROUP BY an alias", "GROUP BY an expression"),
    }
)
"""Constructs by which one of several equal texts comes to stand for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A query that came back changed."""

    number: int
    sql: str
    caller: str
    ran: str
    what: str


@dataclass(slots=True)
class Tally:
    """What came of all queries.

    Attributes:
        valid: queries that the raw engine runs; only these count.
        ambiguous: queries whose raw answer depends on the order in which rows are stored.
        drawn: construct -> valid queries that have it.
        refused: construct -> those that the gate refused.
        refusals: the refusal's words -> how often.
    """

    valid: int = 0
    invalid: int = 0
    ambiguous: int = 0
    drawn: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def refused_share(self) -> float:
        """Refused queries among the valid ones, each asked by both callers."""
        return sum(self.refusals.values()) / max(1, self.valid)


Drawn = Callable[[Draw], Query]


async def run(
    place: Place, gate: Gate, *, count: int, seed: int, first: int = 0, told: Callable[[Tally], None] | None = None
) -> Tally:
    """Draw until ``count`` queries are valid on the raw engine; the n-th is the same whenever seed and engine are.

    Args:
        place: the tables.
        gate: the gateway on them.
        count: valid queries.
        seed: of the queries.
        first: number of the first query.
        told: hears how far it has come, now and then.
    """
    tally, number = Tally(), first
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as own:
        waiting: set[asyncio.Task[None]] = set()
        while tally.valid < count:
            draw = Draw.of(f"{seed} {number}", place.engine)
            query = statement(draw)
            raw = await loop.run_in_executor(own, _raws, place, query.text)
            if raw is None:
                tally.invalid += 1
            elif raw == "ambiguous":
                tally.ambiguous += 1
            else:
                tally.valid += 1
                tally.drawn.update(draw.drawn)
                waiting.add(asyncio.create_task(_ask(gate, tally, number, query.text, draw.drawn, raw)))
                if told is not None and tally.valid % 500 == 0:
                    told(tally)
            if len(waiting) >= _AT_ONCE:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
            number += 1
        await asyncio.gather(*waiting)
    return tally


def _raws(place: Place, sql: str) -> dict[str, Result] | str | None:
    try:
        found = {copy: place.raw(sql, copy) for copy in ("all", "allowed")}
        turned = {"all": place.raw(sql, "turned"), "allowed": place.raw(sql, "allowed_turned")}
    except Refused:
        return None
    if len(found["all"].rows) > _MORE_ROWS:
        return None
    return found if all(same(found[copy], turned[copy]) for copy in found) else "ambiguous"


async def _ask(gate: Gate, tally: Tally, number: int, sql: str, drawn: set[str], raw: dict[str, Result]) -> None:
    for caller, wanted in raw.items():
        reply = await gate.ask(sql, caller)
        if reply.refusal is None:
            what = difference(wanted, reply)
            if what is not None and _CHOOSES & drawn and differs_in_letters_only(wanted, reply):
                # Of texts that its collation takes for equal, the engine shows the one that it met first.
                tally.ambiguous += 1
                what = None
        elif reply.refusal.startswith("E_WAREHOUSE"):
            what = f"refused by the engine as it was written anew: {reply.refusal}"
        else:
            tally.refused.update(drawn)
            words = re.sub(r"'[^']*'|\d+", "...", reply.refusal)
            tally.refusals[words] += 1
            tally.examples.setdefault(words, f"{number}: {sql}")
            return
        if what is not None:
            tally.findings.append(Finding(number=number, sql=sql, caller=caller, ran=reply.sql, what=what))
            return
