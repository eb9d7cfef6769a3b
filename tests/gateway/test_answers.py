"""Answers as values: the schema of a type, what stages add, and what is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator
from tests.gateway.conftest import ask, opened, write_project

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.gateway import answer_stages, answers
from metricgate.gateway.answers import Answer, Object, Verdicts, answer_schema
from metricgate.gateway.outcome import Answered, Held, RecordPosition
from metricgate.gateway.tools import TOOLS
from metricgate.ledger.events.calls import CallCompleted, CallSubject
from metricgate.surfaces.envelope import envelope, held_envelope
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.json import canonical_json


@dataclass(frozen=True, slots=True)
class Part:
    """Its docstring is no part of a schema."""

    name: str
    size: int | None


@dataclass(frozen=True, kw_only=True)
class Whole(Answer):
    """Neither is this."""

    parts: Sequence[Part]
    rest: Object
    one: Part | None


def test_the_schema_is_that_of_the_type() -> None:
    schema = answer_schema(Whole)
    part = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": ["integer", "null"]}},
        "required": ["name", "size"],
    }
    assert schema == {
        "type": "object",
        "properties": {
            "parts": {"type": "array", "items": part},
            "rest": {"type": "object"},
            "one": {"anyOf": [part, {"type": "null"}]},
            "notes": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["parts", "rest", "one", "notes"],
        "additionalProperties": False,
    }
    whole = Whole(parts=[Part("a", None)], rest={"x": [1]}, one=Part("b", 2), notes=())
    Draft202012Validator(schema).validate(orjson.loads(canonical_json(whole.as_json())))


@pytest.mark.parametrize("kind", [Answered, Held])
def test_verdicts_stand_first_and_leave_the_answer_alone(kind: type[Answered | Held]) -> None:
    answer = {"action_id": "act_1", "message": "wait", "rules": [], "b": 1}
    body = canonical_json(answer)
    plain = kind(answer=answer, body=body, record=RecordPosition(index=7, trace_id="ab"))
    told = replace(plain, verdicts=Verdicts(data={"fresh": False}))
    assert envelope(plain) == b'{"verdicts":{},"answer":%b,"record":{"index":7,"trace_id":"ab"}}' % body
    assert envelope(told) == envelope(plain).replace(b'"verdicts":{}', b'"verdicts":{"data":{"fresh":false}}')
    if isinstance(told, Held):
        assert list(orjson.loads(held_envelope(told))) == ["verdicts", "answer", "record", "held"]


def test_a_stage_adds_to_every_answer_and_its_verdict_changes_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A toy stage, behind the first of ours alone: it reads what is recorded of the question."""
    seen: list[CallSubject] = []

    async def judge_data(desk: object, draft: answers.AnswerDraft) -> answers.AnswerDraft:
        seen.append(draft.facts)
        return replace(draft, verdicts=replace(draft.verdicts, data={"worth": "little"}))

    folder = write_project(tmp_path / "project")
    questions = [
        ("query_metrics", {"metrics": ["sales.revenue"]}),
        ("search_catalog", {}),
        ("describe_metric", {"metric": "sales.revenue"}),
        ("query_sql", {"sql": "SELECT 1 AS one"}),
    ]

    async def go() -> None:
        async with opened(folder) as parts:
            monkeypatch.setattr(answer_stages, "STAGES", (answer_stages.tell_forgiven,))
            before = [await ask(parts, "omni", tool, arguments) for tool, arguments in questions]
            monkeypatch.setattr(answer_stages, "STAGES", (answer_stages.tell_forgiven, judge_data))
            after = [await ask(parts, "omni", tool, arguments) for tool, arguments in questions]
        for first, second in zip(before, after, strict=True):
            if not isinstance(first, Answered):
                assert type(first) is type(second)
                continue
            assert isinstance(second, Answered)
            assert digest_of_bytes(first.body) == digest_of_bytes(second.body)
            assert first.verdicts.as_json() == {}
            assert orjson.loads(envelope(second))["verdicts"] == {"data": {"worth": "little"}}
        assert sum(isinstance(each, Answered) for each in after) == len(seen) >= 3
        with LedgerReader(folder / ".metricgate" / "ledger.db") as reader:
            for first, second in zip(before, after, strict=True):
                if not isinstance(first, Answered) or not isinstance(second, Answered):
                    continue
                plain, judged = (reader.entry(each.record.index) for each in (first, second))
                assert "gov.verdicts" not in plain.fields, "an entry whose answer has no verdicts is as it was"
                assert judged.fields["gov.verdicts"] == {"data": {"worth": "little"}}
                assert CallCompleted.from_entry(judged).verdicts == {"data": {"worth": "little"}}
                assert judged.fields["gov.effect.result_digest"] == plain.fields["gov.effect.result_digest"]

    asyncio.run(go())


def test_every_tool_shows_the_envelope_of_its_answer() -> None:
    for tool in TOOLS:
        schema = tool.definition.output_schema
        assert list(schema["properties"]) == ["verdicts", "answer", "record"], tool.definition.name
        assert schema["properties"]["answer"]["additionalProperties"] is False
        assert list(schema["properties"]["answer"]["properties"])[-1] == "notes"
