"""One small bike-rental project, written three times: dbt's legacy YAML, its latest YAML, and a manifest in JSON."""

from __future__ import annotations

LEGACY_MODELS = """
---
semantic_model:
  name: rides
  description: One row per ride.
  node_relation: {schema_name: $bike_schema, alias: fct_rides}
  defaults: {agg_time_dimension: started_at}
  primary_entity: ride
  entities:
    - {name: station, type: FOREIGN, expr: station_id}
    - {name: member, type: foreign, expr: member_id}
  dimensions:
    - {name: started_at, type: TIME, type_params: {time_granularity: HOUR}}
    - {name: paid_on, type: time, expr: paid, type_params: {time_granularity: day}}
    - {name: is_electric, type: categorical, label: Electric}
  measures:
    - {name: ride_count, agg: COUNT, expr: "1"}
    - {name: fare, agg: sum, label: Fares, create_metric: true}
    - {name: late_fare, agg: sum, expr: fare, agg_time_dimension: paid_on}
    - {name: electric_rides, agg: sum_boolean, expr: is_electric}
    - {name: middle_fare, agg: median, expr: fare}
    - {name: long_fare, agg: percentile, expr: fare, agg_params: {percentile: 0.9, use_discrete_percentile: true}}
    - {name: riders, agg: count_distinct, expr: member_id}
---
semantic_model:
  name: stations
  node_relation: {schema_name: $bike_schema, alias: dim_stations}
  defaults: {agg_time_dimension: opened_on}
  entities: [{name: station, type: primary, expr: id}]
  dimensions:
    - {name: opened_on, type: time, type_params: {time_granularity: day}}
    - {name: borough, type: categorical}
  measures:
    - name: docks
      agg: sum
      non_additive_dimension: {name: opened_on, window_choice: MAX, window_groupings: [station]}
---
project_configuration:
  time_spine_table_configurations:
    - {location: $bike_schema.days, column_name: day, grain: day}
  time_spines:
    - node_relation: {schema_name: $bike_schema, alias: hours}
      primary_column: {name: hour, time_granularity: hour}
    - node_relation: {schema_name: $bike_schema, alias: days}
      primary_column: {name: day, time_granularity: day}
      custom_granularities: [{name: season, column_name: season_start}, {name: fair_day}]
"""

LEGACY_METRICS = """
---
metric: {name: ride_count, type: SIMPLE, label: Rides, type_params: {measure: ride_count}}
---
metric: {name: late_fare, type: simple, type_params: {measure: {name: late_fare}}}
---
metric:
  name: electric_rides
  type: simple
  type_params: {measure: {name: electric_rides, filter: "{{ Dimension('station__borough') }} = 'Queens'"}}
  filter: "{{ TimeDimension('metric_time', 'day') }} > '2026-01-01'"
---
metric: {name: middle_fare, type: simple, type_params: {measure: middle_fare}}
---
metric: {name: long_fare, type: simple, time_granularity: week, type_params: {measure: long_fare}}
---
metric:
  name: rides_every_hour
  type: simple
  type_params: {measure: {name: ride_count, join_to_timespine: true, fill_nulls_with: 0}}
---
metric: {name: docks, type: simple, type_params: {measure: docks}}
---
metric: {name: riders, type: simple, type_params: {measure: riders}}
---
metric:
  name: electric_share
  type: ratio
  type_params:
    numerator: {name: ride_count, alias: electric, filter: "{{ Dimension('ride__is_electric') }}"}
    denominator: ride_count
---
metric:
  name: fare_growth
  type: derived
  type_params:
    expr: fare - fare_before
    metrics:
      - fare
      - {name: fare, alias: fare_before, offset_window: 14  days}
---
metric:
  name: riders_in_two_days
  type: cumulative
  type_params: {measure: riders, window: 2 days}
---
metric:
  name: fare_to_date
  type: cumulative
  type_params: {measure: {name: fare}, cumulative_type_params: {grain_to_date: MONTH, period_agg: last}}
---
metric:
  name: rides_after_opening
  type: conversion
  type_params:
    conversion_type_params:
      base_measure: docks
      conversion_measure: ride_count
      entity: station
      window: 1 month
      calculation: conversions
---
saved_query:
  name: weekly
  description: Rides by week.
  query_params:
    metrics: [ride_count, fare]
    group_by: ["TimeDimension('metric_time', 'week')", "Dimension('station__borough')"]
    where: ["{{ Dimension('station__borough') }} = 'Queens'"]
    order_by: ["Metric('fare').descending(True)", "TimeDimension('metric_time', 'week')", "-ride_count"]
    limit: 5
"""

