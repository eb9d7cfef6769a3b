"""What the differential run lets pass of MariaDB and PostgreSQL, and that a change of the same shape does not pass."""

from __future__ import annotations

import math

import pytest
from conformance.differential.allowing import cuts_pi, ties, totals_of_constants, types_nothing, unlimited
from conformance.differential.gate import Reply
from conformance.differential.places import Result


def pair(kind: str, raw: list[object], reply: list[object], other: str = "") -> tuple[Result, Reply]:
    """Return one column as the engine gives it, and as the gate does."""
    return (
        Result(names=("x",), types=(kind,), rows=tuple((each,) for each in raw)),
        Reply(names=("x",), types=(other or kind,), rows=tuple((each,) for each in reply)),
    )


def test_pi_may_have_six_digits_and_no_other_number_may():
    sql = "SELECT PI() AS x UNION SELECT f FROM t"
    assert cuts_pi(sql, *pair("float", [math.pi, 1.5], [3.141593, 1.5]))
    assert cuts_pi(sql, *pair("string", ["3.141593"], [str(math.pi)]))
    assert not cuts_pi("SELECT f AS x FROM t", *pair("float", [math.pi], [3.141593])), "no PI() in the text"
    for raw, reply in (([math.e], [2.718282]), ([math.pi], [3.14159]), ([2 * math.pi], [6.283185])):
        assert not cuts_pi(sql, *pair("float", [*raw], [*reply]))
    assert not cuts_pi(sql, *pair("float", [math.pi, 1.5], [3.141593, 1.25])), "another value changed beside it"
    assert not cuts_pi(sql, *pair("float", [math.pi], [3.141593, 3.141593])), "a row more"
    assert not cuts_pi(sql, *pair("float", [math.pi], [3.141593], "decimal")), "another type"


def test_a_column_without_values_may_have_another_type_under_rollup_only():
    sql = "SELECT NULL AS x, COUNT(*) FROM t GROUP BY 1 WITH ROLLUP"
    assert types_nothing(sql, *pair("binary", [None, None], [None, None], "string"))
    assert not types_nothing("SELECT NULL AS x", *pair("binary", [None], [None], "string")), "no ROLLUP"
    assert not types_nothing(sql, *pair("integer", [None, 1], [None, "1"], "string")), "a value"
    assert not types_nothing(sql, *pair("binary", [None, None], [None], "string")), "a row less"
    assert not types_nothing(sql, *pair("binary", [], [], "string")), "no rows at all tell nothing"


def test_rows_that_sort_alike_may_change_places_at_a_limit():
    whole, _ = pair("string", ["a", "A", "b"], [])
    assert ties(whole, *pair("string", ["a"], ["A"]))
    for raw, reply in ((["a"], ["b"]), (["a"], ["á"]), (["a"], ["a "]), (["a"], ["a", "A"]), (["a", "A"], ["A", "A"])):
        assert not ties(whole, *pair("string", [*raw], [*reply])), (raw, reply)
    assert not ties(whole, *pair("string", ["a"], ["A"], "binary"))


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT x FROM t ORDER BY 1 LIMIT 3", "SELECT x FROM t ORDER BY 1"),
        (
            "SELECT x, y FROM t ORDER BY 1 DESC, 2 OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY",
            "SELECT x, y FROM t ORDER BY 1 DESC, 2",
        ),
        ("SELECT x FROM t ORDER BY 1 LIMIT (3)", "SELECT x FROM t ORDER BY 1"),
        ("SELECT x FROM t ORDER BY x LIMIT 3", None),
        ("SELECT x FROM t LIMIT 3", None),
        ("SELECT * FROM (SELECT x FROM t ORDER BY 1 LIMIT 3) q WHERE x = 1", None),
        ("SELECT x FROM t ORDER BY 1", None),
    ],
)
def test_the_limit_that_ends_a_sorted_text_is_taken_off(sql: str, found: str | None):
    assert unlimited(sql) == found


PLAN = """HashAggregate
  Output: "*SELECT* 1".x
  ->  Append
        ->  Subquery Scan on "*SELECT* 1"
              Output: true
              ->  GroupAggregate
                    Output: (true)
                    Group Key: true
                    Group Key: ()
        ->  Result""".splitlines()


def test_a_grouped_constant_may_be_put_in_at_the_total_inside_a_set_operation_only():
    sql = "SELECT 'a' LIKE 'a' AS x FROM t GROUP BY ROLLUP (1) UNION SELECT false"
    changed = pair("boolean", [True], [True, None])
    assert totals_of_constants(sql, PLAN, *changed)
    assert not totals_of_constants(sql.replace("UNION", ","), PLAN, *changed), "no set operation"
    assert not totals_of_constants(sql.replace("ROLLUP", ""), PLAN, *changed), "no totals"
    assert not totals_of_constants(sql, [line.replace("true", "t.x") for line in PLAN], *changed), "no constant"
    assert not totals_of_constants(sql, [line for line in PLAN if "()" not in line], *changed), "one grouping"
    assert not totals_of_constants(sql, PLAN, *pair("boolean", [True], [True, None], "integer")), "another type"
    two = Result(names=("x", "n"), types=("boolean", "integer"), rows=((True, 3),))
    other = Reply(names=("x", "n"), types=("boolean", "integer"), rows=((True, 3), (None, 4)))
    wide = [line.replace("Output: true", "Output: true, t.n") for line in PLAN]
    assert not totals_of_constants(sql, wide, two, other), "another value in a column that is no constant"
    assert totals_of_constants(sql, wide, two, Reply(names=other.names, types=other.types, rows=((None, 3),)))
