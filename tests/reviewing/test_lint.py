"""Lint: each rule finds what it is for, at its place, and nothing in definitions that are well made."""

from __future__ import annotations

import pytest
from tests.reviewing.test_comparing import BASE, catalog

from metricgate.reviewing.codes import CODES
from metricgate.reviewing.lint import lint
from metricgate.vocabulary.problem import Problem

CLEAN = (
    BASE.replace("per_order, domain: sales,", "per_order, domain: sales, owner: a@b.c,")
    .replace("    source: main.", "    description: Rows.\n    owner: a@b.c\n    source: main.")
    .replace("{name: monthly,", "{name: monthly, description: By month.,")
)
SIMPLE = "{name: x, domain: sales, owner: a@b.c, description: X., type: simple, semantic_model: orders"

ADDED = (
    "{name: x, domain: sales, owner: a@b.c, description: X., type: derived, expr: p + o, "
    "input_metrics: [{name: sales.per_order, alias: p}, {name: sales.orders, alias: o}]}"
)


def findings(more: str, text: str = CLEAN) -> list[Problem]:
    """What lint finds with one more metric."""
    return list(lint(catalog(text.replace("saved_queries:", f"  - {more}\nsaved_queries:") if more else text)))


def test_well_made_definitions_have_no_findings() -> None:
    """Quiet where there is nothing to say."""
    assert findings("") == []


@pytest.mark.parametrize(
    ("code", "more", "message"),
    [
        ("NO_DESCRIPTION", SIMPLE.replace("description: X., ", "") + ", agg: sum, expr: a}", "has no description"),
        ("NO_OWNER", SIMPLE.replace("owner: a@b.c, ", "") + ", agg: sum, expr: a}", "sales.x has no owner"),
        ("SHARED_SYNONYM", SIMPLE + ", agg: sum, expr: a, synonyms: [per order]}", "also means sales.per_order"),
        ("FLOAT_EQUALITY", SIMPLE + ", agg: sum, expr: 'CASE WHEN tax = 0.19 THEN a END'}", "equality with 0.19"),
        ("FLOAT_EQUALITY", SIMPLE + ", agg: sum, expr: a, filter: {not: {member: order__status, op: in, "
         "value: [1.5]}}}", "equality with 1.5"),
        ("FLOAT_EQUALITY", SIMPLE + ", agg: sum, expr: a, filter: \"{{ Dimension('order__status') }} = 0.1\"}", "0.1"),
        ("NON_ADDITIVE_SUM", SIMPLE + ", agg: sum, expr: tax_rate}", "tax_rate, which reads like a rate"),
        ("NON_ADDITIVE_SUM", SIMPLE + ", agg: sum, expr: order_id}", "order_id, which reads like an id"),
        ("NON_ADDITIVE_SUM", SIMPLE + ", agg: sum, expr: a, unit: percent}", "what its unit calls percent"),
        ("NON_ADDITIVE_SUM", ADDED, "sales.per_order, which"),
        ("DUPLICATE_DEFINITION", SIMPLE + ", agg: sum, expr: amount}", "means exactly the same as sales.revenue"),
        ("NO_REPLACEMENT", SIMPLE + ", agg: sum, expr: a, status: deprecated}", "deprecated without a replacement"),
        ("NOT_DEPRECATED", SIMPLE + ", agg: sum, expr: a, deprecation: {sunset_at: '2027-01-01'}}", "status is active"),
        ("CERTIFICATION_VOID", SIMPLE + ", agg: sum, expr: a, certification: {level: gold, by: ana, at: '2026-01-01', "
         "definition_hash: 'sha256:00'}}", "was certified by ana"),
    ],
)  # fmt: skip
def test_finds(code: str, more: str, message: str) -> None:
    """One finding, with its code, its words, a hint, and the line of the definition."""
    found = findings(more)
    assert [each.code.name for each in found] == [f"E_LINT_{code}"], found
    assert message in found[0].message
    assert found[0].hint
    where = found[0].where
    assert where is not None
    assert where.line == CLEAN[: CLEAN.index("saved_queries:")].count("\n") + 1
    assert (where.file, where.column) == ("models.yaml", 5)


def test_the_other_side_of_a_shared_synonym_is_told_too() -> None:
    """Both owners hear of it: nobody can say which of them is right."""
    more = SIMPLE + ", agg: sum, expr: a, synonyms: [shared]}"
    found = findings(more, CLEAN.replace("[turnover]", "[turnover, shared]"))
    assert [each.code.name for each in found] == ["E_LINT_SHARED_SYNONYM"] * 2


