"""Models of other tools, imported by the command line and not touched since, answer over real tables as SQL does."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.importing.running.shop import HERE, imported

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
