"""The one form in which expressions are kept: sqlglot's generic dialect, but for what it would lose.

It reads ``a DIV b`` and writes ``CAST(a / b AS BIGINT)``, which rounds; and of ``DATEDIFF('day', a, b)``, as Snowflake,
Redshift and Databricks say it, it takes the last argument for the unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.catalog.allowed import UNITS

_UNIT = "|".join(UNITS)
_UNIT_FIRST = re.compile(rf"\bDATE_?DIFF\s*\(\s*(?:'(?:{_UNIT})'|(?:{_UNIT}))\s*,", re.IGNORECASE)
_DIFFERENCES = frozenset({"DATEDIFF", "DATE_DIFF"})
_ARGUMENTS = 3


def trees_of(text: str) -> list[exp.Expr | None]:
    """Return what a text holds, statement by statement.

    Raises:
        SqlglotError: it is no SQL.
    """
    return list(sqlglot.parse(_unit_last(text) if _UNIT_FIRST.search(text) else text))


def text_of(tree: exp.Expr) -> str:
    """Return the canonical text, on one line.

    >>> [text_of(tree) for tree in trees_of("a  div 2; datediff('day', a, b)") if tree is not None]
    ['a DIV 2', 'DATEDIFF(b, a, DAY)']
    """
    if tree.find(exp.IntDiv) is None:
        return tree.sql(comments=False)
    # Another operator stands for it while it is written: one that no expression may hold.
    whole = exp.Paren(this=tree.copy())
    for found in list(whole.find_all(exp.IntDiv)):
        found.replace(exp.Overlaps(this=found.this, expression=found.expression))
    text: str = whole.this.sql(comments=False)
    for token in reversed(sqlglot.tokenize(text)):
        if token.token_type is TokenType.OVERLAPS:
            text = f"{text[: token.start]}DIV{text[token.end + 1 :]}"
    return text


def _unit_last(text: str) -> str:
    """Return the text with ``unit, start, end`` in DATEDIFF turned round; a call within another is turned first."""
    tokens = sqlglot.tokenize(text)
    for at in range(len(tokens) - 1, -1, -1):
        if tokens[at].text.upper() not in _DIFFERENCES or tokens[at + 1 : at + 2] == []:
            continue
        parts = _argument_tokens(tokens, at + 1)
        if len(parts) == _ARGUMENTS and _is_unit(parts[0]) and not _is_unit(parts[2]):
            unit, start, end = (text[part[0].start : part[-1].end + 1] for part in parts)
            turned = f"{end}, {start}, {unit}"
            return _unit_last(text[: parts[0][0].start] + turned + text[parts[2][-1].end + 1 :])
    return text


def _argument_tokens(tokens: Sequence[Token], opening: int) -> list[list[Token]]:
    """Return the tokens of each argument of the call whose bracket opens there; none where it never closes."""
    if tokens[opening].token_type is not TokenType.L_PAREN:
        return []
    depth = 0
    parts: list[list[Token]] = [[]]
    for token in tokens[opening:]:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0:
            return parts if all(parts) else []
        if depth == 1 and token.token_type is TokenType.COMMA:
            parts.append([])
        elif token is not tokens[opening]:
            parts[-1].append(token)
    return []


def _is_unit(part: Sequence[Token]) -> bool:
    return len(part) == 1 and part[0].text.upper() in UNITS and part[0].token_type is not TokenType.IDENTIFIER
