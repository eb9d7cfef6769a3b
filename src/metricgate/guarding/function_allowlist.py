"""Which functions may be called: the reviewed ones that the engine itself has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from metricgate.guarding.dialects import reading_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionAllowlist:
    """Names of functions that may be called in a dialect, in lower case. Whatever is not in it is refused."""

    dialect: str
    names: frozenset[str]

    @classmethod
    def of(cls, dialect: str, engine: Iterable[str]) -> Self:
        """Return the reviewed functions that the engine has too.

        Args:
            dialect: its name; where it has no rules, nothing may be called.
            engine: names of the engine's own functions, from its catalogue.
        """
        return cls(dialect=dialect, names=_callable(dialect, frozenset(engine)))

    @classmethod
    def all_reviewed(cls, dialect: str) -> Self:
        """Return the whole reviewed list, as if the engine had all of it."""
        functions = reading_of(dialect).functions
        return cls(dialect=dialect, names=functions.reviewed | functions.grammar)


@lru_cache(maxsize=16)
def _callable(dialect: str, engine: frozenset[str]) -> frozenset[str]:
    """An engine's names are the same in each call until it is opened again."""
    functions = reading_of(dialect).functions
    return (functions.reviewed & {name.lower() for name in engine}) | functions.grammar
