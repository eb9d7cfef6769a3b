"""Codes of the documents room: what can be wrong with a YAML file before anyone asks what it means."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _documents_code(name: str, cause: str, cure: str) -> Code:
    return Code(name=name, group="documents", status=422, cause=cause, cure=cure)


SYNTAX = _documents_code(
    "E_YAML_SYNTAX",
    "The file is not well-formed YAML.",
    "Repair the text at the place named; wrong indentation, a tab, or an open quote or bracket are the usual causes.",
)
FORBIDDEN = _documents_code(
    "E_YAML_FORBIDDEN",
    "The file uses a YAML feature that is not read here: a tag, a merge key, an alias inside itself.",
    "Write the value out in plain mappings, lists and scalars.",
)
TOO_LARGE = _documents_code(
    "E_YAML_TOO_LARGE",
    "The file is larger, more deeply nested, or grows by its aliases to more values than any document needs.",
    "Split the file, or write repeated parts out.",
)
CHARACTER = _documents_code(
    "E_YAML_CHARACTER",
    "The text holds a control character, or an invisible one that makes text read differently from what it is.",
    "Remove the character; retype the word if you cannot see it.",
)
DUPLICATE_KEY = _documents_code(
    "E_DUPLICATE_KEY",
    "A mapping has the same key twice.",
    "Keep one of the two.",
)
UNKNOWN_KEY = _documents_code(
    "E_UNKNOWN_KEY",
    "A mapping has a key that is not known there. Nothing is silently ignored.",
    "Correct the spelling, or move the key to where it belongs.",
)
MISSING_KEY = _documents_code(
    "E_MISSING_KEY",
    "A required key is missing.",
    "Add the key.",
)
WRONG_TYPE = _documents_code(
    "E_WRONG_TYPE",
    "A value has another type than is wanted: a list where text is wanted, text where a number is wanted.",
    "Give a value of the type that the message names; put quotes round text that looks like a number.",
)
BAD_VALUE = _documents_code(
    "E_BAD_VALUE",
    "A value has the right type but is not one of those allowed.",
    "Take one of the values that the message names.",
)
SEVERAL_DOCUMENTS = _documents_code(
    "E_SEVERAL_DOCUMENTS",
    "The file holds several YAML documents (`---`) where one is read.",
    "Split the file, or join the documents into one.",
)

CODES = (
    SYNTAX,
    FORBIDDEN,
    TOO_LARGE,
    CHARACTER,
    DUPLICATE_KEY,
    UNKNOWN_KEY,
    MISSING_KEY,
    WRONG_TYPE,
    BAD_VALUE,
    SEVERAL_DOCUMENTS,
)
