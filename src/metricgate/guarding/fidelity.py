"""Whether writing a query anew would change what it asks: every literal and every clause word must come through.

sqlglot reads more than it can write: it drops ``IGNORE NULLS`` of some calls, the flags of ``list_sort`` and of some
regular expressions, ``ago`` in an interval. So the words of the agent's text are compared with the words of ours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.guarding import codes
from metricgate.guarding.dialects import reading_of
from metricgate.guarding.places import place_at
from metricgate.vocabulary.problem import Problem

_STRINGS = frozenset(
    {
        *(TokenType.STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING, TokenType.NATIONAL_STRING),
        *(TokenType.BYTE_STRING, TokenType.HEX_STRING, TokenType.BIT_STRING, TokenType.UNICODE_STRING),
    }
)
_AMOUNTS = _STRINGS | {TokenType.NUMBER}
_MOMENTS = frozenset({TokenType.DATE, TokenType.TIMESTAMP, TokenType.TIMESTAMPTZ, TokenType.TIME, TokenType.INTERVAL})
_WORDLESS = frozenset(
    {TokenType.IDENTIFIER, TokenType.COMMA, TokenType.DOT, TokenType.L_PAREN, TokenType.R_PAREN, TokenType.EQ}
)
_SPAN = re.compile(r"\s*([-+]?)(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_KEPT_WORDS = """
    ignore respect filter over partition order group collate except intersect union limit offset having where qualify
    case groups symmetric lateral ordinality within distinct exclude rename recursive materialized escape using
"""
_KEPT = frozenset(_KEPT_WORDS.split())


class _Word(NamedTuple):
    """A literal or a clause word, in the form in which it is compared."""

    form: str
    start: int
    text: str


def unfaithful(text: str, dialect: str, original: Sequence[Token], written: Sequence[Token]) -> Problem | None:
    """Return the first thing that would be lost, or None.

    Args:
        text: as the agent wrote it.
        dialect: its name.
        original: its words.
        written: the words of the text that the tree would be written as.
    """
    special = _special(text, dialect, original)
    if special is not None:
        return special
    left = Counter(word.form for word in _clause_words(written))
    # A name that is a clause word too, such as offset, is quoted by us.
    names = _name_counts(written) - _name_counts(original)
    for word in _clause_words(original):
        if left[word.form]:
            left[word.form] -= 1
            continue
        if names[word.form]:
            names[word.form] -= 1
            continue
        return Problem(
            code=codes.UNFAITHFUL,
            message=f"Written anew, the query would lose {word.text}.",
            where=place_at(text, word.start),
            hint="Say the same in another way.",
            details={"lost": word.text},
        )
    return None


def _name_counts(tokens: Sequence[Token]) -> Counter[str]:
    return Counter(token.text.lower() for token in tokens if token.token_type is TokenType.IDENTIFIER)


def _clause_words(tokens: Sequence[Token]) -> Iterator[_Word]:
    before: TokenType | None = None
    for token in tokens:
        kind = token.token_type
        if kind in _WORDLESS:
            pass
        elif before is TokenType.INTERVAL and kind in _AMOUNTS:
            yield _Word(_interval_word(token.text), token.start, repr(token.text))
        elif kind in _STRINGS:
            yield _Word(f"'{token.text.upper()}", token.start, repr(token.text))
        elif kind is TokenType.NUMBER:
            number = _number_word(token.text)
            if number:
                yield _Word(number, token.start, token.text)
        else:
            kept = _remembered if len(token.text) <= _REMEMBERED_LENGTH else _kept_in
            for word in kept(token.text):
                yield _Word(word, token.start, word.upper())
        before = kind


def _kept_in(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.lower().split() if word in _KEPT)


_REMEMBERED_LENGTH = 100
"""Words of SQL are short; a long literal of an agent's is not kept."""
_remembered = lru_cache(maxsize=4_096)(_kept_in)


def _interval_word(text: str) -> str:
    span = _SPAN.fullmatch(text)
    return f"interval {span[1].replace('+', '')}{float(span[2])}" if span else f"interval {text.upper()}"


def _number_word(text: str) -> str | None:
    """The value, so that ``.5`` is ``0.5``; 0 and 1 are left out: parsers add and drop defaults of calls."""
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        return text
    return None if value in {0.0, 1.0} else repr(value)


def _special(text: str, dialect: str, tokens: Sequence[Token]) -> Problem | None:
    rule = reading_of(dialect).text.lost
    for number, (first, second) in enumerate(pairwise(tokens), start=1):
        problem = _anywhere(text, tokens, number, first, second)
        if problem is None and rule is not None:
            loss = rule(text, tokens, number, first, second)
            problem = None if loss is None else _fidelity_problem(text, *loss)
        if problem is not None:
            return problem
    return None


def _anywhere(text: str, tokens: Sequence[Token], number: int, first: Token, second: Token) -> Problem | None:
    kind, before = second.token_type, first.token_type
    if kind is TokenType.STRING and before in _MOMENTS and _kind_at(tokens, number + 1) is TokenType.DCOLON:
        word = f"{first.text} '{second.text}'"
        return _fidelity_problem(text, first, f"{word}:: is read as another cast.", f"Write CAST({word} AS ...).")
    if kind is TokenType.R_PAREN and before is TokenType.COMMA:
        return _fidelity_problem(text, first, "A list in brackets ends with a comma.", "Take the comma out.")
    return None


def _kind_at(tokens: Sequence[Token], number: int) -> TokenType | None:
    return tokens[number].token_type if number < len(tokens) else None


def _fidelity_problem(text: str, token: Token, message: str, hint: str) -> Problem:
    return Problem(code=codes.UNFAITHFUL, message=message, where=place_at(text, token.start), hint=hint)
