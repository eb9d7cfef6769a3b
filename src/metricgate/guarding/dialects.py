"""What differs between the dialects in how names are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectRules:
    """One dialect's ways.

    Attributes:
        name: as sqlglot calls it.
        binding: the name under which sqlglot compares identifiers the way the engine does.
        folds_quoted: whether case never counts in names, quoted or not.
        keeps_case: whether an unquoted alias comes back as it was written.
        laterals: whether a derived table sees the tables before it without LATERAL.
        fences: whether a row filter needs a fence so that its hidden rows cannot raise errors.
        merges_wrongly: whether ROLLUP and windows are wrong over derived tables that are merged into the query.
    """

    name: str
    binding: str
    folds_quoted: bool
    keeps_case: bool
    laterals: bool
    fences: bool
    merges_wrongly: bool = False


_RULES: Mapping[str, DialectRules] = {
    "duckdb": DialectRules(
        name="duckdb", binding="duckdb", folds_quoted=True, keeps_case=True, laterals=True, fences=False
    ),
    "postgres": DialectRules(
        name="postgres", binding="postgres", folds_quoted=False, keeps_case=False, laterals=False, fences=True
    ),
    "mysql": DialectRules(
        name="mysql",
        binding="mysql, normalization_strategy=case_insensitive",
        folds_quoted=True,
        keeps_case=True,
        laterals=False,
        fences=False,
        merges_wrongly=True,
    ),
}

DIALECTS = frozenset(_RULES)


def rules_of(dialect: str) -> DialectRules:
    """Return the dialect's rules.

    Raises:
        ValueError: no guard was written for the dialect.
    """
    rules = _RULES.get(dialect)
    if rules is None:
        raise ValueError(f"SQL of agents is guarded for {', '.join(sorted(_RULES))} only, not for {dialect}")
    return rules
