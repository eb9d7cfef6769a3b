"""The catalog against what the warehouse describes."""

from __future__ import annotations

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.warehouse_check import check, relations
from metricgate.vocabulary.result import Column, DataType

TEXT = """\
semantic_models:
  - name: orders
    source: main.orders
    entities: [{name: order, type: primary, expr: o_id}]
    dimensions:
      - {name: ordered_at, type: time, expr: o_date, granularity: second}
      - {name: noted_at, type: time, expr: note, granularity: day}
      - {name: status, type: categorical, expr: o_statu}
metrics:
  - {name: total, type: simple, semantic_model: orders, agg: sum, expr: note}
  - {name: open, type: simple, semantic_model: orders, agg: sum_boolean, expr: o_id}
  - {name: fine, type: simple, semantic_model: orders, agg: sum, expr: O_ID * 2}
time_spines: [{name: days, source: main.dayz, column: day, granularity: day}]
"""
COLUMNS = tuple(
    Column(name=name, type=kind)
    for name, kind in (
        ("o_id", DataType.INTEGER), ("o_date", DataType.DATE), ("note", DataType.STRING), ("o_status", DataType.STRING)
    )
)  # fmt: skip


def test_everything_that_does_not_fit_is_told():
    """Missing tables and columns, and kinds of type that do not fit, come at once with their places."""
    catalog = load([("f.yaml", TEXT)])
    assert isinstance(catalog, Catalog)
    assert relations(catalog) == (("main", "dayz"), ("main", "orders"))
    found = check(catalog, {("main", "orders"): COLUMNS, ("main", "dayz"): None})
    assert sorted((problem.where.line, problem.code.name) for problem in found) == [
        (6, "E_COLUMN_TYPE"),
        (7, "E_COLUMN_TYPE"),
        (8, "E_NO_SUCH_COLUMN"),
        (10, "E_COLUMN_TYPE"),
        (11, "E_COLUMN_TYPE"),
        (13, "E_NO_SUCH_TABLE"),
    ]
    assert any("Did you mean 'o_status'" in str(problem) for problem in found)


def test_what_fits_gives_no_problem():
    """A catalog that fits its warehouse has nothing to tell."""
    text = (
        TEXT.replace("o_statu}", "o_status}").replace("second", "day").replace("expr: note, gran", "expr: o_date, gran")
    )
    text = text.replace("agg: sum, expr: note", "agg: count, expr: note").replace(
        "agg: sum_boolean, expr: o_id", "agg: max, expr: o_id"
    )
    catalog = load([("f.yaml", text)])
    assert isinstance(catalog, Catalog)
    days = (Column(name="DAY", type=DataType.DATE),)
    assert check(catalog, {("main", "orders"): COLUMNS, ("main", "dayz"): days}) == ()


def test_a_calendar_needs_its_column():
    """A custom granularity whose column the spine lacks is told."""
    text = (
        "time_spines:\n- {name: s, source: d, column: day, granularity: day, custom_granularities: [{name: fiscal}]}\n"
    )
    found = load([("s.yaml", text)])
    days = (Column(name="day", type=DataType.DATE),)
    assert [each.code.name for each in check(found, {("d",): days})] == ["E_NO_SUCH_COLUMN"]
    assert check(found, {("d",): (*days, Column(name="FISCAL", type=DataType.DATE))}) == ()


def test_a_kind_of_time_fits_its_type_or_tells_what_the_type_does_not():
    """Text that holds times is a time where the model says what kind; a type that says otherwise is told."""
    text = """\
semantic_models:
  - name: seen
    source: seen
    entities: [{name: sighting, type: primary, expr: id}]
    dimensions:
      - {name: noted_at, type: time, granularity: second, expr: note, time_kind: local}
      - {name: zoned_at, type: time, granularity: second, time_kind: zoned}
      - {name: moved_at, type: time, granularity: second, expr: zoned_at, time_kind: local}
"""
    catalog = load([("f.yaml", text)])
    assert isinstance(catalog, Catalog)
    named = (("id", DataType.INTEGER), ("note", DataType.STRING), ("zoned_at", DataType.TIMESTAMP_TZ))
    found = check(catalog, {("seen",): tuple(Column(name=name, type=kind) for name, kind in named)})
    assert [(problem.where.line, problem.code.name) for problem in found] == [(8, "E_COLUMN_TYPE")]
