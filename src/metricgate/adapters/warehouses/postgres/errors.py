"""PostgreSQL's SQLSTATEs -> codes. A SQLSTATE tells the class of an error and holds nothing of the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from metricgate.gateway import sql_codes
from metricgate.gateway.codes import WAREHOUSE_FAILED
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code

_BY_STATE: Mapping[str, Code] = MappingProxyType(
    {
        "22012": sql_codes.DIVISION_BY_ZERO,
        **dict.fromkeys(("22P02", "22P03", "22018", "2203B", "22030", "22032"), sql_codes.BAD_CAST),
        "22003": sql_codes.OUT_OF_RANGE,
        **dict.fromkeys(("22007", "22008", "22009"), sql_codes.BAD_TIME),
        "21000": sql_codes.MANY_ROWS,
        **dict.fromkeys(("42803", "42P20"), sql_codes.GROUPING),
        **dict.fromkeys(
            ("42703", "42702", "42P01", "42P02", "42P09", "42704", "3F000", "42P10"), sql_codes.UNKNOWN_NAME
        ),
        **dict.fromkeys(("42883", "42725"), sql_codes.NO_FUNCTION),
        **dict.fromkeys(("42804", "42846", "42P18", "42P21", "42P22"), sql_codes.MIXED_TYPES),
        "42501": WAREHOUSE_FAILED,
    }
)
_BY_CLASS: Mapping[str, Code] = MappingProxyType(
    {"22": sql_codes.BAD_ARGUMENT, "42": sql_codes.SYNTAX, "0A": sql_codes.UNSUPPORTED}
)


def code_of(state: str) -> str:
    """Return the name of the code of a SQLSTATE.

    >>> code_of("22012"), code_of("2201B"), code_of("XX000")
    ('E_SQL_DIVISION_BY_ZERO', 'E_SQL_BAD_ARGUMENT', 'E_WAREHOUSE_FAILED')
    """
    return (_BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or WAREHOUSE_FAILED).name


_NO_SUCH_OPERATOR = "42883"
_NOT_SORTED = re.compile(r"could not identify an? \w+ operator for type (.+)")
_NOT_COMPARED = re.compile(r"operator does not exist: (?:(.+?) )?(?:=|<>|<|>|<=|>=|!?~~\*?) ")
_NOT_AGGREGATED = re.compile(r"function (min|max|sum|avg)\((.+)\) does not exist")
_ANONYMOUS = "input of anonymous composite types"


def not_compared(state: str, words: str) -> dict[str, Json]:
    """Return ``{"not_compared": type}`` where the server lacks what groups, sorts or compares a type, else nothing.

    With ``aggregate`` where that is what it lacks.

    Its words name types then, and no data. Where it speaks another language, nothing is found.

    >>> not_compared("42883", "could not identify an equality operator for type point")
    {'not_compared': 'point'}
    >>> not_compared("42883", "operator does not exist: json ~~ text"), not_compared("42883", "function f(text) ...")
    ({'not_compared': 'json'}, {})
    >>> not_compared("42883", "function max(boolean) does not exist")
    {'not_compared': 'boolean', 'aggregate': 'max'}
    """
    if state == "0A000" and _ANONYMOUS in words:
        return {"not_compared": "record"}
    aggregated = _NOT_AGGREGATED.match(words) if state == _NO_SUCH_OPERATOR else None
    if aggregated is not None:
        return {"not_compared": aggregated[2], "aggregate": aggregated[1]}
    found = (_NOT_SORTED.match(words) or _NOT_COMPARED.match(words)) if state == _NO_SUCH_OPERATOR else None
    return {} if found is None else {"not_compared": str(found[1] or "unknown")}
