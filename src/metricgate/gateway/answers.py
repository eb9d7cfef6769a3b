"""Answers as values: what a tool answers, and what is said beside it.

A tool returns its own kind of ``Answer``; the stages of ``answer_stages.py`` then add to it, in order, whatever the
tool. The schema that doors show is that of the type. Nothing that depends on time or on a record's number may stand in
an answer: the same question has byte-equal answers at every door. What does depend on them (how old data is, how sure a
number) stands beside it, in ``Verdicts``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

from pydantic import TypeAdapter

from metricgate.gateway.argument_schemas import inline_references
from metricgate.gateway.ports import Ran
from metricgate.ledger.events.calls import CallSubject
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.json import Json

Object = Mapping[str, Any]
"""A JSON object whose members are no business of a schema."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a tool answers. Subclasses have a field for each member of the JSON object, described for its schema.

    Attributes:
        notes: what was forgiven in the arguments, then what the caller should know, in plain words.
    """

    notes: Sequence[str]

    def as_json(self) -> dict[str, Json]:
        """Return the JSON object. Rows are not copied."""
        return {each.name: _to_json(getattr(self, each.name)) for each in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What is known of an answer without being part of it. None where nobody has anything to say.

    Attributes:
        data: what the data beneath the numbers is worth.
        confidence: how sure the answer is.
    """

    data: Object | None = None
    confidence: Object | None = None

    def as_json(self) -> dict[str, Json]:
        """Return what there is; empty where there is nothing."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None}


NO_VERDICTS = Verdicts()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDraft:
    """An answer before it is recorded and given.

    Attributes:
        answer: of the tool.
        facts: what its record says that it is about: metrics with versions, datasets.
        ran: what ran and is answered, if anything did; its intent holds the verdict.
        verdict: where nothing ran, why this may be answered; None for the right to call the tool.
        verdicts: what stands beside it.
    """

    answer: Answer
    facts: CallSubject
    ran: Ran | None = None
    verdict: Verdict | None = None
    verdicts: Verdicts = NO_VERDICTS


def envelope_schema(answer: type[Answer]) -> dict[str, Json]:
    """Return the JSON Schema of ``{"verdicts": ..., "answer": ..., "record": ...}`` for this kind of answer."""
    parts: dict[str, Json] = {"verdicts": VERDICTS_SCHEMA, "answer": answer_schema(answer), "record": RECORD_SCHEMA}
    return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}


def answer_schema(answer: type[Answer]) -> dict[str, Json]:
    """Return the closed JSON Schema of a kind of answer, references resolved in place. All members are required.

    Raises:
        TypeError: the type is no object with members: a programming error.
    """
    schema = TypeAdapter(answer).json_schema(mode="serialization")
    # Docstrings of the types inside are for us; what readers are told stands at the fields.
    parts = {name: {**part, "description": ""} for name, part in schema.pop("$defs", {}).items()}
    whole = _tidied(inline_references(schema, parts))
    if not isinstance(whole, dict):
        raise TypeError("the schema of an answer is an object")
    properties = whole["properties"]
    if not isinstance(properties, dict):
        raise TypeError("an answer has members")
    notes = properties.pop("notes")
    properties["notes"] = notes  # last, as everywhere in the docs
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


VERDICTS_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "description": "What is known of the answer besides: of the data beneath it, and how sure it is. Empty where "
    "nothing is.",
    "properties": {"data": {"type": "object"}, "confidence": {"type": "object"}},
    "additionalProperties": False,
}
RECORD_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "description": "Where this call stands in the ledger; get_receipt takes the index.",
    "properties": {"index": {"type": "integer"}, "trace_id": {"type": "string"}},
    "required": ["index", "trace_id"],
    "additionalProperties": False,
}


def _to_json(value: object) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, list | tuple) and value and is_dataclass(value[0]):
        return [_to_json(each) for each in value]
    return cast("Json", value)  # by the types of the fields


def _tidied(part: Json) -> Json:
    """Return a schema without what says nothing, and ``type: [..., "null"]`` for a plain type or null."""
    if isinstance(part, list):
        return [_tidied(each) for each in part]
    if not isinstance(part, dict):
        return part
    found = {name: _tidied(value) for name, value in part.items() if not _says_nothing(name, value)}
    either = found.get("anyOf")
    if isinstance(either, list) and all(isinstance(each, dict) and each.keys() == {"type"} for each in either):
        del found["anyOf"]
        found = {"type": [each["type"] for each in either if isinstance(each, dict)], **found}
    return found


def _says_nothing(name: str, value: Json) -> bool:
    return name == "default" or (name, value) in (("additionalProperties", True), ("items", {}), ("description", ""))
