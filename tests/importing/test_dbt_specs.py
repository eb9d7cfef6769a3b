"""The same project in each of dbt's forms gives the same catalog."""

from __future__ import annotations

import pytest
from tests.importing.projects import LATEST, LEGACY_METRICS, LEGACY_MODELS, MANIFEST

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.metrics import RatioMetric
from metricgate.documents.yaml_writer import to_yaml
from metricgate.importing.dbt import import_dbt
from metricgate.importing.report import Imported
from metricgate.importing.unreadable_definitions import without_unreadable
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import members_of

LEGACY = [("models.yaml", LEGACY_MODELS), ("metrics/all.yaml", LEGACY_METRICS)]


def imported(texts: list[tuple[str, str]], **options: object) -> Imported:
    found = import_dbt(texts, **options)
    assert isinstance(found, Imported), str(found)
    return found


def catalog(found: Imported) -> Catalog:
    loaded = load([(name, to_yaml(document)) for name, document in found.files.items()])
    assert isinstance(loaded, Catalog), str(loaded)
    return loaded


def metric(found: Imported, name: str) -> Json:
    documents = [each for file in found.files.values() for each in file.get("metrics", ())]
    return next(each for each in documents if each["name"] == name)


def legacy() -> Imported:
    return imported(LEGACY, values={"bike_schema": "bikes"})


def latest() -> Imported:
    return imported([("schema.yml", LATEST)], schema="bikes")


def test_legacy_and_latest_mean_the_same() -> None:
    """Every metric of the legacy form has the same definition version as its twin of the latest form."""
    old, new = catalog(legacy()), catalog(latest())
    assert set(old.metrics) == set(new.metrics)
    versions = {name: (each.header.definition_version, each.header.label) for name, each in old.metrics.items()}
    assert versions == {name: (each.header.definition_version, each.header.label) for name, each in new.metrics.items()}
    assert old.models["rides"].description == new.models["rides"].description == "One row per ride."


def test_legacy_and_latest_hold_the_same_spines_and_saved_queries() -> None:
    """Spines and saved queries are the same but for their places; members are written in the plain form."""
    old, new = legacy().files, latest().files
    assert (
        old["saved_queries.yaml"]["saved_queries"]
        == new["saved_queries.yaml"]["saved_queries"]
        == [
            {
                "name": "weekly",
                "description": "Rides by week.",
                "query_params": {
                    "metrics": ["ride_count", "fare"],
                    "group_by": ["metric_time__week", "station__borough"],
                    "where": "{{ Dimension('station__borough') }} = 'Queens'",
                    "order_by": ["-fare", "metric_time__week", "-ride_count"],
                    "limit": 5,
                },
            }
        ]
    )
    assert (
        old["time_spines.yaml"]["time_spines"]
        == new["time_spines.yaml"]["time_spines"]
        == [
            {"name": "hours", "source": "bikes.hours", "column": "hour", "granularity": "hour"},
            {
                "name": "days",
                "source": "bikes.days",
                "column": "day",
                "granularity": "day",
                "custom_granularities": [{"name": "season", "column": "season_start"}, {"name": "fair_day"}],
            },
        ]
    )


def test_each_legacy_form_becomes_the_keys_of_ours() -> None:
    """Measures fold into metrics: aggregation words, filters of both levels, time, percentiles, windows."""
    found = legacy()
    assert metric(found, "ride_count") == {
        "name": "ride_count", "type": "simple", "semantic_model": "rides", "agg": "sum", "expr": "1",
        "label": "Rides", "time_granularity": "day",
    }  # fmt: skip
    assert metric(found, "fare")["expr"] == "fare"
    assert metric(found, "late_fare")["agg_time_dimension"] == "paid_on"
    assert metric(found, "electric_rides")["filter"] == [
        "{{ Dimension('station__borough') }} = 'Queens'",
        "{{ TimeDimension('metric_time', 'day') }} > '2026-01-01'",
    ]
    assert (metric(found, "middle_fare")["agg"], metric(found, "middle_fare")["percentile"]) == ("percentile", 0.5)
    assert metric(found, "long_fare")["percentile_type"] == "discrete"
    assert metric(found, "long_fare")["time_granularity"] == "week"
    assert metric(found, "rides_every_hour")["fill_nulls_with"] == 0
    assert metric(found, "rides_every_hour")["join_to_timespine"] is True
    assert metric(found, "docks")["non_additive_dimension"] == {
        "name": "opened_on", "window_choice": "max", "window_groupings": ["station"],
    }  # fmt: skip
    assert metric(found, "fare_growth")["input_metrics"] == [
        "fare", {"name": "fare", "alias": "fare_before", "offset_window": "14 days"},
    ]  # fmt: skip
    assert metric(found, "riders_in_two_days") == {
        "name": "riders_in_two_days", "type": "cumulative", "input_metric": "riders", "window": "2 days",
        "period_agg": "first", "time_granularity": "day",
    }  # fmt: skip
    assert metric(found, "fare_to_date")["grain_to_date"] == "month"
    assert metric(found, "rides_after_opening")["conversion_metric"] == "ride_count"


