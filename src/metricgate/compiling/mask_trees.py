"""Masks as trees: what stands in a column's place, so that no engine ever hands out the value itself.

NULL stays NULL, except under ``constant``. The key of ``hash`` is bound as a secret parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from metricgate.compiling.context import Context
from metricgate.dialects.trees import double, literal
from metricgate.vocabulary.obligation import Mask, MaskMethod
from metricgate.vocabulary.predicate import Secret

_DIGITS = 32
"""Hexadecimal digits of a digest that are shown: 128 bits."""


def mask_tree(column: exp.Expr, mask: Mask, context: Context) -> exp.Expr:
    """Return what this caller gets instead of ``column``.

    >>> from metricgate.compiling.examples import draft
    >>> mask = Mask(rule="r", dataset="d", column="c", method=MaskMethod.NULL)
    >>> mask_tree(exp.column("c"), mask, draft().context).sql()
    'CASE WHEN FALSE THEN c END'
    """
    return _METHODS[mask.method](column, mask, context)


def _mask_by_null(column: exp.Expr, _mask: Mask, _context: Context) -> exp.Expr:
    # A bare NULL would lose the column's type.
    return exp.Case(ifs=[exp.If(this=exp.false(), true=column)])


def _constant(_column: exp.Expr, mask: Mask, context: Context) -> exp.Expr:
    value = mask.value
    kind = exp.DType.TEXT
    if isinstance(value, bool):
        kind = exp.DType.BOOLEAN
    elif isinstance(value, int):
        kind = exp.DType.BIGINT
    elif isinstance(value, float):
        kind = exp.DType.DOUBLE
    return exp.Cast(this=context.bind(value), to=exp.DataType(this=kind))


def _mask_by_hash(column: exp.Expr, _mask: Mask, context: Context) -> exp.Expr:
    # The key on both sides: a digest of (key, text) alone could be continued by somebody without the key.
    key = Secret(context.mask_key)
    text = _as_text(column.copy())
    parts = [_as_text(context.bind(key)), text, _as_text(context.bind(key))]
    digest = exp.Substring(
        this=context.dialect.sha256(exp.Concat(expressions=parts, safe=False, coalesce=False)),
        start=literal(1),
        length=literal(_DIGITS),
    )
    return _unless_null(column, digest)


def _partial(column: exp.Expr, mask: Mask, context: Context) -> exp.Expr:
    text = _as_text(column.copy())
    length = exp.Anonymous(this=context.dialect.text_length, expressions=[text])
    kept = mask.first + mask.last
    between = exp.Repeat(this=literal("*"), times=exp.Sub(this=length.copy(), expression=literal(kept)))
    parts: list[exp.Expr] = [between]
    if mask.first:
        parts.insert(0, exp.Left(this=text.copy(), expression=literal(mask.first)))
    if mask.last:
        parts.append(exp.Right(this=text.copy(), expression=literal(mask.last)))
    # A value too short to hide anything of is hidden whole.
    short = exp.LTE(this=length.copy(), expression=literal(kept))
    stars = exp.Repeat(this=literal("*"), times=length.copy())
    whole = parts[0] if len(parts) == 1 else exp.Concat(expressions=parts, safe=False, coalesce=False)
    return _unless_null(column, exp.Case(ifs=[exp.If(this=short, true=stars)], default=whole))


def _bucket(column: exp.Expr, mask: Mask, _context: Context) -> exp.Expr:
    width = literal(float(mask.width or 1))
    buckets = exp.Floor(this=exp.Div(this=double(column), expression=double(width), typed=False, safe=False))
    return exp.Mul(this=buckets, expression=double(width.copy()))


def _date(column: exp.Expr, mask: Mask, context: Context) -> exp.Expr:
    if mask.grain is None:
        raise ValueError("a date mask needs a grain")
    return context.dialect.truncated(column, mask.grain)


def _as_text(tree: exp.Expr) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DType.TEXT))


def _unless_null(column: exp.Expr, tree: exp.Expr) -> exp.Expr:
    known = exp.Not(this=exp.Is(this=column, expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=known, true=tree)])


_METHODS: Mapping[MaskMethod, Callable[[exp.Expr, Mask, Context], exp.Expr]] = {
    MaskMethod.NULL: _mask_by_null,
    MaskMethod.CONSTANT: _constant,
    MaskMethod.HASH: _mask_by_hash,
    MaskMethod.PARTIAL: _partial,
    MaskMethod.BUCKET: _bucket,
    MaskMethod.DATE: _date,
}
