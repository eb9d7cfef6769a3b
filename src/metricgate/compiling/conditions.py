"""References and conditions as trees: values are bound, members come from the plan."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import assert_never

from sqlglot import exp

from metricgate.catalog.metrics import Window
from metricgate.compiling.context import Context
from metricgate.compiling.fitting_values import fit_values
from metricgate.compiling.presence import where_found
from metricgate.compiling.shown_bytes import are_shown_bytes, bound_bytes
from metricgate.dialects.expressions import Kinds, kinds_wanted, write_expression
from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.padded_texts import in_order, is_one_of, under_collation
from metricgate.dialects.trees import all_of, any_of, literal, operand, parse_shared
from metricgate.planning.scan_parts import Condition, Reference
from metricgate.planning.shifts import is_elapsed
from metricgate.planning.time_values import as_day, as_moment
from metricgate.planning.values import as_timestamp
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.predicate import And, Comparison, Not, Operator, Or, Predicate, Scalar, Template

_BINARY: dict[Operator, type[exp.Binary]] = {
    Operator.EQ: exp.EQ,
    Operator.NE: exp.NEQ,
    Operator.LT: exp.LT,
    Operator.LE: exp.LTE,
    Operator.GT: exp.GT,
    Operator.GE: exp.GTE,
}
_EQUALITIES = frozenset({Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN})
_LISTS = (Operator.IN, Operator.NOT_IN)
_NULLS = (Operator.IS_NULL, Operator.IS_NOT_NULL)
_NEGATED = (Operator.NOT_IN, Operator.IS_NOT_NULL)
_COMPARING = (*_BINARY.values(), exp.Between, exp.In)
_MARK = re.compile(r"\$([mv])(\d+)\Z")


def reference_tree(reference: Reference, context: Context) -> exp.Expr:
    """Return the value, converted to its zone and cut to its grain where the plan says so; NULL where no row is."""
    tree = where_found(reference.expression, reference.table, reference.model, reference.present, context)
    if reference.zones is not None:
        tree = _converted(tree, reference.zones, reference.later, context)
    if reference.part is not None:
        return context.dialect.part(tree, reference.part)
    if reference.grain is not None:
        tree = context.dialect.truncated(tree, reference.grain)
    return tree


def key_tree(reference: Reference, context: Context) -> exp.Expr:
    """Return the value as a key of groups: texts that differ in the spaces that they end in are several."""
    tree = reference_tree(reference, context)
    if not context.dialect.pads or reference.granularity is not None or reference.part is not None:
        return tree
    return under_collation(tree, context.kinds.collation_for(reference.model, reference.expression))


def _converted(tree: exp.Expr, zones: Zones, later: tuple[Window, ...], context: Context) -> exp.Expr:
    """Return the local time of the zone shown, so much later: hours are elapsed and added by UTC's clock."""
    by = zones.stored

    def on(clock: str) -> exp.Expr:
        return tree if by == clock else context.dialect.converted(tree, Zones(stored=by, shown=clock))

    for window in later:
        clock = "UTC" if is_elapsed(window) else zones.shown
        tree, by = exp.Paren(this=exp.Add(this=operand(on(clock)), expression=interval(window))), clock
    return on(zones.shown)


def interval(window: Window) -> exp.Interval:
    """Return the window as an interval; three months for a quarter, which not every engine knows."""
    grain, count = window.grain or Grain.DAY, window.count
    if grain is Grain.QUARTER:
        grain, count = Grain.MONTH, 3 * count
    return exp.Interval(this=literal(str(count)), unit=exp.Var(this=grain.name))


def condition_tree(condition: Condition, context: Context) -> exp.Expr:
    """Return the condition; its values become parameters in the order of the text."""
    return _predicate_tree(condition.predicate, condition, context)


def _predicate_tree(predicate: Predicate, condition: Condition, context: Context) -> exp.Expr:
    match predicate:
        case Comparison():
            return _comparison_tree(predicate, condition, context)
        case And():
            return all_of([_predicate_tree(part, condition, context) for part in predicate.parts])
        case Or():
            return any_of([_predicate_tree(part, condition, context) for part in predicate.parts])
        case Not():
            return exp.Not(this=exp.Paren(this=_predicate_tree(predicate.part, condition, context)))
        case Template():
            return _template(predicate, condition, context)
        case _:
            assert_never(predicate)


