"""Conditions: comparisons as they bind without brackets, lists, patterns, NULLs."""

from __future__ import annotations

from conformance.differential.forms.form import Form, forms

_DP, _D, _P, _M = "duckdb postgres", "duckdb", "postgres", "mariadb"

FORMS: tuple[Form, ...] = (
    *forms(
        "comparison",
        "bool",
        "{int} = {int}",
        "{int} <> {int}",
        "{int} < {int}",
        "{int} >= {int}",
        "{int} != {int}",
        weight=2,
    ),
    *forms("comparison", "bool", "{text} = {text}", "{text} < {text}", "{date} > {date}", "{dec} <= {int}", weight=2),
    *forms(
        "AND, OR, NOT without brackets",
        "bool",
        "{bool} AND {bool}",
        "{bool} OR {bool} AND {bool}",
        "NOT {bool}",
        weight=2,
    ),
    *forms("AND, OR, NOT in brackets", "bool", "({bool} OR {bool}) AND {bool}", "NOT ({bool} AND {bool})"),
    *forms("OR spelled ||", "bool", "NOT {bool} OR {bool}", "{bool} && {bool}", on=_M, weight=0.5),
    *forms("XOR", "bool", "{bool} XOR {bool}", on=_M),
    *forms("NOT spelled !", "bool", "!{column:int}", "!({bool})", on=_M, weight=0.5),
    *forms("IN a list", "bool", "{int} IN (1, 2, {int})", "{text} IN ('ann', 'Bob')", "{int} IN (NULL, 1)"),
    *forms("NOT IN a list", "bool", "{int} NOT IN (1, {int})", "NOT {int} IN (2, 3)", "{int} NOT IN (1, NULL)"),
    *forms(
        "NOT IN beside a comparison", "bool", "{int} NOT IN (5, 2) <> 4", "{int} NOT IN (0, 1) < 7", on="duckdb mariadb"
    ),
    *forms("NOT IN beside a comparison", "bool", "{int} NOT IN (2, 3) = {bool}", "{bool} = {int} NOT IN (1, 2)"),
    *forms(
        "NOT LIKE beside a comparison", "bool", "{text} NOT LIKE 'b%' = {bool}", "{int} NOT BETWEEN 1 AND 2 = {bool}"
    ),
    *forms("NOT before a comparison", "bool", "NOT {int} = {int}", "NOT {int} < {int} OR {bool}", "NOT NOT {bool}"),
    *forms(
        "BETWEEN", "bool", "{int} BETWEEN 1 AND {int}", "{int} NOT BETWEEN 2 AND 3", "{int} BETWEEN 1 AND 2 AND {bool}"
    ),
    *forms("BETWEEN SYMMETRIC", "bool", "{int} BETWEEN SYMMETRIC 3 AND 1", on=_P),
    *forms("LIKE", "bool", "{text} LIKE 'b%'", "{text} LIKE '_o%'", "{text} NOT LIKE '%b'"),
    *forms("LIKE with ESCAPE", "bool", "{text} LIKE 'x!%%' ESCAPE '!'", "'x%_y' LIKE 'x#%#_y' ESCAPE '#'"),
    *forms("ILIKE", "bool", "{text} ILIKE 'B%'", "{text} NOT ILIKE 'b%'", on=_DP),
    *forms("SIMILAR TO", "bool", "{text} SIMILAR TO '(a|B)%'", on=_P),
    *forms("regular expression", "bool", "{text} ~ '^b'", "{text} ~* '^B'", "{text} !~ 'n+'", on=_P),
    *forms("regular expression", "bool", "regexp_matches({text}, '^[bB]')", on=_D),
    *forms("regular expression", "bool", "{text} REGEXP '^b'", "{text} RLIKE 'n+'", "{text} NOT REGEXP 'b'", on=_M),
    *forms("IS NULL", "bool", "{int} IS NULL", "{text} IS NOT NULL", "{int} + 1 IS NULL", "NOT {int} IS NULL"),
    *forms("IS NULL", "bool", "{int} ISNULL", "{int} NOTNULL", on=_DP, weight=0.3),
    *forms("IS NULL", "bool", "ISNULL({int})", on=_M, weight=0.3),
    *forms("IS TRUE", "bool", "({bool}) IS TRUE", "({bool}) IS NOT TRUE", "({bool}) IS FALSE"),
    *forms("IS UNKNOWN", "bool", "({bool}) IS UNKNOWN", "({bool}) IS NOT UNKNOWN", on="postgres mariadb"),
    *forms(
        "IS after a comparison", "bool", "{int} = {int} IS NULL", "{int} < {int} IS TRUE", "{bool} IS NULL = {bool}"
    ),
    *forms("comparison of comparisons", "bool", "({int} = {int}) = {bool}", "({bool}) <> ({bool})"),
    *forms(
        "comparison of comparisons", "bool", "{int} = {int} = {bool}", "1 < {int} < 3", "{int} <> {int} <> 1", on=_M
    ),
    *forms("IS DISTINCT FROM", "bool", "{int} IS DISTINCT FROM {int}", "{int} IS NOT DISTINCT FROM NULL", on=_DP),
    *forms("<=>", "bool", "{int} <=> {int}", "{text} <=> NULL", on=_M),
    *forms("rows compared", "bool", "({int}, {int}) = (1, 2)", "({int}, {text}) IN ((1, 'ann'), (2, 'Bob'))"),
    *forms("rows compared", "bool", "({int}, {int}) < ({int}, 2)", "({int}, {int}) >= (1, {int})"),
    *forms("ANY of a list", "bool", "{int} = ANY (ARRAY[1, 2])", "{int} <> ALL (ARRAY[1, {int}])", on=_P),
    *forms("ANY of a list", "bool", "{int} = ANY ([1, 2])", "{int} = ANY({column:list})", on=_D, weight=0.5),
    *forms("concatenation beside a comparison", "bool", "{text} || 'x' = 'annx'", "'a' || {text} < {text} || 'b'"),
    *forms(
        "bits beside a comparison",
        "bool",
        "({column:int} & 1) = 1",
        "{column:int} & 1 = 1",
        "{int} | 1 > 2",
        on="duckdb mariadb",
    ),
    *forms("bits beside a comparison", "bool", "{column:int} & 1 = 1", "{column:int} | 1 > 2 + 1", on=_P),
    *forms(
        "OVERLAPS",
        "bool",
        "({date}, DATE '2024-03-01') OVERLAPS (DATE '2024-01-01', DATE '2024-02-01')",
        on=_P,
        weight=1.5,
    ),
    *forms("STARTS_WITH", "bool", "starts_with({text}, 'B')", on=_DP),
    *forms("list contains", "bool", "{list} @> ARRAY[1]", "{list} && ARRAY[2, 3]", on=_P),
    *forms("list contains", "bool", "list_contains({list}, 1)", "{list} @> [1]", on=_D),
    *forms("LIKE ANY of a list", "bool", "{text} LIKE ANY (ARRAY['b%', 'a%'])", "{text} !~~ ALL (ARRAY['b%'])", on=_P),
    *forms("LIKE spelled ~~", "bool", "{text} ~~ 'b%'", "{text} !~~ '%b'", "{text} ~~* 'B%'", on=_DP),
    *forms("GLOB", "bool", "{text} GLOB 'b*'", "{text} SIMILAR TO 'b.*'", "{text} ^@ 'b'", on=_D),
    *forms("SOUNDS LIKE", "bool", "{text} SOUNDS LIKE 'bob'", "BINARY {text} = 'Bob'", "{text} = BINARY 'bob'", on=_M),
    *forms("LIKE of an expression", "bool", "{text} LIKE CONCAT('b', '%')", "UPPER({text}) LIKE UPPER('b%')"),
    *forms("IN beside operators", "bool", "{int} + 1 IN (1, 2)", "-{column:int} IN (-1, -2)", "{int} IN (1) = {bool}"),
    *forms("IN beside operators", "bool", "{int} IN (1, 2) IS NULL", "{int} IN (1, 2) OR {bool} AND {bool}"),
    *forms("IN a list without brackets", "bool", "{int} IN [1, 2]", "{int} NOT IN [1, NULL]", on=_D),
    *forms(
        "BETWEEN beside operators", "bool", "{int} BETWEEN 1 AND 2 = {bool}", "{int} BETWEEN {int} - 1 AND {int} + 1"
    ),
    *forms(
        "BETWEEN beside operators", "bool", "{int} BETWEEN 1 AND 3 OR {bool}", "NOT {int} BETWEEN 1 AND 2 AND {bool}"
    ),
    *forms(
        "CASE of conditions",
        "bool",
        "CASE WHEN {bool} THEN {bool} ELSE {bool} END",
        "CASE {int} WHEN 1 THEN {bool} END",
    ),
    *forms("COALESCE of conditions", "bool", "COALESCE({bool}, FALSE)", "NULLIF({bool}, TRUE)"),
    *forms("rows compared by ROW", "bool", "ROW({int}, {int}) = ROW(1, 2)", "ROW({int}, 1) < ROW(2, {int})"),
    *forms("rows compared by ROW", "bool", "ROW({int}, {int}) IS DISTINCT FROM ROW(1, NULL)", on=_P),
    *forms("rows compared by ROW", "bool", "({int}, {int}) NOT IN ((1, 2), (3, NULL))", "({int}, {int}) <> (1, 2)"),
    *forms("operator by its name", "bool", "{int} OPERATOR(pg_catalog.<) 3", "{text} operator(~~) 'b%'", on=_P),
    *forms("IS NORMALIZED", "bool", "{text} IS NORMALIZED", "{text} IS NOT NFC NORMALIZED", on=_P, weight=0.5),
    *forms(
        "spaces inside operators", "bool", "{int}<{int}", "{int}>=-1", "{int}<>-{column:int}", "{int}!= +2", weight=0.6
    ),
)
