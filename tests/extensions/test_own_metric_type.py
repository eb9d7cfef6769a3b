"""A metric type that another package brings: installed, checked, asked and described, without a change in ours."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.pages import EVERYTHING, Project, made

from metricgate.catalog.catalog_loader import load
from metricgate.exporting.conditions import Unsaid
from metricgate.exporting.sql import Expressions
from metricgate.settings.installed_kinds import metric_types

SRC = Path(__file__).parents[2] / "src" / "metricgate"
DATA = """```sql
CREATE TABLE sales AS SELECT * FROM (VALUES
  (1, DATE '2024-01-05', 100, 30), (2, DATE '2024-01-20', 50, 10), (3, DATE '2024-02-01', 70, 75)
) AS t(id, sold_on, price, cost)
```"""
MODEL = """
semantic_models:
  - name: sales
    source: sales
    agg_time_dimension: sold_on
    entities: [{name: sale, type: primary, expr: id}]
    dimensions: [{name: sold_on, type: time, granularity: day}]
    metrics:
      - {name: income, type: simple, agg: sum, expr: price}
      - {name: spending, type: simple, agg: sum, expr: cost}
      - {name: profit, type: difference, whole: income, part: spending, description: What is left.}
metrics:
  - {name: margin, type: ratio, numerator: profit, denominator: income}
  - {name: later_profit, type: derived, expr: profit, input_metrics: [{name: profit, offset_window: 1 month}]}
"""


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory):
    """What installing the package would leave on the path."""
    site = tmp_path_factory.mktemp("site")
    (site / "acme_difference.py").write_text((Path(__file__).parent / "acme_difference.py").read_text())
    info = site / "acme_difference-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-difference\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[metricgate.metric_types]\ndifference = acme_difference:DIFFERENCE\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return made(tmp_path_factory.mktemp("project"), DATA, MODEL, EVERYTHING)


def answered(project: Project, *arguments: str) -> dict:
    result = project.run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["answer"]


def test_it_is_valid(project: Project) -> None:
    result = project.run("validate")
    assert result.exit_code == 0, result.output


def test_it_answers_alone_and_within_other_metrics(project: Project) -> None:
    found = answered(project, "query", "profit", "margin", "later_profit", "--by", "metric_time__month")
    rows = [list(row.values()) if isinstance(row, dict) else row for row in found["rows"]]
    assert [(row[1], row[3]) for row in rows] == [(110, None), (-5, 110), (None, -5)]
    assert [round(row[2], 4) for row in rows[:2]] == [0.7333, -0.0714]


def test_it_is_linted_and_compared(project: Project) -> None:
    findings = json.loads(project.run("lint", "--json").stdout)["findings"]
    assert {each["code"] for each in findings} <= {"E_LINT_NO_DESCRIPTION", "E_LINT_NO_OWNER"}, findings
    result = project.run("diff", str(project.folder), str(project.folder))
    assert result.exit_code == 0, result.output


def test_its_description_is_in_its_own_words(project: Project) -> None:
    found = answered(project, "describe", "profit")
    assert found["definition"] == {
        "type": "difference",
        "whole": {"name": "income", "alias": "income", "filter": None},
        "part": {"name": "spending", "alias": "spending", "filter": None},
        "filter": None,
    }


def test_mistakes_in_it_have_their_places() -> None:
    text = MODEL.replace("part: spending,", "part: margin,")
    problems = load([("models.yaml", text)], metric_types())
    assert any("part 'margin' is not a simple metric" in each.message for each in problems)
    unknown = MODEL.replace("part: spending,", "prt: spending,")
    assert any("prt" in f"{each.message} {each.where}" for each in load([("models.yaml", unknown)], metric_types()))


def test_without_the_package_nobody_knows_it() -> None:
    problems = load([("models.yaml", MODEL)])
    assert any("difference" in each.message for each in problems)


def test_its_version_hangs_on_its_inputs() -> None:
    before = load([("models.yaml", MODEL)], metric_types()).metrics["profit"].header
    after = load([("models.yaml", MODEL.replace("expr: cost", "expr: price"))], metric_types()).metrics["profit"].header
    assert before.definition_version != after.definition_version


def test_other_tools_get_what_it_computes() -> None:
    catalog = load([("models.yaml", MODEL)], metric_types())
    assert Expressions(catalog).of(catalog.metrics["profit"]) == "SUM(sales.price) - SUM(sales.cost)"
    with pytest.raises(Unsaid, match="offset"):
        Expressions(catalog).of(catalog.metrics["later_profit"])


KINDS = {"Simple": 19, "Ratio": 4, "Derived": 4, "Cumulative": 4, "Conversion": 4}
"""A simple metric is also what has rows, so that whoever looks at rows names it."""


@pytest.mark.parametrize(("kind", "most"), KINDS.items())
def test_a_type_is_named_in_few_files(kind: str, most: int) -> None:
    """Its class with what it does, its document, what builds it, the record; besides these only lists of names."""
    lists = {SRC / "catalog" / "metrics" / "__init__.py", SRC / "catalog" / "documents" / "__init__.py"}
    named = re.compile(rf"\b{kind}(Metric|Document)\b")
    found = [path for path in SRC.rglob("*.py") if named.search(path.read_text()) and path not in lists]
    assert len(found) <= most, found
