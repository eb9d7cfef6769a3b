"""PostgreSQL's words: operators by their full names, the step of a series, whether a text is normalized."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.spelling.clauses import in_order
from metricgate.dialects.reading.spelling.words import arguments, calls, instead


def postgres_words(tokens: Sequence[Token], text: str) -> Sequence[Token]:
    """Return the words as they are to be parsed."""
    if _RARE.search(text):
        tokens = list(_with_plainer_words(tokens))
    tokens = in_order(tokens)
    if _NORMALIZED.search(text):
        tokens = list(_without_normalized(tokens))
    return list(_with_steps(tokens)) if _SERIES.search(text) else tokens


_RARE = re.compile(r"@|operator|uescape", re.IGNORECASE)
_NORMALIZED = re.compile(r"normalized", re.IGNORECASE)
_SERIES = re.compile(r"generate_series", re.IGNORECASE)
"""What a text has in which any of these words is respelt: most have nothing of it."""


def _with_steps(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield a step of a series that is a text, such as '1 day', as an interval."""
    steps: set[int] = set()
    for number, token in enumerate(tokens):
        if token.text.lower() == "generate_series" and calls(tokens, number):
            steps.update(list(arguments(tokens, number + 1))[1:])
        if number in steps and _is_whole_interval(tokens, number):
            yield instead(token, TokenType.INTERVAL, "INTERVAL")
        yield token


def _with_plainer_words(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield ``<`` for ``OPERATOR(pg_catalog.<)``, ``~`` for ``@``, and texts in Unicode escapes without their UESCAPE.

    The first sqlglot reads and gives no part in the tree. To it, ``@`` begins a variable; here it is the absolute
    value, an operator before one operand like ``~``. Of the sign after UESCAPE it makes a regular expression, which
    cannot be compiled if the sign is ``*``.
    """
    number = 0
    while number < len(tokens):
        token = tokens[number]
        signs = named_operator(tokens, number)
        if signs:
            yield from _in_the_place_of(tokens[number : signs.stop + 1], tokens[signs.start : signs.stop])
            number = signs.stop
        elif token.token_type is TokenType.PARAMETER and token.text == "@":
            yield instead(token, TokenType.TILDE, "~")
        elif _is_unescaped(tokens, number):
            number += 2
            yield instead(token, token.token_type, token.text, end=tokens[number].end)
        else:
            yield token
        number += 1


def _in_the_place_of(words: Sequence[Token], signs: Sequence[Token]) -> Iterator[Token]:
    """Yield the signs; what is cut out of the text from the first or to the last of them has all of the words."""
    for number, sign in enumerate(signs):
        start = words[0].start if number == 0 else sign.start
        end = words[-1].end if number == len(signs) - 1 else sign.end
        yield instead(sign, sign.token_type, sign.text, start=start, end=end)


def numbers_after_at(tokens: Sequence[Token], text: str) -> Sequence[Token]:
    """Make one word of the number in ``@ 1.5e3``: after the sign of a variable, sqlglot takes digits alone."""
    return list(_numbers_after_at(tokens, text)) if "@" in text else tokens


def _numbers_after_at(tokens: Sequence[Token], text: str) -> Iterator[Token]:
    end = -1
    for number, token in enumerate(tokens):
        after_at = (
            number > 0 and tokens[number - 1].token_type is TokenType.PARAMETER and tokens[number - 1].text == "@"
        )
        whole = _NUMBER.match(text, token.start) if after_at and token.token_type in _OF_NUMBERS else None
        if whole is not None and any(each.end == whole.end() - 1 for each in tokens[number : number + 5]):
            end = whole.end() - 1
            yield instead(token, TokenType.NUMBER, whole[0], end=end)
        elif token.start > end:
            yield token


_OF_NUMBERS = frozenset({TokenType.NUMBER, TokenType.DOT})
_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def _is_unescaped(tokens: Sequence[Token], number: int) -> bool:
    """Whether ``UESCAPE '!'`` follows the text."""
    after = [(each.token_type, each.text.upper()) for each in tokens[number + 1 : number + 3]]
    return (
        tokens[number].token_type is TokenType.UNICODE_STRING
        and len(after) == 2  # noqa: PLR2004 - the word and its sign
        and after[0] == (TokenType.VAR, "UESCAPE")
        and after[1][0] is TokenType.STRING
    )


def named_operator(tokens: Sequence[Token], number: int) -> range:
    """Return where the signs of ``OPERATOR(pg_catalog.<)`` stand; empty where the word begins no such thing.

    Other schemas hold operators that anybody may have made, and with nothing before it ``operator(t.*)`` is a call.
    """
    if tokens[number].token_type is not TokenType.OPERATOR or not calls(tokens, number):
        return range(0)
    begin = number + 2
    if [each.text.lower() for each in tokens[begin : begin + 2]] == [_SCHEMA, "."]:
        if tokens[begin].token_type is TokenType.STRING:
            return range(0)
        begin += 2
    end = begin
    while end < len(tokens) and tokens[end].token_type is not TokenType.R_PAREN and end - begin < _MOST_SIGNS:
        end += 1
    signs = "".join(token.text for token in tokens[begin:end])
    glued = all(one.end + 1 == other.start for one, other in pairwise(tokens[begin:end]))
    closes = end < len(tokens) and tokens[end].token_type is TokenType.R_PAREN
    after_operand = number > 0 and tokens[number - 1].token_type in _OPERANDS
    known = signs in NAMED_OPERATORS and (after_operand or signs != "*")
    return range(begin, end) if glued and closes and known else range(0)


_SCHEMA = "pg_catalog"
_MOST_SIGNS = 4
_NAMED = "< <= = <> >= > + - * / % ^ || ~ ~* !~ !~* ~~ ~~* !~~ !~~* & | # << >> @> <@ &&"
NAMED_OPERATORS = frozenset(_NAMED.split())
"""Operators of PostgreSQL's own that may be called by their full names."""
_OPERANDS = frozenset(
    {
        *(TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER, TokenType.R_PAREN),
        *(TokenType.R_BRACKET, TokenType.NULL, TokenType.TRUE, TokenType.FALSE, TokenType.END),
    }
)


def _without_normalized(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield ``IS NULL`` for ``IS NFC NORMALIZED``, which sqlglot cannot read and which asks of a value just as much."""
    for number, token in enumerate(tokens):
        words = [each.text.upper() for each in tokens[max(0, number - 3) : number + 2]]
        place = min(3, number)
        if token.text.upper() in _FORMS and words[place - 1] in {"IS", "NOT"} and words[place + 1 :] == ["NORMALIZED"]:
            continue
        if token.text.upper() == "NORMALIZED" and number and {"IS", "NOT"} & set(words[max(0, place - 2) : place]):
            yield instead(token, TokenType.NULL, "NULL")
        else:
            yield token


_FORMS = frozenset({"NFC", "NFD", "NFKC", "NFKD"})


def _is_whole_interval(tokens: Sequence[Token], number: int) -> bool:
    """Whether the argument is a text with a word in it, and nothing else."""
    token = tokens[number]
    alone = number + 1 < len(tokens) and tokens[number + 1].token_type is TokenType.R_PAREN
    return alone and token.token_type is TokenType.STRING and any(map(str.isalpha, token.text))
