"""What can be wrong with how finely, or at which moment, a time is asked."""

from __future__ import annotations

from metricgate.planning import codes
from metricgate.planning.message_subject import MessageSubject
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.problem import Place, Problem


def depends_on_time(name: str, asked_for: MessageSubject, place: str, *, zoned: bool) -> Problem:
    """Say that what is asked depends on the metric's own time, and cannot be told of another moment."""
    why = (
        "and the question's time zone is not the one that it is computed in"
        if zoned
        else "together with other columns, or more finely than the moments that are read"
    )
    return Problem(
        code=codes.TIME_ATTRIBUTE,
        message=f"{asked_for.with_verb('looks', 'look')} back in time, and {name!r} depends on that time, {why}.",
        where=Place(path=place),
        hint="Group by metric_time with a grain instead, or ask without what looks back.",
    )


def too_fine(name: str, grain: Grain, finest: Grain, place: str) -> Problem:
    """Say that ``grain`` is finer than the data of ``name``."""
    return Problem(
        code=codes.GRAIN_TOO_FINE,
        message=f"{name!r} is known by {finest}, not by {grain}.",
        where=Place(path=place),
        hint=f"Ask for {name}__{finest} or a coarser grain.",
        details={"finest": str(finest)},
    )


def needs_time(subject: MessageSubject, what: str) -> Problem:
    """Say that a value looks back in time by ``what``, and no time is asked."""
    looks = subject.with_verb("looks", "look")
    depends = subject.of_number("its value depends", "their values depend")
    return Problem(
        code=codes.NEEDS_TIME,
        message=f"{looks} back in time by {what}: {depends} on the time, and none is asked.",
        where=Place(path="group_by"),
        hint="Add metric_time with a grain to group_by.",
    )


def no_time(asked_for: MessageSubject) -> Problem:
    """Say that what looks back is built on rows without a time."""
    looks, built = asked_for.with_verb("looks", "look"), asked_for.of_number("it is", "they are")
    return Problem(
        code=codes.NO_TIME,
        message=f"{looks} back in time, but what {built} built on names no time dimension.",
        where=Place(path="metrics"),
        hint="The metric's owner sets agg_time_dimension.",
    )


def untimed_problem(asked_for: MessageSubject, place: str) -> Problem:
    """Say that metric_time means nothing for what has no time dimension."""
    has, it = asked_for.with_verb("has", "have"), asked_for.of_number("it", "them")
    return Problem(
        code=codes.NO_TIME,
        message=f"{has} no time dimension, so metric_time means nothing for {it}.",
        where=Place(path=place),
        hint="Leave metric_time and the time range out.",
    )


def no_spine(asked_for: MessageSubject, grain: Grain | None) -> Problem:
    """Say that no time spine has moments by ``grain``."""
    return Problem(
        code=codes.NO_TIME_SPINE,
        message=f"{asked_for.with_verb('needs', 'need')} a time spine by {grain}; the catalog has none.",
        where=Place(path="metrics"),
        hint=f"Add a relation with one row per {grain} under `time_spines`.",
    )


def unsafe_groups(message: str) -> Problem:
    """Say why the group-bys would count a moment's value more than once."""
    return Problem(
        code=codes.UNSAFE_REAGGREGATION,
        message=message,
        where=Place(path="group_by"),
        hint="Group by metric_time at a grain such as day or month.",
    )


def read_at_several(asked_for: MessageSubject) -> Problem:
    """Say that a base event would stand at several moments, or at none."""
    read = asked_for.with_verb("is", "are")
    return Problem(
        code=codes.UNSAFE_REAGGREGATION,
        message=f"{read} read at several days, or at none, and each conversion belongs to one base event.",
        where=Place(path="group_by"),
        hint="Ask by the offset's own periods: by month for an offset by months, by the calendar for one by it.",
    )


def undated_problem(asked_for: MessageSubject, model: str) -> Problem:
    """Say that rows of ``model`` change over time, and nothing says which of them hold."""
    return Problem(
        code=codes.UNDATED,
        message=f"{asked_for.with_verb('has', 'have')} no time that says which rows of {model!r} hold.",
        where=Place(path="group_by"),
    )
