"""The parts of a filter that must all hold, in both forms of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp

from metricgate.vocabulary.predicate import And, Predicate, Template

_MARK = re.compile(r"\$([mv])(\d+)\Z")


def conjuncts(predicate: Predicate | None) -> Iterator[Predicate]:
    """Yield the parts, each with those members and values only that it names.

    >>> both = Template(text="$m0 > $v0 AND ($m1 = $v1 OR $m1 IS NULL)", members=("a", "b"), values=(1, 2))
    >>> [(each.text, each.members, each.values) for each in conjuncts(both)]
    [('$m0 > $v0', ('a',), (1,)), ('$m0 = $v0 OR $m0 IS NULL', ('b',), (2,))]
    """
    if isinstance(predicate, And):
        for part in predicate.parts:
            yield from conjuncts(part)
    elif isinstance(predicate, Template):
        for text, members, values in _template_parts(predicate.text):
            yield Template(
                text=text,
                members=tuple(predicate.members[each] for each in members),
                values=tuple(predicate.values[each] for each in values),
            )
    elif predicate is not None:
        yield predicate


@lru_cache(maxsize=1_024)
def _template_parts(text: str) -> tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]:
    """Return each part's text with its marks numbered anew, and the numbers that these had."""
    found = []
    for tree in _split_conjunction(sqlglot.parse_one(text)):
        part = exp.Paren(this=tree.copy())
        numbers: dict[str, dict[int, None]] = {"m": {}, "v": {}}
        for column in list(part.find_all(exp.Column, bfs=False)):
            mark = _MARK.match(column.name)
            if mark is not None:
                known = numbers[mark[1]]
                known[int(mark[2])] = None
                column.this.set("this", f"${mark[1]}{list(known).index(int(mark[2]))}")
        found.append((part.this.sql(comments=False), tuple(numbers["m"]), tuple(numbers["v"])))
    return tuple(found)


def _split_conjunction(tree: exp.Expr) -> Iterator[exp.Expr]:
    inner = tree.unnest()
    if isinstance(inner, exp.And):
        yield from _split_conjunction(inner.this)
        yield from _split_conjunction(inner.expression)
    else:
        yield inner
