"""Equal texts where an engine pads them: ``'a' = 'a '`` holds in MariaDB and MySQL, whatever ``_bin`` collation says.

The equality stays as it is, so that an index on the column serves it; beside it stands how many spaces each ends in.
Numbers and dates end in none.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from metricgate.dialects.trees import all_of, any_of, literal, operand


def ends_like(tree: exp.Expr, text: str) -> exp.Expr:
    """Return the condition that a value ends in as many spaces as a text.

    >>> ends_like(exp.column("a"), "eu").sql()
    "NOT a LIKE '% '"
    """
    spaces = len(text) - len(text.rstrip(" "))
    fewer = exp.Not(this=_ends_in(tree, spaces + 1))
    return fewer if spaces == 0 else all_of([_ends_in(tree, spaces), fewer])


def _ends_in(tree: exp.Expr, spaces: int) -> exp.Expr:
    return exp.Like(this=operand(tree.copy()), expression=literal("%" + " " * spaces))


def ends_alike(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return the condition that two values end in as many spaces.

    >>> ends_alike(exp.column("a"), exp.column("b")).sql("mysql")
    'CHAR_LENGTH(a) - CHAR_LENGTH(RTRIM(a)) = CHAR_LENGTH(b) - CHAR_LENGTH(RTRIM(b))'
    """
    return exp.EQ(this=spaces_after(left), expression=spaces_after(right))


def spaces_after(tree: exp.Expr) -> exp.Expr:
    """Return how many spaces the value ends in."""
    whole = exp.Anonymous(this="CHAR_LENGTH", expressions=[tree.copy()])
    rest = exp.Anonymous(this="CHAR_LENGTH", expressions=[exp.Anonymous(this="RTRIM", expressions=[tree.copy()])])
    return exp.Sub(this=whole, expression=rest)


def in_order(kind: type[exp.Binary], left: exp.Expr, right: exp.Expr, text: str | None = None) -> exp.Expr:
    """Return the condition that a text stands so to another (``<``, ``<=``, ...): of equal ones, fewer spaces first.

    ``text``: what ``right`` is, where that is known. The first part is one that an index serves.

    >>> in_order(exp.LT, exp.column("a"), literal("x"), "x").sql("mysql")
    "(a <= 'x' AND (a <> 'x' OR CHAR_LENGTH(a) - CHAR_LENGTH(RTRIM(a)) < 0))"
    """
    loose = exp.LTE if kind in {exp.LT, exp.LTE} else exp.GTE
    sides = [operand(each) for each in (left, right)]
    spaces = spaces_after(right) if text is None else literal(len(text) - len(text.rstrip(" ")))
    differ = exp.NEQ(this=sides[0].copy(), expression=sides[1].copy())
    alike = kind(this=spaces_after(left), expression=spaces)
    either = exp.Paren(this=exp.Or(this=differ, expression=alike))
    return exp.Paren(this=exp.And(this=loose(this=sides[0], expression=sides[1]), expression=either))


def under_collation(tree: exp.Expr, collation: str | None) -> exp.Expr:
    """Return the text under a collation that fills nothing up; as it is where there is none to be said.

    >>> under_collation(exp.column("a"), "utf8mb4_general_nopad_ci").sql("mysql")
    'a COLLATE utf8mb4_general_nopad_ci'
    """
    if collation is None:
        return tree
    return exp.Collate(this=operand(tree), expression=exp.Var(this=collation))


def is_one_of(tree: exp.Expr, texts: Sequence[tuple[str, exp.Expr]]) -> exp.Expr:
    """Return the condition that a value is one of these texts, each with what stands for it in the statement.

    >>> is_one_of(exp.column("a"), [("x", literal("x")), ("y", literal("y"))]).sql()
    "(a IN ('x', 'y') AND NOT a LIKE '% ')"
    """
    alike: dict[int, list[tuple[str, exp.Expr]]] = {}
    for text, said in texts:
        alike.setdefault(len(text) - len(text.rstrip(" ")), []).append((text, said))
    parts = [_of_those(tree, group) for group in alike.values()]
    return parts[0] if len(parts) == 1 else exp.Paren(this=any_of(parts))


def _of_those(tree: exp.Expr, texts: Sequence[tuple[str, exp.Expr]]) -> exp.Expr:
    left = operand(tree.copy())
    equal: exp.Expr
    if len(texts) == 1:
        equal = exp.EQ(this=left, expression=texts[0][1])
    else:
        equal = exp.In(this=left, expressions=[said for _text, said in texts])
    return exp.Paren(this=all_of([equal, ends_like(tree, texts[0][0])]))
