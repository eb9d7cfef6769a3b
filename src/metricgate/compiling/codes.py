"""Codes of the compiling room: what stands in the way of a statement although the plan is sound."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _compiling_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="compiling", status=status, cause=cause, cure=cure)


ROW_FILTER_MEMBER = _compiling_code(
    "E_ROW_FILTER_MEMBER",
    500,
    "A row filter of the policy names something that its dataset does not have; nothing may be read from it.",
    "The steward corrects the row filter: its members are dimensions or entities of the dataset itself.",
)
ROW_FILTER_VALUE = _compiling_code(
    "E_ROW_FILTER_VALUE",
    500,
    "A row filter of the policy compares a member with a value that cannot fit; nothing may be read from the dataset.",
    "The steward corrects the value or the principal's attribute that the row filter uses.",
)
UNREADABLE_EXPRESSION = _compiling_code(
    "E_UNREADABLE_EXPRESSION",
    500,
    "An expression of the catalog cannot be written in the warehouse's dialect.",
    "The metric's owner writes the expression in common SQL.",
)
DIALECT_CANNOT = _compiling_code(
    "E_DIALECT_CANNOT",
    501,
    "The warehouse's dialect has no way to say what the question needs.",
    "Ask with aggregates instead of single rows, or keep the data in a warehouse that can.",
)
COMPARED_KINDS = _compiling_code(
    "E_COMPARED_KINDS",
    400,
    "A value is of another kind than what stands beside it, or than is wanted there, which engines read differently.",
    "Compare texts with texts and numbers with numbers, or cast; list_dimension_values shows what a dimension holds.",
)
EXPRESSION_ON_ENGINE = _compiling_code(
    "E_EXPRESSION_ON_ENGINE",
    400,
    "An expression has a meaning that the engine of its warehouse has no words for.",
    "Write it in words that docs/expressions.md shows for the engine, or compute it in a view.",
)

CODES = (
    ROW_FILTER_MEMBER,
    ROW_FILTER_VALUE,
    DIALECT_CANNOT,
    COMPARED_KINDS,
    EXPRESSION_ON_ENGINE,
    UNREADABLE_EXPRESSION,
)
