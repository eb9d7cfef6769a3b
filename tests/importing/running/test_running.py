"""Models of other tools, imported by the command line and not touched since, answer over real tables as SQL does."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.importing.running.shop import HERE, Project, exported, imported

from metricgate.gateway.outcome import Answered, RefusedCall

PROJECTS = {
    "dbt_legacy": ("dbt", "--schema", "shop"),
    "cube": ("cube", "--time-spine", "shop.days:day"),
    "ossie": ("ossie",),
}


@pytest.mark.parametrize("name", PROJECTS)
def test_an_imported_project_answers(name: str, tmp_path: Path) -> None:
    """Every metric, by several groupings: what the gateway answers is what SQL written by hand gives."""
    kind, *options = PROJECTS[name]
    imported(tmp_path / "project", kind, HERE / name / "source", *options).check(HERE / name / "cases.yaml")


def test_the_latest_spec_answers_the_same(tmp_path: Path) -> None:
    """The legacy project written in dbt's latest spec, by our own exporter, and imported again."""
    legacy = imported(tmp_path / "legacy", "dbt", HERE / "dbt_legacy" / "source", "--schema", "shop")
    latest = exported(legacy, "dbt", tmp_path / "source")
    imported(tmp_path / "latest", "dbt", latest, "--schema", "shop").check(HERE / "dbt_legacy" / "cases.yaml")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return imported(tmp_path_factory.mktemp("cube") / "project", "cube", HERE / "guarded_cube" / "source", policy=None)


COUNT, REVENUE = {"metrics": ["orders.count"]}, {"metrics": ["orders.revenue"]}
BY_STATUS = {"metrics": ["orders.count"], "group_by": ["orders__status"]}
BY_AMOUNT = {"metrics": ["orders.count"], "group_by": ["orders__amount"]}
VISITS = {"metrics": ["visits.count"]}
REFUSED = None


@pytest.mark.parametrize(
    ("group", "attributes", "wanted"),
    [
        ("boss", {}, [[(9,)], [(370,)], [("open", 2), ("paid", 6), ("void", 1)], 9, REFUSED]),
        ("clerk", {}, [[(4,)], REFUSED, [("paid", 4)], REFUSED, REFUSED]),
        ("temp", {}, [[(4,)], REFUSED, [("paid", 4)], REFUSED, REFUSED]),
        ("seller", {"channel": "shop"}, [[(3,)], [(70,)], [("open", 1), ("paid", 2)], 3, REFUSED]),
        ("seller", {}, [REFUSED] * 5),
        ("odd", {"is_odd": "true"}, [REFUSED] * 5),
        ("masked", {}, [[(9,)], REFUSED, REFUSED, REFUSED, REFUSED]),
        ("nobody", {}, [REFUSED] * 5),
        (None, {}, [REFUSED] * 5),
    ],
)
def test_an_imported_access_policy_decides(guarded: Project, group: str | None, attributes: dict, wanted: list) -> None:
    """Members and rows as Cube's policy gives them to the group; whatever cannot be said exactly opens nothing."""
    outcomes = guarded.ask_all([COUNT, REVENUE, BY_STATUS, BY_AMOUNT, VISITS], group=group, **attributes)
    found = []
    for outcome, each in zip(outcomes, wanted, strict=True):
        assert isinstance(outcome, Answered | RefusedCall), outcome
        rows = [tuple(row) for row in outcome.answer["rows"]] if isinstance(outcome, Answered) else REFUSED
        found.append(len(rows) if isinstance(each, int) and rows is not None else rows)
    assert found == wanted


def test_what_a_policy_loses_is_told(guarded: Project) -> None:
    """Conditions, masks, views, cubes that were open: each with its line in the report."""
    wanted = (
        "for odd: 'conditions'", "the masked 'revenue' of the access policy", "for nobody: it shows no rows",
        "access_policy of a view", "access to the cube 'visits'", "filters of several groups",
    )  # fmt: skip
    assert [words for words in wanted if not any(words in line for line in guarded.told)] == []
