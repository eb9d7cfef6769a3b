"""The agent's words with relations in the place of its tables, and no more rows than may be answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlglot.tokenizer_core import TokenType

from metricgate.dialects.reading.rules import DialectRules
from metricgate.guarding.tables import TablesFound, TableSpot
from metricgate.guarding.verbatim import Word


def splice_relations(words: Sequence[Word], found: TablesFound, instead: Mapping[str, str]) -> list[Word]:
    """Return the words with other texts for the names of base tables.

    Args:
        words: of the agent's text.
        found: where it names base tables.
        instead: mark -> what stands in the table's place.

    Raises:
        KeyError: nothing is said for a table, or the text does not say where it stands.
    """
    spots = {spot.start: spot for spot in found.spots}
    cuts = dict(found.cuts)
    result: list[Word] = []
    until = -1
    for word in words:
        if word.start < until:
            continue
        until = -1
        spot = spots.pop(word.start, None) if word.named else None
        if spot is not None:
            last = next((each for each in words if each.start == spot.end and each.named), word)
            until = last.start + 1
            result.append(replace(word, text=_in_place(spot, last, instead[spot.mark]), named=False))
            if len(result) > 1 and result[-2].kind is TokenType.TABLE:
                result[-2] = replace(result[-2], text="SELECT * FROM")
        elif word.named and word.start in cuts:
            until = cuts[word.start]
        elif word.named and word.start in found.ctes:
            own, named = found.ctes[word.start]
            text = word.text[0] + own.replace(word.text[0], word.text[0] * 2) + word.text[0]
            result.append(replace(word, text=text if named else f"{text} AS {word.text}"))
        else:
            result.append(word)
    if spots:
        raise KeyError("a table stands nowhere in the text")
    return result


def _in_place(spot: TableSpot, name: Word, text: str) -> str:
    return text if spot.named else f"{text} AS {name.text}"


def begun_with(ctes: Iterable[str], words: Sequence[Word]) -> list[Word]:
    """Return the words with CTEs of ours before the text's own."""
    ours = ", ".join(ctes)
    if not ours:
        return list(words)
    first, *rest = words
    if first.kind is not TokenType.WITH:
        return [replace(first, text=f"WITH {ours}", gap=""), replace(first, gap=" "), *rest]
    if rest and rest[0].kind is TokenType.RECURSIVE:
        first, rest = replace(first, text="WITH RECURSIVE"), rest[1:]
    return [replace(first, text=f"{first.text} {ours},"), *rest]


def limit_rows(words: Sequence[Word], row_limit: int | None, rules: DialectRules) -> list[Word]:
    """Return the words with at most so many rows asked for: the smaller of their own limit and ours.

    Where their own limit is more than a plain number (``1 + 1``, a share of the rows), and where it cannot be said, as
    after an OFFSET that stands alone on MariaDB, only so many rows are fetched.
    """
    found = list(words)
    if row_limit is None:
        return found
    outside = _outside_brackets(found)
    kinds = [found[number].kind for number in outside]
    after = max((place for place, kind in enumerate(kinds) if kind in _QUERY_BEGINS), default=-1)
    own = next((place for place in range(after + 1, len(kinds)) if kinds[place] in _LIMITS), None)
    if own is not None:
        begin = own + 1 + (kinds[own + 1 : own + 2] in _ORDINALS)
        two = kinds[begin + 1 : begin + 2] == [TokenType.COMMA]
        counts = outside[begin + 2 * two : begin + 2 * two + 1]
        computed = _COMPUTED.intersection(kinds[begin + 1 : begin + 2])
        if counts and found[counts[0]].kind in _COUNTS and not computed:
            count = found[counts[0]]
            if not count.text.isdigit() or int(count.text) > row_limit:
                found[counts[0]] = replace(count, text=str(row_limit))
        return found
    if rules.offset_needs_limit and TokenType.OFFSET in kinds[after + 1 :]:
        return found
    end = found[-1].start
    return [*found, Word(f"LIMIT {row_limit}", " ", end, TokenType.LIMIT, named=False)]


_QUERY_BEGINS = frozenset({TokenType.SELECT, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT})
_LIMITS = frozenset({TokenType.LIMIT, TokenType.FETCH})
_COUNTS = frozenset({TokenType.NUMBER, TokenType.ALL})
_COMPUTED = frozenset(
    {TokenType.PLUS, TokenType.DASH, TokenType.STAR, TokenType.MOD, TokenType.PERCENT, TokenType.NUMBER}
)
_ORDINALS = ([TokenType.FIRST], [TokenType.NEXT])
"""After a limit's first number, what makes it another number; what is in brackets is not seen here at all."""
_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})


def _outside_brackets(words: Sequence[Word]) -> list[int]:
    found, depth = [], 0
    for number, word in enumerate(words):
        if word.kind in _CLOSE:
            depth -= 1
        elif word.kind in _OPEN:
            depth += 1
        elif depth == 0:
            found.append(number)
    return found
