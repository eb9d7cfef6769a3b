"""Codes of what an engine says of a statement: its class, and nothing of the data.

Adapters raise them by name, after the engine's own class of error (SQLSTATE, number, exception), never its words.
"""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _gateway_code(name: str, cause: str, cure: str, status: int = 422) -> Code:
    return Code(name=name, group="sql", status=status, cause=cause, cure=cure)


DIVISION_BY_ZERO = _gateway_code(
    "E_SQL_DIVISION_BY_ZERO",
    "The statement divides by zero on some row.",
    "Divide by NULLIF(divisor, 0), which gives NULL there.",
)
BAD_CAST = _gateway_code(
    "E_SQL_BAD_CAST",
    "A value cannot be turned into the type that the statement asks for.",
    "Filter such values out before the cast, or use TRY_CAST where the dialect has it.",
)
OUT_OF_RANGE = _gateway_code(
    "E_SQL_OUT_OF_RANGE",
    "A number is larger or smaller than its type holds.",
    "Cast to a larger type (BIGINT, DECIMAL, DOUBLE PRECISION) before computing.",
)
BAD_TIME = _gateway_code(
    "E_SQL_BAD_TIME",
    "A text is no date or time of the form that is asked for, or a date or time lies beyond what the engine holds.",
    "Write ISO 8601 (2026-01-31, 2026-01-31 13:30:00); filter other values out before the cast.",
)
MANY_ROWS = _gateway_code(
    "E_SQL_MANY_ROWS",
    "A subquery that stands for one value gives several rows.",
    "Aggregate in it, or put LIMIT 1 behind an ORDER BY; for lists use IN or a join.",
)
BAD_ARGUMENT = _gateway_code(
    "E_SQL_BAD_ARGUMENT",
    "A function was given a value that it does not take: a broken pattern, the logarithm of zero, an unknown format.",
    "Check the values that the function takes; filter others out before it.",
)
GROUPING = _gateway_code(
    "E_SQL_GROUPING",
    "A column stands outside of an aggregate and is not grouped by, or an aggregate stands where none may.",
    "Add the column to GROUP BY or aggregate it; put conditions on aggregates into HAVING.",
)
UNKNOWN_NAME = _gateway_code(
    "E_SQL_UNKNOWN_NAME",
    "A name in the statement is unknown at its place, or could mean several things.",
    "Use the names that describe_dataset lists, with their table in front.",
)
NO_FUNCTION = _gateway_code(
    "E_SQL_NO_FUNCTION",
    "The engine has no function or operator of that name for these types or this number of arguments.",
    "Cast the arguments to the types that it takes, or use another function.",
)
MIXED_TYPES = _gateway_code(
    "E_SQL_MIXED_TYPES",
    "Types do not fit together: in a comparison, a UNION, a CASE, a condition, or columns and their values.",
    "Cast both sides to one type.",
)
SYNTAX = _gateway_code(
    "E_SQL_SYNTAX",
    "The engine cannot read the statement.",
    "Write it in the dialect that describe_dataset names.",
)
UNSUPPORTED = _gateway_code(
    "E_SQL_UNSUPPORTED",
    "The engine does not support what the statement asks for.",
    "Say it in another way.",
)
FAILED = _gateway_code(
    "E_SQL_FAILED",
    "The engine refused your statement or failed while running it; its words may hold data and are not shown.",
    "Make the statement smaller, piece by piece, to find the part that fails; the record holds the engine's words.",
)
TYPE_NOT_CARRIED = _gateway_code(
    "E_SQL_TYPE_NOT_CARRIED",
    "A column of the result has a type, or holds a value, that no answer can carry.",
    "Cast the column to text, or leave it out; the message names it.",
)
EXPRESSION_FAILED = _gateway_code(
    "E_EXPRESSION_FAILED",
    "An expression of the definitions fails on the data. Your question is well formed.",
    "Tell the owner of the definitions what the details say; other metrics and group-bys may answer.",
    status=502,
)
UNFIT_VALUE = _gateway_code(
    "E_SQL_UNFIT_VALUE",
    "A value of a filter is none that the column which it is compared with can have.",
    "Compare with values that list_dimension_values shows.",
)
TYPE_UNFIT = _gateway_code(
    "E_SQL_TYPE_UNFIT",
    "The engine does not group, sort, compare or aggregate values of the type that a part of the question has.",
    "Leave the member out of group_by and filters; the owner of its definition can offer a dimension that casts it.",
)
CRASHED = _gateway_code(
    "E_SQL_CRASHED",
    "The process that ran the statement ended before it answered. A new one is there.",
    "Do not send it again as it is: ask in another way, and report the record number to the operator.",
    status=502,
)

RUNTIME = frozenset({DIVISION_BY_ZERO, BAD_CAST, OUT_OF_RANGE, BAD_TIME, MANY_ROWS, BAD_ARGUMENT})
"""What depends on the data; the others say that the text does not fit the engine or its tables."""

CODES = (
    DIVISION_BY_ZERO,
    BAD_CAST,
    OUT_OF_RANGE,
    BAD_TIME,
    MANY_ROWS,
    BAD_ARGUMENT,
    GROUPING,
    UNKNOWN_NAME,
    NO_FUNCTION,
    MIXED_TYPES,
    SYNTAX,
    UNSUPPORTED,
    FAILED,
    TYPE_NOT_CARRIED,
    EXPRESSION_FAILED,
    UNFIT_VALUE,
    TYPE_UNFIT,
    CRASHED,
)