LATEST = """
version: 2
models:
  - name: fct_rides
    description: One row per ride.
    semantic_model: {enabled: true, name: rides}
    agg_time_dimension: started_at
    primary_entity: ride
    columns:
      - {name: station_id, entity: {type: foreign, name: station}}
      - {name: member_id, entity: {type: foreign, name: member}, data_tests: [not_null]}
      - {name: started_at, granularity: hour, dimension: time}
      - {name: paid, granularity: day, dimension: {type: time, name: paid_on}}
      - {name: is_electric, dimension: {type: categorical, label: Electric}}
      - {name: fare, data_type: numeric}
    metrics:
      - {name: ride_count, type: simple, label: Rides, agg: count, expr: 1}
      - {name: fare, type: simple, agg: sum, label: Fares}
      - {name: late_fare, type: simple, agg: sum, expr: fare, agg_time_dimension: paid_on}
      - name: electric_rides
        type: simple
        agg: sum_boolean
        expr: is_electric
        filter:
          - "{{ Dimension('station__borough') }} = 'Queens'"
          - "{{ TimeDimension('metric_time', 'day') }} > '2026-01-01'"
      - {name: middle_fare, type: simple, agg: percentile, expr: fare, percentile: 50.0, percentile_type: continuous}
      - {name: long_fare, type: simple, agg: percentile, expr: fare, percentile: 0.9, percentile_type: discrete,
         time_granularity: week}
      - {name: rides_every_hour, type: simple, agg: count, expr: 1, join_to_timespine: true, fill_nulls_with: 0}
      - {name: riders, type: simple, agg: count_distinct, expr: member_id}
      - name: electric_share
        type: ratio
        numerator: {name: ride_count, alias: electric, filter: "{{ Dimension('ride__is_electric') }}"}
        denominator: {name: ride_count}
  - name: dim_stations
    semantic_model: {enabled: true, name: stations}
    agg_time_dimension: opened_on
    columns:
      - {name: id, entity: {type: primary, name: station}}
      - {name: opened_on, granularity: day, dimension: {type: time}}
    derived_semantics:
      dimensions: [{name: borough, type: categorical, expr: borough}]
    metrics:
      - name: docks
        type: simple
        agg: sum
        non_additive_dimension: {name: opened_on, window_agg: max, group_by: [station]}
  - {name: hours, time_spine: {standard_granularity_column: hour}, columns: [{name: hour, granularity: hour}]}
  - name: days
    time_spine:
      standard_granularity_column: day
      custom_granularities: [{name: season, column_name: season_start}, {name: fair_day}]
    columns: [{name: day, granularity: day}]
metrics:
  - name: fare_growth
    type: derived
    expr: fare - fare_before
    input_metrics: [{name: fare}, {name: fare, alias: fare_before, offset_window: 14 days}]
  - {name: riders_in_two_days, type: cumulative, input_metric: riders, window: 2 days}
  - {name: fare_to_date, type: cumulative, input_metric: {name: fare}, grain_to_date: month, period_agg: last}
  - {name: rides_after_opening, type: conversion, entity: station, base_metric: docks, conversion_metric: ride_count,
     window: 1 month, calculation: conversions}
saved_queries:
  - name: weekly
    description: Rides by week.
    query_params:
      metrics: [ride_count, fare]
      group_by: ["Dimension('metric_time').grain('week')", "Dimension('station__borough')"]
      where: "{{ Dimension('station__borough') }} = 'Queens'"
      order_by: ["Metric('fare').descending(True)", "TimeDimension('metric_time', 'week').descending(False)",
                 "Metric('ride_count').descending(true)"]
      limit: 5
"""

MANIFEST = """
{"semantic_models": [
  {"name": "rides", "description": null, "label": null, "config": {"meta": {"owner": "ops@bikes.example"}},
   "node_relation": {"alias": "fct_rides", "schema_name": "bikes", "database": "prod",
                     "relation_name": "\\"prod\\".\\"bikes\\".\\"fct_rides\\""},
   "defaults": {"agg_time_dimension": "started_at"}, "primary_entity": "ride",
   "entities": [{"name": "station", "description": null, "type": "foreign", "role": null, "expr": "station_id",
                 "metadata": {"file_slice": {"start_line_number": 4}}, "label": null}],
   "measures": [{"name": "fare", "agg": "sum", "description": null, "create_metric": false, "expr": null,
                 "agg_params": null, "metadata": null, "non_additive_dimension": null,
                 "agg_time_dimension": "started_at"}],
   "dimensions": [{"name": "started_at", "type": "time", "is_partition": false,
                   "type_params": {"time_granularity": "hour", "validity_params": null}, "expr": null}],
   "metadata": {"repo_file_path": "rides.yml"}}],
 "metrics": [
  {"name": "fare", "type": "simple", "type_params": {"measure": {"name": "fare", "filter": null, "alias": null,
     "join_to_timespine": false, "fill_nulls_with": null}, "numerator": null, "expr": "fare", "window": null,
     "join_to_timespine": false, "fill_nulls_with": null,
     "metric_aggregation_params": {"semantic_model": "rides", "agg": "sum", "expr": "fare"},
     "input_measures": [{"name": "fare"}]}, "filter": {"where_filters": [
       {"where_sql_template": "{{ TimeDimension('metric_time', 'day') }} > '2026-01-01'"}]},
   "metadata": null, "label": "Fares", "config": {"meta": {}}, "time_granularity": null},
  {"name": "fare_week", "type": "cumulative", "type_params": {"measure": {"name": "fare"}, "window":
     {"count": 7, "granularity": "day"}, "cumulative_type_params": {"window": {"count": 7, "granularity": "day"},
     "period_agg": "first", "grain_to_date": null, "metric": null}}, "filter": null}],
 "project_configuration": {"dsi_package_version": {"major_version": "0"}, "metadata": null,
   "time_spines": [{"node_relation": {"alias": "hours", "schema_name": "bikes"},
                    "primary_column": {"name": "hour", "time_granularity": "hour"}, "custom_granularities": []}],
   "time_spine_table_configurations": []},
 "saved_queries": []}
"""
