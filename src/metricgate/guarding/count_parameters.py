"""Parameters after LIMIT, OFFSET and FETCH: a whole number takes their place, for not every engine binds one.

What is written are the digits of a number that was checked, so that nothing of a value is ever read as SQL; the row
limit of a policy is held against it as against a number that stood in the text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.vocabulary.predicate import Scalar

_COUNTED = frozenset({TokenType.LIMIT, TokenType.OFFSET})
_MOST = 2**63 - 1


def find_count_parameters(tokens: Sequence[Token], starts: Collection[int]) -> frozenset[int]:
    """Return which of the parameters that start there stand where a clause says how many rows.

    Args:
        tokens: of the text, as they stand in it.
        starts: where its parameters begin.
    """
    found: set[int] = set()
    for number, token in enumerate(tokens):
        if token.start in starts and _follows_a_count(tokens, number, found):
            found.add(token.start)
    return frozenset(found)


def _follows_a_count(tokens: Sequence[Token], number: int, found: Collection[int]) -> bool:
    before = [token.token_type for token in tokens[max(number - 4, 0) : number]]
    if before[-1:] and before[-1] in _COUNTED:
        return True
    if before[-2:] in ([TokenType.FETCH, TokenType.FIRST], [TokenType.FETCH, TokenType.NEXT]):
        return True
    # MySQL's LIMIT offset, count: the first is a number, or a parameter of one word or two.
    if before[-1:] != [TokenType.COMMA]:
        return False
    first = before[:-1]
    plain = first[-2:] == [TokenType.LIMIT, TokenType.NUMBER]
    if plain or tokens[number - 2].start in found:
        return True
    return number > 2 and tokens[number - 3].start in found and first[-1] is not TokenType.R_PAREN  # noqa: PLR2004


def count_of(value: Scalar) -> str | None:
    """Return the digits of a whole number from 0 that an engine can count to; None of anything else.

    >>> count_of(5), count_of(Decimal("5.0")), count_of(-1), count_of(True), count_of("5"), count_of(2**64)
    ('5', '5', None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    whole = int(value)
    return str(whole) if whole == value and 0 <= whole <= _MOST else None
