"""``metricgate import ossie|cube`` and ``metricgate export ossie|dbt``: what is printed, written, refused."""

from __future__ import annotations

import json

import yaml

OURS = """
semantic_models:
  - {name: rides, source: bikes.rides, entities: [{name: ride, type: primary, expr: id}],
     dimensions: [{name: kind, type: categorical}]}
metrics: [{name: fares, domain: bikes, type: simple, semantic_model: rides, agg: sum, expr: fare}]
"""
CUBE = """
cubes:
  - name: rides
    sql_table: bikes.rides
    dimensions: [{name: id, sql: id, type: number, primary_key: true}]
    measures: [{name: count, type: count}]
    access_policy: [{group: sales}]
"""


def test_export_and_import_meet(shell, tmp_path) -> None:
    """What export writes, import reads, without a project and without a key; nothing is overwritten."""
    (tmp_path / "a.yaml").write_text(OURS, encoding="utf-8")
    out = tmp_path / "out"
    result = shell.run("export", "ossie", str(tmp_path / "a.yaml"), "--out", str(out), "--name", "bikes")
    assert result.exit_code == 0, result.stderr
    assert "domain of the metric 'bikes.fares'" in " ".join(result.stderr.split())
    again = shell.run("export", "ossie", str(tmp_path / "a.yaml"), "--out", str(out), "--name", "bikes")
    assert again.exit_code == 2
    back = shell.run("import", "ossie", str(out / "bikes.yaml"), "--json")
    assert back.exit_code == 0
    told = json.loads(back.stdout)
    assert told["changes"] == []
    assert told["files"]["models/rides.yaml"]["metrics"][0]["domain"] == "bikes"


def test_export_prints_dbt(shell, tmp_path) -> None:
    """Without --out the files are printed as YAML documents."""
    (tmp_path / "a.yaml").write_text(OURS, encoding="utf-8")
    result = shell.run("export", "dbt", str(tmp_path / "a.yaml"))
    assert result.exit_code == 0
    documents = list(yaml.safe_load_all(result.stdout))
    assert documents[0]["models"][0]["metrics"][0]["config"] == {"meta": {"domain": "bikes"}}


def test_bad_options_and_bad_models_are_refused(shell, tmp_path) -> None:
    """An unknown version and a path in the name are usage; models that do not load are refused."""
    (tmp_path / "a.yaml").write_text(OURS, encoding="utf-8")
    assert shell.run("export", "ossie", str(tmp_path), "--spec", "9").exit_code == 2
    assert shell.run("export", "ossie", str(tmp_path), "--name", "../x").exit_code == 2
    assert shell.run("export", "dbt", str(tmp_path / "nowhere")).exit_code == 2
    (tmp_path / "a.yaml").write_text(OURS.replace("type: simple", "type: simpel"), encoding="utf-8")
    assert shell.run("export", "dbt", str(tmp_path)).exit_code == 3


def test_cube_gives_models_and_a_policy(shell, tmp_path) -> None:
    """The policy is written where its folder is named, and told as not written where only the models' is."""
    (tmp_path / "m.yml").write_text(CUBE, encoding="utf-8")
    source = str(tmp_path / "m.yml")
    result = shell.run("import", "cube", source, "--out", str(tmp_path / "one"), "--policies", str(tmp_path / "rules"))
    assert result.exit_code == 0, result.stderr
    assert "group:sales" in (tmp_path / "rules" / "cube.yaml").read_text(encoding="utf-8")
    result = shell.run("import", "cube", source, "--out", str(tmp_path / "two"))
    assert "the access policies were not written" in " ".join(result.stderr.split())
