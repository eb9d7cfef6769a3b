"""The run: draw, run raw, ask the gate, compare, count by construct."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

from conformance.differential.allowing import cuts_pi, ties, totals_of_constants, types_nothing, unlimited
from conformance.differential.comparing import (
    cuts_divisions,
    difference,
    differs_in_last_digits,
    differs_in_letters_only,
    same,
)
from conformance.differential.drawing import Draw
from conformance.differential.gate import Gate, Reply
from conformance.differential.places import Place, Refused, Result
from conformance.differential.queries import statement
from conformance.differential.reporting import told as told_at_once
from conformance.differential.shrinking import shrunk
from conformance.differential.tables import FILTERS
from conformance.differential.tally import Finding, Tally

_AT_ONCE = 3
FILTERED_OF = 3
"""One query of so many is asked under row filters too."""
_TOLD = 500
"""After so many valid queries it is told how far the run has come."""
_MORE_ROWS = 2_000
"""Queries that give more rows tell no more and take long."""
_FILTERED = re.compile(rf"\b({'|'.join(FILTERS)})\b")
"""A query that reads none of these is the same to the caller who may see some rows."""
_SHRUNK = 12
"""So many findings and refusals are made smaller; more are of the same kinds."""


_CHOOSES = frozenset(
    {
        *("UNION", "UNION DISTINCT", "INTERSECT", "EXCEPT", "DISTINCT"),
        *("GROUP BY a place", "GROUP BY an alias", "GROUP BY an expression"),
    }
)
"""Constructs by which one of several equal texts comes to stand for all."""


async def run(
    place: Place,
    gate: Gate,
    *,
    count: int,
    seed: int,
    first: int = 0,
    tally: Tally | None = None,
    every: int = FILTERED_OF,
    shrinks: bool = False,
    told: Callable[[Tally, int], None] | None = None,
) -> Tally:
    """Draw until ``count`` queries are valid on the raw engine; the n-th is the same whenever seed and engine are.

    Args:
        place: the tables.
        gate: the gateway on them.
        count: valid queries.
        seed: of the queries.
        first: number of the first query.
        tally: what came of the queries before the first, if they count too.
        every: each of so many is asked under row filters too.
        shrinks: whether findings and refusals are made smaller.
        told: hears now and then how far it has come, and which query is the next.
    """
    tally, number = tally or Tally(), first
    both = _Both(place, gate, every)
    waiting: set[asyncio.Task[None]] = set()
    while tally.valid < count:
        draw = Draw.of(f"{seed} {number}", place.engine)
        query = statement(draw)
        raw = both.raw(query.text, "all")
        if raw is None or len(raw.rows) > _MORE_ROWS:
            tally.invalid += 1
        else:
            tally.valid += 1
            tally.drawn.update(draw.drawn)
            waiting.add(asyncio.create_task(_ask(both, tally, number, query.text, draw.drawn, raw)))
        number += 1
        tells = told is not None and raw is not None and tally.valid % _TOLD == 0
        if len(waiting) >= (1 if tells else _AT_ONCE):
            when = asyncio.ALL_COMPLETED if tells else asyncio.FIRST_COMPLETED
            done, waiting = await asyncio.wait(waiting, return_when=when)
            for each in done:
                each.result()
        if tells and told is not None:
            told(tally, number)
    await asyncio.gather(*waiting)
    if shrinks:
        for words, example in list(tally.examples.items())[:_SHRUNK]:
            tally.examples[words] = await both.small_refusal(words, example)
        tally.findings[:_SHRUNK] = [await both.small(each) for each in tally.findings[:_SHRUNK]]
    return tally


class _Both:
    """One text, raw and through the gate."""

    def __init__(self, place: Place, gate: Gate, every: int) -> None:
        """Ask these; each of so many texts under row filters too."""
        self._place = place
        self._gate = gate
        self._every = every

    def raw(self, sql: str, copy: str) -> Result | None:
        """Return what the engine itself gives, or None where it refuses."""
        try:
            return self._place.raw(sql, copy)
        except Refused:
            return None

    def filtered(self, sql: str, number: int) -> Result | None:
        """Return what the engine gives of the rows that the filtered caller may see, if this text is asked so too."""
        return self.raw(sql, "allowed") if number % self._every == 0 and _FILTERED.search(sql) else None

    async def compared(self, sql: str, caller: str, wanted: Result, *, chooses: bool) -> tuple[str | None, Reply]:
        """Return what is not the same (``AMBIGUOUS`` where there is no one right answer), and what was answered.

        Args:
            sql: the text.
            caller: ``all`` or ``allowed``.
            wanted: what the engine itself gives of these rows.
            chooses: whether one of several equal texts may stand for all.
        """
        reply = await self._gate.ask(sql, caller)
        if reply.refusal is None:
            what = difference(wanted, reply)
            if what is not None and chooses and differs_in_letters_only(wanted, reply):
                # Of texts that its collation takes for equal, the engine shows the one that it met first.
                what = AMBIGUOUS
        elif reply.refusal.startswith("E_WAREHOUSE"):
            what = f"refused by the engine as it was written anew: {reply.refusal}"
        else:
            what = None
        if what is not None and reply.refusal is None:
            free = self._leaves_open(sql, caller, wanted, reply)
            what = AMBIGUOUS if free or differs_in_last_digits(sql, wanted, reply) else what
        if what is not None and what != AMBIGUOUS:
            turned = self.raw(sql, "turned" if caller == "all" else "allowed_turned")
            what = what if turned is not None and same(wanted, turned) else AMBIGUOUS
        return what, reply

    def _leaves_open(self, sql: str, caller: str, wanted: Result, reply: Reply) -> bool:
        """Say whether this is one of the cases in which the engine has several right answers."""
        if self._place.engine == "postgres":
            plan = self.raw(f"EXPLAIN VERBOSE {sql}", caller)
            lines = [] if plan is None else [str(line) for (line,) in plan.rows]
            return totals_of_constants(sql, lines, wanted, reply)
        if self._place.engine != "mariadb":
            return False
        if any(each(sql, wanted, reply) for each in (cuts_divisions, cuts_pi, types_nothing)):
            return True
        sorted_ = unlimited(sql)
        whole = None if sorted_ is None else self.raw(sorted_, caller)
        return whole is not None and ties(whole, wanted, reply)

    async def small(self, finding: Finding) -> Finding:
        """Return the finding with a text of which nothing more can be left out."""
        kind = finding.what.split()[0]

        async def still(sql: str) -> bool:
            wanted = self.raw(sql, finding.caller)
            if wanted is None:
                return False
            what, _ = await self.compared(sql, finding.caller, wanted, chooses=True)
            return what is not None and what.split()[0] == kind

        return replace(finding, small=await shrunk(finding.sql, self._place.engine, still))

    async def small_refusal(self, words: str, sql: str) -> str:
        """Return a text that is refused in these words and of which nothing more can be left out."""

        async def still(sql: str) -> bool:
            if self.raw(sql, "all") is None:
                return False
            reply = await self._gate.ask(sql, "all")
            return reply.refusal is not None and _kind(reply.refusal) == words

        return await shrunk(sql, self._place.engine, still)


AMBIGUOUS = "ambiguous"


def _kind(refusal: str) -> str:
    return re.sub(r"'[^']*'|\d+", "...", refusal)


async def _ask(both: _Both, tally: Tally, number: int, sql: str, drawn: set[str], raw: Result) -> None:
    results = {"all": raw}
    some = both.filtered(sql, number)
    if some is not None:
        results["allowed"] = some
        tally.filtered += 1
    for caller, wanted in results.items():
        what, reply = await both.compared(sql, caller, wanted, chooses=bool(_CHOOSES & drawn))
        if what == AMBIGUOUS:
            tally.ambiguous += 1
        elif what is not None:
            tally.findings.append(Finding(number=number, sql=sql, caller=caller, ran=reply.sql, what=what))
            told_at_once(tally.findings[-1])
            return
        elif reply.refusal is not None:
            tally.refused.update(drawn)
            words = _kind(reply.refusal)
            tally.refusals[words] += 1
            tally.examples.setdefault(words, sql)
            return
