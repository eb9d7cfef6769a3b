"""``validate`` on governed actions: how many there are, and what is wrong with each, in its file and with its table."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gateway.changes.shop import ACTIONS, SETTINGS, write_shop

from metricgate.bootstrap.project import open_project
from metricgate.operations.validate import Validation
from metricgate.vocabulary.problem import Problems


def validated(folder: Path) -> Validation:
    project = open_project(folder)
    assert not isinstance(project, Problems), str(project)
    return project.validate()


def test_actions_are_counted(tmp_path: Path) -> None:
    found = validated(write_shop(tmp_path))
    assert (found.problems, found.counts["actions"]) == ((), 1)


@pytest.mark.parametrize(
    ("right", "wrong", "code", "words"),
    [
        (
            "target: customers",
            "target: custumers",
            "E_ACTION_UNKNOWN_TARGET",
            "'custumers', which is no semantic model",
        ),
        ("target: customers", "target: orders", "E_ACTION_BAD_STATEMENT", "not its target orders"),
        ("id = :id", "id = :ids", "E_ACTION_UNKNOWN_PARAMETER", ":ids, which is no parameter"),
        ("WHERE id = :id", "WHERE id = 1", "E_ACTION_UNUSED_PARAMETER", "does not use its parameter 'id'"),
        ("UPDATE customers SET", "SELECT 1; UPDATE customers SET", "E_ACTION_BAD_STATEMENT", "not exactly one"),
        ("SET segment", "SET segmnt", "E_WRITE_UNKNOWN_COLUMN", "sets 'segmnt', which is no column of 'customers'"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, right: str, wrong: str, code: str, words: str) -> None:
    assert right in ACTIONS
    problems = validated(write_shop(tmp_path, actions=ACTIONS.replace(right, wrong))).problems
    found = {each.code.name: each for each in problems}
    assert words in found[code].message
    place = found[code].where
    assert place is not None
    assert (place.file, place.line) == ("actions/all.yaml", 3)


def test_an_action_on_a_warehouse_that_is_read_only_is_told(tmp_path: Path) -> None:
    """It would be refused at every call."""
    folder = write_shop(tmp_path)
    (folder / "metricgate.yaml").write_text(SETTINGS.replace("read_only: false, writes: true, ", ""))
    [only] = validated(folder).problems
    assert only.code.name == "E_NOT_WRITABLE"
    assert "'pause_customer'" in only.message