def _comparison_tree(comparison: Comparison, condition: Condition, context: Context) -> exp.Expr:
    reference = condition.reference(comparison.member)
    left = operand(reference_tree(reference, context))
    if are_shown_bytes(condition, reference, comparison.values, context):
        return _with_bytes(comparison, left, reference.name, context)
    op, values = comparison.op, fit_values(comparison.op, comparison.values, reference, context)
    tree: exp.Expr
    if context.dialect.pads and op in _EQUALITIES and any(isinstance(each, str) for each in values):
        tree = _among(left, values, context)
        return exp.Not(this=tree) if op in {Operator.NE, Operator.NOT_IN} else tree
    if op in _BINARY:
        bound = context.bind(values[0])
        if context.dialect.pads and isinstance(values[0], str) and reference.granularity is None:
            return in_order(_BINARY[op], left, bound, values[0])
        return _BINARY[op](this=left, expression=bound)
    if op in _LISTS:
        # A list without items (an attribute that the principal lacks) holds nothing.
        tree = exp.In(this=left, expressions=[context.bind(value) for value in values]) if values else exp.false()
    elif op is Operator.BETWEEN:
        tree = _between_tree(left, values, context)
    elif op in _NULLS:
        tree = exp.Is(this=left, expression=exp.Null())
    else:
        tree = _like_tree(left, op, str(values[0]), context)
    return exp.Not(this=tree) if op in _NEGATED else tree


def _with_bytes(comparison: Comparison, left: exp.Expr, name: str, context: Context) -> exp.Expr:
    op, values = comparison.op, comparison.values
    if op not in {*_BINARY, *_LISTS, Operator.BETWEEN}:
        return _like_tree(context.dialect.to_base64(left), op, str(values[0]), context)
    bound = [bound_bytes(each, name, context) for each in values]
    if op in _BINARY:
        return _BINARY[op](this=left, expression=bound[0])
    if op is Operator.BETWEEN:
        return exp.Between(this=left, low=bound[0], high=bound[1])
    tree = exp.In(this=left, expressions=bound)
    return exp.Not(this=tree) if op in _NEGATED else tree


def _between_tree(left: exp.Expr, values: Sequence[Scalar], context: Context) -> exp.Expr:
    low, high = values
    ends = [context.bind(each) for each in values]
    if not context.dialect.pads or not isinstance(low, str) or not isinstance(high, str):
        return exp.Between(this=left, low=ends[0], high=ends[1])
    parts = [in_order(exp.GTE, left, ends[0], low), in_order(exp.LTE, left.copy(), ends[1], high)]
    return exp.Paren(this=all_of(parts))


def _among(left: exp.Expr, values: Sequence[Scalar], context: Context) -> exp.Expr:
    """Equality where an engine would pass over trailing spaces."""
    texts = [(each, context.bind(each)) for each in values if isinstance(each, str)]
    others = [context.bind(each) for each in values if not isinstance(each, str)]
    parts = [is_one_of(left, texts), *([exp.In(this=left.copy(), expressions=others)] if others else [])]
    return parts[0] if len(parts) == 1 else exp.Paren(this=any_of(parts))


def _like_tree(left: exp.Expr, op: Operator, text: str, context: Context) -> exp.Expr:
    """LIKE over the value as text; wildcards in the text stand for themselves."""
    escape = context.dialect.escape
    plain = "".join(escape + each if each in {escape, "%", "_"} else each for each in text)
    before = "" if op is Operator.STARTS_WITH else "%"
    after = "" if op is Operator.ENDS_WITH else "%"
    as_text = exp.Cast(this=left, to=exp.DataType(this=exp.DType.TEXT))
    like = exp.Like(this=as_text, expression=context.bind(f"{before}{plain}{after}"))
    return like if escape == "\\" else exp.Escape(this=like, expression=literal(escape))


