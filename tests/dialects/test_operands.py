"""What is of another kind than is wanted where it stands is refused by name: in each engine's words, and at load."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.dialects.things import things
from tests.gateway.conftest import opened
from tests.gateway.conftest import write_project as write_orders
from tests.zones.worlds import ENGINES

from metricgate.adapters.roles.casbin_roles import casbin_judge
from metricgate.bootstrap.definition_source import definition_source
from metricgate.bootstrap.project import open_project
from metricgate.catalog.expression_parser import parse_expression
from metricgate.definitions.hot_reload import load_governance
from metricgate.dialects.expressions import write_expression
from metricgate.dialects.meanings.compared import OtherKind
from metricgate.gateway.governance import Governance
from metricgate.gateway.outcome import Answered, RefusedCall
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import Settings, load_settings
from metricgate.vocabulary.problem import Problem, Problems

DIALECTS = ("duckdb", "postgres", "mysql", "clickhouse", "databricks", "snowflake")
REFUSED = {
    "LENGTH(12)": "12 is a number, where LENGTH reads a text",
    "UPPER(LENGTH(a))": "LENGTH(a) is a number",
    "REPLACE(a, 'x', 1)": "1 is a number, where REPLACE reads a text",
    "CAST(a AS DATE) LIKE '2024%'": "is a time, where LIKE reads a text",
    "EXTRACT(year FROM '2024-01-05')": "is a text, where EXTRACT reads a time",
    "YEAR(LOWER(a))": "is a text, where YEAR reads a time",
    "DATE_TRUNC('month', 20240105)": "is a number",
    "DATEDIFF(a, '2024-02-30', day)": "is a text",
    "LOWER(a) + INTERVAL '1' DAY": "where an interval reads a time",
    "CASE WHEN LENGTH(a) THEN 1 END": "LENGTH(a) is a number, where a condition stands",
    "NOT (a || 'x')": "is a text, where a condition stands",
    "a = 1 AND 2": "2 is a number, where a condition stands",
    "IF(LENGTH(a), 1, 2)": "where a condition stands",
    "COALESCE(LOWER(a), 0)": "in one COALESCE: cast one of them",
    "CASE WHEN a = 1 THEN 'x' ELSE 0 END": "in one CASE",
    "IF(a = 1, TRUE, 7)": "in one CASE",
    "GREATEST(CAST(a AS DATE), 5)": "in one GREATEST",
    "CAST('2024-02-30' AS DATE)": "'2024-02-30' is no day",
    "CAST('soon' AS TIMESTAMP)": "'soon' is no day",
    "DATE '2023-02-29'": "'2023-02-29' is no day",
    "CAST('x' AS INT)": "'x' is no number",
    "CAST('' AS DECIMAL(9, 2))": "'' is no number",
}  # fmt: skip
ACCEPTED = (
    "LENGTH('12')", "LENGTH(a)", "YEAR(a)", "EXTRACT(year FROM CAST(a AS DATE))", "DATEDIFF(a, '2024-02-29', day)",
    "DATE_TRUNC('month', '2024-02-29')", "CASE WHEN a THEN 1 END", "NOT a", "a AND b = 1", "COALESCE(a, 0)",
    "COALESCE(LOWER(a), 'none')", "COALESCE(CAST(a AS DATE), '2024-02-29')", "COALESCE(a, NULL, 1.5, 2)",
    "CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' END", "CAST('7' AS INT)", "CAST(' 2024-02-29 ' AS DATE)",
    "CAST('2024-02-29 10:20:30' AS TIMESTAMP)", "TRY_CAST('2024-02-30' AS DATE)", "TRY_CAST('x' AS INT)",
    "CASE WHEN a IS NULL THEN DATE '2024-02-29' ELSE CAST(b AS TIMESTAMP) END", "a || 5", "CONCAT(a, 7)",
)  # fmt: skip


def text_of(expression: str) -> str:
    found = parse_expression(expression)
    assert not isinstance(found, Problem), str(found)
    return found.text


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_text_tells_is_refused_in_every_dialect(text: str):
    for dialect in DIALECTS:
        with pytest.raises(OtherKind) as found:
            write_expression(text_of(text), dialect)
        assert REFUSED[text] in str(found.value), dialect


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_is_right_or_unknown_is_said(text: str):
    for dialect in ("duckdb", "postgres", "mysql"):
        write_expression(text_of(text), dialect)


COLUMNS = {
    "length": "LENGTH(n)", "of_year": "YEAR(status)", "cut": "DATE_TRUNC('month', txt)",
    "instead": "COALESCE(status, 0)",
    "either": "CASE WHEN flag THEN status ELSE n END", "truth": "CASE WHEN dbl THEN 1 ELSE 0 END",
    "like": "n LIKE '7%'",
    "no_truth": "NOT status", "far": "DATEDIFF(status, day, day)", "later": "status + INTERVAL '1' DAY",
    "dated": "COALESCE(day, n)", "clock": "HOUR(amount)",
}  # fmt: skip
MODELS = f"""
semantic_models:
  - name: things
    source: "{{schema}}.things"
    entities: [{{name: thing, type: primary, expr: id}}]
    dimensions:
      - {{name: held, type: categorical, expr: "CASE WHEN COALESCE(flag, FALSE) THEN 'yes' ELSE 'no' END"}}
{"".join(f'      - {{name: {name}, type: categorical, expr: "{text}"}}{chr(10)}' for name, text in COLUMNS.items())}
    metrics: [{{name: things, type: simple, agg: count}}]
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_of_another_kind_have_no_answer_on_any_engine(engine: str, tmp_path: Path):
    """Refused by name where an engine would answer, and by ``validate`` everywhere: it knows the columns' types."""
    with things(engine, tmp_path, MODELS) as asking:
        held = asking.rows(metrics=["things"], group_by=["thing__held"])
        found = {
            name: asking.outcome("query_metrics", metrics=["things"], group_by=[f"thing__{name}"]) for name in COLUMNS
        }
        project = open_project(tmp_path)
        assert not isinstance(project, Problems)
        told = [each for each in project.validate().problems if each.code.name == "E_COMPARED_KINDS"]
    assert held == [["no", 2], ["yes", 2]]
    assert not [name for name, outcome in found.items() if isinstance(outcome, Answered)]
    if engine == "mariadb":
        codes = {
            name: outcome.problems.first.code.name
            for name, outcome in found.items()
            if isinstance(outcome, RefusedCall)
        }
        assert codes == dict.fromkeys(COLUMNS, "E_COMPARED_KINDS")
    assert sorted(each.message.partition(":")[0] for each in told) == sorted(f"things.{name}" for name in COLUMNS)


