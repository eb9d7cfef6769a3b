"""How SQL of agents is read in PostgreSQL's dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading import literals
from metricgate.dialects.reading.functions import postgres as functions
from metricgate.dialects.reading.keywords import POSTGRES
from metricgate.dialects.reading.output_names import postgres_name
from metricgate.dialects.reading.rules import DialectRules, Functions, Loss, ParserRules, TextRules
from metricgate.dialects.reading.spelling.calls import KEPT_BY_POSTGRES
from metricgate.dialects.reading.spelling.postgres import (
    NAMED_OPERATORS,
    named_operator,
    numbers_after_at,
    postgres_words,
)

_SPELLINGS: Mapping[str, frozenset[str]] = {
    "extract": frozenset({"date_part"}),
    "trim": frozenset({"btrim", "ltrim", "rtrim"}),
    "coalesce": frozenset(),
    "current_timestamp": frozenset({"now"}),
    "substring": frozenset({"substr"}),
    "position": frozenset({"strpos"}),
}
_GRAMMAR = """
    btrim date_part extract is_normalized like_escape ltrim normalize overlaps overlay position rtrim similar_to_escape
    substring timezone
"""


def _find_loss(text: str, tokens: Sequence[Token], number: int, first: Token, second: Token) -> Loss | None:
    """What PostgreSQL reads otherwise than sqlglot does: letters after digits, and the field after an interval."""
    if first.token_type is TokenType.NUMBER and second.token_type is TokenType.VAR and first.end + 1 == second.start:
        return _glued_number(first, text[first.start : second.end + 1])
    if second.token_type in _BASED and text[second.start : second.start + 1] == "0":
        return _glued_number(second, text[second.start : second.end + 1])
    if first.token_type is TokenType.STRING and number > 1 and tokens[number - 2].token_type is TokenType.INTERVAL:
        unit = second.text.upper()
        spans = number + 1 < len(tokens) and tokens[number + 1].text.upper() == "TO"
        if unit in _ALL_UNITS and not spans and (unit not in _FIELDS or not _WHOLE.fullmatch(first.text)):
            message = f"INTERVAL '{first.text}' {unit} is not INTERVAL '{first.text} {unit.lower()}' here."
            return Loss(first, message, f"Write INTERVAL '{first.text} {unit.lower()}'.")
    return None


_BASED = frozenset({TokenType.HEX_STRING, TokenType.BIT_STRING})
_WHOLE = re.compile(r"\s*[-+]?\d+\s*")
_FIELDS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
_ALL_UNITS = _FIELDS | {"QUARTER", "WEEK", "MILLISECOND", "MICROSECOND"} | {f"{each}S" for each in _FIELDS}
"""Words that sqlglot takes for the unit of a text's number; PostgreSQL knows the fields, which cut the rest off."""


def _glued_number(token: Token, word: str) -> Loss:
    return Loss(token, f"{word!r} is not read as one number.", "Write the digits alone; before a name, put a space.")


RULES: Final = DialectRules(
    name="postgres",
    binding="postgres",
    text=TextRules(
        keywords=POSTGRES,
        literals=literals.one_of(
            literals.STRING,
            f"[eE]{literals.BACKSLASHED}",
            literals.BITS,
            f"[uU]&{literals.STRING}",
            f"[nN]{literals.STRING}",
            literals.DOLLARS,
        ),
        backslashes=False,
        numbered=True,
        at_is_operator=True,
        kept=KEPT_BY_POSTGRES,
        whole=numbers_after_at,
        respelt=postgres_words,
        named_operator=named_operator,
        lost=_find_loss,
    ),
    functions=Functions(reviewed=functions.REVIEWED, grammar=functions.GRAMMAR, tables=functions.TABLES),
    parser=ParserRules(spellings=_SPELLINGS, grammar=NAMED_OPERATORS.union(_GRAMMAR.split())),
    output_name=postgres_name,
    folds_quoted=False,
    keeps_case=False,
    fences=True,
    merges_wrongly=False,
    lateral_functions=True,
)
