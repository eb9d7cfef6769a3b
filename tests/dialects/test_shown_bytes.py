"""A column of bytes is shown as base64, and a filter takes what is shown: on three engines."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dialects.things import Things, things
from tests.zones.worlds import ENGINES, POLICY

from metricgate.gateway.outcome import Answered, RefusedCall
from metricgate.vocabulary.json import Json

KINDS = {"duckdb": "BLOB", "postgres": "BYTEA", "mariadb": "VARBINARY(99)"}
HEX = {"duckdb": "from_hex('{}')", "postgres": "decode('{}', 'hex')", "mariadb": "UNHEX('{}')"}
VALUES = (b"hi", b"hi ", bytes([0, 255, 250]), bytes(range(200, 256)) + b"\\x41'%_")
SHOWN = [base64.b64encode(each).decode() for each in VALUES]
MODELS = """
semantic_models:
  - name: files
    source: "{schema}.files"
    entities: [{name: file, type: primary, expr: id}]
    dimensions:
      - {name: content, type: categorical}
      - {name: name, type: categorical}
    metrics:
      - {name: files, type: simple, agg: count}
      - {name: greeting, type: simple, agg: count, filter: "{{ Dimension('file__content') }} = 'hi'"}
"""
MASKED = f"""{POLICY}
masks: [{{id: m, roles: [readers], on: ["column:files.content"], method: hash, usable_in: [group, filter]}}]
"""


@pytest.fixture(params=ENGINES)
def asking(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Things]:
    """Ask a gateway whose table has bytes."""
    with things(request.param, tmp_path, MODELS, before=created) as found:
        yield found


def created(engine: str, schema: str) -> list[str]:
    """Return the statements that make the table."""
    rows = ", ".join(f"({at}, {HEX[engine].format(each.hex())}, 'hi')" for at, each in enumerate(VALUES))
    return [
        f"CREATE TABLE {schema}.files (id INT PRIMARY KEY, content {KINDS[engine]}, name VARCHAR(9))",
        f"INSERT INTO {schema}.files VALUES {rows}, (9, NULL, 'aGk=')",
    ]


def counted(asking: Things, where: Json) -> Json:
    return asking.rows(metrics=["files"], where=where)[0][0]


def test_a_filter_takes_each_value_as_it_is_shown(asking: Things):
    listed = asking.outcome("list_dimension_values", dimension="file__content")
    assert isinstance(listed, Answered)
    assert {row[0] for row in listed.answer["rows"]} == {*SHOWN, None}
    for shown in SHOWN:
        assert counted(asking, {"member": "file__content", "op": "=", "value": shown}) == 1, shown
        assert counted(asking, {"member": "file__content", "op": "!=", "value": shown}) == len(SHOWN) - 1
        assert counted(asking, f"{{{{ Dimension('file__content') }}}} = '{shown}'") == 1
        assert counted(asking, {"member": "file__content", "op": "ends_with", "value": shown[2:]}) == 1
        found = asking.outcome("list_dimension_values", dimension="file__content", starts_with=shown)
        assert isinstance(found, Answered)
        assert [row[0] for row in found.answer["rows"]] == [shown]
    assert counted(asking, {"member": "file__content", "op": "in", "value": SHOWN[:2]}) == 2
    assert counted(asking, {"member": "file__content", "op": "not_in", "value": SHOWN[:2]}) == 2
    assert counted(asking, {"member": "file__content", "op": "between", "value": [SHOWN[0], SHOWN[1]]}) == 2
    assert counted(asking, {"member": "file__content", "op": "<", "value": SHOWN[0]}) == 1


def test_texts_and_definitions_stay_as_they_are(asking: Things):
    """A text that could be base64 is one beside a text, and a definition speaks of the bytes themselves."""
    assert counted(asking, {"member": "file__name", "op": "=", "value": "aGk="}) == 1
    assert asking.rows(metrics=["greeting"]) == [[1]]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("hi", "'aGk='"),
        ("AP_6", "'AP/6'"),
        ("aGk", "'aGk='"),
        ("a\nGk=", "'YQpHaz0='"),
        ("aGl=", "'YUdsPQ=='"),
        (5, "text"),
    ],
)
def test_what_is_no_base64_is_refused_with_the_nearest_form(asking: Things, value: Json, form: str):
    where: Json = {"member": "file__content", "op": "=", "value": value}
    found = asking.outcome("query_metrics", metrics=["files"], where=where)
    assert isinstance(found, RefusedCall), found
    assert found.problems.first.code.name == "E_COMPARED_KINDS"
    assert form in found.problems.first.message


@pytest.mark.parametrize("engine", ENGINES)
def test_a_mask_decides_what_is_shown(engine: str, tmp_path: Path):
    """A hash of bytes is a text, which a filter takes as it stands."""
    with things(engine, tmp_path, MODELS, MASKED, before=created) as asking:
        rows = asking.rows(metrics=["files"], group_by=["file__content"])
        hashes = [row[0] for row in rows if isinstance(row[0], str)]
        assert len(hashes) == len(VALUES)
        for each in hashes:
            assert counted(asking, {"member": "file__content", "op": "=", "value": each}) == 1
