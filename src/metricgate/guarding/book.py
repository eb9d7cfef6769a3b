"""Which functions may be called: the reviewed ones that the engine itself has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Self

from metricgate.guarding.functions import duckdb, mysql, postgres

_BOOKS: Mapping[str, ModuleType] = {"duckdb": duckdb, "postgres": postgres, "mysql": mysql}

TABLE_FUNCTIONS: Mapping[str, frozenset[str]] = {name: book.TABLES for name, book in _BOOKS.items()}
"""Dialect -> functions that may stand in FROM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionBook:
    """Names of functions that may be called in a dialect, in lower case. Whatever is not in it is refused."""

    dialect: str
    names: frozenset[str]

    @classmethod
    def of(cls, dialect: str, engine: Iterable[str]) -> Self:
        """Return the reviewed functions that the engine has too.

        Args:
            dialect: ``duckdb``, ``postgres`` or ``mysql``; for another, nothing may be called.
            engine: names of the engine's own functions, from its catalogue.
        """
        return cls(dialect=dialect, names=_callable(dialect, frozenset(engine)))

    @classmethod
    def reviewed(cls, dialect: str) -> Self:
        """Return the whole reviewed list, as if the engine had all of it."""
        reviewed, grammar = _lists(dialect)
        return cls(dialect=dialect, names=reviewed | grammar)


@lru_cache(maxsize=16)
def _callable(dialect: str, engine: frozenset[str]) -> frozenset[str]:
    """An engine's names are the same in each call until it is opened again."""
    reviewed, grammar = _lists(dialect)
    return (reviewed & {name.lower() for name in engine}) | grammar


def _lists(dialect: str) -> tuple[frozenset[str], frozenset[str]]:
    book = _BOOKS.get(dialect)
    return (frozenset(), frozenset()) if book is None else (book.REVIEWED, book.GRAMMAR)
