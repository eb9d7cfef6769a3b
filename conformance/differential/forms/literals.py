"""Literals of every spelling."""

from __future__ import annotations

from conformance.differential.forms.form import Form, forms

_DP, _D, _P, _M = "duckdb postgres", "duckdb", "postgres", "mariadb"

FORMS: tuple[Form, ...] = (
    *forms("integer literal", "int", "0", "1", "2", "3", "7", "42", "007", "2147483648"),
    *forms("literal NULL", "int", "NULL", weight=0.3),
    *forms("decimal literal", "dec", "0.5", "1.50", "12.340", "99999.99", "100.00"),
    *forms("decimal literal that begins or ends with its point", "dec", ".5", ".25", "5.", "3.", weight=0.7),
    *forms("long decimal literal", "dec", "0.12345678901234567890", "1234567890123456.789", weight=0.3),
    *forms("literal with an exponent", "float", "1e0", "2.5e-1", "1E+2", "1.5E1", ".5e1", "5.e0"),
    *forms("digit groups", "int", "1_000", "12_345", on=_D),
    *forms("digit groups", "int", "1_000", on=_P, weight=0.28),
    *forms("hexadecimal literal", "int", "0x1F", "0xff", on=_D, weight=0.5),
    *forms("binary literal", "int", "0b101", on=_D, weight=0.5),
    *forms("hexadecimal literal", "int", "(0x1F + 0)", "(0x02 | 0)", "(x'1f' + 0)", "(X'02' + 0)", on=_M, weight=0.5),
    *forms("binary literal", "int", "(b'101' + 0)", "(0b101 + 0)", "(B'11' | 0)", on=_M, weight=0.5),
    *forms("hexadecimal literal", "text", "x'4142'", "HEX(0x41)", "CONCAT(0x41, x'42')", on=_M, weight=0.5),
    *forms("text literal", "text", "'ann'", "'Bob'", "'bob'", "'Bob '", "''", "'it''s'", "'x%_y'", "'é ß 漢'", "'12'"),
    *forms("text literal with a backslash", "text", "'a\\b'", "'a\\%'", "'\\n'", on=_DP, weight=0.5),
    *forms("text literal with a backslash", "text", "'a\\\\b'", "'it\\'s'", "'a\\%b'", "'tab\\tx'", on=_M, weight=0.5),
    *forms("text literal with escapes", "text", "E'a\\tb'", "e'it\\'s'", "E'\\x41\\101'", "E'\\\\'", on=_P, weight=0.5),
    *forms("text literal with escapes", "text", "E'a\\tb'", "E'it''s'", on=_D, weight=0.5),
    *forms("text literal in Unicode escapes", "text", "U&'d\\0061t'", "U&'\\+000041'", on=_P, weight=0.3),
    *forms("dollar-quoted literal", "text", "$$it's$$", "$q$a $$ b$q$", on=_P, weight=0.5),
    *forms("dollar-quoted literal", "text", "$$it's$$", on=_D, weight=0.5),
    *forms("literals side by side", "text", "'a' 'b'", "'a'\n'b' 'c'", on=_M, weight=0.5),
    *forms("literals side by side", "text", "'a'\n'b'", on=_P, weight=1.5),
    *forms("literal in double quotes", "text", '"bob"', '"it\'s"', '"a""b"', on=_M, weight=0.5),
    *forms("literal with a character set", "text", "N'ann'", "_utf8mb4'é'", "n'x'", on=_M, weight=0.4),
    *forms("truth literal", "bool", "TRUE", "false", "True"),
    *forms("date literal", "date", "DATE '2024-02-29'", "date '2023-12-31'", "DATE'2024-01-01'"),
    *forms("date literal in braces", "date", "{d '2024-02-29'}", on=_M, weight=0.05),
    *forms("date literal by cast", "date", "CAST('2024-03-10' AS DATE)"),
    *forms("date literal by cast", "date", "'2024-03-10'::date", "'2024-01-31'::DATE", on=_DP),
    *forms("time literal", "time", "TIMESTAMP '2024-01-31 23:59:59'", "timestamp '2024-02-29 00:00:00'"),
    *forms("time literal with a fraction", "time", "TIMESTAMP '2024-01-31 12:00:00.250'"),
    *forms("time literal by cast", "time", "'2024-03-10 05:06:07'::timestamp", on=_DP),
    *forms("time literal by cast", "time", "CAST('2024-03-10 05:06:07' AS DATETIME)", on=_M),
    *forms("JSON literal", "json", """'{"a": 1, "b": [1, 2, {"c": "x"}]}'::json""", "'[1, 2.50, null]'::JSON", on=_DP),
    *forms("decimals inside JSON", "json", """'{"a": 0.12345678901234567890, "b": 1.10}'::json""", on=_DP),
    *forms("decimals inside JSON", "json", """'{"a": 123456789012345678901.5}'::jsonb""", on=_P),
    *forms("JSON literal", "json", """JSON_COMPACT('{"a": 1, "b": [1, 2]}')""", on=_M),
    *forms("list literal", "list", "[1, 2, 3]", "[3, NULL]", "[5]", "ARRAY[1, 2]", "[]::int[]", on=_D),
    *forms("list literal", "list", "ARRAY[1, 2, 3]", "'{3,4}'::int[]", "ARRAY[]::int[]", "ARRAY[2, NULL]", on=_P),
)
