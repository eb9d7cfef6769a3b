"""The loss report: what has no counterpart is told with its place; what is broken is a problem, never a guess."""

from __future__ import annotations

import json

import pytest

from metricgate.catalog.catalog_loader import load
from metricgate.documents import codes as document_codes
from metricgate.documents.yaml_writer import to_yaml
from metricgate.importing import codes
from metricgate.importing.dbt import import_dbt
from metricgate.importing.report import Imported, LossKind
from metricgate.vocabulary.problem import Problems

MODEL = """
semantic_model:
  name: rides
  node_relation: {schema_name: bikes, alias: rides}
  defaults: {agg_time_dimension: started_at}
  entities: [{name: ride, type: primary, expr: id}]
  dimensions:
    - {name: started_at, type: time, type_params: {time_granularity: day}}
  measures:
    - {name: fare, agg: sum, create_metric: true}
"""


def changes(text: str, name: str = "a.yaml") -> list[str]:
    found = import_dbt([(name, text)])
    assert isinstance(found, Imported), str(found)
    return [str(change) for change in found.changes]


def refused(text: str, name: str = "a.yaml", **options: object) -> Problems:
    found = import_dbt([(name, text)], **options)
    assert isinstance(found, Problems), found
    return found


NANOSECONDS = "      primary_column: {name: t, time_granularity: nanosecond}"
CASES = {
    "config": (
        "  config: {meta: {tier: gold, owner: ana@bikes.example}, tags: [x], enabled: true}",
        [
            "a.yaml:11:19 semantic_model.config.meta.tier: dropped 'tier' of config.meta of the semantic model 'rides'",
            "a.yaml:11:58 semantic_model.config.tags: dropped 'tags' of config of the semantic model 'rides'",
        ],
    ),
    "unknown key": (
        "  colour: red",
        ["a.yaml:11:3 semantic_model.colour: dropped 'colour' of the semantic model 'rides'"],
    ),
    "other kinds": ("---\nsources: [{name: raw}]", ["a.yaml:12:1 sources: dropped 'sources' of the file"]),
    "no mapping": ("---\n[1, 2]", ["a.yaml:12:1: dropped the document"]),
    "private": (
        "---\nmetric: {name: total, type: simple, is_private: true, type_params: {measure: fare}}",
        ["a.yaml:12:37 metric.is_private: dropped 'is_private' of the metric 'total': every metric can be asked here"],
    ),
    "parameters of another type": (
        "---\nmetric: {name: total, type: simple, type_params: {measure: {name: fare, alias: f}, numerator: fare}}",
        [
            "a.yaml:12:73 metric.type_params.measure.alias: dropped the alias of the measure of the metric 'total'",
            "a.yaml:12:84 metric.type_params.numerator: dropped 'numerator' of the metric 'total'",
        ],
    ),
    "switched off": (
        "---\nmetric: {name: total, type: simple, config: {enabled: false}, type_params: {measure: fare}}",
        ["a.yaml:12:1 metric: dropped the metric 'total': it is switched off"],
    ),
    "exports": (
        "---\nsaved_query: {name: q, query_params: {metrics: [fare]}, exports: [{name: e}]}",
        ["a.yaml:12:57 saved_query.exports: dropped 'exports' of the saved query 'q'"],
    ),
    "fine spine": (
        "---\nproject_configuration:\n  time_spines:\n    - node_relation: {alias: ns}\n" + NANOSECONDS,
        ["a.yaml:14:7 project_configuration.time_spines[0]: dropped the time spine ns: nanosecond is no grain here"],
    ),
    "plain dbt models": (
        "---\nmodels: [{name: one}, {name: two, columns: [{name: a}]}]",
        ["a.yaml: dropped 2 dbt models: without the key semantic_model"],
    ),
    "model switched off": (
        "---\nmodels: [{name: one, semantic_model: {enabled: false}}]",
        ["a.yaml:12:10 models[0]: dropped the semantic model 'one': it is switched off"],
    ),
    "reference": (
        "---\nsemantic_model:\n  name: more\n  model: ref('more_rides')\n  measures: [{name: extra, agg: sum}]",
        [
            "a.yaml:14:3 semantic_model.model: changed 'model' of the semantic model 'more': ref('more_rides') is read",
            "a.yaml:15:14 semantic_model.measures[0]: dropped the measure 'extra': no metric is built on it",
        ],
    ),
}