def _template(template: Template, condition: Condition, context: Context) -> exp.Expr:
    """Put references and parameters in the places of ``$m`` and ``$v``; values beside a time become times."""
    shown = _shown_bytes(template, condition, context)
    root = exp.Paren(this=_template_tree(template, condition, shown, context).copy())
    marks = [each for each in root.find_all(exp.Column, bfs=False) if not each.table and _MARK.match(each.name)]
    beside = [_compared_member(mark, template, condition) for mark in marks]
    for mark, reference in zip(marks, beside, strict=True):
        number = int(mark.name[2:])
        if mark.name[1] == "m":
            mark.replace(operand(reference_tree(condition.reference(template.members[number]), context)))
        elif number in shown:
            mark.replace(bound_bytes(template.values[number], shown[number], context))
        else:
            mark.replace(context.bind(_fit_time_value(template.values[number], reference)))
    whole: exp.Expr = root.this
    return whole


def _shown_bytes(template: Template, condition: Condition, context: Context) -> dict[int, str]:
    """The numbers of those values that stand for bytes, with the member beside which each stands."""
    if not condition.shown:
        return {}
    found: dict[int, str] = {}
    for mark in parse_shared(template.text).find_all(exp.Column):
        reference = _compared_member(mark, template, condition) if _MARK.match(mark.name) else None
        number = int(mark.name[2:]) if reference else 0
        if reference and are_shown_bytes(condition, reference, (template.values[number],), context):
            found[number] = reference.name
    return found


def _template_tree(template: Template, condition: Condition, shown: Collection[int], context: Context) -> exp.Expr:
    """The condition in the dialect's words, which it chooses by what its members and values are."""
    members = {f"$m{at}": condition.reference(each) for at, each in enumerate(template.members)}
    values, texts = kinds_of_values(template)
    bytes_ = {f"$v{each}" for each in shown}
    values = tuple((name, ValueKind.UNKNOWN if name in bytes_ else kind) for name, kind in values)
    texts = tuple((name, text) for name, text in texts if name not in bytes_)
    known = dict(values)
    wanted = partial(kinds_wanted, template.text, context.dialect.name)
    while more := wanted((*known.items(),), texts) & (members.keys() - known):
        known.update({name: kind_of_member(members[name], context) for name in sorted(more)})
    return write_expression(template.text, context.dialect.name, (*known.items(),), texts)


def kinds_of_values(template: Template) -> tuple[Kinds, tuple[tuple[str, str], ...]]:
    """Return what the marks of a template's values stand for: their kinds, and the texts among them."""
    kinds = tuple((f"$v{at}", _kind_of_value(each)) for at, each in enumerate(template.values))
    return kinds, tuple((f"$v{at}", each) for at, each in enumerate(template.values) if isinstance(each, str))


def kind_of_member(reference: Reference, context: Context) -> ValueKind:
    """Return what a member is, as far as is known."""
    if reference.part is not None:
        return ValueKind.INTEGER
    known = reference.grain or reference.granularity
    if known is None:
        return context.kinds.kind(reference.model, reference.expression)
    return ValueKind.DATE if known >= Grain.DAY else ValueKind.TIMESTAMP


def _kind_of_value(value: Scalar) -> ValueKind:
    for kind, found in _KINDS:
        if isinstance(value, kind):
            return found
    return ValueKind.UNKNOWN


_KINDS: tuple[tuple[type, ValueKind], ...] = (
    (bool, ValueKind.BOOLEAN),
    (int, ValueKind.INTEGER),
    (Decimal, ValueKind.DECIMAL),
    (float, ValueKind.DOUBLE),
    (str, ValueKind.TEXT),
)


def _compared_member(mark: exp.Column, template: Template, condition: Condition) -> Reference | None:
    """The member that a value is compared with directly, if any."""
    parent = mark.parent
    if parent is None or mark.name[1] == "m" or not isinstance(parent, _COMPARING):
        return None
    for other in parent.iter_expressions():
        if isinstance(other, exp.Column) and _MARK.match(other.name) and other.name[1] == "m":
            return condition.reference(template.members[int(other.name[2:])])
    return None


def _fit_time_value(value: Scalar, reference: Reference | None) -> Scalar:
    if reference is None or reference.granularity is None or as_moment(value) is None:
        return value
    if (reference.grain or reference.granularity) >= Grain.DAY:
        day = as_day(value)
        return value if day is None else day
    moment = as_timestamp(value)
    return value if not isinstance(moment, datetime) else moment
