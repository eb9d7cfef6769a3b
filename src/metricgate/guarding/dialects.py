"""What is known of a dialect by its name, for those who read texts in it."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from metricgate.dialects.engines import dialect_named, guarded_dialects
from metricgate.dialects.reading.duckdb import LITERALS
from metricgate.dialects.reading.keywords import ANY
from metricgate.dialects.reading.rules import DialectRules, TextRules


def rules_of(dialect: str) -> DialectRules:
    """Return the dialect's rules.

    Raises:
        ValueError: no guard was written for the dialect.
    """
    rules = dialect_named(dialect).rules
    if rules is None:
        raise ValueError(f"SQL of agents is guarded for {', '.join(guarded_dialects())} only, not for {dialect}")
    return rules


def reading_of(dialect: str) -> DialectRules:
    """Return the rules by which a text is read; those of no dialect in particular where nothing is guarded in it."""
    return dialect_named(dialect).rules or _unguarded(dialect)


def is_guarded(dialect: str) -> bool:
    """Whether SQL of agents can be guarded in the dialect."""
    return dialect_named(dialect).rules is not None


def tells_case_apart(dialect: str) -> bool:
    """Whether names that differ only in the case of letters are different ones to the engine."""
    return not reading_of(dialect).folds_quoted


def grammar_of(dialect: str) -> str:
    """Return what sqlglot calls the dialect that it reads and writes for this one."""
    return dialect_named(dialect).writer


@lru_cache(maxsize=16)
def _unguarded(dialect: str) -> DialectRules:
    return DialectRules(
        name=dialect,
        binding=dialect,
        text=TextRules(keywords=ANY, literals=LITERALS, backslashes=False),
        output_name=_unnamed,
        folds_quoted=True,
        keeps_case=True,
        fences=False,
        merges_wrongly=False,
    )


def _unnamed(_node: exp.Expr, text: str | None) -> str:
    return text or ""
