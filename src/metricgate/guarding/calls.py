"""Names of functions that a text calls, read from its tokens: what an engine will see, not what a tree means.

Every name in the text is quoted; so a bare word before an opening bracket is a call, a type with
its size, or a word of the grammar.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.spelling.postgres import named_operator

_GRAMMAR_WORDS = """
    all and any as between both by case cross cube distinct else end escape except exclude exists filter from full
    group having ilike in inner intersect interval is join lateral leading like limit materialized not offset on or
    over partition qualify recursive rename rollup select separator sets similar some straight_join then to
    trailing union using values when where window with within zone order
"""
_GRAMMAR = frozenset(_GRAMMAR_WORDS.split())
"""Words that stand before a bracket without calling anything."""

_INFIX = frozenset({"div", "glob", "rlike", "xor"})
"""Operators that have a function's name: no calls where an operand stands before them."""

_OPERANDS = frozenset(
    {
        *(TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.STRING, TokenType.NUMBER),
        *(TokenType.NULL, TokenType.TRUE, TokenType.FALSE, TokenType.END),
    }
)

_BARE_WORDS = """
    current_catalog current_database current_date current_localtime current_localtimestamp current_path current_role
    current_schema current_time current_timestamp current_user localtime localtimestamp session_user system_user user
    sysdate utc_date utc_time utc_timestamp
"""
_BARE = frozenset(_BARE_WORDS.split())
"""Words that call without a bracket."""

_LITERALS = frozenset(
    {
        *(TokenType.STRING, TokenType.NUMBER, TokenType.HEREDOC_STRING, TokenType.RAW_STRING, TokenType.BYTE_STRING),
        *(TokenType.HEX_STRING, TokenType.BIT_STRING, TokenType.NATIONAL_STRING, TokenType.UNICODE_STRING),
    }
)
_NEVER = _LITERALS | {TokenType.COMMA, TokenType.DOT, TokenType.L_PAREN, TokenType.R_PAREN}
"""Tokens that are no call, whatever stands after them."""

_TYPES = frozenset(Parser.TYPE_TOKENS)
_CASTS = frozenset({TokenType.ALIAS, TokenType.DCOLON})


def calls_in(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the names in lower case of whatever the text calls; a quoted name keeps a quote, so nothing allows it."""
    found: set[str] = set()
    kinds = [token.token_type for token in tokens]
    last = len(tokens) - 1
    number = 0
    while number <= last:
        kind = kinds[number]
        if kind in _NEVER:
            number += 1
            continue
        opens = number < last and kinds[number + 1] is TokenType.L_PAREN
        if opens and number and kind in _TYPES and (kinds[number - 1] in _CASTS or _is_converted_to(tokens, number)):
            number = _after_type(tokens, number + 1, found)
            continue
        if kind is TokenType.IDENTIFIER:
            if opens and not _is_alias(tokens, number):
                found.add(f'"{tokens[number].text}')
        else:
            word = tokens[number].text.lower()
            called = opens and word.isidentifier() and word not in _GRAMMAR and not _is_infix(tokens, number, word)
            if (called and not named_operator(tokens, number)) or word in _BARE:
                found.add(word)
        number += 1
    return frozenset(found)


def _is_converted_to(tokens: Sequence[Token], number: int) -> bool:
    """Whether the type is that of ``CONVERT(x, DECIMAL(5, 2))``."""
    depth = 0
    for at in range(number - 1, 0, -1) if tokens[number - 1].token_type is TokenType.COMMA else ():
        kind = tokens[at].token_type
        depth += (kind is TokenType.R_PAREN) - (kind is TokenType.L_PAREN)
        if depth < 0:
            return tokens[at - 1].token_type is not TokenType.IDENTIFIER and tokens[at - 1].text.lower() == "convert"
    return False


def _is_infix(tokens: Sequence[Token], number: int, word: str) -> bool:
    """Whether the word joins two operands, or is the NAME of UNION BY NAME."""
    if not number:
        return False
    before = tokens[number - 1]
    return before.text.upper().endswith("BY") if word == "name" else word in _INFIX and before.token_type in _OPERANDS


def _is_alias(tokens: Sequence[Token], number: int) -> bool:
    """Whether the quoted name is a table's alias or a CTE's name, with its columns in the bracket."""
    before = tokens[number - 1].token_type if number else None
    if before in {TokenType.ALIAS, TokenType.WITH, TokenType.RECURSIVE}:
        return True
    if before is not TokenType.COMMA:
        return False
    end = number + 1
    while end < len(tokens) and tokens[end].token_type is not TokenType.R_PAREN:
        if tokens[end].token_type not in {TokenType.IDENTIFIER, TokenType.COMMA, TokenType.L_PAREN}:
            return False
        end += 1
    return end + 1 < len(tokens) and tokens[end + 1].token_type is TokenType.ALIAS


def _after_type(tokens: Sequence[Token], number: int, found: set[str]) -> int:
    """Return where a type's bracket, which opens at ``number``, has closed; inside, only types open brackets."""
    depth = 0
    while number < len(tokens):
        kind = tokens[number].token_type
        if kind is TokenType.L_PAREN:
            before = tokens[number - 1]
            if before.token_type not in _TYPES:
                found.add(before.text.lower())
            depth += 1
        elif kind is TokenType.R_PAREN:
            depth -= 1
            if depth == 0:
                return number + 1
        number += 1
    return number
