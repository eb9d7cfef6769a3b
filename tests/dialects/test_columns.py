"""Words that depend on a column's type: the same answers on three engines, through a running gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dialects.things import Things, things
from tests.zones.worlds import ENGINES, POLICY

from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.vocabulary.json import Json

WORDS: dict[str, tuple[str, list[Json]]] = {
    "product": ("amount * amount", ["99999999999999999800000000000000.0001", "1.5625", "5.0625", None]),
    "product_of_three": ("amount * 1.5 * n", ["104999999999999999.895", "-13.125", "23.625", None]),
    "remainder": ("dbl % 2", [0.5, -0.5, 0.125, None]),
    "remainder_by_zero": ("n % m", [1, -1, None, None]),
    "quotient": ("n / m", [3.5, -3.5, None, None]),
    "whole_quotient": ("n DIV m", [3, -3, None, None]),
    "difference": ("n - m", [5, -9, 7, None]),
    "days": ("day - DATE '2024-01-01'", [59, 365, 30, None]),
    "truth_as_number": ("CAST(flag AS BIGINT)", [1, 0, None, 1]),
    "truth_as_text": ("CAST(flag AS TEXT)", ["true", "false", None, "true"]),
    "truth_compared": ("CASE WHEN flag = 1 THEN 'yes' ELSE 'no' END", ["yes", "no", "no", "yes"]),
    "hour_of_day": ("EXTRACT(hour FROM day)", [0, 0, 0, None]),
    "clock": ("EXTRACT(hour FROM moment)", [10, 23, 0, None]),
    "half": ("ROUND(dbl)", [3.0, -3.0, 0.0, None]),
    "half_cent": ("ROUND(dbl, 2)", [2.5, -2.5, 0.13, None]),
    "text": ("CASE WHEN txt = 'a' THEN 'without' WHEN txt = 'a ' THEN 'with' END", ["without", "with", None, None]),
    "order_of_texts": ("CASE WHEN txt < 'a ' THEN 'before' ELSE 'from' END", ["before", "from", "from", "from"]),
    "between_texts": ("CASE WHEN txt BETWEEN 'a' AND 'a' THEN 1 ELSE 0 END", [1, 0, 0, 0]),
    "tried": ("TRY_CAST(status AS INT)", [None, 0, None, None]),
    "next_month": ("day + INTERVAL '1' MONTH", ["2024-03-29", "2025-01-31", "2024-02-29", None]),
}  # fmt: skip
MODELS = f"""
semantic_models:
  - name: things
    source: "{{schema}}.things"
    entities: [{{name: thing, type: primary, expr: id}}, {{name: kind, type: foreign, expr: kind}}]
    dimensions:
      - {{name: one, type: categorical, expr: id}}
      - {{name: txt, type: categorical}}
      - {{name: status, type: categorical}}
      - {{name: n, type: categorical}}
      - {{name: negated, type: categorical, expr: NOT flag}}
      - {{name: joined, type: categorical, expr: "CONCAT_WS('-', txt, status)"}}
      - {{name: plus, type: categorical, expr: status + 1}}
      - {{name: no_day, type: categorical, expr: day = 0}}
{"".join(f'      - {{name: {name}, type: categorical, expr: "{text}"}}{chr(10)}' for name, (text, _) in WORDS.items())}
    metrics:
      - {{name: things, type: simple, agg: count}}
      - {{name: texts, type: simple, agg: count_distinct, expr: txt}}
      - {{name: opened, type: simple, agg: count, filter: "{{{{ Dimension('thing__status') }}}} = 'open'"}}
      - {{name: numbers, type: simple, agg: count, filter: "{{{{ Dimension('thing__status') }}}} = 0"}}
      - {{name: flags, type: simple, agg: sum_boolean, expr: flag}}
      - {{name: doubles, type: simple, agg: max, expr: dbl}}
      - {{name: left_over, type: derived, expr: "doubles % 2", input_metrics: [doubles]}}
      - {{name: products, type: simple, agg: sum, expr: amount * amount}}
  - name: kinds
    source: "{{schema}}.kinds"
    entities: [{{name: kind, type: primary, expr: kind}}]
    dimensions: [{{name: called, type: categorical}}]
