"""SQL of other tools in the spelling of ours: the same meaning, said in the one form that expressions know.

Only spellings are changed here, by tokens, so that the rest of a text stays as it was written. What a text then says is
checked as anything that people write. Sources: the SQL references of Snowflake, Redshift, BigQuery and DuckDB for
``DATEDIFF``/``DATE_DIFF`` (boundaries crossed), ``DATE_TRUNC``, ``DATE_PART`` and ``IFF``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.catalog.allowed import PARTS, UNITS

_BACKTICKS = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|`([^`]+)`")
_UNITS = {**{unit: unit for unit in UNITS}, **{f"{unit}S": unit for unit in UNITS}}
_Said = Callable[[Sequence[str]], str | None]


def to_our_spelling(text: str) -> str:
    r"""Return the expression in our spelling; a text without a foreign form comes back as it is.

    >>> to_our_spelling("DATEDIFF('day', opened, closed)")
    'DATEDIFF(closed, opened, DAY)'
    >>> to_our_spelling("DATE_TRUNC(`order date`, MONTH)")
    'DATE_TRUNC(\'MONTH\', "order date")'
    >>> to_our_spelling("DATEDIFF(closed, opened, day) + DATE_PART('year', closed)")
    'DATEDIFF(closed, opened, day) + EXTRACT(YEAR FROM closed)'
    """
    text = _BACKTICKS.sub(lambda found: found[1] or '"' + found[2].replace('"', '""') + '"', text)
    before = len(text)
    while True:
        call = _last_call(text, before)
        if call is None:
            return text
        start, end, name, arguments = call
        said = _FORMS[name](arguments)
        if said is not None:
            text = text[:start] + said + text[end:]
        before = start


def _last_call(text: str, before: int) -> tuple[int, int, str, list[str]] | None:
    """Return (start, end, name, arguments) of the last call of a known function that starts before a place."""
    try:
        tokens = sqlglot.tokenize(text)
    except SqlglotError:
        return None
    for at in range(len(tokens) - 2, -1, -1):
        token = tokens[at]
        name = token.text.upper()
        if token.start >= before or name not in _FORMS or tokens[at + 1].token_type is not TokenType.L_PAREN:
            continue
        if text[token.start : token.start + 1] in {"'", '"'} or (at and tokens[at - 1].token_type is TokenType.DOT):
            continue
        inside = _call_arguments(text, tokens, at + 1)
        if inside is not None:
            return token.start, inside[0], name, inside[1]
    return None


def _call_arguments(text: str, tokens: Sequence[Token], at: int) -> tuple[int, list[str]] | None:
    """Return where the bracket opened by a token closes, and the texts between its own commas."""
    depth, begin, found = 0, tokens[at].end + 1, list[str]()
    for token in tokens[at:]:
        if token.token_type in {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}:
            depth += 1
        elif token.token_type in {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}:
            depth -= 1
            if not depth:
                return token.end + 1, [*found, text[begin : token.start].strip()]
        elif token.token_type is TokenType.COMMA and depth == 1:
            found.append(text[begin : token.start].strip())
            begin = token.end + 1
    return None


def _unit_name(text: str) -> str | None:
    return _UNITS.get(text.strip("'").upper())


def _respell_difference(arguments: Sequence[str]) -> str | None:
    match arguments:
        case [first, start, end] if (unit := _unit_name(first)) is not None and _unit_name(end) is None:
            return f"DATEDIFF({end}, {start}, {unit})"
    return None


def _truncated(arguments: Sequence[str]) -> str | None:
    match arguments:
        case [first, second] if _unit_name(first) is None and (unit := _unit_name(second)) is not None:
            return f"DATE_TRUNC('{unit}', {first})"
    return None


def _respell_part(arguments: Sequence[str]) -> str | None:
    match arguments:
        case [first, second] if (part := first.strip("'").upper()) in PARTS:
            return f"EXTRACT({part} FROM {second})"
    return None


def _respell_if(arguments: Sequence[str]) -> str | None:
    match arguments:
        case [condition, here, there]:
            return f"CASE WHEN {condition} THEN {here} ELSE {there} END"
        case [condition, here]:
            return f"CASE WHEN {condition} THEN {here} END"
    return None


def _safely_divided(arguments: Sequence[str]) -> str | None:
    match arguments:
        case [over, under]:
            return f"(({over}) / NULLIF({under}, 0))"
    return None


_FORMS: dict[str, _Said] = {
    "DATEDIFF": _respell_difference,
    "DATE_DIFF": _respell_difference,
    "DATE_TRUNC": _truncated,
    "DATE_PART": _respell_part,
    "DATEPART": _respell_part,
    "IFF": _respell_if,
    "SAFE_DIVIDE": _safely_divided,
}
