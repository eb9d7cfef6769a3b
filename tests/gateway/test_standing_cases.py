"""The cases of ``tests/cases/standing``, asked of the default project's definitions and rules through the gateway."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import duckdb
import pytest
from tests.cases.reader import FOLDER, Case, cases_under
from tests.gateway.conftest import ask, opened

from metricgate.gateway.outcome import RefusedCall

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def default_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default project over no tables: what is refused never reaches them."""
    folder = tmp_path_factory.mktemp("standing") / "project"
    for name in ("semantic_models", "policies"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "metricgate.yaml").write_text("project: test\nwarehouse: {kind: duckdb, file: data.duckdb, threads: 1}\n")
    duckdb.connect(str(folder / "data.duckdb")).close()
    return folder


@pytest.mark.parametrize("case", list(cases_under(FOLDER / "standing")), ids=str)
def test_refused_with_its_code(case: Case, default_project: Path) -> None:
    """Each question is refused, by the code that the case names."""
    caller, expected = case.document.as_, case.document.expect

    async def once() -> object:
        async with opened(default_project) as parts:
            question = case.document.question.model_dump(mode="json", exclude_unset=True)
            return await ask(parts, caller.agent, "query_metrics", question, user=caller.user)

    outcome = asyncio.run(once())
    assert isinstance(outcome, RefusedCall), outcome
    assert outcome.problems.first.code.name == expected.code, str(outcome.problems)