@pytest.mark.parametrize(("add", "told"), CASES.values(), ids=CASES)
def test_what_has_no_counterpart_is_told(add: str, told: list[str]) -> None:
    """Every part that does not come along is in the report with its place and the reason."""
    found = changes(f"{MODEL}{add}\n")
    assert [line[: len(start)] for line, start in zip(found, told, strict=True)] == told


def test_every_key_that_is_not_understood_is_told() -> None:
    """A key at any depth of a definition is told: nothing is lost in silence."""
    text = """
semantic_model:
  name: rides
  node_relation: {schema_name: bikes, alias: rides, zz1: 1}
  defaults: {agg_time_dimension: started_at, zz2: 1}
  entities: [{name: ride, type: primary, expr: id, role: rider, zz3: 1}]
  dimensions:
    - {name: started_at, type: time, type_params: {time_granularity: day, zz4: 1, validity_params: {zz5: 1}}, zz6: 1}
  measures:
    - {name: fare, agg: percentile, agg_params: {percentile: 0.5, zz7: 1}, create_metric: true, zz8: 1,
       non_additive_dimension: {name: started_at, zz9: 1}}
---
metric: {name: a, type: ratio, zza: 1, type_params: {numerator: {name: fare, zzb: 1}, denominator: fare, zzc: 1}}
---
metric: {name: b, type: cumulative, type_params: {measure: {name: fare, zzd: 1}, window: {count: 1, granularity: day,
  zze: 1}, cumulative_type_params: {zzf: 1}}}
---
metric: {name: c, type: conversion, type_params: {conversion_type_params: {base_measure: fare, conversion_measure: fare,
  entity: ride, zzg: 1, constant_properties: [{base_property: a, conversion_property: b, zzh: 1}]}}}
---
metric: {name: d, type: simple, filter: {where_filters: [{where_sql_template: x, zzi: 1}], zzj: 1}, type_params:
  {metric_aggregation_params: {semantic_model: rides, agg: sum, zzk: 1}, expr: fare}}
---
saved_query: {name: q, zzl: 1, query_params: {metrics: [fare], zzm: 1}}
---
project_configuration: {zzn: 1, time_spines: [{zzo: 1, node_relation: {alias: t, zzp: 1}, primary_column: {name: c,
  zzq: 1}, custom_granularities: [{name: g, zzr: 1}]}], time_spine_table_configurations: [{location: u, column_name: c,
  grain: day, zzs: 1}]}
---
models: [{name: m, semantic_model: {enabled: true, zzt: 1}, zzu: 1, derived_semantics: {zzv: 1}, columns: [{name: k,
  zzw: 1, entity: {type: primary, zzx: 1}}]}]
"""
    told = "\n".join(changes(text))
    marks = [f"zz{mark}" for mark in "123456789abcdefghijklmnopqrstuvwx"]
    assert [mark for mark in marks if f"'{mark}'" not in told] == []
    assert "'role'" in told


