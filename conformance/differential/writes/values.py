"""Literals for a column of every type, in spellings that an engine itself turns into the column's type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ANYWHERE: Mapping[str, Sequence[str]] = {
    "n": ("5", "-5", "0", "'12'", "007", "NULL", "2147483647"),
    "x": ("5", "1.5", ".5", "-.25", "1.005", "'2.50'", "1e1", "100.00", "NULL"),
    "f": ("1", "1.5", "2.5e-1", "1E+2", "'0.1'", ".5", "NULL"),
    "name": ("'ann'", "'it''s'", "''", "'a,b'", "'x%_y'", "'é ß 漢'", "'-- no'", "'; DROP TABLE items'", "NULL"),
    "d": ("'2024-02-29'", "DATE '2024-02-29'", "CAST('2024-03-10' AS DATE)", "NULL"),
    "ts": ("'2024-01-31 12:00:00.250'", "'2024-02-29'", "TIMESTAMP '2024-01-31 23:59:59'", "DATE '2024-02-29'", "NULL"),
    "flag": ("TRUE", "false", "NULL"),
    "doc": ("""'{"a": 0.10, "b": [1, 2]}'""", "'[]'", "'null'", "NULL"),
    "small": ("5", "200", "'7'", "NULL"),
    "real4": ("16777216", "0.1", "1e10", "'1.5'", "-.5", "NULL"),
    "bits": ("NULL",),
    "bytes": ("NULL", "'AB'"),
    "level": ("'low'", "'mid'", "NULL"),
    "lst": ("NULL",),
}
OWN: Mapping[str, Mapping[str, Sequence[str]]] = {
    "duckdb": {
        "n": ("1_000", "1.6", "'3'::INTEGER", "TRUE"),
        "name": ("12", "1.50", "TRUE", "DATE '2024-02-29'", "$$it's$$", "E'a\\tb'"),
        "flag": ("'true'", "1", "0"),
        "bits": ("'101'::BIT", "b'101'", "'0011'"),
        "bytes": ("x'00ff'", "'\\x41'::BLOB", "'\\x00\\x41'"),
        "lst": ("[1, 2]", "[]", "'[1, 2]'", "ARRAY[1, NULL]"),
        "d": ("TIMESTAMP '2024-02-29 00:00:00'", "'2024-03-10'::DATE"),
        "doc": ("""{'a': 1}""", "'{\"a\": 12345678901234567890.5}'::JSON"),
    },
    "postgres": {
        "n": ("1.6", "'3'::integer", "1e2"),
        "name": ("$$it's$$", "E'a\\tb\\\\'", "U&'d\\0061t'", "'a\\b'", "12", "DATE '2024-02-29'"),
        "flag": ("'t'", "'yes'", "'0'"),
        "bits": ("B'00000101'", "x'05'", "5::bit(8)", "'00000101'"),
        "bytes": ("'\\x00ff'", "'\\x41'::bytea", "E'\\\\x41'", "'a\\000b'"),
        "lst": ("ARRAY[1, 2]", "'{1,NULL}'", "ARRAY[]::integer[]", "'{3,4}'::int[]"),
        "d": ("TIMESTAMP '2024-02-29 00:00:00'", "'2024-03-10'::date", "'20240310'"),
        "doc": ("""'{"a": 12345678901234567890.5, "a": 1}'::json""", """'{"k" : 1.10 }'"""),
        "level": ("'a '", "'hi'"),
    },
    "mariadb": {
        "n": ("0x0A", "b'101'", "0b11", "1.6", "'1.6'", "TRUE", "'1e1'", "0xA", "x'35'"),
        "x": ("0x05", "b'101'", "TRUE", "'1.005'", "1.005"),
        "f": ("0x05", "b'101'"),
        "name": ("12", "1.50", "TRUE", "0x4142", "x'4142'", "b'1000001'", '"dq"', "'a\\\\b'", "'it\\'s'", "'a' 'b'",
                 "N'n'", "DATE '2024-02-29'", "'a\\%b'"),
        "flag": ("1", "0", "2", "-3", "0x01", "'1'"),
        "small": ("0x0A", "b'101'", "1.6", "TRUE"),
        "bits": ("b'101'", "0x05", "x'05'", "5", "0b11", "'5'", "b'10100101'", "TRUE", "1.6", "'A'"),
        "bytes": ("x'00ff'", "0x4142", "b'1000001'", "12", "1.50"),
        "level": ("1", "2", "0x01"),
        "d": ("20240229", "'2024-2-9'", "'20240310'", "TIMESTAMP '2024-02-29 00:00:00'"),
        "ts": ("20240229101112", "'2024-2-9 1:2:3'", "'20240310050607'"),
        "real4": ("0x05",),
    },
}  # fmt: skip
PARTS: Mapping[str, Sequence[str]] = {
    "item": ("1", "2", "8", "NULL"),
    "qty": ("5", "'6'", "0", "NULL"),
    "note": ("'x'", "'it''s'", "''", "NULL"),
}


def literals(engine: str, table: str, column: str) -> Sequence[str]:
    """Return literals for a column."""
    if table == "parts":
        return PARTS[column]
    return (*ANYWHERE[column], *OWN[engine].get(column, ()))