def test_what_has_a_counterpart_is_not_told() -> None:
    """The whole project comes along; told is only what is said in another way."""
    [change] = legacy().changes
    assert (change.subject, change.reason) == (
        "the aggregation of the measure 'ride_count'",
        "count is written as a sum of ones: as in dbt, nothing counted is no value (NULL), not 0",
    )
    assert {change.subject for change in latest().changes} == {
        "the aggregation of the metric 'ride_count'",
        "the aggregation of the metric 'rides_every_hour'",
        "the percentile of the metric 'middle_fare'",
    }


def test_a_manifest_in_json_loads() -> None:
    """``semantic_manifest.json`` comes with database, owner, wrapped filters, windows as objects; nulls say nothing."""
    found = imported([("target/semantic_manifest.json", MANIFEST)])
    loaded = catalog(found)
    assert loaded.models["rides"].source == ("prod", "bikes", "fct_rides")
    assert loaded.models["rides"].owner == "ops@bikes.example"
    assert metric(found, "fare")["filter"] == "{{ TimeDimension('metric_time', 'day') }} > '2026-01-01'"
    assert metric(found, "fare_week")["window"] == "7 days"
    assert metric(found, "fare_week")["input_metric"] == "fare_measure"


def test_a_metric_on_a_measure_uses_the_metric_that_shows_it_as_it_is() -> None:
    """A filtered metric does not stand for its measure; an unfiltered one is added under a free name, and told."""
    found = imported([("manifest.json", MANIFEST)])
    assert metric(found, "fare_measure") == {
        "name": "fare_measure", "type": "simple", "semantic_model": "rides", "agg": "sum", "expr": "fare",
        "agg_time_dimension": "started_at", "time_granularity": "day",
    }  # fmt: skip
    [change] = found.changes
    assert str(change) == (
        "manifest.json metrics[1].type_params.measure: added the metric 'fare_measure': the metric 'fare_week' is "
        "built on the measure 'fare', which no simple metric shows as it is"
    )


def test_filled_measures_get_a_metric_of_their_own() -> None:
    """A measure that is filled inside a cumulative metric is not the plain one."""
    text = (
        LEGACY_METRICS
        + """
---
metric:
  name: riders_filled
  type: cumulative
  type_params:
    measure: {name: riders, fill_nulls_with: 0, join_to_timespine: true, filter: "{{ Entity('member') }} > 1"}
"""
    )
    found = imported([("a.yaml", LEGACY_MODELS), ("b.yaml", text)], values={"bike_schema": "bikes"})
    assert metric(found, "riders_filled")["input_metric"] == {
        "name": "riders_fill_nulls_with_0_join_to_timespine", "filter": "{{ Entity('member') }} > 1",
    }  # fmt: skip
    added = metric(found, "riders_fill_nulls_with_0_join_to_timespine")
    assert (added["fill_nulls_with"], added["join_to_timespine"], added.get("filter")) == (0, True, None)
    catalog(found)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("{{ Dimension('station__borough', entity_path=['station']) }} = 'Queens'", "[]"),
        ("{{ Dimension('station__borough', entity_path=['ride', 'station']) }} = 'Queens'", "['ride']"),
        ("{{ Dimension('borough', entity_path=['station']) }} = 'Queens'", "['station']"),
    ],
)
def test_entity_paths_lead_to_one_place(written: str, kept: str) -> None:
    """A path that ends in the entity the name begins with does not walk it twice."""
    text = LEGACY_METRICS.replace("{{ Dimension('ride__is_electric') }}", written)
    found = imported([("a.yaml", LEGACY_MODELS), ("b.yaml", text)], values={"bike_schema": "bikes"})
    assert f"entity_path={kept}" in metric(found, "electric_share")["numerator"]["filter"]
    share = catalog(found).metrics["electric_share"]
    assert isinstance(share, RatioMetric)
    assert [member.removeprefix("ride__") for member in members_of(share.numerator.filter)] == ["station__borough"]


