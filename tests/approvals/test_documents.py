"""Preview, risk and outcome as JSON: the bytes that releases wrote, strictly read, and known in one file only."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metricgate
from metricgate.approvals.documents import (
    MisshapenDocument,
    outcome_from_json,
    outcome_to_json,
    preview_from_json,
    preview_to_json,
    risk_from_json,
    risk_to_json,
)
from metricgate.approvals.outcome import NotCarriedOut, RowsChanged
from metricgate.approvals.preview import (
    ConsideredRule,
    DefinitionsPreview,
    Preview,
    RiskContribution,
    RiskSummary,
    RowCounts,
    SampleRow,
    StructurePreview,
    TableCounts,
    TablePreview,
)
from metricgate.state.erasure import Sought

SOURCE = Path(metricgate.__file__).parent
_ROWS = '"rows":{"insert":0,"update":1,"delete":0,"cascaded":0,"total":1}'
_TABLE = (
    '{"table":"shop.main.t","cause":"statement","columns":["id","a"],"key":["id"],"assigned":["a"],'
    '"rows":{"insert":0,"update":1,"delete":0},"sample":[{"kind":"update","key":["1"],"before":["1",null],'
    '"after":["1","x"]}]%s}'
)
_DEFINITIONS = '"definitions":{"digest":"sha256:d","acting":["trigger x of t"],"number":3}'
_STRUCTURE = (
    '{"says":"drops t","table":"t","rows":40,"values":0,"columns":["id INTEGER"],"indexes":["i"],'
    '"not_restored":[],"notes":[],"metrics":["m.a"]}'
)
_HIDDEN = ',"hidden":["a"]'
_RULES = '"considered":[{"rule":"grant","decision":"allow","message":"it may"}]'
WRITTEN = {
    "a proposal": f'{{"dataset":"t",{_ROWS},"tables":[{_TABLE % ""}],"columns":["a"],"labels":["pii"],"unknown":[],'
    f'"reversibility":"R0","not_back":[],{_DEFINITIONS},"undo":"can","structure":null,"because":null,{_RULES}}}',
    "with a hidden column": f'{{"dataset":"t",{_ROWS},"tables":[{_TABLE % _HIDDEN}],"columns":["a"],"labels":[],'
    f'"unknown":["x"],"reversibility":"R3","not_back":["y"],{_DEFINITIONS},"undo":"in part","structure":null,'
    f'"because":"so",{_RULES}}}',
    "in a list": f'{{"dataset":"t",{_ROWS},"columns":["a"],"labels":["pii"],"unknown":[],"reversibility":"R0",'
    f'"not_back":[],{_DEFINITIONS},"undo":"can","structure":null,"because":null,{_RULES}}}',
    "an undo": f'{{"dataset":"t",{_ROWS},"tables":[],"columns":null,"labels":null,"unknown":[],"not_back":[],'
    f'{_DEFINITIONS},"reversibility":"R0","undo":"takes back 1 rows","structure":null,"because":"b","partial":false}}',
    "a proposal of df0a88a": f'{{"dataset":"t",{_ROWS},"tables":[],"columns":["a"],"labels":[],"unknown":[],'
    f'"reversibility":"R0","undo":"can","structure":{_STRUCTURE},"because":null,{_RULES}}}',
    "an undo of df0a88a": f'{{"dataset":"t",{_ROWS},"tables":[],"columns":["a"],"labels":[],"unknown":[],'
    f'"reversibility":"R0","undo":"takes back 1 rows","structure":{_STRUCTURE},"because":"b"}}',
    "an erased number": '{"dataset":"t","rows":{"insert":0,"update":"(erased)","delete":0,"cascaded":0,"total":14},'
    '"tables":[],"columns":["(erased)"],"labels":[],"unknown":[],"reversibility":"R0","undo":"can","structure":null,'
    '"because":"(erased)"}',
    "nothing": "{}",
}
OUTCOMES = (
    "{}",
    f"{{{_ROWS}}}",
    '{"problem":{"code":"E_X","message":"No."}}',
    '{"problem":{"code":"E_X","message":"No.","hint":"Ask.","details":{"rows":[{"table":"t","key":["1"]}]}}}',
)
RISKS = (
    "{}",
    (
        '{"score":46,"likelihood":4.0,"impact":7.25,"contributions":[{"signal":"rows","side":"impact","points":2.5,'
        '"because":"many."}]}'
    ),
)


@pytest.mark.parametrize("name", WRITTEN)
def test_previews_come_back_to_the_byte(name: str) -> None:
    """As each release wrote them: what it did not have is not made up, and the order stays."""
    assert orjson.dumps(preview_to_json(preview_from_json(orjson.loads(WRITTEN[name])))).decode() == WRITTEN[name]


@pytest.mark.parametrize("written", OUTCOMES)
def test_outcomes_come_back_to_the_byte(written: str) -> None:
    """Of an action that was carried out, that failed, that has not ended."""
    assert orjson.dumps(outcome_to_json(outcome_from_json(orjson.loads(written)))).decode() == written


@pytest.mark.parametrize("written", RISKS)
def test_risks_come_back_to_the_byte(written: str) -> None:
    """Of a proposal, and of an undo, which has none."""
    assert orjson.dumps(risk_to_json(risk_from_json(orjson.loads(written)))).decode() == written


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_NUMBER = st.none() | st.integers(0, 10**12)
_FLOAT = st.none() | st.floats(0, 100, allow_nan=False)
_TEXTS = st.lists(_TEXT, max_size=3).map(tuple)
_CELLS = st.none() | st.lists(st.none() | _TEXT, max_size=3).map(tuple)
_COUNTS = st.builds(RowCounts, insert=_NUMBER, update=_NUMBER, delete=_NUMBER, cascaded=_NUMBER, total=_NUMBER)
_PREVIEWS = st.builds(
    Preview,
    dataset=st.none() | _TEXT,
    rows=_COUNTS,
    tables=st.none()
    | st.lists(
        st.builds(
            TablePreview,
            table=_TEXT,
            cause=_TEXT,
            columns=_TEXTS,
            key=_TEXTS,
            assigned=_TEXTS,
            rows=st.builds(TableCounts, insert=_NUMBER, update=_NUMBER, delete=_NUMBER),
            sample=st.lists(st.builds(SampleRow, kind=_TEXT, key=_CELLS, before=_CELLS, after=_CELLS), max_size=2).map(
                tuple
            ),
            hidden=_TEXTS,
        ),
        max_size=2,
    ).map(tuple),
    columns=st.none() | _TEXTS,
    labels=st.none() | _TEXTS,
    unknown=_TEXTS,
    reversibility=_TEXT,
    not_back=st.none() | _TEXTS,
    definitions=st.none() | st.builds(DefinitionsPreview, digest=_TEXT, acting=_TEXTS, number=_NUMBER),
    undo=_TEXT,
    structure=st.none()
    | st.builds(
        StructurePreview,
        says=_TEXT,
        table=_TEXT,
        rows=_NUMBER,
        values=_NUMBER,
        columns=_TEXTS,
        indexes=_TEXTS,
        not_restored=_TEXTS,
        notes=_TEXTS,
        metrics=_TEXTS,
    ),
    because=st.none() | _TEXT,
    considered=st.none()
    | st.lists(st.builds(ConsideredRule, rule=_TEXT, decision=_TEXT, message=_TEXT), max_size=2).map(tuple),
    partial=st.none() | st.booleans(),
)
_OUTCOMES = (
    st.none()
    | st.builds(RowsChanged, rows=_COUNTS)
    | st.builds(
        NotCarriedOut,
        code=_TEXT,
        message=_TEXT,
        hint=st.none() | _TEXT,
        details=st.dictionaries(_TEXT, st.integers(0, 9) | _TEXT | st.lists(_TEXT)),
    )
)
_RISKS = st.none() | st.builds(
    RiskSummary,
    score=_NUMBER,
    likelihood=_FLOAT,
    impact=_FLOAT,
    contributions=st.lists(
        st.builds(RiskContribution, signal=_TEXT, side=_TEXT, points=_FLOAT, because=_TEXT), max_size=3
    ).map(tuple),
)


@settings(max_examples=100)
@given(preview=_PREVIEWS, risk=_RISKS, outcome=_OUTCOMES, needle=_TEXT.filter(bool))
def test_all_comes_back_and_can_be_erased(preview, risk, outcome, needle):
    """Whatever it says; and what was erased of it, be it the name of a field, is read all the same."""
    for value, write, read in (
        (preview, preview_to_json, preview_from_json),
        (risk, risk_to_json, risk_from_json),
        (outcome, outcome_to_json, outcome_from_json),
    ):
        document = orjson.loads(orjson.dumps(write(value)))
        assert read(document) == value
        erased = Sought(needle=needle).without(document)
        assert not Sought(needle=needle).in_value(write(read(erased))) or needle in "(erased)"


@pytest.mark.parametrize(
    "change",
    [
        {"rows": {}},
        {"rows": {"insert": "1", "update": 1, "delete": 0, "cascaded": 0, "total": 1}},
        {"rows": {"insert": True, "update": 1, "delete": 0, "cascaded": 0, "total": 1}},
        {"unknown": "x"},
        {"unknown": [1]},
        {"more": 1},
        {"partial": "no"},
        {"tables": [{}]},
        {"definitions": []},
        {"structure": {"says": "x"}},
        {"considered": [{"rule": 1, "decision": "allow", "message": ""}]},
    ],
    ids=str,
)
def test_what_no_release_wrote_is_refused(change):
    """Strictly: a name too many or too few, another type; the value is not in the message."""
    document = {**orjson.loads(WRITTEN["a proposal"]), **change}
    with pytest.raises(MisshapenDocument, match=r"^[a-z_.]+$"):
        preview_from_json(document)


@pytest.mark.parametrize("name", orjson.loads(WRITTEN["an undo of df0a88a"]))
def test_what_every_release_wrote_must_be_there(name):
    """But for the samples, which lists leave out, and what a table's own change is, which came later."""
    document = orjson.loads(WRITTEN["an undo of df0a88a"])
    del document[name]
    if name in {"tables", "structure"}:
        assert replace(preview_from_json(document), tables=()) == replace(
            preview_from_json(orjson.loads(WRITTEN["an undo of df0a88a"])),
            structure=None if name == "structure" else preview_from_json(document).structure,
        )
        return
    with pytest.raises(MisshapenDocument):
        preview_from_json(document)


