"""The same text in other letters and with other spaces and comments between its words."""

from __future__ import annotations

from sqlglot import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from conformance.differential.drawing import Draw

_DIALECTS = {"mariadb": "mysql"}
_GAPS = ("\n", "\t", "  ", " /* note */ ", " -- it's\n", '\n/* " ; */ ', "/**/", "\r\n")
_MYSQL_GAPS = (*_GAPS, " # don't\n", " /* -- */ ")
_KEPT = frozenset(
    {
        *(TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER, TokenType.HEREDOC_STRING, TokenType.RAW_STRING),
        *(TokenType.BYTE_STRING, TokenType.HEX_STRING, TokenType.BIT_STRING, TokenType.NATIONAL_STRING),
        *(TokenType.UNICODE_STRING, TokenType.INTRODUCER),
    }
)


def respaced(draw: Draw, text: str) -> str:
    """Return the text as another hand would have typed it, or as it is."""
    if not draw.chance(0.12):
        return text
    try:
        tokens = Dialect.get_or_raise(_DIALECTS.get(draw.engine, draw.engine)).tokenize(text)
    except SqlglotError:
        return text
    letters = draw.one((str.upper, str.lower, str.title, None, None))
    spaces = draw.chance(0.6)
    gaps = _MYSQL_GAPS if draw.engine == "mariadb" else _GAPS
    found, before = [], 0
    for token in tokens:
        gap, own = text[before : token.start], text[token.start : token.end + 1]
        before = token.end + 1
        if letters is not None and token.token_type not in _KEPT and (draw.engine != "mariadb" or own.isupper()):
            draw.mark("words in other letters")
            own = letters(own)
        if spaces and gap == " " and draw.chance(0.15):
            gap = draw.one(gaps)
            draw.mark("comment between words of a query" if "*" in gap or "-- " in gap or "#" in gap else "odd space")
        found.append(gap + own)
    return "".join(found) + text[before:]