def test_what_says_nothing_is_not_told() -> None:
    """Nulls, empty lists and empty mappings, which manifests are full of, are no loss."""
    text = MODEL.replace("name: rides\n", "name: rides\n  zz: null\n  yy: []\n  xx: {}\n  ww: ''\n")
    assert changes(text) == []


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", codes.NOTHING_TO_IMPORT, "no semantic model and no metric of dbt"),
        ("version: 2\nsources: [{name: raw}]", codes.NOTHING_TO_IMPORT, "no semantic model"),
        (
            f"{MODEL}---\nmetric: {{name: x, type: simple, type_params: {{measure: fares}}}}",
            codes.IMPORT_REFERENCE,
            "the metric 'x' is built on the measure 'fares', which no semantic model has",
        ),
        (f"{MODEL}---{MODEL}", codes.IMPORT_DUPLICATE, "two of the semantic model 'rides'"),
        (f"{MODEL}---\nmetric: {{type: simple}}", codes.IMPORT_SHAPE, "a metric has no 'name'"),
        (f"{MODEL}---\nmetrics: 7", codes.IMPORT_SHAPE, "'metrics' must be a list"),
        (f"{MODEL}---\nmetric: {{name: [a], type: simple}}", codes.IMPORT_SHAPE, "'name' must be text"),
        (
            MODEL.replace("schema_name: bikes", "schema_name: $bikes"),
            codes.IMPORT_PLACEHOLDER,
            "the relation's name holds the placeholder $bikes",
        ),
        (
            f"{MODEL}---\nmetric: {{name: x, type: ratio, type_params: {{numerator: fare}}}}",
            codes.IMPORT_SHAPE,
            "the metric 'x' has no 'denominator'",
        ),
    ],
)
def test_a_broken_source_is_refused(text: str, code: codes.Code, message: str) -> None:
    """What the source itself cannot mean is a problem with its place."""
    found = refused(text)
    assert any(each.code is code and message in each.message for each in found), str(found)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.yaml", "a: &a [*a]", document_codes.FORBIDDEN),
        ("a.yaml", "a: !!python/object/apply:os.system ['id']", document_codes.FORBIDDEN),
        (
            "a.yaml",
            "a: &a [" + "x," * 999 + "]\nb: &b [" + "*a," * 99 + "]\nc: [" + "*b," * 9 + "]",
            document_codes.TOO_LARGE,
        ),
        ("a.yaml", "[" * 100, document_codes.TOO_LARGE),
        ("a.yaml", "a: 1\na: 2", document_codes.DUPLICATE_KEY),
        ("a.yaml", "a: [", document_codes.SYNTAX),
        ("a.yaml", "a: '\u202e'", document_codes.CHARACTER),
        ("a.json", "[" * 100_000, document_codes.SYNTAX),
        ("a.json", "{", document_codes.SYNTAX),
        ("a.yaml", "a: " + "x" * 9_000_000, document_codes.TOO_LARGE),
    ],
    ids=["cycle", "tag", "aliases", "deep", "twice", "open", "bidi", "deep-json", "open-json", "large"],
)
def test_hostile_files_are_refused(name: str, text: str, code: codes.Code) -> None:
    """Cycles, tags, growing aliases, depth, size: refused with the codes of documents, before they cost anything."""
    assert refused(text, name).first.code == code


def test_a_models_name_never_becomes_a_path() -> None:
    """A name that is no name stays out of file names; the catalog then refuses it."""
    found = import_dbt([("a.yaml", MODEL.replace("name: rides\n", "name: ../../rides\n"))])
    assert isinstance(found, Imported)
    assert list(found.files) == ["models/model_1.yaml"]
    assert isinstance(load([(name, to_yaml(each)) for name, each in found.files.items()]), Problems)


def test_templates_in_filters_are_not_run() -> None:
    """There is no template engine: a filter comes along as text, and the catalog's grammar refuses what is no call."""
    metric = """{name: x, type: simple, filter: "{{ ''.__class__ }}", type_params: {measure: fare}}"""
    text = f"{MODEL}---\nmetric: {metric}"
    found = import_dbt([("a.yaml", text)])
    assert isinstance(found, Imported)
    loaded = load([(name, to_yaml(each)) for name, each in found.files.items()])
    assert isinstance(loaded, Problems)
    assert loaded.first.code.name == "E_BAD_TEMPLATE"


def test_placeholders_are_filled_where_a_value_is_known() -> None:
    """``$name`` and ``${name}`` are filled in relations and texts; others stay, and are told in relations only."""
    text = MODEL.replace("schema_name: bikes", "schema_name: '${s}'").replace("alias: rides", "alias: rides_$s")
    found = import_dbt([("a.yaml", text)], values={"s": "x"})
    assert isinstance(found, Imported)
    assert found.files["models/rides.yaml"]["semantic_models"][0]["source"] == "x.rides_x"


def test_settings_files_of_dbt_are_not_read_as_definitions() -> None:
    """``models:`` in dbt_project.yml configures folders; it is left alone and told."""
    found = import_dbt([("a.yaml", MODEL), ("dbt_project.yml", "models: {shop: {+materialized: table}}")])
    assert isinstance(found, Imported)
    assert [(each.kind, each.where.file) for each in found.changes] == [(LossKind.DROPPED, "dbt_project.yml")]


def test_a_change_has_a_json_form() -> None:
    """Programs get the report too."""
    found = import_dbt([("a.yaml", f"{MODEL}  colour: red\n")])
    assert isinstance(found, Imported)
    assert json.loads(json.dumps(found.changes[0].as_json())) == {
        "kind": "dropped",
        "subject": "'colour' of the semantic model 'rides'",
        "where": {"file": "a.yaml", "line": 11, "column": 3, "path": "semantic_model.colour"},
        "reason": "it has no counterpart here",
    }
