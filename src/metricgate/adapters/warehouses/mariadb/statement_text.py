"""A statement's text, scanned before it is sent: MariaDB has no read-only jail, and its driver no typed parameters.

A read-only transaction of MariaDB lets DDL (which commits it), locks, files and session variables pass. So this scanner
admits one SELECT without comments and without the words that reach outside the tables. It is the second guard: the
texts come from our own compiler, and the account's grants are the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<quoted> '(?:[^'\\]|''|\\.)*' | "(?:[^"\\]|""|\\.)*" | `(?:[^`]|``)*` )
  | (?P<comment> /\* | \#  | --(?=[\s\x00-\x1f]|\Z) )
  | (?P<name> [A-Za-z_$\u0080-\uffff][\w$]* )
  | (?P<number> \d[\w.]* )
  | (?P<variable> @ )
  | (?P<mark> \? )
  | (?P<end> ; )
  | (?P<other> \s+ | [^\w\s] )
    """,
    re.VERBOSE | re.DOTALL,
)
_BEGINNINGS = frozenset({"SELECT", "WITH"})
_WORDS = frozenset({"INTO", "PROCEDURE", "LOCK", "HANDLER", "OUTFILE", "DUMPFILE"})
_AFTER_FOR = re.compile(r"\s*(?:[\d.'\"`(?+-]|[A-Za-z_]\w*\s*\()")
"""What may follow FOR: a length, as in ``SUBSTRING(a FROM 2 FOR 3)``, and no word as in ``FOR UPDATE``."""
_FUNCTIONS = frozenset(
    {
        *("SLEEP", "BENCHMARK", "LOAD_FILE", "GET_LOCK", "RELEASE_LOCK", "RELEASE_ALL_LOCKS", "IS_FREE_LOCK"),
        *(
            "IS_USED_LOCK",
            "MASTER_POS_WAIT",
            "MASTER_GTID_WAIT",
            "NEXTVAL",
            "SETVAL",
            "LASTVAL",
            "SYS_EXEC",
            "SYS_EVAL",
        ),
    }
)


class UnsafeStatementText(ValueError):
    """The text is not one SELECT of the kind that may run; the message says why, without quoting values."""


def with_values(text: str, literals: Sequence[str]) -> str:
    """Return the text with each ``?`` replaced by the literal of its place.

    >>> with_values("SELECT '?' AS a, ? AS b", ["'x'"])
    "SELECT '?' AS a, 'x' AS b"

    Raises:
        UnsafeStatementText: anything but one SELECT, or a wrong number of values.
    """
    pieces: list[str] = []
    place, values = 0, iter(literals)
    first = True
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise UnsafeStatementText("a quote is not closed")
        kind, piece, place = found.lastgroup, found[0], found.end()
        if first and piece != "(" and not piece.isspace():
            if piece.upper() not in _BEGINNINGS:
                raise UnsafeStatementText("only SELECT may run")
            first = False
        _check_piece(kind, piece, text, place)
        if kind == "mark":
            piece = next(values, "")
            if not piece:
                raise UnsafeStatementText("there are more marks than values")
        pieces.append(piece)
    if first:
        raise UnsafeStatementText("there is no statement")
    if next(values, None) is not None:
        raise UnsafeStatementText("there are more values than marks")
    return "".join(pieces)


def _check_piece(kind: str | None, piece: str, text: str, end: int) -> None:
    if kind == "comment":
        raise UnsafeStatementText("comments may hold statements")
    if kind == "end":
        raise UnsafeStatementText("exactly one statement may run")
    if kind == "variable":
        raise UnsafeStatementText("variables outlive a statement")
    if kind != "name":
        return
    word = piece.upper()
    if word in _WORDS or (word == "FOR" and not _AFTER_FOR.match(text, end)):
        raise UnsafeStatementText(f"{word} reaches outside the tables")
    if word in _FUNCTIONS and text[end:].lstrip().startswith("("):
        raise UnsafeStatementText(f"the function {word} may not be called")


def zones_of(sql: str) -> frozenset[str]:
    """Return the named time zones that the text converts from or to, as far as they are written in it.

    Offsets such as ``+05:30`` need no tables of the server's.

    >>> sorted(zones_of("SELECT CONVERT_TZ(COALESCE(a, 'x'), 'UTC', 'Asia/Tokyo'), CONCAT(b, 'y', 'z')"))
    ['Asia/Tokyo', 'UTC']
    >>> zones_of("SELECT 'CONVERT_TZ(', CONVERT_TZ('2024-01-01', '+00:00', '+05:30') FROM t")
    frozenset()
    """
    if "CONVERT_TZ" not in sql.upper():
        return frozenset()
    found: set[str] = set()
    calls: list[_Call] = []
    name = ""
    for match in _TOKEN.finditer(sql):
        text, kind = match[0], match.lastgroup
        if text.isspace():
            continue
        if text == "(":
            calls.append(_Call(converts=name == "CONVERT_TZ"))
        elif text == ")" and calls:
            calls.pop()
        elif text == "," and calls:
            calls[-1].arguments += 1
        elif kind == "quoted" and text[0] == "'" and calls and calls[-1].converts and calls[-1].arguments:
            found.add(text[1:-1])
        name = text.upper() if kind == "name" else ""
    return frozenset(zone for zone in found if not _OFFSET.fullmatch(zone))


@dataclass(slots=True)
class _Call:
    """A bracket that is open: whether it is CONVERT_TZ's, and how many arguments are complete."""

    converts: bool
    arguments: int = 0


_OFFSET = re.compile(r"[+-]\d{1,2}:\d{2}|SYSTEM", re.IGNORECASE)
