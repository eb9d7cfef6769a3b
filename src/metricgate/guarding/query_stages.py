"""The stages' types: a text that was read, bound to what its writer may see, rewritten. Trees stay in this room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from metricgate.guarding.function_allowlist import FunctionAllowlist
from metricgate.guarding.parameters import Placed
from metricgate.guarding.tables import TablesFound
from metricgate.guarding.verbatim import Word
from metricgate.vocabulary.obligation import Use
from metricgate.vocabulary.predicate import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQuery:
    """A text that is one harmless query, whatever its tables and columns are.

    Attributes:
        text: as the agent wrote it.
        dialect: a sqlglot name.
        functions: names of what it calls, in lower case, as the engine will be asked for them; sorted.
    """

    text: str = field(repr=False)
    dialect: str
    functions: tuple[str, ...]
    book: FunctionAllowlist = field(repr=False)
    tree: exp.Query = field(repr=False, compare=False)
    words: tuple[Word, ...] = field(repr=False)
    """The agent's words as they will run."""
    nameless_query: bool = False
    """Whether the engine makes a sub-query's text part of an output's name."""
    outputs: tuple[str, ...] = field(repr=False)
    """The agent's own words for each output."""
    placed: Placed = field(repr=False, compare=False)
    """The words that were parsed, and the values of the text's parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundQuery:
    """A query bound to governed tables: everything that policy judges.

    Attributes:
        tables: datasets, sorted.
        columns: dataset -> column in lower case -> what is done with it besides showing it, through derived tables,
            CTEs and set operations too. A dataset of which only rows are counted has no columns.
        functions: names of what it calls, in lower case; sorted.
        output: names of the result's columns, in order.
    """

    reading: ReadQuery = field(repr=False)
    tables: tuple[str, ...]
    columns: Mapping[str, Mapping[str, frozenset[Use]]]
    functions: tuple[str, ...]
    output: tuple[str, ...]
    found: TablesFound = field(repr=False)
    tree: exp.Query = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedQuery:
    """A statement that may run: the agent's own words, with relations in the place of its tables.

    Attributes:
        sql: text in the dialect, with numbered parameters (``$1`` or, in MariaDB's, ``@1``).
        parameters: their values.
        columns: names of the result's columns, in order, as far as they can be told without the engine.
        tables: relations that the text names, by their parts; a warehouse's own, not CTEs.
        functions: names of what it calls, in lower case, those of masks and row filters among them.
    """

    sql: str
    parameters: tuple[Scalar, ...] = field(repr=False)
    columns: tuple[str, ...]
    tables: frozenset[tuple[str, ...]]
    functions: frozenset[str]
    dialect: str
