"""What may be told of a statement to whoever may not see data: its words, with placeholders for every value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from sqlglot import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.guarding.dialects import grammar_of

VALUE = "?"
"""Stands for a value, and for a name that looks like data."""
LONGEST = 8_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
_NUMBER_OF_PARAMETER = re.compile(r"[0-9]{1,4}", re.ASCII)
_NUMBERED = frozenset({TokenType.PARAMETER, TokenType.PLACEHOLDER})
_VALUES = frozenset(kind for kind in TokenType if kind.name in {"STRING", "NUMBER"} or kind.name.endswith("_STRING"))


_REMEMBERED_LENGTH = 2_000
"""Longer texts are read anew each time: a thousand of the longest that a tool takes would fill 70 MB."""


def outline(sql: str, *, dialect: str) -> str:
    """Return a statement's words with ``?`` in the place of literals, without comments; at most ``LONGEST`` characters.

    Words of SQL, names of plain letters and the numbers of parameters stay. A quoted name of anything else is ``"?"``.
    What cannot be told apart gives an empty text: rather nothing than a value.
    """
    return (_remembered if len(sql) <= _REMEMBERED_LENGTH else _outlined)(sql, dialect)


def _outlined(sql: str, dialect: str) -> str:
    try:
        tokens = Dialect.get_or_raise(grammar_of(dialect)).tokenize(sql)
    except (SqlglotError, ValueError):
        return ""
    text = "".join(_outline_parts(sql, tokens))
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


_remembered = lru_cache(maxsize=1024)(_outlined)


def _outline_parts(sql: str, tokens: list[Token]) -> Iterator[str]:
    end, before = -1, None
    for token in tokens:
        if token.start <= end:  # the tokenizer made it up beside one that stands in the text
            continue
        if before is not None and token.start > end + 1:
            yield " "
        elif before is not None and before.token_type in _VALUES and _NAME.match(sql[token.start]):
            end = token.end  # the rest of something like 0xFF
            continue
        yield _outline_word(sql, token, before)
        end, before = token.end, token


def _outline_word(sql: str, token: Token, before: Token | None) -> str:
    written = sql[token.start : token.end + 1]
    if token.token_type in _VALUES:
        numbered = before is not None and before.token_type in _NUMBERED and before.end + 1 == token.start
        return written if numbered and _NUMBER_OF_PARAMETER.fullmatch(written) else VALUE
    if token.token_type is TokenType.IDENTIFIER:
        return written if _NAME.fullmatch(token.text) and written[1:-1] == token.text else f'"{VALUE}"'
    if written.isascii() and (_NAME.fullmatch(written) or not any(each.isalnum() for each in written)):
        return written
    return " ".join(written.split()) if _is_words(written) else VALUE


def _is_words(written: str) -> bool:
    """Whether a token of several words (``GROUP BY``, ``IS NOT``) is nothing but plain ones."""
    return all(_NAME.fullmatch(word) for word in written.split())
