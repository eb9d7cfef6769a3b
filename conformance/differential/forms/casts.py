"""Casts in every spelling, and literals with a type before them."""

from __future__ import annotations

from conformance.differential.forms.form import Form, forms

_DP, _D, _P, _M = "duckdb postgres", "duckdb", "postgres", "mariadb"

FORMS: tuple[Form, ...] = (
    *forms("cast: type before a text", "int", "int '5'", "INTEGER '12' + {int}", "bigint '7'", on=_P, weight=0.6),
    *forms("cast: type before a text", "int", "INTEGER '12'", "BIGINT '7' + {column:int}", on=_D, weight=0.6),
    *forms("cast: type before a text", "bool", "bool 't'", "boolean 'false'", on=_P, weight=0.4),
    *forms("cast: type before a text", "text", "CAST(TIME '12:30:00' AS VARCHAR)", on=_DP, weight=0.6),
    *forms("cast: type before a text", "text", "CAST(TIME '12:30:00' AS CHAR)", on=_M),
    *forms(
        "cast after cast", "text", "{dec}::numeric(10,1)::text", "{time}::date::text", "{int}::text::varchar", on=_DP
    ),
    *forms("cast after cast", "int", "{int}::text::int", "({bool})::int::bigint", on=_DP),
    *forms("cast after cast", "int", "CAST(CAST({int} AS CHAR) AS SIGNED)", on=_M),
    *forms("cast with a length", "text", "{text}::varchar(3)", "CAST({text} AS varchar(2))", on=_DP),
    *forms("cast with a length", "text", "CAST({text} AS CHAR(2))", "{text}::char(3)", "{text}::bpchar", on=_P),
    *forms("cast with a length", "text", "CAST({text} AS CHAR(2))", "CONVERT({text}, CHAR(3))", on=_M),
    *forms("cast with a length", "time", "{time}::timestamp(0)", "CAST({time} AS timestamp(1))", on=_P),
    *forms("cast with a length", "time", "CAST({time} AS DATETIME(1))", "CAST({time} AS DATETIME(3))", on=_M),
    *forms("CONVERT with a type", "int", "CONVERT({text}, SIGNED)", "CONVERT({dec}, UNSIGNED INTEGER)", on=_M),
    *forms("CONVERT with a type", "dec", "CONVERT({int}, DECIMAL(10, 2))", "CONVERT({text}, DECIMAL)", on=_M),
    *forms("CONVERT with a type", "date", "CONVERT({time}, DATE)", on=_M),
    *forms("cast to other integers", "int", "{column:int}::int2", "CAST({column:int} AS int8)", on=_DP, weight=0.6),
    *forms("cast to other integers", "int", "{column:int}::smallint", "CAST({bool} AS INT)", on=_DP, weight=0.6),
    *forms("cast to other integers", "int", "CAST({column:int} AS HUGEINT)", "1::UBIGINT", "2::UTINYINT", on=_D),
    *forms("cast to other integers", "int", "CAST({int} AS SIGNED INTEGER)", "CAST({int} AS INT)", on=_M),
    *forms("cast to a decimal without digits", "dec", "CAST({dec} AS DECIMAL)", "{dec}::numeric", on=_DP),
    *forms("cast to a decimal without digits", "dec", "CAST({dec} AS DECIMAL)", "CAST({text} AS DECIMAL(5))", on=_M),
    *forms("cast to a truth", "bool", "({int})::boolean", "CAST('true' AS boolean)", "'f'::bool", on=_DP),
    *forms("cast of a list", "text", "({list})::text", "CAST({list} AS varchar)", on=_DP),
    *forms("cast of a list", "list", "'{5,6}'::integer[]", "CAST(ARRAY['1', '2'] AS int[])", on=_P),
    *forms("cast of a list", "list", "CAST(['1', '2'] AS INTEGER[])", "[1.6, 2]::INT[]", on=_D),
    *forms(
        "cast to an interval", "time", "{time} + CAST('2 days' AS INTERVAL)", "{time} - '90 minutes'::interval", on=_DP
    ),
    *forms("cast to a zoned time", "time", "({time}::timestamptz AT TIME ZONE 'UTC')", on=_DP),
    *forms("zoned literal", "time", "TIMESTAMPTZ '2024-03-10 05:06:07+02' AT TIME ZONE 'UTC'", on=_DP, weight=0.7),
    *forms("TRY_CAST", "date", "TRY_CAST({text} AS DATE)", "TRY_CAST('2024-02-30' AS DATE)", on=_D),
    *forms("TRY_CAST", "dec", "TRY_CAST({text} AS DECIMAL(6, 2))", on=_D),
    *forms("cast of a truth", "text", "CAST({bool} AS VARCHAR)", "({int} > 1)::text", on=_DP),
    *forms("text where a number is asked", "int", "'5' + {int}", "'5x' + 0", "'3' * '4'", on=_M, weight=0.7),
    *forms("text where a number is asked", "bool", "{int} = '2'", "{text} = 0", "{dec} > '1.5'", on=_M, weight=0.7),
    *forms("text where a number is asked", "bool", "{column:int} = '2'", "{date} = '2024-02-29'", on=_DP),
)
