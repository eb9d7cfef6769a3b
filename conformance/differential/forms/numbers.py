"""Numbers: operators as they bind without brackets, functions, casts."""

from __future__ import annotations

from conformance.differential.forms.form import Form, forms

_DP, _D, _P, _M = "duckdb postgres", "duckdb", "postgres", "mariadb"

FORMS: tuple[Form, ...] = (
    *forms(
        "arithmetic without brackets",
        "int",
        "{int} + {int}",
        "{int} - {int} * {int}",
        "{int} - {int} - {int}",
        weight=2,
    ),
    *forms("arithmetic in brackets", "int", "({int} - {int}) * {int}", "({int} + ({int}))"),
    *forms(
        "sign before an operand",
        "int",
        "-{column:int}",
        "- {int}",
        "+{column:int}",
        "{int} - -{int}",
        "-(-{column:int})",
    ),
    *forms("remainder", "int", "{int} % 5", "MOD({int}, 3)", "-{column:int} % 3"),
    *forms("whole division", "int", "{int} // 2", "-7 // {column:int}", on=_D),
    *forms("whole division", "int", "{int} / 2", "-7 / 2", "div({int}::numeric, 2)::int", on=_P),
    *forms("whole division", "int", "{int} DIV 2", "-7 DIV 2", on=_M),
    *forms("division", "float", "{int} / 4", "{float} / 8", on=_D),
    *forms("division", "dec", "{dec} / 4", "{int} / 4.0", on=_P),
    *forms("division", "dec", "{int} / 4", "{dec} / 8", on=_M),
    *forms("power", "float", "2 ^ 3", "{column:int} ** 2", "-2 ^ 2", "2 ^ 3 ^ 2", on=_D),
    *forms("power", "float", "{column:int} ^ 2.0::float8", "-2 ^ 2", "2 ^ 3 ^ 2", "-1 ^ 2", on=_P),
    *forms("power", "float", "POWER({column:int}, 2)", weight=1.5),
    *forms(
        "bits", "int", "{column:int} & 6", "{column:int} | 1", "{column:int} << 2", "{column:int} >> 1", "5 & {int}"
    ),
    *forms("bits", "int", "~{column:int}", "xor({column:int}, 3)", "5 & 3 | {column:int} + 1", on=_D),
    *forms("bits", "int", "~{column:int}", "{column:int} # 3", "~{column:int} - 2", "5 | 3 & {column:int}", on=_P),
    *forms(
        "bits", "int", "{column:int} ^ 3", "1 | {column:int} & 2", "2 << {column:int} % 3", "~5 & {column:int}", on=_M
    ),
    *forms("CASE", "int", "CASE WHEN {bool} THEN {int} ELSE {int} END", "CASE WHEN {bool} THEN {int} END"),
    *forms("CASE of a value", "int", "CASE {int} WHEN {int} THEN 1 WHEN {int} THEN 2 ELSE {int} END"),
    *forms("COALESCE and NULLIF", "int", "COALESCE({int}, {int})", "NULLIF({int}, {int})", "coalesce(NULL, {int})"),
    *forms("GREATEST and LEAST", "int", "GREATEST({int}, {int})", "LEAST({int}, {int}, 5)"),
    *forms("number function", "int", "ABS({int})", "SIGN({int})", on=_DP),
    *forms("number function", "int", "ABS({int})", "SIGN({int})", "CRC32('ann')", "BIT_COUNT({column:int})", on=_M),
    *forms("number function", "float", "FLOOR({float})", "CEIL({float})", "SQRT(ABS({int}))", "CEILING({float})"),
    *forms("ROUND", "dec", "ROUND({dec}, 1)", "ROUND({dec})", "ROUND({dec} * {int}, 2)"),
    *forms("TRUNCATE", "dec", "TRUNCATE({dec}, 1)", on=_M),
    *forms("TRUNCATE", "dec", "TRUNC({dec}, 1)", on=_P),
    *forms("IF", "int", "IF({bool}, {int}, {int})", on="duckdb mariadb"),
    *forms("IFNULL", "int", "IFNULL({int}, {int})", on="duckdb mariadb"),
    *forms("numbers of texts", "int", "LENGTH({text})", "CHAR_LENGTH({text})", on=_DP),
    *forms(
        "numbers of texts",
        "int",
        "LENGTH({text})",
        "CHAR_LENGTH({text})",
        "LOCATE('b', {text})",
        "INSTR({text}, 'n')",
        on=_M,
    ),
    *forms("POSITION", "int", "POSITION('b' IN {text})"),
    *forms("truth as a number", "int", "{bool} + 0", "SUM({bool}) + 0", "({bool}) + ({bool})", on=_M, weight=0.5),
    *forms("cast to a number", "int", "CAST({int} AS BIGINT)", "CAST('12' AS INTEGER)", on=_DP),
    *forms(
        "cast to a number", "int", "CAST({text} AS SIGNED)", "CAST('12' AS INTEGER)", "CAST({dec} AS UNSIGNED)", on=_M
    ),
    *forms(
        "cast by ::", "int", "{column:int}::bigint", "'7'::int", "{column:dec}::int", "-1::int", "2 + '3'::int", on=_DP
    ),
    *forms("cast to a decimal", "dec", "CAST({int} AS DECIMAL(12, 2))", "CAST({dec} AS DECIMAL(10, 1))"),
    *forms("cast to a decimal", "dec", "{column:int}::numeric(8,3)", on=_DP),
    *forms("cast to a float", "float", "CAST({int} AS DOUBLE)", on="duckdb mariadb", weight=1.5),
    *forms("cast to a float", "float", "CAST({int} AS DOUBLE PRECISION)", "{column:int}::float8", "{int}::real", on=_P),
    *forms("FLOAT of four bytes", "float", "CAST({dec} AS FLOAT)", "CAST(16777217 AS FLOAT)", on=_M, weight=1),
    *forms("FLOAT of four bytes", "float", "{dec}::real", "0.1::float4", on=_DP, weight=1),
    *forms(
        "operator by its name", "int", "{int} OPERATOR(pg_catalog.+) 3 * 2", "7 OPERATOR(pg_catalog.-) 2 + 1", on=_P
    ),
    *forms("absolute value by @", "int", "@ {column:int}", "@ -5 + 3", "4 + @ (-3)", on=_P),
    *forms("absolute value by @", "dec", "@ -1.5", "@{column:dec} * 2", on=_P),
    *forms("decimal arithmetic", "dec", "{dec} * {dec}", "{dec} + {int}", "{dec} - {dec}", "-{column:dec} + {dec}"),
    *forms("float arithmetic", "float", "{float} + {float}", "{float} * 2", "{int} * {float}"),
    *forms("TRY_CAST", "int", "TRY_CAST({text} AS INT)", "TRY_CAST('x' AS INTEGER)", on=_D),
)
