"""What sqlglot stops at although an engine reads it, by name: a refusal says which construct, and what to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.rules import TextRules
from metricgate.dialects.reading.spelling.words import closing_bracket
from metricgate.guarding import codes
from metricgate.guarding.dialects import reading_of
from metricgate.guarding.places import place_at
from metricgate.vocabulary.problem import Problem

Found = tuple[str, str]
"""What it is, and what to write."""
_OPERATORS = frozenset({TokenType.PLUS, TokenType.DASH, TokenType.STAR, TokenType.SLASH, TokenType.DPIPE})


def unread(tokens: Sequence[Token], text: str, dialect: str) -> Problem | None:
    """Return the first construct of a text that could not be parsed of which it is known that it is not read.

    Args:
        tokens: of the text.
        text: as the agent wrote it.
        dialect: its name.
    """
    rules = reading_of(dialect).text
    for number, token in enumerate(tokens):
        for rule in _RULES:
            found = rule(tokens, number, rules)
            if found is not None:
                what, hint = found
                return Problem(
                    code=codes.CONSTRUCT,
                    message=f"{what} cannot be used here.",
                    where=place_at(text, token.start),
                    hint=hint,
                    details={"construct": what},
                )
    return None


def _token_kind(tokens: Sequence[Token], number: int) -> TokenType | None:
    return tokens[number].token_type if 0 <= number < len(tokens) else None


def _joined_alias(tokens: Sequence[Token], number: int, _rules: TextRules) -> Found | None:
    if tokens[number].token_type is not TokenType.USING or _token_kind(tokens, number + 1) is not TokenType.L_PAREN:
        return None
    closes = closing_bracket(tokens, number + 1)
    if closes is None or _token_kind(tokens, closes + 1) is not TokenType.ALIAS:
        return None
    return "A name for the columns of USING", "Leave out AS and the name; the merged columns go by their own."


def _computed_escape(tokens: Sequence[Token], number: int, _rules: TextRules) -> Found | None:
    plain = tokens[number].token_type is TokenType.ESCAPE and _token_kind(tokens, number + 1) is TokenType.STRING
    if not plain or _token_kind(tokens, number + 2) not in _OPERATORS:
        return None
    return "ESCAPE with a computed character", "Write the character itself: ESCAPE '#'."


def _trimmed_pipes(tokens: Sequence[Token], number: int, rules: TextRules) -> Found | None:
    is_call = tokens[number].text.upper() == "TRIM" and _token_kind(tokens, number + 1) is TokenType.L_PAREN
    if not rules.pipes_are_or or not is_call:
        return None
    inside = tokens[number + 2 : closing_bracket(tokens, number + 1)]
    depth = 0
    for token in inside:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if not depth and token.text == "||":
            return "|| in TRIM", "It is OR here, not a join of texts: write TRIM(CONCAT(a, b)), or TRIM((a OR b))."
    return None


def _typed_after_at(tokens: Sequence[Token], number: int, rules: TextRules) -> Found | None:
    is_sign = rules.at_is_operator and tokens[number].text == "@"
    if not is_sign or _token_kind(tokens, number + 2) is not TokenType.STRING:
        return None
    kind = tokens[number + 1].text.lower()
    return "A literal after its type behind @", f"Cast it: abs(CAST('...' AS {kind}))."


_RULES: Sequence[Callable[[Sequence[Token], int, TextRules], Found | None]] = (
    _joined_alias,
    _computed_escape,
    _trimmed_pipes,
    _typed_after_at,
)
