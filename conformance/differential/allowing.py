"""Where MariaDB itself has no one right answer: each case by its cause, and no wider than that.

What is not one of these stays a change, also where it looks like one: another number, another type, another row.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace

from conformance.differential.comparing import difference, plain, wire
from conformance.differential.gate import Reply
from conformance.differential.places import Result

_PI = re.compile(r"\bPI\s*\(\s*\)", re.IGNORECASE)
_SIX = f"{math.pi:.6f}"
_TOTALS = re.compile(r"\bROLLUP\b", re.IGNORECASE)
_SORTED = re.compile(
    r"(?P<all>.*\bORDER BY \d+(?: ASC| DESC)?(?:, \d+(?: ASC| DESC)?)*) (?:LIMIT|OFFSET|FETCH) [\w ,()]*\Z", re.DOTALL
)


def cuts_pi(sql: str, raw: Result, reply: Reply) -> bool:
    """Say whether the rows are the same but for the digits of PI() itself.

    It is a DOUBLE of six decimals: its text has six, and where it goes through a temporary table, as in a UNION beside
    a FLOAT, so has its value. Whether there is such a table depends on the plan. What is computed of it is not looked
    at: only PI() to six digits and PI() are the same here.
    """
    if _PI.search(sql) is None or raw.names != reply.names or raw.types != reply.types:
        return False
    wanted = Counter(tuple(map(_pi, map(plain, row, raw.types))) for row in raw.rows)
    found = Counter(tuple(map(_pi, map(wire, row, reply.types))) for row in reply.rows)
    return wanted == found


def _pi(value: str) -> str:
    return "PI" if value in {_SIX, repr(math.pi)} else value


def types_nothing(sql: str, raw: Result, reply: Reply) -> bool:
    """Say whether only types differ, and only of columns without any value, under ROLLUP.

    There MariaDB makes a type of a column of NULLs by the temporary table that it took for the totals.
    """
    if _TOTALS.search(sql) is None or raw.names != reply.names or len(raw.types) != len(reply.types):
        return False
    differing = [at for at, (one, other) in enumerate(zip(raw.types, reply.types, strict=True)) if one != other]
    rows = (*raw.rows, *reply.rows)
    if not rows or not all(row[at] is None for row in rows for at in differing):
        return False
    return difference(raw, replace(reply, types=raw.types)) is None


def unlimited(sql: str) -> str | None:
    """Return a text without the limit that ends it, if it is sorted by all its outputs; None of any other text."""
    found = _SORTED.fullmatch(sql)
    return None if found is None else found["all"]


def ties(whole: Result, raw: Result, reply: Reply) -> bool:
    """Say whether the answer is as right as the engine's own: as many rows, each of the text without its limit.

    Rows that sort alike (a collation sees no case, and no spaces at the end) may each stand at the limit; so all rows
    must be the same to the sort, and no row may be told that is not there, or more often than it is.

    Args:
        whole: what the text gives without its limit.
        raw: what the engine gives.
        reply: what the gate gives.
    """
    if raw.names != reply.names or raw.types != reply.types or whole.types != raw.types:
        return False
    there = Counter(tuple(map(plain, row, whole.types)) for row in whole.rows)
    wanted = [tuple(map(plain, row, raw.types)) for row in raw.rows]
    found = [tuple(map(wire, row, reply.types)) for row in reply.rows]
    return Counter(map(_folded, wanted)) == Counter(map(_folded, found)) and not Counter(found) - there


def _folded(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.rstrip().casefold() for value in row)
