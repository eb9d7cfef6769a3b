"""What sqlglot reads and writes otherwise, given to its parser in a form that comes back as it was written.

sqlglot 30.30 writes MariaDB's ``0x02``, a number beside numbers, as ``x'02'``, which is text there; ``INTERVAL 1.5
DAY``, which is two days, as ``INTERVAL '1.5' DAY``, which is one; DuckDB's ``j -> 'k'`` as a path; and it turns calls
into those of other engines: ``TO_DAYS`` into a difference, PostgreSQL's ``date_part`` into ``EXTRACT``, which is of
another type. Words are respelt before they are parsed and the tree is put right afterwards; what is written of it
reads back in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.guarding.spelling.calls import KEPT, MARK, UNITS, WORD_FIRST
from metricgate.guarding.spelling.duckdb import duckdb_words, whole_numbers
from metricgate.guarding.spelling.methods import as_calls
from metricgate.guarding.spelling.mysql import mysql_words
from metricgate.guarding.spelling.postgres import postgres_words
from metricgate.guarding.spelling.words import arguments, calls, closing, instead

__all__ = ["marked", "respelt", "restored", "whole_numbers"]

_RULES: Mapping[str, Callable[[Sequence[Token], str], Iterator[Token]]] = {
    "duckdb": duckdb_words,
    "mysql": mysql_words,
    "postgres": postgres_words,
}


def respelt(tokens: Sequence[Token], text: str, dialect: str) -> list[Token]:
    """Return the words as the parser is to be given them.

    Args:
        tokens: of the text, as sqlglot takes it apart.
        text: from which they are.
        dialect: a sqlglot name.
    """
    words = list(_fractions(tokens, text)) if _FRACTION.search(text) else tokens
    if any(token.token_type in _GROUPINGS for token in words):
        words = list(_grouped(words))
    rule = _RULES.get(dialect)
    return list(words if rule is None else rule(words, text))


def marked(tokens: Sequence[Token], dialect: str) -> list[Token]:
    """Return the words with a mark before the names of calls that the parser must take as they stand."""
    kept = KEPT.get(dialect, frozenset())
    return [
        instead(token, TokenType.VAR, MARK + token.text) if _is_kept(tokens, number, kept) else token
        for number, token in enumerate(tokens)
    ]


def _is_kept(tokens: Sequence[Token], number: int, kept: frozenset[str]) -> bool:
    word = tokens[number].text.lower()
    # INTERVAL of several things is a function of MariaDB's.
    return word in kept and calls(tokens, number) and (word != "interval" or any(arguments(tokens, number + 1)))


def restored(tree: exp.Expr, dialect: str) -> None:
    """Give calls their own names again, and words of the grammar their place among the arguments."""
    if dialect == "duckdb":
        as_calls(tree)
    for node in list(tree.find_all(exp.Anonymous)):
        name = node.this
        if type(name) is not str:
            continue
        if name.startswith(MARK):
            node.set("this", name.removeprefix(MARK))
            if node.this.lower() in WORD_FIRST and node.expressions:
                _take_word(node.expressions[0])
        elif name.upper() == "ALL" and len(node.expressions) == 1 and isinstance(node.parent, exp.Predicate):
            # sqlglot knows ALL of a sub-query only, ANY of an array too.
            node.replace(exp.All(this=exp.Paren(this=node.expressions[0])))


def _take_word(first: exp.Expr) -> None:
    """Make the word of a column that is none."""
    plain = type(first) is exp.Column and len(first.parts) == 1 and not first.this.args.get("quoted")
    if plain and first.name.lower() in UNITS:
        first.replace(exp.Var(this=first.name.upper()))


def _fractions(tokens: Sequence[Token], text: str) -> Iterator[Token]:
    """Make one word of ``.5``, a point that is glued to a number and to nothing before it."""
    dot: Token | None = None
    for token in tokens:
        if dot is not None and token.token_type is TokenType.NUMBER and dot.end + 1 == token.start:
            yield instead(dot, TokenType.NUMBER, f"0.{token.text}", end=token.end)
            dot = None
            continue
        if dot is not None:
            yield dot
        dot = token if token.token_type is TokenType.DOT and _begins(text, token.start) else None
        if dot is None:
            yield token
    if dot is not None:
        yield dot


def _grouped(tokens: Sequence[Token]) -> Iterator[Token]:
    """Put what ROLLUP and CUBE hold into brackets: without, sqlglot reads no conditions there."""
    opening: dict[int, Token] = {}
    closed: dict[int, Token] = {}
    for number, token in enumerate(tokens):
        if token.token_type not in _GROUPINGS or not calls(tokens, number):
            continue
        end = closing(tokens, number + 1)
        if end is None or end == number + 2:
            continue
        for begin in (number + 2, *arguments(tokens, number + 1)):
            opening[begin] = tokens[begin]
            if begin > number + 2:
                closed[begin - 1] = tokens[begin - 1]
        closed[end] = tokens[end]
    for number, token in enumerate(tokens):
        if number in closed:
            yield instead(token, TokenType.R_PAREN, ")")
        if number in opening:
            yield instead(token, TokenType.L_PAREN, "(")
        yield token


_GROUPINGS = frozenset({TokenType.ROLLUP, TokenType.CUBE})
_FRACTION = re.compile(r"\.\d")


def _begins(text: str, start: int) -> bool:
    before = text[start - 1 : start]
    return not (before.isalnum() or before in {"_", '"', "`", "]", "$"})
