"""One way to write a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

HOLE = re.compile(r"\{(column:)?(int|dec|float|text|bool|date|time|json|list|order)\}")
"""Where an expression of a kind is put in, or a column of one."""

DUCKDB, POSTGRES, MARIADB = "duckdb", "postgres", "mariadb"
ENGINES = (DUCKDB, POSTGRES, MARIADB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A template of SQL.

    Attributes:
        kind: of the value that comes out: ``int``, ``dec``, ``float``, ``text``, ``bool``, ``date``, ``time`` (a moment
            without a zone), ``json`` or ``list`` (of ints).
        construct: what it counts as in the report.
        text: SQL; ``{int}`` and the like stand for a drawn expression of that kind, ``{column:int}`` for a column.
        engines: those that know it.
        weight: how often it is drawn beside the others of its kind.
        leaf: whether it needs no other expression.
    """

    kind: str
    construct: str
    text: str
    engines: frozenset[str]
    weight: float = 1.0

    @property
    def leaf(self) -> bool:
        """Whether it holds no other expression."""
        return all(hole is None or column for _, column, hole in pieces_of(self.text))


@cache
def pieces_of(text: str) -> tuple[tuple[str, bool, str | None], ...]:
    """Return a template's pieces: the SQL before a hole, whether it asks for a column, and its kind (None at the end).

    >>> pieces_of("ABS({column:int})")
    (('ABS(', True, 'int'), (')', False, None))
    """
    found, place = [], 0
    for hole in HOLE.finditer(text):
        found.append((text[place : hole.start()], hole[1] is not None, hole[2]))
        place = hole.end()
    return (*found, (text[place:], False, None))


def forms(
    construct: str, kind: str, *texts: str, on: str = "duckdb postgres mariadb", weight: float = 1.0
) -> list[Form]:
    """Return a form for each text."""
    engines = frozenset(on.split())
    return [Form(kind=kind, construct=construct, text=text, engines=engines, weight=weight) for text in texts]
