"""A statement: SQL text of our own making, with its values beside it, never in it."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.planning.clocks import TypeAsked
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.result import DataType, ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedColumn:
    """A column that the result will have; ``type`` None where only the warehouse can tell."""

    name: str
    type: DataType | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCheck:
    """A SELECT without rows, whose columns must have these types for a statement to mean what it was written for."""

    sql: str
    types: tuple[ValueType, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a warehouse may run.

    Attributes:
        sql: formatted text in ``dialect``, with ``$1, $2, ...`` (or the dialect's own markers) for the parameters.
        parameters: values in the order of their numbers.
        dialect: a sqlglot dialect name.
        columns: expected output names, in order, with logical types where the definition tells them.
        digest: ``sha256:`` over text and dialect (not the values).
        row_limit: the tightest of the question's and the policy's row limits, or None. The text asks for one row more
            than a policy limit, so that the warehouse can tell whether rows were cut.
        refuses_when_empty: whether no row at all means that some group was too small, or that there was none: such a
            question is refused, not answered with nothing.
        checks: what must still be true of the columns that it reads, in the transaction in which it runs.
        wanted: whose types would have told how to say it better, and were not known.
        confined: whether somebody else's text shaped it: then it runs in the jail, where it can be killed.
    """

    sql: str
    parameters: tuple[Scalar, ...]
    dialect: str
    columns: tuple[ExpectedColumn, ...]
    digest: str
    row_limit: int | None
    refuses_when_empty: bool = False
    confined: bool = False
    checks: tuple[TypeCheck, ...] = ()
    wanted: tuple[TypeAsked, ...] = ()
