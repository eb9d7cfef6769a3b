"""Where metrics are in their lives, and whether they are still what the caller takes them for.

Asked once policy allows the question, so that nothing is told of a metric to somebody who may not use it. It is about
the metrics that a question names, in ``metrics`` or in its filters; what those are built on is their owners' affair.
"""

from __future__ import annotations

from collections.abc import Mapping

from metricgate.catalog.metrics import Metric, Status
from metricgate.catalog.names import split_metric_call
from metricgate.gateway import codes
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.metric_names import is_retired, is_usable, may_describe, resolve_metrics, resource_of
from metricgate.planning.question import Question
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import members_of
from metricgate.vocabulary.problem import Place, Problem, Problems
from metricgate.vocabulary.resource import Action

_MOST_OFFERED = 5


def standing_of(context: CallContext, question: Question, pins: Mapping[str, str]) -> tuple[str, ...] | Problems:
    """Return a note for each deprecated metric, or why some metric does not answer.

    Args:
        context: the call's.
        question: with full metric names; policy already allows it.
        pins: metric names as the caller wrote them -> the definition version that is expected.
    """
    named = _metrics_named(context, question)
    problems: list[Problem] = []
    notes: list[str] = []
    for name in named:
        metric = context.governance.catalog.metrics[name]
        problem = _unready(context, metric)
        if problem is not None:
            problems.append(problem)
        elif metric.header.status is Status.DEPRECATED:
            notes.append(_deprecation_note(context, metric))
    problems.extend(_version_problems(context, pins, named))
    return Problems(tuple(problems)) if problems else tuple(notes)


def deprecation_of(context: CallContext, metric: Metric) -> dict[str, Json] | None:
    """Return ``{replaced_by, sunset_at, retired}`` of a deprecated metric, naming only what the caller may see."""
    given = metric.header.deprecation
    if given is None and metric.header.status is not Status.DEPRECATED:
        return None
    return {
        "replaced_by": _replacement(context, metric),
        "sunset_at": None if given is None else given.sunset_at,
        "retired": is_retired(metric, context.today),
    }


def _metrics_named(context: CallContext, question: Question) -> tuple[str, ...]:
    """Full names; those in filters may be bare, and stand for one metric since the question could be planned."""
    calls = [call for member in members_of(question.where) if (call := split_metric_call(member)) is not None]
    in_filters = (full for call in calls for full in context.governance.catalog.find_metrics(call[0]))
    return tuple(dict.fromkeys([*question.metrics, *in_filters]))


def _unready(context: CallContext, metric: Metric) -> Problem | None:
    name = metric.header.name
    if metric.header.status is Status.DRAFT and not context.allows(Action.QUERY_DRAFT, resource_of(context, name)):
        offered: list[Json] = list(_instead(context, metric))
        hint = f"Active and near it: {', '.join(map(str, offered))}." if offered else codes.METRIC_DRAFT.cure
        return Problem(
            code=codes.METRIC_DRAFT,
            message=f"{name} is a draft of {metric.header.owner or 'nobody named'}; you may not query drafts.",
            where=Place(path="metrics"),
            hint=hint,
            details={"metric": name, "owner": metric.header.owner, "instead": offered},
        )
    if not is_retired(metric, context.today):
        return None
    given = metric.header.deprecation
    until = "" if given is None or given.sunset_at is None else given.sunset_at
    by = _replacement(context, metric)
    return Problem(
        code=codes.METRIC_RETIRED,
        message=f"{name} answered until {until} and no longer does.",
        where=Place(path="metrics"),
        hint=f"Ask for {by} instead." if by else "It names no replacement that you may see; ask its owner.",
        details={"metric": name, "sunset_at": until, "replaced_by": by, "owner": metric.header.owner},
    )


def _deprecation_note(context: CallContext, metric: Metric) -> str:
    given = metric.header.deprecation
    by = _replacement(context, metric)
    instead = f": use {by} instead" if by else ""
    until = f" It answers until {given.sunset_at}." if given is not None and given.sunset_at else ""
    return f"{metric.header.name} is deprecated{instead}.{until}"


def _replacement(context: CallContext, metric: Metric) -> str | None:
    given = metric.header.deprecation
    by = None if given is None else given.replaced_by
    return by if by is not None and may_describe(context, by) else None


def _instead(context: CallContext, draft: Metric) -> tuple[str, ...]:
    """Metrics of the same bare name, then of the same domain, that would answer this caller."""
    header = draft.header
    metrics = context.governance.catalog.metrics
    near = [each for each in metrics.values() if each.header.bare_name == header.bare_name]
    near += [each for each in metrics.values() if each.header.domain == header.domain]
    usable = (
        each.header.name
        for each in near
        if each.header.status is Status.ACTIVE
        and is_usable(context, each.header.name)
        and may_describe(context, each.header.name)
        and context.allows(Action.QUERY, resource_of(context, each.header.name))
    )
    return tuple(dict.fromkeys(usable))[:_MOST_OFFERED]


def _version_problems(context: CallContext, pins: Mapping[str, str], named: tuple[str, ...]) -> list[Problem]:
    problems: list[Problem] = []
    for given, pinned in pins.items():
        place = Place(path=f"pins.{given[:80]}")
        found = resolve_metrics(context, (given,))
        if isinstance(found, Problems):
            problems.extend(Problem(code=p.code, message=p.message, where=place, hint=p.hint) for p in found)
        elif found.metrics[0] not in named:
            message = f"A version is pinned for {given[:80]!r}, which the question does not ask for."
            hint = f"The question asks for: {', '.join(named) or 'no metric'}."
            problems.append(Problem(code=codes.INVALID_ARGUMENT, message=message, where=place, hint=hint))
        else:
            header = context.governance.catalog.metrics[found.metrics[0]].header
            if pinned != header.definition_version:
                problems.append(_version_changed(header.name, pinned, header.definition_version, place))
    return problems


def _version_changed(name: str, pinned: str, current: str, place: Place) -> Problem:
    return Problem(
        code=codes.VERSION_CHANGED,
        message=f"{name} is pinned to {pinned[:80]}, but {current} is in force.",
        where=place,
        hint=codes.VERSION_CHANGED.cure,
        details={"metric": name, "pinned": pinned[:80], "current": current},
    )
