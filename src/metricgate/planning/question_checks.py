"""Mistakes that can be seen without knowing how anything is joined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from metricgate.catalog.metrics import Metric
from metricgate.planning import codes
from metricgate.planning.question import Question
from metricgate.planning.time_spec import TimeSpec
from metricgate.vocabulary.problem import Place, Problem

MOST_ROWS = 2**31 - 1


def check_counts(limit: int | None, offset: int | None, problems: list[Problem]) -> None:
    """Note a limit below 1 or an offset below 0, or either beyond what engines take."""
    for name, value, least in (("limit", limit, 1), ("offset", offset, 0)):
        if value is not None and (isinstance(value, bool) or not least <= value <= MOST_ROWS):
            problems.append(
                Problem(
                    code=codes.BAD_LIMIT,
                    message=f"The {name} is {value}; it must be at least {least} and at most {MOST_ROWS}.",
                    where=Place(path=name),
                )
            )


def check_options(question: Question, problems: list[Problem]) -> None:
    """Note options that only a question without metrics may have."""
    options = (("min_max_only", question.min_max_only), ("distinct", not question.distinct))
    problems.extend(
        Problem(
            code=codes.NEEDS_NO_METRICS,
            message=f"{name!r} is for questions without metrics.",
            where=Place(path=name),
        )
        for name, given in options
        if given and question.metrics
    )


def check_twice(question: Question, metrics: Sequence[Metric], problems: list[Problem]) -> None:
    """Note what the question names twice, also under two names of the same metric."""
    names = [metric.header.name for metric in metrics]
    forms = [TimeSpec(grain=each.grain, part=each.date_part, calendar=each.calendar) for each in question.group_by]
    groups = [each.member + form.suffix for each, form in zip(question.group_by, forms, strict=True)]
    orders = [each.column for each in question.order_by]
    for path, words in (("metrics", names), ("group_by", groups), ("order_by", orders)):
        problems.extend(
            Problem(code=codes.TWICE, message=f"{name[:120]!r} is named twice.", where=Place(path=path))
            for name in _repeated_words(words)
        )


def check_columns(keys: Sequence[str], metrics: Sequence[Metric], problems: list[Problem]) -> None:
    """Note columns that would have one name: a time at its own grain twice, a metric named like a member."""
    if any(problem.code is codes.TWICE for problem in problems):
        return
    names = {metric.header.name for metric in metrics}
    for name in _repeated_words(keys):
        message = f"{name[:120]!r} is asked twice: a time without grain means its own grain."
        problems.append(Problem(code=codes.TWICE, message=message, where=Place(path="group_by")))
    problems.extend(
        Problem(
            code=codes.TWICE,
            message=f"{key[:120]!r} would be the name of two columns, a metric's and a member's.",
            where=Place(path="group_by"),
            hint="Write the member with its whole path.",
        )
        for key in dict.fromkeys(keys)
        if key in names
    )


def _repeated_words(words: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for word in words:
        if word in seen:
            twice[word] = None
        seen.add(word)
    return list(twice)
