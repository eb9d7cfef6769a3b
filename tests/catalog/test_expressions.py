# ruff: noqa: E501 -- lists of attempts read better wide
"""What may stand in an ``expr``, seen from someone who wants more than a scalar expression."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metricgate.catalog.expression import Expression
from metricgate.catalog.expression_parser import parse_expression
from metricgate.vocabulary.problem import Problem


@pytest.mark.parametrize(
    ("text", "canonical", "columns"),
    [
        ("price*( 1-discount ) -- net", "price * (1 - discount)", ("discount", "price")),
        ("case when a is null then 0 else b end", "CASE WHEN a IS NULL THEN 0 ELSE b END", ("a", "b")),
        ("coalesce(a, 'it''s')", "COALESCE(a, 'it''s')", ("a",)),
        ("a in ('x', 'y') and not b like 'z%'", "a IN ('x', 'y') AND NOT b LIKE 'z%'", ("a", "b")),
        ("date_trunc('month', at)", "DATE_TRUNC('MONTH', at)", ("at",)),
        ("extract(year from at)", "EXTRACT(YEAR FROM at)", ("at",)),
        ("datediff(b, a, day)", "DATEDIFF(b, a, DAY)", ("a", "b")),
        ("at + interval '1' day", "at + INTERVAL '1' DAY", ("at",)),
        ("a::decimal(12, 2)", "CAST(a AS DECIMAL(12, 2))", ("a",)),
        ('"Weird Column" + 1', '"Weird Column" + 1', ("Weird Column",)),
        ("1", "1", ()),
    ],
)
def test_scalar_expressions_have_one_canonical_form(text, canonical, columns):
    """Plain scalar SQL is read, written in one form, and its columns are known."""
    assert parse_expression(text) == Expression(text=canonical, columns=columns)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a; drop table x", "drop table x", "select 1", "(select 1)", "a in (select b from c)",
        "exists(select 1)", "a between (select 1) and 2", "with x as (select 1) select * from x", "values (1)",
        "sum(a)", "count(*)", "count(distinct a)", "sum(a) filter (where b)", "any_value(a)", "median(a)",
        "row_number() over ()", "sum(a) over (order by b)", "lag(a) over ()", "*", "t.*", "t.a", "s.t.a", "a.b.c.d.e",
        "(a).b", "a[1]", "a -> 'b'", "{'a': 1}", "[1, 2]", "array[1]", "struct(a)", "row(a)", "(a, b)", "a, b",
        "?", "$1", "$m0", ":p", "@p", "@@p", "{{ a }}", "{% raw %}", "a b", "a as b", "a = any(b)", "a collate x",
        "random()", "rand()", "uuid()", "now()", "current_date", "current_timestamp", "current_user", "nextval('s')",
        "read_csv('x')", "read_parquet('x')", "read_text('/etc/passwd')", "glob('*')", "getenv('HOME')",
        "query('select 1')", "pg_sleep(9)", "sleep(9)", "load_file('x')", "columns('x')", "unnest(a)", "repeat('x', 9)",
        "a::secrets", "'x'::regclass", "cast(a as struct(b int))", "cast(a as int[])", "lower()", "a +", ")", "'x",
        "date_trunc('eon', a)", "extract(eon from a)", "date_diff('eon', a, b)", "datediff(a, b)", "interval (a) day", "a\x00b", "\ud800",
        "operator(pg_catalog.+)", "a union select b", "a from b", "a where b", "a limit 1", "pragma x", "copy a to 'b'",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text):
    """Statements, queries, aggregates, windows, parameters, stars and unlisted functions are problems, not errors."""
    found = parse_expression(text)
    assert isinstance(found, Problem), found
    assert found.code.name == "E_BAD_EXPRESSION"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_900 + "a" + ")" * 1_900, "- " * 1_900 + "a", "not " * 900 + "a", "case when " * 300 + "a", "a+" * 1_900 + "a",
        "a::int" + "::int" * 700, "a between " * 300 + "1", "a is " * 700 + "null", "lower(" * 500, "a or " * 700 + "a",
        "interval " * 400, "a " * 1_900, "a in (" * 500, "'" * 3_999, "/*" * 1_900, "a like " * 500 + "a", "x" * 5_000,
        "+" * 3_900 + "a", "~" * 3_900 + "a", "if(" * 900, "cast(" * 600, "{" * 3_900, "[" * 3_900, "not\n" * 900 + "a",
        "case a when " * 300, "extract(day from " * 200, "not(" * 900, "@" * 3_900, "distinct " * 400, "a is not " * 400 + "null",
    ],
)  # fmt: skip
def test_towers_fall_quickly(text):
    """Deeply nested or endless texts end in an answer within a second, without exhausting the stack."""
    begin = time.perf_counter()
    assert isinstance(parse_expression(text), (Expression, Problem))
    assert time.perf_counter() - begin < 1.5


@given(st.lists(st.sampled_from(
    ["a", "b", "1", "'x'", "+", "-", "*", "/", "(", ")", ",", "and", "not", "case", "when", "then", "end", "in", "is",
     "null", "select", "from", "sum(", "lower(", ";", "--", "/*", "*/", "$1", "::", "int", ".", "[", "]", "as", "over"]
), max_size=14).map(" ".join))  # fmt: skip
def test_what_is_accepted_is_stable(text):
    """Whatever the tokens: a problem, or a canonical text that reads as itself and holds no query."""
    found = parse_expression(text)
    if isinstance(found, Expression):
        assert parse_expression(found.text) == found
        assert not {"SELECT", "SUM(", ";", "--"} & set(found.text.upper().split())


@pytest.mark.parametrize(("text", "hint"), [("lenght(a)", "LENGTH"), ("SUM(a)", "agg"), ("t.a", "prefix")])
def test_refusals_say_what_to_do(text, hint):
    """The hint names the nearest function, or the key that does the job."""
    found = parse_expression(text)
    assert isinstance(found, Problem)
    assert hint in (found.hint or "")
