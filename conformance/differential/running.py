"""The run: draw, run raw, ask the gate, compare, count by construct."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from conformance.differential.comparing import difference, differs_in_letters_only, same
from conformance.differential.drawing import Draw, Query
from conformance.differential.gate import Gate, Reply
from conformance.differential.places import Place, Refused, Result
from conformance.differential.queries import statement
from conformance.differential.shrinking import shrunk
from conformance.differential.tables import FILTERS

_AT_ONCE = 3
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A query that came back changed.

    Attributes:
        number: of the draw.
        sql: as it was drawn.
        caller: who asked.
        ran: what ran in its place.
        what: the difference.
        small: the text without what the difference does not need.
    """

    number: int
    sql: str
    caller: str
    ran: str
    what: str
    small: str = ""


@dataclass(slots=True)
class Tally:
    """What came of all queries.

    Attributes:
        valid: queries that the raw engine runs; only these count.
        filtered: how often one was asked by the caller who may see some rows, too.
        ambiguous: queries whose raw answer depends on the order in which rows are stored.
        drawn: construct -> valid queries that have it.
        refused: construct -> those that the gate refused.
        refusals: the refusal's words -> how often.
    """

    valid: int = 0
    filtered: int = 0
    invalid: int = 0
    ambiguous: int = 0
    drawn: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def refused_share(self) -> float:
        """Refused queries among the valid ones."""
        return sum(self.refusals.values()) / max(1, self.valid)


Drawn = Callable[[Draw], Query]


async def run(
    place: Place,
    gate: Gate,
    *,
    count: int,
    seed: int,
    first: int = 0,
    shrinks: bool = False,
    told: Callable[[Tally], None] | None = None,
) -> Tally:
    """Draw until ``count`` queries are valid on the raw engine; the n-th is the same whenever seed and engine are.

    Args:
        place: the tables.
        gate: the gateway on them.
        count: valid queries.
        seed: of the queries.
        first: number of the first query.
        shrinks: whether findings and refusals are made smaller.
        told: hears how far it has come, now and then.
    """
    tally, number = Tally(), first
    with ThreadPoolExecutor(1) as own:
        both = _Both(place, gate, own)
        waiting: set[asyncio.Task[None]] = set()
        while tally.valid < count:
            draw = Draw.of(f"{seed} {number}", place.engine)
            query = statement(draw)
            raw = await both.raw(query.text, "all")
            if raw is None or len(raw.rows) > _MORE_ROWS:
                tally.invalid += 1
            else:
                tally.valid += 1
                tally.drawn.update(draw.drawn)
                waiting.add(asyncio.create_task(_ask(both, tally, number, query.text, draw.drawn, raw)))
                if told is not None and tally.valid % 500 == 0:
                    told(tally)
            if len(waiting) >= _AT_ONCE:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
            number += 1
        await asyncio.gather(*waiting)
        if not shrinks:
            return tally
        for words, example in list(tally.examples.items())[:_SHRUNK]:
            tally.examples[words] = await both.small_refusal(words, example)
        tally.findings[:_SHRUNK] = [await both.small(each) for each in tally.findings[:_SHRUNK]]
    return tally


class _Both:
    """One text, raw and through the gate."""

    def __init__(self, place: Place, gate: Gate, own: Executor) -> None:
        """Ask these; the place's connections are of one thread each."""
        self._place = place
        self._gate = gate
        self._own = own

    async def raw(self, sql: str, copy: str) -> Result | None:
        """Return what the engine itself gives, or None where it refuses."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._own, self._place.raw, sql, copy)
        except Refused:
            return None

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
        if what is not None and what != AMBIGUOUS:
            turned = await self.raw(sql, "turned" if caller == "all" else "allowed_turned")
            what = what if turned is not None and same(wanted, turned) else AMBIGUOUS
        return what, reply

    async def small(self, finding: Finding) -> Finding:
        """Return the finding with a text of which nothing more can be left out."""
        kind = finding.what.split()[0]

        async def still(sql: str) -> bool:
            wanted = await self.raw(sql, finding.caller)
            if wanted is None:
                return False
            what, _ = await self.compared(sql, finding.caller, wanted, chooses=True)
            return what is not None and what.split()[0] == kind

        return replace(finding, small=await shrunk(finding.sql, self._place.engine, still))

    async def small_refusal(self, words: str, sql: str) -> str:
        """Return a text that is refused in these words and of which nothing more can be left out."""

        async def still(sql: str) -> bool:
            if await self.raw(sql, "all") is None:
                return False
            reply = await self._gate.ask(sql, "all")
            return reply.refusal is not None and _kind(reply.refusal) == words

        return await shrunk(sql, self._place.engine, still)


AMBIGUOUS = "ambiguous"


def _kind(refusal: str) -> str:
    return re.sub(r"'[^']*'|\d+", "...", refusal)


async def _ask(both: _Both, tally: Tally, number: int, sql: str, drawn: set[str], raw: Result) -> None:
    results = {"all": raw}
    if number % 3 == 0 and _FILTERED.search(sql):
        some = await both.raw(sql, "allowed")
        if some is not None:
            results["allowed"] = some
            tally.filtered += 1
    for caller, wanted in results.items():
        what, reply = await both.compared(sql, caller, wanted, chooses=bool(_CHOOSES & drawn))
        if what == AMBIGUOUS:
            tally.ambiguous += 1
        elif what is not None:
            tally.findings.append(Finding(number=number, sql=sql, caller=caller, ran=reply.sql, what=what))
            return
        elif reply.refusal is not None:
            tally.refused.update(drawn)
            words = _kind(reply.refusal)
            tally.refusals[words] += 1
            tally.examples.setdefault(words, sql)
            return
