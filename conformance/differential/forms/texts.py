"""Texts: concatenation, functions with words between their arguments, collations."""

from __future__ import annotations

from conformance.differential.forms.form import Form, forms

_DP, _D, _P, _M = "duckdb postgres", "duckdb", "postgres", "mariadb"

FORMS: tuple[Form, ...] = (
    *forms(
        "concatenation", "text", "{text} || {text}", "{text} || '-' || {int}", "CONCAT({text}, {text}, 'x')", on=_DP
    ),
    *forms(
        "concatenation",
        "text",
        "{text} || {text}",
        "CONCAT({text}, {int})",
        "CONCAT_WS('-', {text}, NULL, {text})",
        on=_M,
    ),
    *forms("CONCAT_WS", "text", "CONCAT_WS('-', {text}, NULL, {text})", on=_DP, weight=2),
    *forms("case of letters", "text", "UPPER({text})", "lower({text})", "Lower({column:text})"),
    *forms("TRIM", "text", "TRIM({text})", "TRIM(BOTH 'b' FROM {text})", "TRIM(LEADING FROM {text})"),
    *forms("TRIM", "text", "TRIM(TRAILING ' ' FROM {text})", "LTRIM({text})", "RTRIM({text})"),
    *forms("SUBSTRING", "text", "SUBSTRING({text} FROM 2 FOR 2)", "SUBSTRING({text}, 2)", "SUBSTRING({text} FROM 2)"),
    *forms("SUBSTRING", "text", "SUBSTR({text}, 2, 3)", "SUBSTR({text}, -2)", "SUBSTRING({text}, 1, 2)"),
    *forms("LEFT and RIGHT", "text", "LEFT({text}, 2)", "RIGHT({text}, 2)"),
    *forms("MID", "text", "MID({text}, 2, 2)", "SUBSTRING_INDEX({text}, 'b', 1)", on=_M),
    *forms("OVERLAY", "text", "OVERLAY({text} PLACING 'zz' FROM 2 FOR 1)", on=_P, weight=2),
    *forms("text function", "text", "REPLACE({text}, 'b', 'd')", "REVERSE({text})", "REPEAT({text}, 2)"),
    *forms("text function", "text", "LPAD({text}, 5, '*')", "RPAD({text}, 5, '*')"),
    *forms("text function", "text", "SPLIT_PART({text}, 'n', 1)", "STRPOS({text}, 'n')::text", "CHR(65)", on=_DP),
    *forms("text function", "text", "INITCAP({text})", "TRANSLATE({text}, 'ab', 'xy')", "QUOTE_LITERAL({text})", on=_P),
    *forms(
        "text function", "text", "CHAR(65)", "ELT(2, 'x', {text})", "INSERT({text}, 1, 1, 'q')", "LCASE({text})", on=_M
    ),
    *forms("FORMAT", "text", "FORMAT('%s-%s', {text}, {int})", on=_P, weight=2),
    *forms("FORMAT", "text", "FORMAT(1234.5, 2)", on=_M),
    *forms(
        "cast to a text",
        "text",
        "CAST({int} AS VARCHAR)",
        "{int}::varchar",
        "CAST({date} AS VARCHAR)",
        "({bool})::text",
        on=_DP,
    ),
    *forms("cast to a text", "text", "CAST({int} AS CHAR)", "CAST({dec} AS CHAR(3))", "CAST({date} AS CHAR)", on=_M),
    *forms("BINARY", "text", "BINARY {column:text}", "CONVERT({text} USING utf8mb4)", on=_M, weight=0.5),
    *forms("collation", "text", 'LOWER({text}) COLLATE "C"', '{column:text} COLLATE "POSIX"', on=_P),
    *forms("collation", "text", "{column:text} COLLATE NOCASE", on=_D),
    *forms("collation", "text", "{column:text} COLLATE utf8mb4_bin", "{column:text} COLLATE utf8mb4_general_ci", on=_M),
    *forms("CASE of texts", "text", "CASE WHEN {bool} THEN {text} ELSE {text} END", "COALESCE({text}, {text})"),
    *forms("CASE of texts", "text", "NULLIF({text}, {text})", "CASE {text} WHEN 'Bob' THEN 'x' ELSE {text} END"),
    *forms(
        "regular expression",
        "text",
        "REGEXP_REPLACE({text}, 'b+', 'q')",
        "regexp_replace({text}, '[aeiou]', '', 'g')",
        on=_DP,
    ),
    *forms("regular expression", "text", "REGEXP_REPLACE({text}, 'b+', 'q')", "REGEXP_SUBSTR({text}, '[a-m]+')", on=_M),
    *forms("text of a date", "text", "to_char({date}, 'YYYY-MM')", "to_char({int}, '999')", on=_P),
    *forms("text of a date", "text", "strftime({date}, '%Y-%m')", on=_D, weight=1.5),
    *forms(
        "text of a date",
        "text",
        "DATE_FORMAT({date}, '%Y-%m')",
        "DATE_FORMAT({time}, '%d.%m.%Y')",
        "MONTHNAME({date})",
        on=_M,
    ),
)