FLAGGED = """
semantic_models:
  - name: things
    source: "{schema}.things"
    entities: [{name: thing, type: primary, expr: id}]
    dimensions: [{name: some, type: categorical, expr: "CASE WHEN m THEN 'some' WHEN NOT m THEN 'none' END"}]
    metrics: [{name: things, type: simple, agg: count}]
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_column_of_whole_numbers_is_a_condition_where_there_is_such(engine: str, tmp_path: Path):
    """0 is false, NULL neither. PostgreSQL has no such condition, and `validate` says so."""
    with things(engine, tmp_path, FLAGGED) as asking:
        found = asking.outcome("query_metrics", metrics=["things"], group_by=["thing__some"])
        project = open_project(tmp_path)
        assert not isinstance(project, Problems)
        told = [each.code.name for each in project.validate().problems]
    if engine == "postgres":
        assert not isinstance(found, Answered)
        assert "E_COMPARED_KINDS" in told
    else:
        assert isinstance(found, Answered), found
        assert {tuple(row) for row in found.answer["rows"]} == {("none", 1), ("some", 2), (None, 1)}
        assert "E_COMPARED_KINDS" not in told


CASTS = {
    "whole": ("CAST(status AS INT)", ["0", "7"], "7x"),
    "cents": ("CAST(status AS DECIMAL(9, 2))", ["0", " 7.125 "], "open"),
    "size": ("CAST(status AS SMALLINT)", ["0", "70"], "70000"), "real": ("CAST(status AS DOUBLE)", ["0", "1e3"], "1,5"),
    "dated": ("CAST(status AS DATE)", ["2024-02-29", "2024-12-31"], "2024-02-30"),
    "moment": ("CAST(status AS TIMESTAMP)", ["2024-02-29", "2024-12-31 10:20:30"], "2024-12-31 junk"),
}  # fmt: skip
CASTING = f"""
semantic_models:
  - name: things
    source: "{{schema}}.things"
    entities: [{{name: thing, type: primary, expr: id}}]
    dimensions:
{"".join(f'      - {{name: {name}, type: categorical, expr: "{text}"}}{chr(10)}' for name, (text, *_) in CASTS.items())}
    metrics: [{{name: things, type: simple, agg: count}}]
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_text_that_cannot_be_cast_fails_the_question_everywhere(engine: str, tmp_path: Path):
    """MariaDB would make it 0 or NULL. What can be cast is, NULL among it; agents are told the class of the error."""
    with things(engine, tmp_path, CASTING) as asking:
        for name, (_text, good, bad) in CASTS.items():
            question = {"metrics": ["things"], "group_by": [f"thing__{name}"]}
            if engine == "duckdb":  # its file is open: what is stored cannot be changed, and holds '0', 'open', '7x'
                found = asking.outcome("query_metrics", **question)
            else:
                table = f"{asking.world.schema}.things"
                asking.world.execute(
                    f"UPDATE {table} SET status = NULL WHERE id > 2",
                    *(f"UPDATE {table} SET status = '{each}' WHERE id = {at}" for at, each in enumerate(good, 1)),
                )
                assert len(asking.rows(**question)) == 3, name
                asking.world.execute(f"UPDATE {table} SET status = '{bad}' WHERE id = 3")
                found = asking.outcome("query_metrics", **question)
            assert not isinstance(found, Answered), name
            problem = found.problems.first if isinstance(found, RefusedCall) else found.problem
            assert bad not in str(problem), name


