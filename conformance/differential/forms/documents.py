"""JSON and lists."""

from __future__ import annotations

from conformance.differential.forms.form import Form, forms

_DP, _D, _P, _M = "duckdb postgres", "duckdb", "postgres", "mariadb"

FORMS: tuple[Form, ...] = (
    *forms("JSON ->>", "text", "{column:json}->>'a'", "{column:json} ->> 't'", "({column:json}->>'a')", on=_DP),
    *forms("JSON ->", "json", "{column:json}->'b'", "{column:json} -> 'a'", "{json}->'b'", on=_DP),
    *forms("JSON path", "text", "{column:json} #>> '{b,1}'", "{column:json}::jsonb #>> '{b,0}'", on=_P),
    *forms("JSON path", "text", "{column:json}->>'$.b[1]'", "json_extract_string({column:json}, '$.t')", on=_D),
    *forms(
        "JSON path",
        "text",
        "JSON_UNQUOTE(JSON_EXTRACT({column:json}, '$.t'))",
        "JSON_VALUE({column:json}, '$.a')",
        on=_M,
    ),
    *forms("JSON path", "text", "JSON_EXTRACT({column:json}, '$.b[0]')", on=_M),
    *forms("JSON ->> beside an operator", "bool", "{column:json}->>'t' = 'x'", "{column:json}->>'a' IS NULL", on=_DP),
    *forms("JSON cast", "int", "({column:json}->>'a')::int", "CAST({column:json}->>'a' AS INTEGER)", on=_DP),
    *forms("JSON function", "int", "json_array_length({json}->'b')", on=_DP),
    *forms(
        "JSON function",
        "int",
        "JSON_LENGTH({column:json})",
        "JSON_LENGTH({column:json}, '$.b')",
        "JSON_VALID({text})",
        on=_M,
    ),
    *forms("JSON made", "json", "json_build_object('k', {int}, 't', {text})", "to_json({int})", on=_P),
    *forms(
        "JSON made",
        "json",
        "json_object('k', {int}, 't', {text})",
        "to_json({int})",
        "json_array({int}, {text})",
        on=_D,
    ),
    *forms("JSON made", "text", "JSON_OBJECT('k', {int}, 't', {text})", "JSON_ARRAY({int}, 1)", on=_M),
    *forms(
        "jsonb operator",
        "bool",
        """{column:json}::jsonb @> '{"a": 1}'""",
        "{column:json}::jsonb ? 'a'",
        on=_P,
        weight=0.5,
    ),
    *forms("list element", "int", "({list})[1]", "({list})[2]", on=_DP),
    *forms("list slice", "list", "({list})[1:2]", on=_DP),
    *forms("list function", "int", "array_length({list}, 1)", "cardinality({list})", on=_P),
    *forms("list function", "int", "len({list})", "list_sum({list})", "list_max({list})", on=_D),
    *forms("list joined", "list", "{list} || {list}", on=_DP),
    *forms("list joined", "list", "array_append({list}, {int})", on=_P),
    *forms("list joined", "list", "list_append({list}, {int})", "list_sort({list})", "list_reverse({list})", on=_D),
    *forms("lambda", "list", "list_transform({list}, lambda x: x + 1)", "list_filter({list}, lambda x: x > 1)", on=_D),
    *forms("list comprehension", "list", "[x + {column:int} FOR x IN {list}]", "[x FOR x IN {list} IF x > 1]", on=_D),
    *forms("list made", "list", "[{int}, {int}]", "list_value({int}, 1)", on=_D),
    *forms("list made", "list", "ARRAY[{int}, {int}]", on=_P),
    *forms(
        "list of a sub-query", "list", "ARRAY(SELECT u FROM unnest(ARRAY[3, 1]) AS q(u) ORDER BY u)", on=_P, weight=0.3
    ),
    *forms("text of a list", "text", "array_to_string({list}, ',')", on=_DP, weight=2),
    *forms("struct", "int", "{'p': {int}, 'q': 2}['q']", "struct_pack(p := {int})['p']", "{p: {int}}['p']", on=_D),
    *forms("map", "int", "MAP {'p': {int}}['p']", on=_D, weight=0.9),
)
