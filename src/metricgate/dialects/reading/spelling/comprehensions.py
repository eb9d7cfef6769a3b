"""DuckDB's ``[x + 1 FOR x IN list IF x > 1]`` as the calls that it stands for; to sqlglot its variables are columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.spelling.words import instead

_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_NAMES = frozenset({TokenType.VAR, TokenType.IDENTIFIER})
_OPERANDS = _NAMES | {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.STRING, TokenType.NUMBER, TokenType.END}


def as_calls_of_lists(tokens: Sequence[Token]) -> list[Token]:
    """Return the words with ``list_transform(list_filter(list, lambda x: x > 1), lambda x: x + 1)`` in its place.

    Inner ones come first, so that each of several in one another is replaced.
    """
    words = list(tokens)
    for number in range(len(words) - 1, -1, -1):
        if words[number].token_type is TokenType.L_BRACKET:
            _replace(words, number)
    return words


def _replace(words: list[Token], begin: int) -> None:
    places = list(_outside(words, begin))
    end = places[-1] if places else begin
    loop = next((at for at in places if words[at].token_type is TokenType.FOR), None)
    if loop is None or words[end].token_type is not TokenType.R_BRACKET or loop + 2 >= end:
        return
    name, inside = words[loop + 1], words[loop + 2]
    if name.token_type not in _NAMES or inside.token_type is not TokenType.IN or loop == begin + 1:
        return
    condition = next((at for at in places if at > loop + 3 and _is_if(words, at)), end)
    values = words[loop + 3 : condition]
    if condition < end:
        values = list(_call(words[begin], "list_filter", values, name, words[condition + 1 : end]))
    whole = _call(words[begin], "list_transform", values, name, words[begin + 1 : loop])
    # What is cut out of the text still has the closing bracket.
    words[begin : end + 1] = [*list(whole)[:-1], instead(words[end], TokenType.R_PAREN, ")")]


def _outside(words: Sequence[Token], begin: int) -> Iterator[int]:
    """Yield the places in the bracket that opens here which are in no bracket in it, and at last where it closes."""
    depth = 0
    for at in range(begin, len(words)):
        kind = words[at].token_type
        depth -= kind in _CLOSE
        if depth == 0 and at > begin:
            yield at
            return
        if depth == 1 and kind not in _OPEN and kind not in _CLOSE:
            yield at
        depth += kind in _OPEN


def _is_if(words: Sequence[Token], at: int) -> bool:
    """Whether the word begins the condition: an operand is before it."""
    return words[at].text.lower() == "if" and words[at - 1].token_type in _OPERANDS


def _call(at: Token, function: str, values: Sequence[Token], name: Token, body: Sequence[Token]) -> Iterator[Token]:
    yield instead(at, TokenType.VAR, function)
    yield instead(at, TokenType.L_PAREN, "(")
    yield from values
    yield instead(at, TokenType.COMMA, ",")
    yield instead(at, TokenType.VAR, "lambda")
    yield name
    yield instead(at, TokenType.COLON, ":")
    yield from body
    yield instead(at, TokenType.R_PAREN, ")")
