"""Clauses in an order, and joins in brackets, that sqlglot does not read; the words are given to it in another order.

Where the words stand in the text stays with them. What runs has the text's own order.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.spelling.words import calls, closing_bracket, instead

_SET_WORDS = frozenset({TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT})
_CLAUSES = frozenset(
    {
        *(TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.WINDOW, TokenType.QUALIFY),
        *(TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET, TokenType.FETCH, TokenType.SEMICOLON),
        *_SET_WORDS,
    }
)
_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})


def in_order(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return DuckDB's or PostgreSQL's words in an order that sqlglot reads."""
    kinds = {token.token_type for token in tokens}
    if TokenType.UNNEST in kinds:
        tokens = _without_first_brackets(tokens)
    if TokenType.INTERVAL in kinds:
        tokens = _names_after_intervals(tokens)
    if TokenType.ALL in kinds:
        tokens = _unions_after_all(tokens)
    return _select_first(tokens) if TokenType.FROM in kinds else tokens


def _select_first(tokens: Sequence[Token]) -> list[Token]:
    """Return the words with each ``FROM a JOIN b SELECT c`` as ``SELECT c FROM a JOIN b``.

    sqlglot reads one table before SELECT, without joins.
    """
    words = list(tokens)
    # Where the next SELECT or clause stands in each bracket that is open: one walk, however many FROM there are.
    following: list[int | None] = [None]
    for number in range(len(words) - 1, -1, -1):
        kind = words[number].token_type
        if kind in _CLOSE:
            following.append(None)
        elif kind in _OPEN:
            following = following[:-1] or [None]
        elif kind is TokenType.SELECT or kind in _CLAUSES:
            following[-1] = number
        elif kind is TokenType.FROM and following[-1] is not None:
            select = following[-1]
            if words[select].token_type is TokenType.SELECT:
                end = _find_end(words, select + 1, _CLAUSES | {TokenType.FROM, TokenType.USING})
                words[number:end] = [*words[select:end], *words[number:select]]
                following[-1] = number
    return words


def _find_end(tokens: Sequence[Token], begin: int, ends: frozenset[TokenType]) -> int:
    """Return where the first of these stands in the same bracket, or where the bracket closes, or the end."""
    depth = 0
    for at in range(begin, len(tokens)):
        kind = tokens[at].token_type
        if depth == 0 and (kind in ends or kind in _CLOSE):
            return at
        depth += (kind in _OPEN) - (kind in _CLOSE)
    return len(tokens)


def _without_first_brackets(tokens: Sequence[Token]) -> list[Token]:
    """Return the words without the brackets of ``FROM (unnest(x) AS a JOIN b ON c) JOIN d``.

    sqlglot reads no UNNEST there. Joins bind from the left, so the first bracket of FROM holds nothing together.
    """
    words = list(tokens)
    for number in range(len(words) - 2, 0, -1):
        opens = words[number].token_type is TokenType.L_PAREN and words[number - 1].token_type is TokenType.FROM
        if not opens or words[number + 1].token_type is not TokenType.UNNEST:
            continue
        end = closing_bracket(words, number)
        if end is not None and not _is_named(words, end):
            # What is cut out of the text still has the brackets.
            first, last = words[number + 1], words[end - 1]
            words[end - 1] = instead(last, last.token_type, last.text, end=words[end].end)
            words[number + 1] = instead(first, first.token_type, first.text, start=words[number].start)
            del words[end], words[number]
    return words


def _is_named(tokens: Sequence[Token], end: int) -> bool:
    after = tokens[end + 1].token_type if end + 1 < len(tokens) else None
    return after in {TokenType.ALIAS, TokenType.VAR, TokenType.IDENTIFIER}


def _names_after_intervals(tokens: Sequence[Token]) -> list[Token]:
    """Return the words with AS before the name in ``INTERVAL '1 hour' total``, which sqlglot takes for a unit."""
    found: list[Token] = []
    for number, token in enumerate(tokens):
        before = tokens[max(0, number - 2) : number]
        if (
            token.token_type is TokenType.VAR
            and [each.token_type for each in before] == _INTERVAL
            and any(map(str.isalpha, before[1].text))
            and token.text.upper().rstrip("S") not in _UNITS
        ):
            found.append(instead(token, TokenType.ALIAS, "AS"))
        found.append(token)
    return found


def _unions_after_all(tokens: Sequence[Token]) -> list[Token]:
    """Return the words with DISTINCT in ``GROUP BY ALL UNION (``, which sqlglot takes for a call."""
    found: list[Token] = []
    for number, token in enumerate(tokens):
        found.append(token)
        before = [each.token_type for each in tokens[max(0, number - 2) : number]]
        if token.token_type in _SET_WORDS and before == _GROUPED_BY_ALL and calls(tokens, number):
            found.append(instead(token, TokenType.DISTINCT, "DISTINCT"))
    return found


_GROUPED_BY_ALL = [TokenType.GROUP_BY, TokenType.ALL]
_INTERVAL = [TokenType.INTERVAL, TokenType.STRING]
_UNITS = frozenset(
    {
        *("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"),
        *("DECADE", "CENTURY", "CENTURIE", "MILLENNIUM", "MILLENNIA", "TO", "AGO"),
    }
)
