"""Cube's data model becomes ours: what it says comes along, what it cannot say is told, and access stays closed."""

from __future__ import annotations

import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.documents.yaml_writer import to_yaml
from metricgate.importing.cube import import_cube
from metricgate.importing.report import Imported
from metricgate.policy.kinds.masks import MASKS
from metricgate.policy.policy import Policy
from metricgate.policy.policy_loader import load as load_policy
from metricgate.vocabulary.obligation import MaskMethod
from metricgate.vocabulary.problem import Problems

MODEL = """
cubes:
  - name: Trips
    sql_table: bikes.trips
    joins:
      - {name: stations, relationship: many_to_one, sql: "{CUBE}.station_id = {stations.id}"}
    dimensions:
      - {name: id, sql: id, type: number, primary_key: true}
      - {name: city, sql: "{CUBE}.city", type: string}
      - {name: fare, sql: fare, type: number}
      - {name: startedAt, sql: started_at, type: time}
      - {name: shout, sql: "UPPER({city})", type: string}
      - name: size
        type: string
        case: {when: [{sql: "{CUBE}.fare > 100", label: big}], else: {label: small}}
    segments:
      - {name: paid, sql: "{CUBE}.status = 'paid'"}
    measures:
      - {name: count, type: count}
      - {name: revenue, type: sum, sql: "{fare}", filters: [{sql: "{CUBE}.status = 'paid'"}], title: Revenue}
      - {name: average, type: number, sql: "{revenue} / NULLIF({count}, 0)"}
      - {name: share, type: number, sql: "1.0 * {count} / {stations.count}"}
      - {name: weekly, type: sum, sql: fare, rolling_window: {trailing: 7 day}}
ADD
  - name: stations
    sql: SELECT * FROM bikes.stations
    dimensions:
      - {name: id, sql: id, type: number, primary_key: true}
      - {name: name, sql: name, type: string}
    measures:
      - {name: count, type: count}
"""


def taken(text: str) -> Imported:
    found = import_cube([("m.yml", text)])
    assert isinstance(found, Imported), str(found)
    return found


def catalog_of(found: Imported) -> Catalog:
    catalog = load([(name, to_yaml(each)) for name, each in found.files.items()])
    assert isinstance(catalog, Catalog), str(catalog)
    return catalog


def policy_text(rules: str) -> tuple[str, list[str]]:
    found = taken(MODEL.replace("ADD", rules))
    text = to_yaml(found.policies["cube.yaml"])
    assert isinstance(load_policy([("cube.yaml", text)]), Policy), text
    return text, [str(change) for change in found.changes]


def test_cubes_run_without_edits() -> None:
    """Measures are metrics of the cube's domain; joins, dimensions, segments and windows load as they come."""
    found = taken(MODEL.replace("ADD", ""))
    catalog = catalog_of(found)
    assert sorted(catalog.metrics) == [
        "stations.count", "trips.average", "trips.count", "trips.revenue", "trips.share", "trips.weekly",
        "trips.weekly_each",
    ]  # fmt: skip
    trips = catalog.models["trips"]
    assert [(each.name, each.type.value) for each in trips.entities] == [("trips", "primary"), ("stations", "foreign")]
    assert {each.name: each.expression.text for each in trips.dimensions} == {
        "id": "id", "city": "city", "fare": "fare", "started_at": "started_at", "shout": "UPPER(city)",
        "size": "CASE WHEN fare > 100 THEN 'big' ELSE 'small' END", "paid": "status = 'paid'",
    }  # fmt: skip
    assert catalog.metrics["trips.revenue"].expression.text == "CASE WHEN (status = 'paid') THEN fare END"
    assert catalog.metrics["trips.average"].numerator.name == "trips.revenue"
    assert str(catalog.metrics["trips.weekly"].window) == "7 days"


