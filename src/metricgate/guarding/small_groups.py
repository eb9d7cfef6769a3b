"""Groups below a minimum size are not shown: such a dataset is read in aggregates of whole groups only.

An aggregate that looks at a condition of its own (FILTER, CASE, a comparison) could single out one row of a large
group, and one that lists values shows them all; neither is let through. What stays: two questions that differ by one
row can be told apart by their sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from metricgate.guarding import codes
from metricgate.vocabulary.obligation import MinimumGroup
from metricgate.vocabulary.problem import Problem

_SUMMARIES = frozenset(
    {
        *(exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance),
        *(exp.VariancePop, exp.Median, exp.ApproxDistinct, exp.Corr, exp.CovarPop, exp.CovarSamp),
    }
)
_PLAIN = frozenset(
    {
        *(exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Paren),
        *(exp.Distinct, exp.Cast, exp.DataType, exp.DataTypeParam),
    }
)


def with_minimum_groups(tree: exp.Expr, minimums: Mapping[str, MinimumGroup]) -> list[Problem]:
    """Give every SELECT over a marked table a HAVING of its minimum. Returns those that cannot have one.

    Args:
        tree: bound, its tables still marked; it is changed.
        minimums: mark -> the largest minimum of its dataset.
    """
    problems = []
    for select in tree.find_all(exp.Select):
        from_ = select.args.get("from_")
        sources = [] if from_ is None else [from_.this, *(join.this for join in select.args.get("joins") or ())]
        found = [minimums[source.name] for source in sources if type(source) is exp.Table and source.name in minimums]
        if not found:
            continue
        minimum = max(found, key=lambda each: each.size)
        reason = "is joined" if len(sources) > 1 else _not_whole(select)
        if reason is not None:
            problems.append(_problem(minimum, reason))
            continue
        enough = exp.GTE(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(minimum.size))
        having = select.args.get("having")
        select.set(
            "having", exp.Having(this=enough if having is None else exp.And(this=_bracketed(having), expression=enough))
        )
    return problems


def _bracketed(having: exp.Expr) -> exp.Expr:
    return exp.Paren(this=having.this)


def _not_whole(select: exp.Select) -> str | None:
    """Return why the SELECT's aggregates are not of whole groups, or None."""
    aggregates = [node for node in _own(select) if isinstance(node, exp.AggFunc)]
    if any(isinstance(node, exp.Window) for node in _own(select)):
        return "is read row by row in a window"
    if not aggregates and select.args.get("group") is None:
        return "is read row by row"
    for aggregate in aggregates:
        if type(aggregate) not in _SUMMARIES or type(aggregate.parent) in {exp.Filter, exp.WithinGroup}:
            return "is aggregated by more than plain sums, averages, counts, extremes"
        if any(type(node) not in _PLAIN for node in aggregate.walk() if node is not aggregate):
            return "is aggregated under a condition"
    return None


def _own(select: exp.Select) -> Iterator[exp.Expr]:
    """Yield the nodes of a SELECT, not those of queries inside it."""
    return (
        node
        for node in select.walk(prune=lambda node: node is not select and isinstance(node, exp.Query))
        if node is not select
    )


def _problem(minimum: MinimumGroup, reason: str) -> Problem:
    return Problem(
        code=codes.SMALL_GROUPS,
        message=f"{minimum.rule!r} shows no group under {minimum.size} rows of {minimum.dataset}, which {reason}.",
        hint=f"Aggregate {minimum.dataset} alone, by GROUP BY with plain sums and counts; join the result if need be.",
        details={"rule": minimum.rule, "dataset": minimum.dataset, "size": minimum.size},
    )