PROJECT = """
semantic_models:
  - name: orders
    source: main.orders
    entities: [{name: order, type: primary, expr: id}]
    dimensions: [{name: wrong, type: categorical, expr: EXPRESSION}]
    metrics: [{name: orders, type: simple, agg: count}]
"""
WRONG = {"LENGTH(5)": "E_COMPARED_KINDS", "REGEXP_LIKE(region, 'a', 'i')": "E_EXPRESSION_ON_ENGINE"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_orders(tmp_path / "project")


@pytest.mark.parametrize("text", WRONG)
def test_a_project_with_such_an_expression_does_not_load(project: Path, text: str):
    """Not in `validate` alone: whoever serves, speaks MCP or asks on the command line starts from the same load."""
    settings = project / "metricgate.yaml"
    settings.write_text(
        "project: test\nwarehouse: {kind: postgres, host: 127.0.0.1, port: 1, database: x, user: x, tls: disable}\n"
    )
    models = project / "semantic_models" / "models.yaml"
    models.write_text(PROJECT.replace("EXPRESSION", f'"{text}"'))
    for policy in (project / "policies").iterdir():
        policy.write_text("version: 1\n")
    read = load_settings(project)
    assert isinstance(read, Settings)
    found = load_governance(definition_source(project, read), casbin_judge, "")
    assert isinstance(found, Problems)
    assert [(each.code.name, each.where.line) for each in found if each.where] == [(WRONG[text], 6)]
    models.write_text(PROJECT.replace("EXPRESSION", "region"))
    assert isinstance(load_governance(definition_source(project, read), casbin_judge, ""), Governance)


def test_nothing_starts_over_it(project: Path):
    models = project / "semantic_models" / "models.yaml"
    text = models.read_text().replace("{name: status, type: categorical, expr: status}",
                                      "{name: status, type: categorical, expr: LENGTH(5)}")  # fmt: skip
    models.write_text(text)

    async def start() -> None:
        async with opened(project):
            pass

    with pytest.raises(StartRefused) as found:
        asyncio.run(start())
    assert "E_COMPARED_KINDS" in str(found.value.problems)
