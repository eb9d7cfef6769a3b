"""Where a text names tables, by its words alone: another eye than the parser's, also where no engine's can be asked.

After FROM, JOIN and a comma between tables stands a table: a name, a call, or a bracket.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlglot.tokenizer_core import Token, TokenType

_ENDS = frozenset(
    {
        *(TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT, TokenType.WINDOW),
        *(TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.OFFSET, TokenType.FETCH, TokenType.QUALIFY),
        *(TokenType.SELECT, TokenType.SEMICOLON),
    }
)
_QUERIES = frozenset(
    {TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.TABLE, TokenType.L_PAREN, TokenType.VALUES}
)
_JOINS = frozenset({TokenType.JOIN, TokenType.STRAIGHT_JOIN, TokenType.TABLE})
_IS = frozenset({TokenType.IS, TokenType.NOT})


@dataclass(slots=True)
class _Bracket:
    """What is known inside a bracket: whether it is a query's (or one between tables), and whether a table is next."""

    query: bool
    from_: bool = False
    expects: bool = False

    def goes_on(self, kind: TokenType, *, compares: bool) -> None:
        """Take the next word that is neither a bracket nor a table's name; ``compares``: IS DISTINCT is before it."""
        if kind is TokenType.FROM:
            if self.query and not compares:
                self.from_ = self.expects = True
        elif kind in _JOINS or (kind is TokenType.COMMA and self.from_):
            self.expects = self.expects or self.query
        elif kind in _ENDS:
            self.from_ = self.expects = False
        elif kind is not TokenType.LATERAL:
            self.expects = False


def strays(tokens: Sequence[Token], ctes: Collection[str], tables: Collection[tuple[str, ...]]) -> list[str]:
    """Return the names in the place of a table that are neither CTEs nor among these tables.

    Args:
        tokens: of a text in which every name is quoted.
        ctes: their names in lower case.
        tables: their paths.
    """
    known = {tuple(part.lower() for part in path) for path in tables}
    found = [tuple(part.lower() for part in path) for path in table_names(tokens)]
    return [".".join(path) for path in found if path not in known and not (len(path) == 1 and path[0] in ctes)]


def table_names(tokens: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    """Yield each name that stands in the place of a table, by its parts."""
    around = [_Bracket(query=True)]
    number, last = 0, len(tokens) - 1
    while number <= last:
        kind = tokens[number].token_type
        here = around[-1]
        if kind is TokenType.L_PAREN:
            after = tokens[number + 1].token_type if number < last else kind
            # A bracket in the place of a table may hold tables and joins of them, without SELECT.
            around.append(_Bracket(query=here.expects or after in _QUERIES, from_=here.expects, expects=here.expects))
            here.expects = False
        elif kind is TokenType.R_PAREN:
            if len(around) > 1:
                around.pop()
        elif here.expects and kind is TokenType.IDENTIFIER:
            path = [tokens[number].text]
            while number + 1 < last and tokens[number + 1].token_type is TokenType.DOT:
                path.append(tokens[number + 2].text)
                number += 2
            here.expects = False
            yield tuple(path)
        else:
            here.goes_on(kind, compares=kind is TokenType.FROM and _is_distinct_from(tokens, number))
        number += 1


def _is_distinct_from(tokens: Sequence[Token], number: int) -> bool:
    before = [each.token_type for each in tokens[max(0, number - 2) : number]]
    return before[-1:] == [TokenType.DISTINCT] and before[0] in _IS
