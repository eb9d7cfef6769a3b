"""MariaDB's and MySQL's error numbers -> codes. A number tells the class of an error and holds nothing of the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from metricgate.gateway import sql_codes
from metricgate.gateway.codes import WAREHOUSE_FAILED
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code

_BY_NUMBER: Mapping[int, Code] = MappingProxyType(
    {
        1365: sql_codes.DIVISION_BY_ZERO,
        **dict.fromkeys((1300, 1366, 1918, 3140, 3141, 4037, 4038), sql_codes.BAD_CAST),
        **dict.fromkeys((1264, 1367, 1690, 1916), sql_codes.OUT_OF_RANGE),
        **dict.fromkeys((1292, 1411, 1441, 1525), sql_codes.BAD_TIME),
        1242: sql_codes.MANY_ROWS,
        **dict.fromkeys((1139, 1210, 1115, 1273, 1426, 1427, 1691, 3037, 4024, 4042), sql_codes.BAD_ARGUMENT),
        **dict.fromkeys((1055, 1056, 1111, 1140, 1463, 4015, 4016), sql_codes.GROUPING),
        **dict.fromkeys((1049, 1051, 1052, 1054, 1060, 1066, 1109, 1146, 1247, 4009), sql_codes.UNKNOWN_NAME),
        **dict.fromkeys((1128, 1305, 1318, 1582, 1583, 1584, 1630), sql_codes.NO_FUNCTION),
        **dict.fromkeys((1222, 1241, 1253, 1267, 1270, 1271, 4078, 4079), sql_codes.MIXED_TYPES),
        **dict.fromkeys((1064, 1149, 1248), sql_codes.SYNTAX),
        1235: sql_codes.UNSUPPORTED,
    }
)

_TRUNCATED, _TOO_LARGE = 1292, 1690
_FAILED_CAST = "exp(1000 + char_length("
"""How definitions let a cast fail here (``dialects.meanings.mysql``)."""
_NO_TIME = re.compile(r"incorrect (?:INTEGER|DECIMAL|DOUBLE|FLOAT) ")
"""What a value is no value of, where it is not a time."""


def code_of(number: int, words: str = "") -> str:
    """Return the name of the code of an error number.

    >>> code_of(1690), code_of(1105), code_of(1292, "Truncated incorrect INTEGER value: 'x'")
    ('E_SQL_OUT_OF_RANGE', 'E_WAREHOUSE_FAILED', 'E_SQL_BAD_CAST')
    >>> code_of(1690, "DOUBLE value is out of range in 'exp(1000 + char_length(`t`.`x`))'")
    'E_SQL_BAD_CAST'
    """
    if (number == _TRUNCATED and _NO_TIME.search(words)) or (number == _TOO_LARGE and _FAILED_CAST in words):
        return sql_codes.BAD_CAST.name
    return _BY_NUMBER.get(number, WAREHOUSE_FAILED).name


_ILLEGAL_TYPE = re.compile(
    r"Illegal parameter data types? (\w+)(?: and \w+)? for operation '(?:[not ]*like|cast_as_char|=|<=>|<>|[<>]=?)'"
)


_NOT_AGGREGATED = re.compile(r"Illegal parameter data type (\w+) for operation '(min|max|sum|avg)\(?'")


def not_compared(words: str) -> dict[str, Json]:
    """Return ``{"not_compared": type}`` where the server does not compare a type, else nothing; with ``aggregate``.

    >>> not_compared("Illegal parameter data types point and varchar for operation 'like'")
    {'not_compared': 'point'}
    >>> not_compared("Illegal parameter data type uuid for operation 'avg('")
    {'not_compared': 'uuid', 'aggregate': 'avg'}
    """
    aggregated = _NOT_AGGREGATED.match(words)
    if aggregated is not None:
        return {"not_compared": aggregated[1], "aggregate": aggregated[2]}
    found = _ILLEGAL_TYPE.match(words)
    return {} if found is None else {"not_compared": found[1]}
