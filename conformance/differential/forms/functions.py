"""More functions of every kind that analysts call, with the words that some have between their arguments."""

from __future__ import annotations

from conformance.differential.forms.form import Form, forms

_DP, _D, _P, _M = "duckdb postgres", "duckdb", "postgres", "mariadb"

FORMS: tuple[Form, ...] = (
    *forms("text measured", "int", "ASCII({text})", "BIT_LENGTH({text})", "OCTET_LENGTH({text})"),
    *forms("text measured", "int", "STRPOS({text}, 'b')", "LENGTH(MD5({text}))", on=_DP),
    *forms("text measured", "int", "instr({text}, 'n')", "levenshtein({text}, 'bob')", "unicode({text})", on=_D),
    *forms("text measured", "int", "FIELD({text}, 'ann', 'Bob')", "FIND_IN_SET('b', 'a,b,c')", "ORD({text})", on=_M),
    *forms("text in code", "text", "MD5({text})", "REPLACE({text}, '''', '\"')"),
    *forms(
        "text in code", "text", "encode({text}::bytea, 'hex')", "to_hex(255)", "encode('ab'::bytea, 'base64')", on=_P
    ),
    *forms("text in code", "text", "HEX({text})", "BIN(5)", "OCT(12)", "CONV('a', 16, 2)", "TO_BASE64('ab')", on=_M),
    *forms("text in code", "text", "hex({text})", "bin(5)", "base64({text}::BLOB)", on=_D),
    *forms("text taken apart", "text", "split_part({text}, 'n', -1)", "LEFT({text}, -1)", "RIGHT({text}, -1)", on=_DP),
    *forms("text taken apart", "text", "regexp_extract({text}, '(b)(o)', 1)", "{text}[1:2]", "{text}[-1]", on=_D),
    *forms("text taken apart", "text", "substring({text} FROM 'b.')", "(regexp_match({text}, 'b(.)'))[1]", on=_P),
    *forms("text taken apart", "text", "SUBSTRING_INDEX({text}, 'o', -1)", "SUBSTR({text} FROM 2 FOR 1)", on=_M),
    *forms("text put together", "text", "CONCAT({text}, NULL, {int})", "CONCAT_WS(',', {int}, {text})", on=_DP),
    *forms("text put together", "text", "format('{}-{}', {text}, {int})", "printf('%s:%d', {text}, 5)", on=_D),
    *forms("text put together", "text", "format('%I %L', {text}, {text})", "FORMAT('%5s|%-5s|', {text}, 1)", on=_P),
    *forms("text put together", "text", "MAKE_SET(5, 'a', 'b', 'c')", "EXPORT_SET(5, 'Y', 'N', ',', 4)", on=_M),
    *forms("text put together", "text", "CHAR(77, 65 USING utf8mb4)", "SPACE(2)", "CONCAT({text}, NULL)", on=_M),
    *forms("call of a method", "text", "({column:text}).upper()", "('x' || {text}).lower()", on=_D, weight=0.5),
    *forms("number function: roots and logs", "float", "LN(2)", "EXP(1)", "SQRT(2)", "PI()", "LOG(2, 8)"),
    *forms("number function: roots and logs", "float", "|/ 16.0", "||/ 27.0", "@ {column:float}", "CBRT(27)", on=_P),
    *forms("number function: roots and logs", "float", "SIN(1)", "DEGREES(0.5)", "ATAN2(1, 2)", "COS({float})"),
    *forms("number function: whole", "int", "GCD({int}, 6)", "FACTORIAL(4)::int", on=_DP),
    *forms("number function: whole", "int", "width_bucket({int}, 0, 10, 5)", "scale(1.50)", on=_P),
    *forms("number function: whole", "int", "INTERVAL({int}, 1, 5, 9)", "CRC32({text})", on=_M),
    *forms("ROUND to tens", "dec", "ROUND({dec}, -1)", "ROUND(-2.5)", "ROUND(2.5)"),
    *forms("remainder by an operator in words", "int", "{int} MOD 3", "-7 MOD {column:int}", on=_M),
    *forms("remainder of nothing", "int", "{int} % NULLIF({int}, 0)", "MOD({int}, NULLIF(0, 0))"),
    *forms("NVL and its like", "int", "NVL({int}, 0)", "NVL2({int}, 1, 2)", on=_M),
    *forms("NULLs counted", "int", "num_nulls({int}, {text})", "num_nonnulls({int}, NULL, 1)", on=_P),
    *forms("bits of numbers", "int", "bit_count({column:int})", "BIT_COUNT(5)", on="duckdb mariadb"),
    *forms("parts of a time", "float", "EXTRACT(EPOCH FROM {time})", "date_part('epoch', {time})", on=_D),
    *forms("parts of a time", "dec", "EXTRACT(EPOCH FROM {time})", "EXTRACT(SECOND FROM {time})", on=_P),
    *forms("parts of a time", "int", "EXTRACT(ISODOW FROM {date})", "EXTRACT(doy FROM {date})", on=_DP),
    *forms("parts of a time", "int", "EXTRACT(isoyear FROM {date})", "EXTRACT(century FROM {date})", on=_DP),
    *forms("parts of a time", "int", "EXTRACT(DAY_HOUR FROM {time})", "EXTRACT(MICROSECOND FROM {time})", on=_M),
    *forms("parts of a time", "int", "WEEK({date}, 1)", "MICROSECOND({time})", "TIME_TO_SEC('01:00:01')", on=_M),
    *forms(
        "parts of a time", "int", "epoch_ms({time})", "weekday({date})", "isodow({date})", "yearweek({date})", on=_D
    ),
    *forms("names of days", "text", "DAYNAME({date})", "MONTHNAME({date})", on="duckdb mariadb"),
    *forms("names of days", "text", "to_char({time}, 'Dy DD Mon HH24:MI:SS')", "to_char({date}, 'IYYY-IW')", on=_P),
    *forms("time read from a text", "date", "to_date('29 Feb 2024', 'DD Mon YYYY')", on=_P),
    *forms(
        "time read from a text",
        "time",
        "strptime('2024-02-29', '%Y-%m-%d')",
        "make_timestamp(2024, 2, 29, 1, 2, 3.5)",
        on=_D,
    ),
    *forms("time read from a text", "time", "make_timestamp(2024, 2, 29, 1, 2, 3.5)", on=_P),
    *forms("time read from a text", "time", "STR_TO_DATE('29.02.2024 01:02', '%d.%m.%Y %H:%i')", on=_M),
    *forms("time in steps", "time", "date_bin('15 minutes', {time}, TIMESTAMP '2024-01-01')", on=_P),
    *forms("time in steps", "time", "time_bucket(INTERVAL '15 minutes', {time})", on=_D),
    *forms("time in steps", "time", "ADDTIME({time}, '01:00:00')", "TIMESTAMPADD(HOUR, 2, {time})", on=_M),
    *forms("interval by its parts", "time", "{time} + make_interval(days => 3, hours => 2)", on=_P),
    *forms("interval by its parts", "time", "{time} + to_days(3)", "{time} - to_hours({column:int})", on=_D),
    *forms("interval by its parts", "time", "{time} + INTERVAL 2 WEEK", "{time} - INTERVAL 1 QUARTER"),
    *forms("interval by its parts", "date", "{date} + INTERVAL 1 YEAR - INTERVAL 1 DAY", on=_M),
    *forms(
        "interval times a number", "time", "{time} + 2 * INTERVAL '1 hour'", "{time} + INTERVAL '1 hour' * 3", on=_DP
    ),
    *forms("interval divided", "time", "{time} - INTERVAL '1 day' / 2", on=_P),
    *forms(
        "date difference in units",
        "int",
        "TIMESTAMPDIFF(DAY, {time}, {time})",
        "TIMESTAMPDIFF(WEEK, {date}, {date})",
        on=_M,
    ),
    *forms(
        "date difference in units",
        "int",
        "date_sub('month', {date}, {date})",
        "datediff('week', {date}, {date})",
        on=_D,
    ),
    *forms("date difference in units", "int", "EXTRACT(day FROM {time} - {time})", on=_DP),
    *forms("list function", "int", "list_position({list}, 2)", "list_aggregate({list}, 'sum')", "{list}[-1]", on=_D),
    *forms(
        "list function",
        "int",
        "array_position({list}, 2)",
        "array_upper({list}, 1)",
        "(ARRAY[[1, 2], [3, 4]])[2][1]",
        on=_P,
    ),
    *forms("list function", "list", "array_remove({list}, 2)", "array_cat({list}, {list})", "({list})[:2]", on=_P),
    *forms(
        "list function", "list", "list_distinct({list}).list_sort()", "range(3)::INT[]", "{list}[2:]", on=_D, weight=0.7
    ),
    *forms(
        "list of a text", "text", "(string_to_array({text}, 'n'))[1]", "(regexp_split_to_array({text}, 'o'))[2]", on=_P
    ),
    *forms("list of a text", "text", "string_split({text}, 'n')[1]", "array_to_string(['a', NULL, 'b'], '-')", on=_D),
    *forms("list reduced", "int", "list_reduce([1, 2, 3], lambda a, b: a + b)", on=_D),
    *forms(
        "JSON changed",
        "text",
        "({column:json}::jsonb || '{\"z\": 9}')::text",
        "({column:json}::jsonb - 'a')::text",
        on=_P,
        weight=0.7,
    ),
    *forms("JSON changed", "text", "jsonb_set('{\"a\": 1}'::jsonb, '{a}', '2')::text", on=_P, weight=0.7),
    *forms("JSON changed", "text", "JSON_SET({column:json}, '$.z', 9)", "JSON_REMOVE({column:json}, '$.a')", on=_M),
    *forms(
        "JSON asked", "text", "jsonb_typeof({column:json}::jsonb)", "{column:json}::jsonb #>> ARRAY['b', '0']", on=_P
    ),
    *forms("JSON asked", "text", "json_type({column:json})", "json_extract({column:json}, '$.a')::VARCHAR", on=_D),
    *forms(
        "JSON asked", "text", "JSON_TYPE({column:json})", "JSON_KEYS({column:json})", "JSON_UNQUOTE('\"x\"')", on=_M
    ),
    *forms(
        "JSON asked", "bool", "JSON_CONTAINS({column:json}, '1', '$.a')", "JSON_EXISTS({column:json}, '$.b')", on=_M
    ),
    *forms("JSON in JSON", "text", "'{\"a\": {\"b\": [10, 20]}}'::json->'a'->'b'->>1", on=_DP),
    *forms("JSON in JSON", "text", "'{\"a\": {\"b\": [10, 20]}}'::json #>> '{a,b,0}'", on=_P),
    *forms("struct in struct", "int", "{'a': {'b': {int}}}['a']['b']", "struct_pack(p := 1, q := {int}).q", on=_D),
)
