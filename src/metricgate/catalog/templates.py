"""The template form of a filter: SQL over members written as ``{{ Dimension('customer__segment') }}``.

There is no template engine. The calls are taken out by a small strict grammar, the rest is one SQL condition on the
same allow-list as expressions, and every literal becomes a value. Understood are::

    {{ Dimension('customer__segment') }}            {{ Dimension('name', entity_path=['order', 'customer']) }}
    {{ TimeDimension('metric_time', 'month') }}     {{ Dimension('metric_time').grain('month') }}
    {{ Dimension('metric_time').date_part('dow') }} {{ Entity('customer') }}
    {{ Metric('orders', group_by=['customer']) }}   metric_time__month   (a path written bare)
"""

from __future__ import annotations

import ast
import re
from decimal import Decimal

from sqlglot import exp

from metricgate.catalog import codes
from metricgate.catalog.canonical_sql import text_of
from metricgate.catalog.expression_parser import ExpressionFault, checked_tree
from metricgate.catalog.names import MEMBER_PATTERN, METRIC_PATTERN, metric_call
from metricgate.documents.characters import describe_character, forbidden_at
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.predicate import Scalar, Template
from metricgate.vocabulary.problem import Place, Problem, Problems

_LONGEST_CALL = 500
_MEMBER = re.compile(MEMBER_PATTERN)
_METRIC = re.compile(METRIC_PATTERN)
_GRAIN = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
"""Which grains there are beside the standard ones is the planner's matter: time spines have calendars of their own."""
_TOKEN = re.compile(
    r"'(?:[^']|'')*'"
    r"|\{\{(?P<call>.*?)\}\}"
    r"|\b(?P<bare>[a-z][a-z0-9]*(?:_[a-z0-9]+)*(?:__[a-z0-9]+(?:_[a-z0-9]+)*)+|metric_time)\b"
    r"|(?P<bad>\{\{|\}\}|\{%|%\}|\{#|--|/\*|\*/|[;\"$`#\\@?'\x00])",
    re.DOTALL,
)
_KEPT_PARENTS = (exp.Interval, exp.DataTypeParam, exp.Escape, exp.Extract)
_COUNTING = (exp.Round, exp.Trunc, exp.Substring, exp.Left, exp.Right, exp.SplitPart)
_CONDITIONS = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.Between, exp.In,
    exp.Like, exp.ILike, exp.Escape, exp.NullSafeEQ, exp.NullSafeNEQ, exp.RegexpLike, exp.StartsWith, exp.Column,
    exp.Case, exp.Coalesce,
)  # fmt: skip


class _Refused(Exception):
    """The text is no template; carries why."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def parse_template(text: str, where: Place | None = None) -> Template | Problems:
    """Return the condition taken apart, or the problem at ``where``."""
    try:
        return _parse_template(text)
    except _Refused as refused:
        return Problems((Problem(code=codes.BAD_TEMPLATE, message=refused.message, where=where, hint=refused.hint),))


def parse_member_call(text: str) -> str | None:
    """Return the member that ``Dimension('x')`` or ``TimeDimension('x', 'month')`` names; None where it is no call."""
    try:
        return _member_of_call(text)
    except _Refused:
        return None


def _parse_template(text: str) -> Template:
    spot = forbidden_at(text)
    if spot is not None:
        raise _Refused(f"the filter holds {describe_character(text[spot])}", "Remove the character.")
    members: dict[str, None] = {}
    sql = _with_markers(text, members)
    if not members:
        raise _Refused(
            "the filter names no member", "Write members as {{ Dimension('customer__segment') }}, not as bare columns."
        )
    markers = frozenset(f"$m{number}" for number in range(len(members)))
    tree = checked_tree(sql, markers=markers)
    if isinstance(tree, ExpressionFault):
        raise _Refused(tree.message, tree.hint)
    _check_condition(tree, markers)
    values: list[Scalar] = []
    taken = tree.transform(lambda node: _take_literal(node, values))
    return Template(text=text_of(taken), members=tuple(members), values=tuple(values))


def _with_markers(text: str, members: dict[str, None]) -> str:
    """Return the text with each call replaced by the marker of its member."""

    def marker(found: re.Match[str]) -> str:
        if found["bad"] is not None:
            raise _Refused(
                f"{found['bad']!a} is not allowed in a filter",
                "Write one condition: no comments, semicolons, double quotes, parameters or other template forms.",
            )
        if found["bare"] is not None:
            members[found["bare"]] = None
            return f" $m{list(members).index(found['bare'])} "
        if found["call"] is None:
            if "{{" in found[0]:
                raise _Refused("a template call stands inside quotes", "Leave out the quotes round the call.")
            return found[0]
        member = _member_of_call(found["call"])
        members[member] = None
        return f" $m{list(members).index(member)} "

    return _TOKEN.sub(marker, text)


def _member_of_call(call: str) -> str:
    """Return the member, in the dunder form, that one call names."""
    tree = _call_tree(call)
    grain = None
    if isinstance(tree.func, ast.Attribute):
        kinds = {"grain": "", "date_part": "extract_"}
        if tree.func.attr not in kinds or not isinstance(tree.func.value, ast.Call) or tree.keywords:
            raise _Refused(f"{call.strip()!r} is not a member", "Only .grain('month') may follow a Dimension call.")
        (written,) = _quoted_names(tree.args, 1, call)
        grain = kinds[tree.func.attr] + written
        tree = tree.func.value
    kind = tree.func.id if isinstance(tree.func, ast.Name) else ""
    if kind == "Metric":
        return _metric_of_call(tree, call)
    if kind not in {"Dimension", "TimeDimension", "Entity"}:
        hint = did_you_mean(kind, ("Dimension", "TimeDimension", "Entity"))
        raise _Refused(
            f"{kind or call.strip()!r} is not a template call", hint or "Use Dimension, TimeDimension or Entity."
        )
    name, second, path = _call_arguments(tree, call)
    if second is not None:
        if kind != "TimeDimension":
            raise _Refused(f"{kind} takes a name and an entity_path", "A grain belongs to TimeDimension.")
        grain = second
    parts = [*path, name, *([_grain_name(grain)] if grain is not None else [])]
    member = "__".join(parts)
    if not _MEMBER.fullmatch(member):
        raise _Refused(f"{member[:60]!a} is not a member's name", "For example customer__segment.")
    return member


def _metric_of_call(tree: ast.Call, call: str) -> str:
    """Return the metric's value per group that ``Metric('orders', group_by=['customer'])`` names."""
    groups: list[ast.expr] | None = None
    nodes = [*tree.args[1:2], *(each.value for each in tree.keywords if each.arg == "group_by")]
    if len(nodes) == 1 and len(tree.args) + len(tree.keywords) == 2 and isinstance(nodes[0], (ast.List, ast.Tuple)):  # noqa: PLR2004 -- a name and a list
        groups = nodes[0].elts
    if not groups or not tree.args:
        raise _Refused(f"{call.strip()[:60]!a} is no metric's value", "Write Metric('orders', group_by=['customer']).")
    (name,) = _quoted_names(tree.args[:1], 1, call)
    members = _quoted_names(groups, None, call)
    if not _METRIC.fullmatch(name) or not all(_MEMBER.fullmatch(each) for each in members):
        raise _Refused(f"{call.strip()[:60]!a} is no metric's value", "Write Metric('orders', group_by=['customer']).")
    return metric_call(name, members)


