# ruff: noqa: E501, Q003 -- lists of attempts read better wide
"""Filters in both forms: values stay values, and nothing else gets through."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metricgate.catalog.filters import parse_filter
from metricgate.catalog.templates import parse_template
from metricgate.vocabulary.predicate import And, Comparison, Not, Operator, Or, Template
from metricgate.vocabulary.problem import Problems


def one(op: str, value: object = ...) -> object:
    return parse_filter({"member": "a__b", "op": op} | ({} if value is ... else {"value": value}))


def test_nested_filters():
    """and, or and not nest around comparisons."""
    raw = {"and": [{"or": [{"member": "a", "op": "in", "value": [1, 2]}]}, {"not": {"member": "b", "op": "is_null"}}]}
    assert parse_filter(raw) == And(
        (Or((Comparison(member="a", op=Operator.IN, values=(1, 2)),)), Not(Comparison(member="b", op=Operator.IS_NULL)))
    )


@pytest.mark.parametrize(
    ("written", "op"),
    [("==", "="), ("eq", "="), ("<>", "!="), ("neq", "!="), ("GTE", ">="), ("le", "<="), (" Lt ", "<")],
)
def test_other_spellings_of_operators(written, op):
    """Spellings from elsewhere mean the operator that one expects."""
    assert one(written, 1) == Comparison(member="a__b", op=Operator(op), values=(1,))


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("=", None), ("=", [1]), ("=", {"a": 1}), ("=", ...), ("in", "x"), ("in", []), ("in", [None]), ("in", [[1]]),
        ("in", [1, "a"]), ("between", [1]), ("between", [1, 2, 3]), ("between", "ab"), ("between", [1, "b"]),
        ("is_null", 1), ("contains", 3), ("starts_with", None), ("<", True), ("=", "a\x00"), ("=", "\ud800"),
        ("=", 10**400), ("=", float("nan")), ("=", float("inf")), ("like", "x"), ("", 1), ("= 1 or 1 =", 1),
    ],
)  # fmt: skip
def test_values_must_fit_their_operator(op, value):
    """Arity and type of values are checked by operator."""
    found = one(op, value)
    assert isinstance(found, Problems)
    assert found.first.code.name == "E_BAD_FILTER"


@pytest.mark.parametrize(
    "member", ["", "a; drop table x", "a'b", "a b", "a\x00", "a\u202e", "\u0430", None, 1, ["a"], "a" * 999]
)
def test_members_are_names(member):
    """SQL text, control characters and lookalikes are no members."""
    assert isinstance(parse_filter({"member": member, "op": "=", "value": 1}), Problems)


def test_sql_in_a_value_stays_a_value():
    """SQL text in a value is just text."""
    text = "'; DROP TABLE orders; --"
    assert one("=", text) == Comparison(member="a__b", op=Operator.EQ, values=(text,))


def test_every_mistake_is_told_with_its_path():
    """All mistakes of a filter come at once, each with its path."""
    raw = {"and": [{"member": "x", "op": "inn", "value": [1]}, {"not": {"membr": "y", "op": "="}}, 7]}
    found = parse_filter(raw, "filter")
    assert isinstance(found, Problems)
    assert [problem.where.path for problem in found] == [
        "filter.and[0].op", "filter.and[1].not.membr", "filter.and[1].not", "filter.and[1].not", "filter.and[2]",
    ]  # fmt: skip


def test_size_and_depth_are_limited():
    """Filters without end are refused, once."""
    deep: dict = {"member": "a", "op": "=", "value": 1}
    for _ in range(5_000):
        deep = {"not": deep}
    leaf = {"member": "a", "op": "=", "value": 1}
    for raw in (deep, {"or": [leaf] * 5_000}, {"member": "a", "op": "in", "value": list(range(20_000))}):
        found = parse_filter(raw)
        assert isinstance(found, Problems)
        assert [problem.code.name for problem in found] == ["E_FILTER_TOO_LARGE"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["member", "op", "value", "and", "or", "not", "x"]), inner, max_size=3)
    ),
)


@given(JSON)
def test_no_json_breaks_the_reader(raw):
    """Whatever the JSON, the answer is a predicate or problems."""
    assert isinstance(parse_filter(raw), (And, Or, Not, Comparison, Problems))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ Dimension('customer__segment') }} = 'BUILDING' and {{ TimeDimension('metric_time','month') }} >= '1995-01-01'",
            ("$m0 = $v0 AND $m1 >= $v1", ("customer__segment", "metric_time__month"), ("BUILDING", "1995-01-01")),
        ),
        ("{{Entity('customer')}} in (1, 2.5)", ("$m0 IN ($v0, $v1)", ("customer",), (1, Decimal("2.5")))),
        ("{{ Dimension('a', entity_path=['x', 'y']) }} is null", ("$m0 IS NULL", ("x__y__a",), ())),
        ("{{ Dimension('metric_time').grain('DAY') }} = '2020-01-01'", ("$m0 = $v0", ("metric_time__day",), ("2020-01-01",))),
        ("{{ TimeDimension('t', time_granularity_name='week') }} < DATE '2020-01-01'",
         ("$m0 < CAST($v0 AS DATE)", ("t__week",), ("2020-01-01",))),
        ("{{Dimension('a__b')}} = 'it''s' or {{Dimension('a__b')}} = {{Dimension('c__d')}}",
         ("$m0 = $v0 OR $m0 = $m1", ("a__b", "c__d"), ("it's",))),
        ("round({{Dimension('a__b')}}, 2) = -1.5", ("ROUND($m0, 2) = -$v0", ("a__b",), (Decimal("1.5"),))),
        ("{{Dimension('a__b')}}", ("$m0", ("a__b",), ())),
    ],
)  # fmt: skip
def test_templates_come_apart(text, expected):
    """Members become markers in the dunder form, literals become values."""
    assert parse_template(text) == Template(text=expected[0], members=expected[1], values=expected[2])


D = "{{Dimension('a__b')}}"


@pytest.mark.parametrize(
    "text",
    [
        "", "1 = 1", "b = 1", f"{D} = b", f"{D} = 'x'; drop table y", f"{D} = 'x' -- c", f"{D} = 'x' /* c */", f"{D} = 'x' # c",
        f"{D} = \"x\"", f"{D} = '{D}'", f"'{D}' = 'x'", f"{D} = '{{{{x}}}}'", f"{D} = $v0", f"{D} = $m0", f"{D} = ?", f"{D} = :p",
        f"{D} = @p", f"{D} in (select 1)", f"{D} in (select b from c)", f"{D} = (select 1)", f"exists (select {D})",
        f"sum({D}) > 1", f"count(*) > {D}", f"{D} = random()", f"{D} = now()", f"{D} = getenv('X')", f"{D} + 1", f"lower({D})",
        f"{D} = 'x' union select 1", f"{D} = 1, 2", f"{D} as x", f"{D} = 1 order by 1", f"{D} = 1 limit 1", f"{D}.x = 1",
        "{% if x %} 1 {% endif %}", "{# x #}", "{{", "{{ }} = 1", "{{ x }} = 1", "{{ config.items() }} = 1", "}} = 1",
        "{{ Dimension('a; drop') }} = 1", "{{ Dimension('A') }} = 1", "{{ Dimension(\"a' or 1=1 --\") }} = 1", "{{ Dimension() }} = 1",
        "{{ Dimension('a', 'b') }} = 1", "{{ Dimension(x) }} = 1", "{{ Dimension('a' + 'b') }} = 1", "{{ Dimension(f'a') }} = 1",
        "{{ Dimension(__import__('os').system('id')) }} = 1", "{{ Dimension('a').__class__() }} = 1", "{{ Dimension('a').grain() }} = 1",
        "{{ [Dimension('a')] }} = 1", "{{ lambda: 1 }} = 1", "{{ Dimension('a', **{}) }} = 1", "{{ Dimension(*['a']) }} = 1",
        "{{ TimeDimension('a', 'e on') }} = 1", "{{ Dimensoin('a') }} = 1", "{{ " + "(" * 400 + " }} = 1", "{{ Dimension('" + "a" * 600 + "') }} = 1",
        f"{D} = 'x\x00'", f"{D} = 'a' \\", f"{D} = '\\' or 1=1 --'", f"{D} = 1 " + "or (" * 200, f"not {'(' * 300}{D}",
    ],
)  # fmt: skip
def test_nothing_else_gets_through_a_template(text):
    """Bare columns, queries, aggregates, comments, semicolons, other calls and template tricks are problems."""
    found = parse_template(text)
    assert isinstance(found, Problems), found
    assert found.first.code.name == "E_BAD_TEMPLATE"


def test_a_metrics_value_per_group_is_a_member():
    """The Metric call names a metric and what it is grouped by; without a group it is refused."""
    for written in (
        "{{ Metric('revenue', group_by=['customer']) }} > 10",
        "{{ Metric('revenue', ['customer']) }} > 10",
    ):
        found = parse_template(written)
        assert isinstance(found, Template)
        assert found.members == ("Metric(revenue; customer)",)
    assert isinstance(parse_template("{{ Metric('revenue') }} > 10"), Problems)


def test_a_metrics_value_has_a_structured_form_too():
    """``{metric, group_by, op, value}`` names the same as the Metric call; one group may stand without a list."""
    raw = {"metric": "sales.revenue", "group_by": ["customer", "order__status"], "op": ">", "value": 10}
    found = parse_filter(raw)
    assert found == Comparison(member="Metric(sales.revenue; customer, order__status)", op=Operator.GT, values=(10,))
    called = parse_template("{{ Metric('sales.revenue', group_by=['customer', 'order__status']) }} > 10")
    assert isinstance(called, Template)
    assert called.members == (found.member,)
    assert parse_filter({**raw, "group_by": "customer"}) == parse_filter({**raw, "group_by": ["customer"]})


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"metric": "a; b"}, "where.metric"), ({"metric": "x" * 999}, "where.metric"), ({"metric": None}, "where.metric"),
        ({"metric": "A"}, "where.metric"), ({"group_by": []}, "where.group_by"), ({"group_by": ["c)", "d"]}, "where.group_by"),
        ({"group_by": ["c", 1]}, "where.group_by"), ({"group_by": ["c", "c"]}, "where.group_by"),
        ({"group_by": None}, "where.group_by"), ({"group_by": {"c": 1}}, "where.group_by"), ({"by": "c"}, "where.by"),
        ({"group_by": [f"c{at}" for at in range(11)]}, "where.group_by"), ({"member": "c"}, "where.metric"),
        ({"op": "contains", "value": "x"}, "where.op"), ({"value": None}, "where.value"),
    ],
)  # fmt: skip
def test_a_metrics_value_is_read_strictly(changed, path):
    """Names are names, groups are named and differ, and nothing else may stand in the mapping."""
    found = parse_filter({"metric": "orders", "group_by": ["c"], "op": ">", "value": 1} | changed)
    assert isinstance(found, Problems)
    assert path in [problem.where.path for problem in found]


def test_paths_may_stand_bare():
    """A path with two underscores can be nothing but a member; a single word could be a column and is refused."""
    found = parse_template("metric_time__day >= '2024-01-01' AND customer__segment = 'it''s customer__x'")
    assert isinstance(found, Template)
    assert found.members == ("metric_time__day", "customer__segment")
    assert found.values == ("2024-01-01", "it's customer__x")


@given(st.text(max_size=40))
def test_any_text_in_a_literal_stays_a_value(value):
    """A quoted text comes back as exactly that value, whatever is in it, or is refused."""
    found = parse_template(f"{D} = '" + value.replace("'", "''") + "'")
    if isinstance(found, Template):
        assert (found.text, found.values) == ("$m0 = $v0", (value,))