SHIFT = '      - {{name: m, type: number, multi_stage: true, sql: "{{revenue}}", time_shift: [{}]}}'
LOSSES = {
    "jinja": ('      - {name: m, type: sum, sql: "{{ x }}"}', "it holds Jinja"),
    "context": ('      - {name: m, type: sum, sql: "{FILTER_PARAMS.Trips.city}"}', "FILTER_PARAMS is set by Cube"),
    "another cube": ('      - {name: m, type: sum, sql: "{stations}.size"}', "it reads the cube 'stations'"),
    "shift": ("      - {name: m, type: sum, sql: fare, time_shift: [{interval: 1 year}]}", "only where it shifts one"),
    "shift forward": (SHIFT.format("{interval: 1 year, type: next}"), "'time_shift' of type 'next' has no counterpart"),
    "shift by parts": (SHIFT.format("{interval: 1 year 2 months, type: prior}"), "is no number of one grain"),
    "shift by another time": (
        SHIFT.format("{interval: 1 year, type: prior, time_dimension: city}"),
        "which is not the one time of 'Trips'",
    ),
    "shifts": (
        SHIFT.format("{interval: 1 day, type: prior}, {interval: 1 day, type: prior}"),
        "only where there is one",
    ),
    "shift of every time": (SHIFT.format("{interval: 1 day, type: prior}"), "metric_time is shifted"),
    "shift of nothing": (SHIFT.format("{interval: 1 day, type: prior}").replace("revenue", "gone"), "is not imported"),
    "stages": (
        "      - {name: m, type: sum, multi_stage: true, sql: fare}",
        "'multi_stage' has a counterpart only for arithmetic",
    ),
    "type": ("      - {name: m, type: string, sql: MAX(a)}", "the type 'string' has no counterpart"),
    "unknown measure": ('      - {name: m, type: number, sql: "{nothing} + 1"}', "nothing is known of"),
    "injection": ('      - {name: m, type: sum, sql: "fare) FROM t; DROP TABLE t; --"}', "is not"),
    "subquery": ('      - {name: m, type: sum, sql: "(SELECT 1)"}', "dropped the measure 'm'"),
    "no sql": ("      - {name: m, type: sum}", "it has no sql"),
    "unknown key": ("      - {name: m, type: sum, sql: fare, colour: red}", "'colour' of the measure 'm'"),
    "hidden": ("      - {name: m, type: sum, sql: fare, public: false}", "public: false"),
    "pre-aggregations": ("    pre_aggregations: [{name: x}]", "'pre_aggregations' of the cube 'Trips'"),
    "hidden cube": ("    public: false", "public: false of the cube 'Trips'"),
    "query": ("  - {name: q, sql: SELECT a FROM b JOIN c}", "put the query into a view"),
    "unknown cube key": ("    colour: red", "'colour' of the cube 'Trips'"),
}


@pytest.mark.parametrize(("add", "told"), LOSSES.values(), ids=LOSSES)
def test_what_has_no_counterpart_is_told(add: str, told: str) -> None:
    """And the rest still loads."""
    found = taken(MODEL.replace("ADD", add))
    assert any(told in str(change) for change in found.changes), [str(change) for change in found.changes]
    catalog_of(found)


def test_a_view_is_told_with_what_it_selects() -> None:
    """So that nobody looks for it."""
    all_of_it = "{join_path: Trips.stations, includes: '*'}"
    view = f"views: [{{name: all, cubes: [{{join_path: Trips, includes: [count, city]}}, {all_of_it}]}}]"
    found = taken(MODEL.replace("ADD", "") + view)
    told = next(str(change) for change in found.changes if "the view 'all'" in str(change))
    assert "trips.count, trips__city, stations__id, stations__name, stations.count" in told


def test_an_access_policy_becomes_grants_and_row_filters() -> None:
    """Groups become roles, members grants, filters row filters over the caller's attributes."""
    text, told = policy_text("""    access_policy:
      - group: manager
        row_level: {filters: [{member: city, operator: equals, values: ["{ userAttributes.city }"]}]}
      - groups: [audit, risk]
        member_level: {includes: [count, city]}
        row_level:
          filters: [{or: [{member: fare, operator: gte, values: ["5"]}, {member: city, operator: notSet}]}]""")
    assert "members:\n      - group:manager" in text
    assert "member: city\n      op: in\n      value:\n        attribute: city" in text
    assert "- metric:trips.count\n" in text
    assert "metric:trips.*" in text
    assert "value: 5\n" in text
    assert any("filters of several groups narrow each other" in line for line in told)
    assert any("access to the cube 'stations': Cube opens" in line for line in told)


def test_masked_members_become_masks_on_their_columns() -> None:
    """Who has a member in full by another policy is exempt; what is no column is not granted."""
    text, told = policy_text("""    access_policy:
      - {group: staff, member_level: {includes: [count]}, member_masking: {includes: [city, fare, shout, revenue]}}
      - {group: boss, member_level: {includes: [city]}}""")
    policy = load_policy([("cube.yaml", text)])
    assert isinstance(policy, Policy)
    assert [(each.patterns, each.roles, each.unless_roles, each.method) for each in policy.of(MASKS)] == [
        (("column:trips.city",), ("cube-staff",), ("cube-boss",), MaskMethod.NULL),
        (("column:trips.fare",), ("cube-staff",), (), MaskMethod.NULL),
    ]
    granted = {pattern for grant in policy.grants if "cube-staff" in grant.roles for pattern in grant.patterns}
    assert granted == {"tool:*", "dataset:trips", "dimension:trips.city", "dimension:trips.fare", "metric:trips.count"}
    for member in ("shout", "revenue"):
        assert any(f"the masked {member!r}" in line and "it is not granted" in line for line in told)