def line_of(text: str, start: str) -> int:
    return text[: text.index(start)].count("\n") + 1


def test_a_model_out_of_reach() -> None:
    """A model that nothing joins can be asked by nobody."""
    island = (
        "  - {name: island, description: Rows., owner: a@b.c, source: main.island, "
        "entities: [{name: palm, type: primary, expr: id}]}\nmetrics:\n"
    )
    text = CLEAN.replace("metrics:\n", island)
    found = findings("", text)
    assert [(each.code.name, each.where.line) for each in found if each.where] == [
        ("E_LINT_UNUSED_MODEL", line_of(text, "  - {name: island"))
    ]


def test_a_dimension_out_of_reach() -> None:
    """Two models identify a customer, and one whole path leads to both: neither dimension can be asked."""
    text = CLEAN.replace(
        "metrics:\n",
        """  - name: prices
    description: Rows.
    owner: a@b.c
    source: main.prices
    primary_entity: price
    entities: [{name: customer, type: natural, expr: customer_id}]
    dimensions:
      - {name: valid_from, type: time, granularity: day, validity: start}
      - {name: valid_to, type: time, granularity: day, validity: end}
      - {name: segment, type: categorical}
metrics:
""",
    )
    found = findings("", text)
    assert [(each.code.name, each.where.line) for each in found if each.where] == [
        ("E_LINT_UNREACHABLE_DIMENSION", line_of(text, "dimensions: [{name: segment")),
        ("E_LINT_UNREACHABLE_DIMENSION", line_of(text, "      - {name: segment")),
    ]


def test_dimensions_that_are_the_same() -> None:
    """The second of two dimensions of one expression is told; a time of another grain is another dimension."""
    more = (
        "      - {name: status, type: categorical, expr: status}\n"
        "      - {name: state, type: categorical, expr: status}\n"
        "      - {name: paid_month, type: time, granularity: month, expr: paid}\n"
    )
    text = CLEAN.replace("      - {name: status, type: categorical, expr: status}\n", more)
    found = findings("", text)
    assert [each.code.name for each in found] == ["E_LINT_DUPLICATE_DIMENSION"]
    assert found[0].message == "orders.state is the same as orders.status"
    assert found[0].where is not None
    assert found[0].where.line == line_of(text, "      - {name: state")


@pytest.mark.parametrize(
    ("old", "codes", "about"),
    [
        ("    description: Rows.\n", ["E_LINT_NO_DESCRIPTION"] * 2, "the model orders has no description"),
        ("    owner: a@b.c\n", ["E_LINT_NO_OWNER"] * 2, "the model orders has no owner"),
        ("description: By month., ", ["E_LINT_NO_DESCRIPTION"], "the saved query monthly has no description"),
    ],
)
def test_models_and_saved_queries_want_words_too(old: str, codes: list[str], about: str) -> None:
    """Whoever lists datasets or saved queries reads what is said of them."""
    found = findings("", CLEAN.replace(old, ""))
    assert [each.code.name for each in found] == codes
    assert about in {each.message for each in found}


def test_built_on_a_draft() -> None:
    """An active metric that is built on a draft is told."""
    found = findings("", CLEAN.replace("unit: EUR,", "unit: EUR, status: draft,"))
    assert [each.code.name for each in found] == ["E_LINT_BUILT_ON_UNSETTLED"]


@pytest.mark.parametrize(
    "more",
    [
        SIMPLE + ", agg: average, expr: tax_rate}",
        SIMPLE + ", agg: count_distinct, expr: order_id}",
        SIMPLE + ", agg: sum, expr: paid}",
        SIMPLE + ", agg: sum, expr: \"CASE WHEN note = '= 0.5' THEN a END\"}",
        SIMPLE + ", agg: sum, expr: a, filter: {member: order__status, op: '>=', value: 0.5}}",
        SIMPLE + ", agg: sum, expr: a, filter: {member: order__status, op: '=', value: 2}}",
        ADDED.replace("p + o", "p * o + o"),
    ],
)
def test_what_only_looks_alike_is_left_alone(more: str) -> None:
    """An average of a rate, a count of ids, a range of fractions are well made."""
    assert findings(more) == []


def test_no_rule_is_without_a_test() -> None:
    """Every code is found somewhere above."""
    marks = {mark.args[1][at][0] for mark in test_finds.pytestmark for at in range(len(mark.args[1]))}
    marks |= {"UNUSED_MODEL", "BUILT_ON_UNSETTLED", "UNREACHABLE_DIMENSION", "DUPLICATE_DIMENSION"}
    assert {f"E_LINT_{each}" for each in marks} == {code.name for code in CODES}
