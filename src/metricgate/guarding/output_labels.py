"""The agent's own words for its outputs, cut out of the text."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokenizer_core import Token, TokenType

_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_ENDS = frozenset(
    {
        *(TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT),
        *(TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.OFFSET, TokenType.FETCH, TokenType.WINDOW),
        *(TokenType.QUALIFY, TokenType.SEMICOLON),
    }
)


def output_texts(text: str, tokens: Sequence[Token]) -> list[str]:
    """Return the text of each output of the first SELECT of the whole query; empty where it cannot be told."""
    depth = 0
    base = next((number for number, token in enumerate(tokens) if token.token_type is not TokenType.L_PAREN), 0)
    found: list[str] = []
    start: int | None = None
    end = 0
    begun = False
    for token in tokens:
        kind = token.token_type
        if begun and ((depth == base and kind in _ENDS) or (depth == base and kind in _CLOSE)):
            break
        if begun and depth == base and kind is TokenType.COMMA:
            found.append("" if start is None else text[start:end])
            start = None
        elif begun and not (start is None and kind in {TokenType.DISTINCT, TokenType.ALL}):
            start = token.start if start is None else start
            end = token.end + 1
        elif not begun and depth == base and kind is TokenType.SELECT:
            begun = True
        depth += (kind in _OPEN) - (kind in _CLOSE)
    return [*found, text[start:end]] if start is not None else found