def test_a_mask_shows_what_the_dimension_says() -> None:
    """A plain value is shown as it is; SQL is not run for it, and that is told."""
    masked = MODEL.replace('sql: "{CUBE}.city", type', 'sql: "{CUBE}.city", mask: hidden, type').replace(
        "{name: fare, sql: fare,", "{name: fare, sql: fare, mask: {sql: '1 / 0'},"
    )
    found = taken(masked.replace("ADD", "    access_policy: [{group: g, member_masking: {includes: [city, fare]}}]"))
    policy = load_policy([("cube.yaml", to_yaml(found.policies["cube.yaml"]))])
    assert isinstance(policy, Policy)
    assert [(each.method, each.value) for each in policy.of(MASKS)] == [
        (MaskMethod.CONSTANT, "hidden"),
        (MaskMethod.NULL, None),
    ]
    assert any("SQL masks nothing here" in str(change) for change in found.changes)


CLOSED = {
    "condition": '{group: g, conditions: [{if: "{ userAttributes.ok }"}]}',
    "masked measure": "{group: g, member_masking: {includes: [revenue]}}",
    "masked computation": "{group: g, member_masking: {includes: [shout]}}",
    "operator": "{group: g, row_level: {filters: [{member: startedAt, operator: inDateRange, values: [a, b]}]}}",
    "other cube": "{group: g, row_level: {filters: [{member: stations.name, operator: equals, values: [x]}]}}",
    "computed value": '{group: g, row_level: {filters: [{member: city, operator: equals, values: ["{ f(x) }"]}]}}',
    "no values": "{group: g, row_level: {filters: [{member: city, operator: equals, values: []}]}}",
    "no rows": "{group: g, row_level: {allow_all: false}}",
    "unknown member": "{group: g, row_level: {filters: [{member: nothing, operator: equals, values: [x]}]}}",
}


@pytest.mark.parametrize("rule", CLOSED.values(), ids=CLOSED)
def test_a_policy_that_cannot_be_said_grants_nothing(rule: str) -> None:
    """A filter that is lost never opens the rows that it hid."""
    text, told = policy_text(f"    access_policy: [{rule}]")
    assert "dataset:trips" not in text
    assert any("nothing is granted by it" in line for line in told)


BROKEN = {
    "yaml": "cubes: [",
    "twice": "cubes: [{name: a, sql_table: a}, {name: a, sql_table: b}]",
    "not a list": "cubes: {a: 1}",
    "nothing": "views: []",
    "tag": "cubes: !!python/object/apply:os.system ['true']",
    "aliases": "a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
    "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]",
    "deep": "cubes: " + "[" * 5_000,
    "large": "cubes: [" + "x" * 9_000_000 + "]",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_input_is_refused_with_problems(text: str) -> None:
    """Never an exception, never half an import."""
    found = import_cube([("m.yml", text)])
    assert isinstance(found, Problems)


def test_a_circle_of_dimensions_ends() -> None:
    """Two dimensions that are written in terms of each other are told, not followed for ever."""
    text = "cubes: [{name: a, sql_table: a, dimensions: [{name: x, sql: '{y}'}, {name: y, sql: '{x}'}]}]"
    found = taken(text)
    assert sum("dropped the dimension" in str(change) for change in found.changes) == 2


TWO_WAYS = """
cubes:
  - name: orders
    sql_table: shop.orders
    joins:
      - {name: items, relationship: one_to_many, sql: "{CUBE.id} = {items.order_id}"}
    dimensions:
      - {name: id, sql: id, type: number, primary_key: true}
      - {name: size, sql: size, type: string}
    measures: [{name: total, sql: amount, type: sum}]
  - name: items
    sql_table: shop.items
    joins:
      - {name: orders, relationship: many_to_one, sql: "{CUBE}.order_id = {orders}.id"}
    dimensions:
      - {name: id, sql: id, type: number, primary_key: true}
      - {name: order_id, sql: order_id, type: number}
    measures: [{name: count, type: count}]
  - {name: late, extends: orders, sql: HEAD}
"""


def test_a_join_that_both_cubes_say_is_one() -> None:
    """The many's side and the one's: a dimension of the other cube has one way to it."""
    items = catalog_of(taken(TWO_WAYS.replace("HEAD", "SELECT * FROM shop.late_orders"))).models["items"]
    assert [each.name for each in items.entities if each.type.value == "foreign"] == ["orders", "late"]
    assert not items.relationships


def test_what_a_cube_reads_stands_for_what_it_extends() -> None:
    """A query of its own over a table of its parent: that query's table, or nothing where it is no plain one."""
    plain = catalog_of(taken(TWO_WAYS.replace("HEAD", "SELECT * FROM shop.late_orders")))
    assert ".".join(plain.models["late"].source) == "shop.late_orders"
    filtered = taken(TWO_WAYS.replace("HEAD", "SELECT * FROM shop.orders WHERE late"))
    assert set(catalog_of(filtered).models) == {"orders", "items"}
    assert any("put the query into a view" in str(each) for each in filtered.changes)