def _call_tree(call: str) -> ast.Call:
    if len(call) > _LONGEST_CALL:
        raise _Refused(f"a template call has {len(call)} characters; at most {_LONGEST_CALL} are read")
    try:
        tree = ast.parse(call.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _Refused(f"{call.strip()[:60]!a} is not a template call", "For example {{ Dimension('x') }}.") from error
    if not isinstance(tree, ast.Call):
        raise _Refused(f"{call.strip()[:60]!a} is not a template call", "For example {{ Dimension('x') }}.")
    return tree


def _call_arguments(tree: ast.Call, call: str) -> tuple[str, str | None, tuple[str, ...]]:
    """Return name, second positional or named grain, and entity path of a call."""
    path: tuple[str, ...] = ()
    grain: str | None = None
    positional = list(tree.args)
    if len(positional) > 1 and isinstance(positional[1], (ast.List, ast.Tuple)):
        path = _quoted_names(positional.pop(1).elts, None, call)  # type: ignore[attr-defined]  # a list or tuple, see above
    for keyword in tree.keywords:
        if keyword.arg == "entity_path" and isinstance(keyword.value, (ast.List, ast.Tuple)):
            path = _quoted_names(keyword.value.elts, None, call)
        elif keyword.arg in {"time_granularity_name", "grain"}:
            (grain,) = _quoted_names([keyword.value], 1, call)
        else:
            raise _Refused(f"unknown argument {keyword.arg!r} in {call.strip()[:60]!a}", "Known: entity_path, grain.")
    texts = _quoted_names(positional, None, call)
    if not texts or len(texts) > 2 or (grain is not None and len(texts) > 1):  # noqa: PLR2004 -- a name and a grain
        raise _Refused(f"{call.strip()[:60]!a} needs a name, and at most a grain beside it")
    return texts[0], texts[1] if len(texts) > 1 else grain, path


def _quoted_names(nodes: list[ast.expr], count: int | None, call: str) -> tuple[str, ...]:
    texts = tuple(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    if len(texts) != len(nodes) or (count is not None and len(texts) != count):
        raise _Refused(f"{call.strip()[:60]!a} takes quoted names only")
    return texts


def _grain_name(text: str) -> str:
    grains = [grain.value for grain in Grain]
    if not _GRAIN.fullmatch(text.lower()):
        raise _Refused(f"{text[:60]!a} is not a grain", did_you_mean(text, grains) or f"One of {', '.join(grains)}.")
    return text.lower()


def _check_condition(tree: exp.Expr, markers: frozenset[str]) -> None:
    for column in tree.find_all(exp.Column):
        if column.name not in markers:
            raise _Refused(
                f"the bare column {column.name!a} is not a member",
                "Write it as {{ Dimension('entity__name') }}.",
            )
    if not isinstance(tree.unnest(), _CONDITIONS):
        raise _Refused("the filter is not a condition", "Compare the member with something.")


def _take_literal(node: exp.Expr, values: list[Scalar]) -> exp.Expr:
    """Move a literal into ``values``; counts, units and type sizes belong to the SQL and stay."""
    if not isinstance(node, exp.Literal) or isinstance(node.parent, _KEPT_PARENTS) or node.arg_key == "unit":
        return node
    if isinstance(node.parent, _COUNTING) and not node.is_string and node.arg_key != "this":
        return node
    values.append(_literal_value(node))
    return exp.Column(this=exp.Identifier(this=f"$v{len(values) - 1}", quoted=False))


def _literal_value(literal: exp.Literal) -> Scalar:
    if literal.is_string:
        return literal.name
    return int(literal.name) if literal.name.isdigit() else Decimal(literal.name)