_PARTS = {"preview", "risk", "outcome"}


def _keyed(tree: ast.AST):
    """Yield the lines in which a preview, risk or outcome is read by a key, or taken for a mapping."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Subscript(value=ast.Attribute(attr=part))
                | ast.Attribute(value=ast.Attribute(attr=part), attr="get" | "items" | "keys" | "values")
                | ast.Call(func=ast.Name(id="dict"), args=[ast.Attribute(attr=part)])
            ) if part in _PARTS:
                yield node.lineno
            case ast.Dict(keys=keys, values=values):
                yield from (
                    value.lineno
                    for key, value in zip(keys, values, strict=True)
                    if key is None and isinstance(value, ast.Attribute) and value.attr in _PARTS
                )


def test_their_names_in_json_are_known_in_one_file():
    """No code but ``approvals/documents.py`` reads or writes them by name, and no page does."""
    found = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line in _keyed(ast.parse(path.read_text(encoding="utf-8")))
    ]
    pages = sorted((SOURCE / "surfaces" / "console" / "templates").glob("*.html"))
    found += [
        f"{path.name}: {match[0]}"
        for path in pages
        for match in re.finditer(r"\b(preview|risk|outcome)(\[|\.get\(|\.items\()", path.read_text(encoding="utf-8"))
    ]
    assert found == []
    assert pages