def test_plain_metric_time_is_a_day_at_least() -> None:
    """Rides are known by the hour: dbt shows them by the day; what is by the day or says its grain is left alone."""
    found = legacy()
    written = {name: metric(found, name).get("time_granularity") for name in catalog(found).metrics}
    assert {name for name, grain in written.items() if grain is None} == {"late_fare", "docks", "rides_after_opening"}
    assert {name for name, grain in written.items() if grain == "week"} == {"long_fare"}


def test_files_hold_one_model_each_with_its_simple_metrics() -> None:
    """Models are files of their own; what spans models stands apart."""
    files = legacy().files
    assert list(files) == [
        "models/rides.yaml", "models/stations.yaml", "metrics.yaml", "saved_queries.yaml", "time_spines.yaml",
    ]  # fmt: skip
    assert {each["type"] for each in files["metrics.yaml"]["metrics"]} == {
        "ratio", "derived", "cumulative", "conversion",
    }  # fmt: skip


def test_the_order_of_files_does_not_matter() -> None:
    """The same files in another order give the same documents."""
    assert imported(LEGACY[::-1], values={"bike_schema": "bikes"}) == legacy()


COURSE = """
models:
  - name: fct_orders
    semantic_model: {enabled: true}
    agg_time_dimension: ordered_at
    columns:
      - {name: order_id, entity: {type: primary, name: order_id}}
      - {name: customer_id, entity: {type: foreign, name: customer}}
      - {name: ordered_at, dimension: {type: time}, granularity: day}
      - {name: is_food, dimension: {type: categorical}}
    metrics:
      - {name: order_total, agg: sum}
      - {name: orders, agg: count, expr: order_id}
      - {name: food_total, agg: sum, expr: order_total, filter: "{{ Dimension('order_id__is_food') }} = true"}
      - {name: median_order, agg: median, expr: order_total}
      - {name: days_open, agg: average, expr: "DATEDIFF('day', ordered_at, closed_at)"}
metrics:
  - {name: mean_order, type: ratio, numerator: order_total, denominator: orders}
  - {name: so_far, type: cumulative, input_metric: order_total}
  - {name: growth, type: derived, expr: now - before, input_metrics: [
      {name: order_total, alias: now}, {name: order_total, alias: before, offset_window: 1 month}]}
"""


def test_a_metric_without_a_type_is_simple() -> None:
    """As in dbt-core; the other types say theirs."""
    found = import_dbt([("m.yml", COURSE)], sql_files=["models/marts/metricflow_time_spine.sql"])
    assert isinstance(found, Imported), found
    left, problems = without_unreadable(found)
    assert problems == ()
    assert left.counts == {"semantic_models": 1, "metrics": 8, "saved_queries": 0, "time_spines": 1}
    kinds = {each["name"]: each["type"] for document in left.files.values() for each in document.get("metrics", [])}
    assert [name for name, kind in kinds.items() if kind == "simple"] == [
        "order_total", "orders", "food_total", "median_order", "days_open",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["metricflow_time_spine.sql", "models/util/MetricFlow_Time_Spine.sql"])
def test_a_time_spine_that_is_a_file_alone(name: str) -> None:
    """Before time spines were declared, dbt knew the one by its model's name; a declared one makes it none."""
    found = import_dbt([("m.yml", COURSE)], sql_files=["models/x.sql", name], schema="mart")
    assert isinstance(found, Imported)
    assert found.files["time_spines.yaml"]["time_spines"] == [
        {
            "name": "metricflow_time_spine",
            "source": "mart.metricflow_time_spine",
            "column": "date_day",
            "granularity": "day",
        }
    ]
    declared = COURSE + "  - {name: last, agg: max, semantic_model: fct_orders}\n"
    declared = declared.replace(
        "models:\n", "models:\n  - {name: days, time_spine: {standard_granularity_column: d}}\n", 1
    )
    found = import_dbt([("m.yml", declared)], sql_files=[name])
    assert isinstance(found, Imported)
    assert [each["name"] for each in found.files["time_spines.yaml"]["time_spines"]] == ["days"]
