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
)
