"""What sqlglot reads and writes otherwise, given to its parser in a form that comes back as it was written.

sqlglot 30.30 writes MariaDB's ``0x02``, a number beside numbers, as ``x'02'``, which is text there; ``INTERVAL 1.5
DAY``, which is two days, as ``INTERVAL '1.5' DAY``, which is one; DuckDB's ``j -> 'k'`` as a path; and it turns calls
into those of other engines: ``TO_DAYS`` into a difference, PostgreSQL's ``date_part`` into ``EXTRACT``, which is of
another type. Words are respelt before they are parsed and the tree is put right afterwards; what is written of it
reads back in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.spelling.calls import MARK, UNITS, WORD_FIRST
from metricgate.dialects.reading.spelling.words import arguments, calls, closing_bracket, instead
from metricgate.guarding.dialects import reading_of

__all__ = ["mark_kept_calls", "respelt", "restore_calls", "whole"]


def whole(tokens: Sequence[Token], text: str, dialect: str) -> Sequence[Token]:
    """Return the words of a text with those in one that sqlglot takes apart, and ``1e3-1`` taken apart."""
    if _SUM.search(text):
        tokens = list(_summands(tokens))
    rule = reading_of(dialect).text.whole
    return tokens if rule is None else rule(tokens, text)


_SUM = re.compile(r"[eE]\d+[-+]\d")
_FIRST = re.compile(r"([\d.]+[eE]\d+)([-+])(\d.*)")


def _summands(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the three words that ``1e3-1`` is: a sign after an exponent's digits begins another number."""
    for token in tokens:
        found = _FIRST.fullmatch(token.text) if token.token_type is TokenType.NUMBER else None
        if found is None:
            yield token
            continue
        sign = token.start + len(found[1])
        yield instead(token, TokenType.NUMBER, found[1], end=sign - 1)
        yield instead(token, TokenType.PLUS if found[2] == "+" else TokenType.DASH, found[2], start=sign, end=sign)
        yield instead(token, TokenType.NUMBER, found[3], start=sign + 1)


def respelt(tokens: Sequence[Token], text: str, dialect: str) -> list[Token]:
    """Return the words as the parser is to be given them.

    Args:
        tokens: of the text, as sqlglot takes it apart.
        text: from which they are.
        dialect: its name.
    """
    words = list(_fractions(tokens, text)) if _FRACTION.search(text) else tokens
    kinds = {token.token_type for token in words}
    if not kinds.isdisjoint(_GROUPINGS):
        words = list(_bracket_grouping_sets(words))
    if TokenType.ALIAS in kinds:
        words = list(_with_names_after_as(words))
    rule = reading_of(dialect).text.respelt
    return list(words if rule is None else rule(words, text))


def mark_kept_calls(tokens: Sequence[Token], dialect: str) -> list[Token]:
    """Return the words with a mark before the names of calls that the parser must take as they stand."""
    kept = reading_of(dialect).text.kept
    return [
        instead(token, TokenType.VAR, MARK + token.text) if _is_kept(tokens, number, kept) else token
        for number, token in enumerate(tokens)
    ]


def _is_kept(tokens: Sequence[Token], number: int, kept: frozenset[str]) -> bool:
    word = tokens[number].text.lower()
    if word not in kept or not calls(tokens, number):
        return False
    # INTERVAL of several things is a function of MariaDB's; what DuckDB casts to is a type.
    typed = number > 0 and tokens[number - 1].token_type in _BEFORE_TYPES
    return not (word == "row" and typed) and (word != "interval" or any(arguments(tokens, number + 1)))


_BEFORE_TYPES = frozenset({TokenType.ALIAS, TokenType.DCOLON})


def restore_calls(tree: exp.Expr, dialect: str) -> None:
    """Give calls their own names again, and words of the grammar their place among the arguments."""
    rule = reading_of(dialect).restored
    if rule is not None:
        rule(tree)
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
        dot = token if token.token_type is TokenType.DOT and _begins_word(text, token.start) else None
        if dot is None:
            yield token
    if dot is not None:
        yield dot


def _bracket_grouping_sets(tokens: Sequence[Token]) -> Iterator[Token]:
    """Put what ROLLUP, CUBE and GROUPING SETS hold into brackets: without, sqlglot reads no conditions there."""
    opening: dict[int, Token] = {}
    closed: dict[int, Token] = {}
    for number, token in enumerate(tokens):
        if token.token_type not in _GROUPINGS or not calls(tokens, number):
            continue
        end = closing_bracket(tokens, number + 1)
        if end is None or end == number + 2:
            continue
        begins = [number + 2, *arguments(tokens, number + 1)]
        for begin, after in zip(begins, [*(each - 1 for each in begins[1:]), end], strict=True):
            if token.token_type is TokenType.GROUPING_SETS and _is_set(tokens, begin, after):
                continue
            opening[begin] = tokens[begin]
            closed[after] = tokens[after]
    for number, token in enumerate(tokens):
        if number in closed:
            yield instead(token, TokenType.R_PAREN, ")")
        if number in opening:
            yield instead(token, TokenType.L_PAREN, "(")
        yield token


def _is_set(tokens: Sequence[Token], begin: int, after: int) -> bool:
    """Whether one of GROUPING SETS is a bracket from end to end, or ROLLUP, CUBE or more sets."""
    if tokens[begin].token_type in _GROUPINGS:
        return True
    return tokens[begin].token_type is TokenType.L_PAREN and closing_bracket(tokens, begin) == after - 1


def _with_names_after_as(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield ``AS select`` as a name: of all words, it is the one that sqlglot does not take for one there."""
    before: TokenType | None = None
    for token in tokens:
        named = before is TokenType.ALIAS and token.token_type is TokenType.SELECT
        yield instead(token, TokenType.VAR, token.text) if named else token
        before = token.token_type


_GROUPINGS = frozenset({TokenType.ROLLUP, TokenType.CUBE, TokenType.GROUPING_SETS})
_FRACTION = re.compile(r"\.\d")


def _begins_word(text: str, start: int) -> bool:
    before = text[start - 1 : start]
    return not (before.isalnum() or before in {"_", '"', "`", "]", "$"})
