"""The pieces of a statement that changes rows, in its writer's own words: what is computed is computed as it was said.

A tree tells what a statement does; written anew, its expressions were seen to mean something else (``a NOT IN (1) <
7``, MariaDB's ``||``). So the SELECTs that find rows are put together of slices of the text, and read by the guard as
if an agent had sent them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.guarding.writes.parts import UnknownClause

_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})


class TextWords:
    """Words of a text, from one place to another."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        """Take words of a text; those of its end that separate statements are left out."""
        self._text = text
        self.tokens = [token for token in tokens if token.token_type is not TokenType.SEMICOLON]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def start(self) -> int:
        """Where they begin in the statement."""
        return min(token.start for token in self.tokens)

    @property
    def text(self) -> str:
        """The text from the first word to the last, as it was written; the parser may have them in another order.

        Raises:
            UnknownClause: there is no word.
        """
        if not self.tokens:
            raise UnknownClause("a part without words")
        return self._text[self.start : max(token.end for token in self.tokens) + 1]

    def part(self, start: int, end: int | None = None) -> TextWords:
        """Return the words of these places."""
        return TextWords(self._text, self.tokens[start:end])

    def outside(self, kinds: Collection[TokenType], start: int = 0) -> list[int]:
        """Return where words of these kinds stand outside of brackets and CASE."""
        depth, found = 0, []
        for number, token in enumerate(self.tokens):
            kind = token.token_type
            if kind in _CLOSING:
                depth -= 1
            if depth == 0 and kind in kinds and number >= start and not self._compares(number):
                found.append(number)
            if kind in _OPENING:
                depth += 1
        return found

    def _compares(self, number: int) -> bool:
        """Whether the word is the FROM of IS DISTINCT FROM."""
        distinct = number > 0 and self.tokens[number - 1].token_type is TokenType.DISTINCT
        return distinct and self.tokens[number].token_type is TokenType.FROM

    def first(self, kind: TokenType, start: int = 0) -> int | None:
        """Return where the first word of the kind stands outside of brackets."""
        return next(iter(self.outside({kind}, start)), None)

    def split(self, kind: TokenType = TokenType.COMMA) -> list[TextWords]:
        """Return what stands between words of the kind, outside of brackets."""
        found, start = [], 0
        for number in self.outside({kind}):
            found.append(self.part(start, number))
            start = number + 1
        return [*found, self.part(start)]

    @property
    def inside(self) -> TextWords:
        """What stands in the bracket that these words are.

        Raises:
            UnknownClause: they are no bracket.
        """
        opens = len(self) > 1 and self.tokens[0].token_type is TokenType.L_PAREN
        if not opens or self.tokens[-1].token_type is not TokenType.R_PAREN:
            raise UnknownClause("a list without brackets")
        return self.part(1, len(self) - 1)

    @property
    def leaf(self) -> exp.Var:
        """A leaf that is written as these words."""
        return exp.Var(this=self.text)


def plain(text: str, tokens: Sequence[Token]) -> str:
    """Return a statement for the eye: its words as they were written, one space between those that were apart.

    Args:
        text: of the statement.
        tokens: as the lexer gives them; comments are none.
    """
    pieces: list[str] = []
    last = None
    for token in (token for token in tokens if token.token_type is not TokenType.SEMICOLON):
        if last is not None and token.start > last.end + 1:
            pieces.append(" ")
        pieces.append(text[token.start : token.end + 1])
        last = token
    return "".join(pieces)


def values_of(words: TextWords, expected: Sequence[exp.Expr]) -> tuple[exp.Expr, ...]:
    """Return what is between commas as leaves; numbers in hex or bits as they are, for a column may take them so.

    Raises:
        UnknownClause: it is not what the tree has.
    """
    pieces = words.split()
    if len(pieces) != len(expected):
        raise UnknownClause("a list that can be read in two ways")
    return tuple(_own_words(piece, tree) for piece, tree in zip(pieces, expected, strict=True))


def assigned_values(words: TextWords, expected: Sequence[exp.Expr]) -> tuple[exp.Expr, ...]:
    """Return what stands behind each ``column =`` of a SET, as ``values_of`` does.

    Raises:
        UnknownClause: it can be read in two ways.
    """
    pieces = words.split()
    if len(pieces) != len(expected):
        raise UnknownClause("a list that can be read in two ways")
    found = []
    for piece, tree in zip(pieces, expected, strict=True):
        equals = piece.first(TokenType.EQ)
        if equals is None:
            raise UnknownClause("SET without an equals sign")
        found.append(_own_words(piece.part(equals + 1), tree))
    return tuple(found)


def condition_of(words: TextWords) -> exp.Expr:
    """Return a condition as one operand."""
    return exp.Paren(this=words.leaf)


def _own_words(words: TextWords, tree: exp.Expr) -> exp.Expr:
    bits = type(tree) is exp.BitString
    digits = type(tree) is exp.Literal and not tree.is_string and str(tree.this).startswith("0x")
    return tree if bits or digits else words.leaf
