"""Windows whose values do not depend on the order of peers. ``{order}`` is a column of unique numbers."""

from __future__ import annotations

from conformance.differential.forms.form import Form, forms

_DP, _D, _P, _M = "duckdb postgres", "duckdb", "postgres", "mariadb"

FORMS: tuple[Form, ...] = (
    *forms(
        "window: rank", "int", "RANK() OVER (ORDER BY {column:int})", "DENSE_RANK() OVER (ORDER BY {column:int} DESC)"
    ),
    *forms("window: rank", "int", "RANK() OVER (PARTITION BY {column:text} ORDER BY {int})"),
    *forms(
        "window: rank",
        "float",
        "PERCENT_RANK() OVER (ORDER BY {column:int})",
        "CUME_DIST() OVER (ORDER BY {column:int})",
        weight=0.4,
    ),
    *forms(
        "window: over everything",
        "int",
        "COUNT(*) OVER ()",
        "SUM({int}) OVER ()",
        "MAX({int}) OVER (PARTITION BY {column:int})",
    ),
    *forms(
        "window: running",
        "int",
        "SUM({int}) OVER (ORDER BY {column:int})",
        "COUNT(*) OVER (PARTITION BY {column:int} ORDER BY {column:int})",
        weight=1.7,
    ),
    *forms(
        "window: frame",
        "int",
        "SUM({int}) OVER (ORDER BY {column:int} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
        "COUNT({int}) OVER (ORDER BY {column:int} RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
        "MAX({int}) OVER (ORDER BY {column:int} RANGE UNBOUNDED PRECEDING)",
    ),
    *forms(
        "window: frame",
        "int",
        "SUM({int}) OVER (ORDER BY {column:int} RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING)",
        "COUNT(*) OVER (ORDER BY {column:int} GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "SUM({int}) OVER (ORDER BY {column:int} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP)",
        on=_DP,
    ),
    *forms(
        "window: rows",
        "int",
        "ROW_NUMBER() OVER (ORDER BY {order})",
        "LAG({int}) OVER (ORDER BY {order})",
        "LEAD({int}, 1) OVER (ORDER BY {order})",
        weight=4.5,
    ),
    *forms(
        "window: rows",
        "int",
        "SUM({int}) OVER (ORDER BY {order} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "NTILE(2) OVER (ORDER BY {order})",
        weight=3,
    ),
    *forms(
        "window: rows", "int", "FIRST_VALUE({int}) OVER (ORDER BY {order})", "LAST_VALUE({int}) OVER (ORDER BY {order})"
    ),
    *forms(
        "window: IGNORE NULLS",
        "int",
        "LAST_VALUE({column:int} IGNORE NULLS) OVER (ORDER BY {order})",
        on=_D,
        weight=15,
    ),
    *forms(
        "window: FILTER", "int", "COUNT(*) FILTER (WHERE {bool}) OVER (PARTITION BY {column:int})", on=_DP, weight=3
    ),
    *forms(
        "window: NULLS FIRST",
        "int",
        "RANK() OVER (ORDER BY {column:int} NULLS FIRST)",
        "RANK() OVER (ORDER BY {column:int} DESC NULLS LAST)",
        on=_DP,
        weight=1.5,
    ),
    *forms("window: named", "int", "RANK() OVER named", "COUNT(*) OVER named", weight=1.5),
    *forms(
        "window: EXCLUDE",
        "int",
        "SUM({int}) OVER (ORDER BY {column:int} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES)",
        "COUNT(*) OVER (ORDER BY {order} ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW)",
        "COUNT(*) OVER (ORDER BY {column:int} GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE NO OTHERS)",
        on=_DP,
        weight=2,
    ),
    *forms(
        "window: frame of two ends",
        "int",
        "SUM({int}) OVER (ORDER BY {order} ROWS 2 PRECEDING)",
        "MIN({int}) OVER (ORDER BY {order} ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)",
        "COUNT({int}) OVER (ORDER BY {order} ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING)",
        "MAX({int}) OVER (PARTITION BY {column:int} ORDER BY {order} ROWS UNBOUNDED PRECEDING)",
        weight=4.5,
    ),
    *forms(
        "window: NTH_VALUE",
        "int",
        "NTH_VALUE({int}, 2) OVER (ORDER BY {order})",
        "LAG({int}, 2, -1) OVER (ORDER BY {order})",
        "NTH_VALUE({int}, 2) OVER (ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        weight=7,
        on=_DP,
    ),
    *forms("window: NTH_VALUE", "int", "NTH_VALUE({int}, 2) OVER (ORDER BY {order})", weight=8, on=_M),
    *forms(
        "window: arithmetic around it",
        "int",
        "{int} - SUM({int}) OVER (PARTITION BY {column:int})",
        "CASE WHEN RANK() OVER (ORDER BY {column:int}) = 1 THEN 1 ELSE 0 END",
        "COALESCE(MAX({int}) OVER (PARTITION BY {column:text}), -1)",
    ),
    *forms(
        "window: DISTINCT keys",
        "int",
        "DENSE_RANK() OVER (PARTITION BY {int}, {text} ORDER BY {int}, {date} DESC)",
        weight=2,
    ),
    *forms(
        "window: over a window's name with more",
        "int",
        "RANK() OVER (parted ORDER BY {column:int})",
        on=_DP,
        weight=1.5,
    ),
    *forms("window: over a window's name with more", "int", "SUM({int}) OVER (parted)", weight=1.5),
)
