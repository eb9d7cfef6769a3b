"""Where an engine itself has no one right answer: each case by its cause, and no wider than that.

What is not one of these stays a change, also where it looks like one: another number, another type, another row.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from conformance.differential.comparing import difference, plain, wire
from conformance.differential.gate import Reply
from conformance.differential.places import Result

_PI = re.compile(r"\bPI\s*\(\s*\)", re.IGNORECASE)
_SIX = f"{math.pi:.6f}"
_TOTALS = re.compile(r"\bROLLUP\b", re.IGNORECASE)
_SETS = re.compile(r"\b(?:UNION|INTERSECT|EXCEPT)\b", re.IGNORECASE)
_GROUPING = re.compile(r"\b(?:ROLLUP|CUBE|GROUPING SETS)\b", re.IGNORECASE)
_KEY = re.compile(r"(?:Group|Hash) Key: ")
_CONSTANT = re.compile(r"true|false|NULL::[\w ]+|-?[\d.]+|'(?:[^']|'')*'::[\w ]+")
_BRANCH = 3
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


def totals_of_constants(sql: str, plan: Sequence[str], raw: Result, reply: Reply) -> bool:
    """Say whether rows differ only in grouped constants of PostgreSQL, under totals inside a set operation.

    Up to release 17 a constant that is grouped by is put in again above the set operation, where the total's row has
    NULL: which of both comes depends on the plan. Only the columns in which the plan does so are left out.

    Args:
        sql: the text.
        plan: lines of ``EXPLAIN VERBOSE`` of it.
        raw: what the engine gives.
        reply: what the gate gives.
    """
    if not (_SETS.search(sql) and _GROUPING.search(sql)) or raw.names != reply.names or raw.types != reply.types:
        return False
    branches = [plan[number:] for number, line in enumerate(plan) if '"*SELECT*' in line]
    put_in = {at for branch in branches for at in _constants(branch, len(raw.names))}
    if not put_in:
        return False
    wanted = {_without(map(plain, row, raw.types), put_in) for row in raw.rows}
    return wanted == {_without(map(wire, row, reply.types), put_in) for row in reply.rows}


def _constants(plan: Sequence[str], width: int) -> Iterator[int]:
    """Yield which outputs of a branch are constants, where its aggregate right below has several groupings."""
    keys = [line for line in plan[3:9] if _KEY.search(line)]
    if len(plan) > _BRANCH and "Aggregate" in plan[2] and len(keys) > 1 and "Output: " in plan[1]:
        outputs = plan[1].split("Output: ", 1)[1].split(", ")
        yield from (at for at, each in enumerate(outputs) if len(outputs) == width and _CONSTANT.fullmatch(each))


def _without(row: Iterable[str], columns: set[int]) -> tuple[str, ...]:
    return tuple(value for at, value in enumerate(row) if at not in columns)


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
