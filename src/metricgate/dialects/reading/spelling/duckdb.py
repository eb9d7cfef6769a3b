"""DuckDB's words: keys after arrows, bytes and bits, aggregates over an order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.spelling.clauses import in_order
from metricgate.dialects.reading.spelling.comprehensions import as_calls_of_lists
from metricgate.dialects.reading.spelling.words import calls, closing_bracket, in_brackets, instead

_ARROWS = frozenset({TokenType.ARROW, TokenType.DARROW})
_KEYS = frozenset({TokenType.STRING, TokenType.NUMBER})
_ORDERED: Mapping[str, str] = {
    "percentile_cont": "quantile_cont",
    "percentile_disc": "quantile_disc",
    "mode": "mode",
}
"""Functions that take WITHIN GROUP, and what the engine makes of them: the same with the order in their bracket."""


_ANY = re.compile(rf"->|[bx]'|{'|'.join(_ORDERED)}", re.IGNORECASE)
"""What a text has in which any word is respelt: most have nothing of it."""


def duckdb_words(tokens: Sequence[Token], text: str) -> Sequence[Token]:
    """Return the words as they are to be parsed."""
    tokens = in_order(tokens)
    if any(token.token_type is TokenType.FOR for token in tokens):
        tokens = as_calls_of_lists(tokens)
    return list(_respelt(tokens)) if _ANY.search(text) else tokens


def _respelt(tokens: Sequence[Token]) -> Iterator[Token]:
    left_out: set[int] = set()
    number = 0
    while number < len(tokens):
        token, kind = tokens[number], tokens[number].token_type
        before = tokens[number - 1].token_type if number else None
        if number in left_out:
            pass
        elif kind in _KEYS and before in _ARROWS:
            # In brackets, a key stays a key; without, sqlglot makes a path of it.
            yield from in_brackets(token)
        elif kind is TokenType.VAR and _is_prefix(tokens, number):
            number += 1
            yield from _bytes_or_bits(token, tokens[number])
        elif token.text.lower() in _ORDERED and calls(tokens, number):
            within = _within_group(tokens, number)
            left_out.update(within)
            yield token if not within else instead(token, TokenType.VAR, _ORDERED[token.text.lower()])
        else:
            yield token
        number += 1


def whole_numbers(tokens: Sequence[Token], text: str) -> Sequence[Token]:
    """Make one word of ``0x1F`` and ``0b101``, which sqlglot takes for a 0 and a name."""
    return list(_whole_numbers(tokens, text)) if _BASED.search(text) else tokens


def _whole_numbers(tokens: Sequence[Token], text: str) -> Iterator[Token]:
    last: Token | None = None
    for token in tokens:
        if last is None:
            last = token
        elif last.text == "0" and last.end + 1 == token.start and _BASED.fullmatch(text[last.start : token.end + 1]):
            last = instead(last, TokenType.NUMBER, text[last.start : token.end + 1], end=token.end)
        else:
            yield last
            last = token
    if last is not None:
        yield last


_BASED = re.compile(r"0[xX][0-9a-fA-F]+|0[bB][01]+")


def _within_group(tokens: Sequence[Token], number: int) -> range:
    """Return where ``) WITHIN GROUP (`` stands after the call; empty where it does not."""
    end = closing_bracket(tokens, number + 1)
    if end is None or end + 3 >= len(tokens):
        return range(0)
    words = [token.text.upper() for token in tokens[end + 1 : end + 4]]
    return range(end, end + 4) if words == ["WITHIN", "GROUP", "("] else range(0)


def _is_prefix(tokens: Sequence[Token], number: int) -> bool:
    """Whether the word is the x of x'1F' or the b of b'101'."""
    following = tokens[number + 1] if number + 1 < len(tokens) else None
    return (
        tokens[number].text.lower() in {"b", "x"}
        and following is not None
        and following.token_type is TokenType.STRING
        and tokens[number].end + 1 == following.start
    )


def _bytes_or_bits(prefix: Token, literal: Token) -> Iterator[Token]:
    if prefix.text.lower() == "x":
        yield instead(prefix, TokenType.HEX_STRING, literal.text, end=literal.end)
        return
    yield instead(prefix, TokenType.VAR, "CAST")
    yield instead(prefix, TokenType.L_PAREN, "(")
    yield literal
    yield instead(literal, TokenType.ALIAS, "AS")
    yield instead(literal, TokenType.BIT, "BIT")
    yield instead(literal, TokenType.R_PAREN, ")")
