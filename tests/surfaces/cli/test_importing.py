"""``metricgate import dbt``: what is printed, written, refused."""

from __future__ import annotations

import json

import pytest
import yaml

PROJECT = """
semantic_models:
  - name: rides
    model: ref('fct_rides')
    colour: red
    defaults: {agg_time_dimension: started_at}
    entities: [{name: ride, type: primary, expr: id}]
    dimensions: [{name: started_at, type: time, type_params: {time_granularity: day}}]
    measures: [{name: fare, agg: sum, create_metric: true}]
"""


@pytest.fixture
def dbt(tmp_path):
    """A dbt project's folder: one file of definitions, its settings, and what dbt built."""
    folder = tmp_path / "shop"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "rides.yml").write_text(PROJECT)
    (folder / "dbt_project.yml").write_text("models: {shop: {+materialized: table}}")
    for built in ("target", "dbt_packages", ".hidden"):
        (folder / built).mkdir()
        (folder / built / "rides.yml").write_text(PROJECT)
    return folder


def test_files_are_written_and_every_change_told(shell, dbt, tmp_path):
    """The models land in the folder; standard error tells what changed, with its place, and the sum."""
    result = shell.run("import", "dbt", str(dbt), "--out", str(tmp_path / "out"), "--schema", "bikes")
    assert result.exit_code == 0, result.stderr
    written = yaml.safe_load((tmp_path / "out" / "models" / "rides.yaml").read_text())
    assert written["semantic_models"][0]["source"] == "bikes.fct_rides"
    assert written["metrics"][0]["name"] == "fare"
    assert "models/rides.yml:5:5 semantic_models[0].colour: dropped 'colour'" in result.stderr
    assert "dbt_project.yml: dropped the file" in result.stderr
    assert "imported: 1 semantic models, 1 metrics; changes on the way: 3; problems in the result: 0" in result.stderr


def test_without_a_folder_the_documents_are_printed(shell, dbt):
    """Standard output holds YAML alone: one document for each file."""
    result = shell.run("import", "dbt", str(dbt / "models" / "rides.yml"))
    assert result.exit_code == 0, result.stderr
    [document] = yaml.safe_load_all(result.stdout)
    assert document["semantic_models"][0]["name"] == "rides"


def test_programs_get_documents_changes_and_problems(shell, dbt):
    """``--json`` is one object; every change has a kind, a subject, a place and a reason."""
    told = json.loads(shell.run("import", "dbt", str(dbt), "--json").stdout)
    assert set(told) == {"files", "changes", "problems"}
    assert {"kind", "subject", "where", "reason"} == set(told["changes"][0])
    assert told["files"]["models/rides.yaml"]["metrics"][0]["agg"] == "sum"


def test_nothing_is_overwritten(shell, dbt, tmp_path):
    """Where one of the files exists, none is written."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "rides.yaml").write_text("mine")
    result = shell.run("import", "dbt", str(dbt), "--out", str(tmp_path))
    assert (result.exit_code, "E_CLI_FILE_IN_THE_WAY" in result.stderr) == (2, True)
    assert (tmp_path / "models" / "rides.yaml").read_text() == "mine"


def test_a_manifest_in_the_target_folder_is_found(shell, tmp_path):
    """A folder whose YAML defines nothing, but with a built manifest, is read by that."""
    (tmp_path / "target").mkdir()
    manifest = {"semantic_models": yaml.safe_load(PROJECT)["semantic_models"], "metrics": []}
    (tmp_path / "target" / "semantic_manifest.json").write_text(json.dumps(manifest))
    result = shell.run("import", "dbt", str(tmp_path), "--json")
    assert list(json.loads(result.stdout)["files"]) == ["models/rides.yaml"]


@pytest.mark.parametrize(
    ("text", "options", "exit_code", "code"),
    [
        ("version: 2", (), 3, "E_NOTHING_TO_IMPORT"),
        ("a: [", (), 3, "E_YAML_SYNTAX"),
        (PROJECT.replace("ref('fct_rides')", "$where.rides"), (), 3, "E_IMPORT_PLACEHOLDER"),
        (PROJECT.replace("agg: sum", "agg: middle"), (), 0, "dropped the metric 'fare'"),
        (PROJECT, ("--set", "where"), 2, "E_CLI_BAD_OPTION"),
    ],
)
def test_what_cannot_be_imported_is_refused(shell, tmp_path, text, options, exit_code, code):
    """A broken source ends with problems and their codes; a metric that is wrong is left out and told."""
    (tmp_path / "a.yml").write_text(text)
    result = shell.run("import", "dbt", str(tmp_path), *options)
    assert (result.exit_code, code in result.stderr) == (exit_code, True), result.stderr


def test_a_folder_that_is_not_there_is_a_usage_error(shell, tmp_path):
    """The path is said."""
    result = shell.run("import", "dbt", str(tmp_path / "nowhere"))
    assert (result.exit_code, "nowhere" in result.stderr) == (2, True)