"""


@pytest.fixture(scope="module", params=ENGINES)
def asking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Things]:
    with things(request.param, tmp_path_factory.mktemp("things"), MODELS) as found:
        yield found


def by_value(rows: list[list[Json]]) -> dict[Json, Json]:
    return {row[0]: row[1] for row in rows}


def test_words_go_by_the_types_of_columns(asking: Things):
    """As dimensions: products past 18 digits, remainders of doubles, truth, hours of days, halves."""
    for name, (text, wanted) in WORDS.items():
        found = asking.rows(metrics=["things"], group_by=["thing__one", f"thing__{name}"])
        assert [row[1] for row in found] == wanted, (name, text)


def test_trailing_spaces_make_other_groups_keys_and_values(asking: Things):
    """In groups, distinct counts, several metrics at once, joins, lists of values and filters."""
    groups = {"a": 1, "a ": 1, "b": 1, None: 1}
    assert by_value(asking.rows(metrics=["things"], group_by=["thing__txt"])) == groups
    assert [row[:2] for row in asking.rows(metrics=["things", "texts"], group_by=["thing__txt"])] == [
        list(pair) for pair in groups.items()
    ]
    assert asking.rows(metrics=["texts"]) == [[3]]
    called = by_value(asking.rows(metrics=["things"], group_by=["kind__called"]))
    assert called == {"with": 1, "without": 1, "other": 1, None: 1}
    listed = asking.outcome("list_dimension_values", dimension="thing__txt")
    assert isinstance(listed, Answered), listed
    assert [row[0] for row in listed.answer["rows"]] == ["a", "a ", "b", None]
    filters: list[tuple[str, Json, int]] = [
        *(("=", "a", 1), ("in", ["a ", "b"], 2), ("!=", "a", 2), ("not_in", ["a", "b"], 1)),
        *(("<", "a ", 1), (">=", "a ", 2), ("between", ["a", "a"], 1)),
    ]
    for op, value, count in filters:
        where: Json = {"member": "thing__txt", "op": op, "value": value}
        assert asking.rows(metrics=["things"], where=where) == [[count]], (op, value)


def compared(asking: Things, member: str, op: str, value: Json) -> Outcome:
    return asking.outcome("query_metrics", metrics=["things"], where={"member": member, "op": op, "value": value})


def test_a_text_is_never_read_as_a_number(asking: Things):
    """A whole number is its digits; what would need a number of a text is refused, in expressions at least fails."""
    assert asking.rows(metrics=["things"], where={"member": "thing__status", "op": "=", "value": 0}) == [[1]]
    for op, value in ((">", 0), ("=", 0.5), ("=", True)):
        found = compared(asking, "thing__status", op, value)
        assert isinstance(found, RefusedCall), found
        assert found.problems.first.code.name == "E_COMPARED_KINDS"
    assert not isinstance(compared(asking, "thing__n", "=", "open"), Answered)
    assert not isinstance(asking.outcome("query_metrics", metrics=["numbers"]), Answered)
    for member in ("thing__plus", "thing__no_day"):
        assert not isinstance(asking.outcome("query_metrics", metrics=["things"], group_by=[member]), Answered)


def test_measures_filters_and_derived_metrics_go_by_types_too(asking: Things):
    assert asking.rows(metrics=["flags", "left_over", "opened"]) == [[2, 0.5, 1]]
    assert asking.rows(metrics=["products"]) == [["99999999999999999800000000000006.6251"]]


ROW_FILTERED = f"""{POLICY}
row_filters:
  - {{id: r, roles: [readers], dataset: things, where: {{member: COLUMN, op: "OP", value: VALUE}}}}
"""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("column", "op", "value", "count"), [("txt", "=", "'a'", 1), ("status", "=", "0", 1), ("status", ">", "0", None)]
)
def test_row_filters_tell_texts_apart(engine: str, column: str, op: str, value: str, count: int | None, tmp_path: Path):
    """In metrics and in the caller's own SQL."""
    policy = ROW_FILTERED.replace("COLUMN", column).replace("OP", op).replace("VALUE", value)
    with things(engine, tmp_path, MODELS, policy) as asking:
        metric = asking.outcome("query_metrics", metrics=["things"])
        own = asking.outcome("query_sql", sql="SELECT count(*) AS n FROM things")
    for found in (metric, own):
        if count is None:
            assert isinstance(found, RefusedCall), found
            assert found.problems.first.code.name == "E_COMPARED_KINDS"
        else:
            assert isinstance(found, Answered), found
            assert found.answer["rows"] == [(count,)] or found.answer["rows"] == [[count]]


def test_groups_without_a_value_come_last(asking: Things):
    """Also where the group-by is a negation, which binds less than IS NULL, or joins texts."""
    joined = asking.rows(metrics=["things"], group_by=["thing__joined"])
    assert [row[0] for row in joined] == ["a -0", "a-open", "b-7x", None]
    assert [row[0] for row in asking.rows(metrics=["things"], group_by=["thing__negated"])] == [0, 1, None]
