"""Aggregates whose value does not depend on the order of rows."""

from __future__ import annotations

from conformance.differential.forms.form import Form, forms

_DP, _D, _P, _M = "duckdb postgres", "duckdb", "postgres", "mariadb"

FORMS: tuple[Form, ...] = (
    *forms(
        "aggregate",
        "int",
        "COUNT(*)",
        "COUNT({int})",
        "SUM({int})",
        "MIN({int})",
        "MAX({int})",
        "count({text})",
        weight=3,
    ),
    *forms("aggregate", "dec", "SUM({dec})", "MAX({dec})"),
    *forms("aggregate", "float", "AVG({float})", on=_DP),
    *forms("aggregate", "dec", "AVG({int})", on="postgres mariadb"),
    *forms("aggregate", "date", "MIN({date})", "MAX({date})"),
    *forms("aggregate of distinct values", "int", "COUNT(DISTINCT {int})", "SUM(DISTINCT {int})"),
    *forms("aggregate of distinct values", "int", "COUNT(DISTINCT {int}, {int})", on=_M),
    *forms(
        "aggregate with FILTER", "int", "COUNT(*) FILTER (WHERE {bool})", "SUM({int}) FILTER (WHERE {bool})", on=_DP
    ),
    *forms("aggregate of a condition", "int", "SUM(CASE WHEN {bool} THEN 1 ELSE 0 END)"),
    *forms("aggregate of a condition", "int", "SUM({bool})", "COUNT({bool} OR NULL)", on=_M),
    *forms("aggregate of conditions", "bool", "bool_and({bool})", "bool_or({bool})", on=_DP),
    *forms("aggregate of conditions", "bool", "every({bool})", on=_P, weight=0.3),
    *forms("texts joined", "text", "STRING_AGG(DISTINCT {int}::text, ',')", on=_P),
    *forms(
        "texts joined",
        "text",
        "list_sort(list({column:int}))::text",
        on=_D,
        weight=0.2,
    ),
    *forms("texts joined", "text", "GROUP_CONCAT(DISTINCT {int} ORDER BY 1 SEPARATOR '-')", on=_M),
    *forms("list of rows", "list", "array_agg(DISTINCT {column:int})", on=_P, weight=0.5),
    *forms("list of rows", "list", "list_sort(list({column:int}))", on=_D, weight=0.3),
    *forms("percentile", "float", "percentile_cont(0.5) WITHIN GROUP (ORDER BY {int})", on=_P, weight=0.5),
    *forms("percentile", "float", "median({int})", "quantile_cont({float}, 0.5)", on=_D, weight=0.5),
    *forms("bits aggregated", "int", "BIT_OR({column:int})", "BIT_AND({column:int})", weight=0.9),
    *forms("JSON aggregated", "json", "jsonb_agg(DISTINCT {column:int})", on=_P, weight=0.2),
    *forms("GROUP_CONCAT", "text", "GROUP_CONCAT(DISTINCT {int} ORDER BY 1 DESC)", on=_M, weight=0.5),
    *forms("aggregate in order", "text", "STRING_AGG({text}, ',' ORDER BY {order})", weight=1.2, on=_DP),
    *forms(
        "aggregate in order",
        "list",
        "ARRAY_AGG({int} ORDER BY {order})",
        "array_agg({int} ORDER BY {order} DESC)",
        on=_DP,
    ),
    *forms("aggregate in order", "text", "GROUP_CONCAT({text} ORDER BY {order} DESC SEPARATOR '; ')", on=_M, weight=2),
    *forms("aggregate in order", "text", "GROUP_CONCAT({int}, '/', {text} ORDER BY {order})", on=_M, weight=2),
    *forms(
        "aggregate with FILTER",
        "text",
        "STRING_AGG({text}, '|' ORDER BY {order}) FILTER (WHERE {bool})",
        on=_DP,
        weight=0.6,
    ),
    *forms("deviation", "dec", "VAR_POP({column:int})", "STDDEV_SAMP({column:int})", on=_P),
    *forms(
        "aggregate of an expression", "int", "SUM({int} * {int})", "MAX({int}) - MIN({int})", "COUNT({int} + {int})"
    ),
    *forms("aggregate of an expression", "int", "COUNT(NULLIF({bool}, FALSE))", "SUM(COALESCE({int}, 0)) + 1"),
    *forms(
        "aggregate of an expression", "int", "MAX(LENGTH({text}))", "SUM(IF({bool}, {int}, 0))", on="duckdb mariadb"
    ),
    *forms("aggregate by another's order", "int", "arg_max({int}, {order})", "max_by({int}, {order})", on=_D, weight=2),
    *forms("conditions counted", "int", "count_if({bool})", "sum(({bool})::int)", on=_D, weight=0.5),
    *forms("percentile", "int", "percentile_disc(0.5) WITHIN GROUP (ORDER BY {int})", on=_P, weight=0.6),
    *forms("percentile", "int", "quantile_disc({int}, 0.5)", on=_D, weight=0.4),
    *forms("JSON aggregated", "text", "JSON_ARRAYAGG({column:int} ORDER BY {order})", on=_M, weight=1.7),
    *forms("JSON aggregated", "json", "json_object_agg({order}, {int} ORDER BY {order})", on=_P, weight=0.2),
)
