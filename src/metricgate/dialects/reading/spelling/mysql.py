"""MariaDB's and MySQL's words: numbers by their digits in hex, names in the quotes of texts, fractions of intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.spelling.words import calls, in_brackets, instead

_NAMED = frozenset({TokenType.ALIAS, TokenType.R_PAREN})
"""After these, a text is a name."""

_SIGNS = frozenset({TokenType.DASH, TokenType.PLUS})
_SET_WORDS = frozenset({TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT})
_MOMENTS = frozenset({"utc_date", "utc_time", "utc_timestamp"})


def mysql_words(tokens: Sequence[Token], text: str) -> Iterator[Token]:
    """Yield the words as they are to be parsed."""
    if "{" in text:
        tokens = list(_without_braces(tokens))
    for number, token in enumerate(tokens):
        kind = token.token_type
        before = tokens[number - 1].token_type if number else None
        if kind is TokenType.HEX_STRING and text[token.start : token.start + 2] == "0x":
            token = instead(token, TokenType.NUMBER, text[token.start : token.end + 1])  # noqa: PLW2901
            kind = TokenType.NUMBER
        if kind is TokenType.STRING and before in _NAMED:
            yield instead(token, TokenType.IDENTIFIER, token.text)
        elif kind is TokenType.NUMBER and not token.text.isdigit() and _follows_interval(tokens, number):
            yield from in_brackets(token)
        elif kind in _SET_WORDS and before is TokenType.ROLLUP and calls(tokens, number):
            # After WITH ROLLUP, sqlglot reads UNION ( as a call.
            yield token
            yield instead(token, TokenType.DISTINCT, "DISTINCT")
        elif kind is TokenType.VAR and _is_moment(tokens, number):
            yield token
            yield instead(token, TokenType.L_PAREN, "(")
            yield instead(token, TokenType.R_PAREN, ")")
        else:
            yield token


def _without_braces(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield ``DATE '2024-01-31'`` for ``{d '2024-01-31'}``, and the other words as they are."""
    number = 0
    while number < len(tokens):
        four = tokens[number : number + len(_BRACED)]
        if [token.token_type for token in four] == _BRACED and four[1].text.lower() in _BRACES:
            yield instead(four[1], _BRACES[four[1].text.lower()], four[1].text)
            yield four[2]
            number += len(_BRACED)
        else:
            yield tokens[number]
            number += 1


_BRACED = [TokenType.L_BRACE, TokenType.VAR, TokenType.STRING, TokenType.R_BRACE]
_BRACES = {"d": TokenType.DATE, "t": TokenType.TIME, "ts": TokenType.TIMESTAMP}


def _is_moment(tokens: Sequence[Token], number: int) -> bool:
    """Whether the word calls although it has no bracket."""
    after_dot = number > 0 and tokens[number - 1].token_type is TokenType.DOT
    return tokens[number].text.lower() in _MOMENTS and not after_dot and not calls(tokens, number)


def _follows_interval(tokens: Sequence[Token], number: int) -> bool:
    """Whether INTERVAL is before the number, perhaps with a sign between them."""
    before = number - 1
    if before > 0 and tokens[before].token_type in _SIGNS:
        before -= 1
    return before >= 0 and tokens[before].token_type is TokenType.INTERVAL
