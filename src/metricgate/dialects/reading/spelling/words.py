"""Small things about words that every dialect's rules use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

_QUOTED = frozenset({TokenType.IDENTIFIER, TokenType.STRING})


def instead(token: Token, kind: TokenType, text: str, *, start: int | None = None, end: int | None = None) -> Token:
    """Return another word in the place of one, or of all from one place to another."""
    first = token.start if start is None else start
    last = token.end if end is None else end
    return Token(kind, text, token.line, token.col, first, last, list(token.comments))


def in_brackets(token: Token) -> Iterator[Token]:
    """Put a word into brackets: what sqlglot does with bare literals, it does not do with these."""
    yield instead(token, TokenType.L_PAREN, "(")
    yield token
    yield instead(token, TokenType.R_PAREN, ")")


def calls(tokens: Sequence[Token], number: int) -> bool:
    """Whether a bracket follows the word, which is neither quoted nor a name of a schema's."""
    if tokens[number].token_type in _QUOTED:
        return False
    after_dot = number > 0 and tokens[number - 1].token_type is TokenType.DOT
    return not after_dot and number + 1 < len(tokens) and tokens[number + 1].token_type is TokenType.L_PAREN


def closing_bracket(tokens: Sequence[Token], number: int) -> int | None:
    """Return where the bracket that opens here closes.

    >>> from sqlglot import tokenize
    >>> closing_bracket(tokenize("f((a), b)"), 1)
    7
    """
    depth = 0
    for at in range(number, len(tokens)):
        kind = tokens[at].token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == 0:
            return at
    return None


def arguments(tokens: Sequence[Token], number: int) -> Iterator[int]:
    """Yield where the arguments after the first begin, in the bracket that opens here."""
    depth = 0
    for at in range(number, len(tokens)):
        kind = tokens[at].token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == 0:
            return
        if depth == 1 and kind is TokenType.COMMA:
            yield at + 1
