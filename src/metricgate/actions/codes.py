"""Codes of the actions room: mistakes in action documents, and in what an action is called with."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _actions_code(name: str, cause: str, cure: str) -> Code:
    return Code(name=name, group="actions", status=422, cause=cause, cure=cure)


DUPLICATE = _actions_code(
    "E_ACTION_DUPLICATE",
    "Two actions, or two parameters of one action, have the same name.",
    "Rename one of the two.",
)
BAD_PARAMETER = _actions_code(
    "E_ACTION_BAD_PARAMETER",
    "A parameter's bounds do not fit its type, contradict each other, or shut its default out.",
    "Numbers and dates take `min` and `max`, texts `max_length` and `pattern`; `one_of` lists values of the type.",
)
UNKNOWN_PARAMETER = _actions_code(
    "E_ACTION_UNKNOWN_PARAMETER",
    "The statement names a parameter that the action does not declare, or an inverse gives one that is not there.",
    "Declare it under `parameters`, or correct the spelling.",
)
UNUSED_PARAMETER = _actions_code(
    "E_ACTION_UNUSED_PARAMETER",
    "A parameter is declared that the statement does not use.",
    "Use it in the statement as `:name`, or take it away.",
)
BAD_STATEMENT = _actions_code(
    "E_ACTION_BAD_STATEMENT",
    "The action's statement is not one INSERT, UPDATE, DELETE or MERGE of the warehouse's dialect, or changes another "
    "table than the action's target.",
    "Correct the statement; the message names what is wrong in it.",
)
UNKNOWN_TARGET = _actions_code(
    "E_ACTION_UNKNOWN_TARGET",
    "The action's target is no semantic model, or its inverse no action.",
    "Name a dataset of the catalog, or an action.",
)

CODES = (DUPLICATE, BAD_PARAMETER, UNKNOWN_PARAMETER, UNUSED_PARAMETER, BAD_STATEMENT, UNKNOWN_TARGET)
