"""What a question has in it that looking back trips over: counted, so that a shape which is never drawn is seen."""

from __future__ import annotations

from collections.abc import Iterator

from tests.oracle.asking import Both, kinds_of
from tests.oracle.evaluator import Evaluation
from tests.oracle.members import Place
from tests.oracle.shown import members
from tests.oracle.world import NoAnswer, World

SHAPES = (
    "attribute joined by time",
    "attribute computed from the time",
    "several grains at once",
    "last or mean of a period's days",
    "start of a period, more coarsely than by day",
    "empty periods under a filter",
    "empty periods beside another group-by",
    "no time spine",
    "time spine shorter than the data",
    "time spine longer than the data",
    "rows without a partner",
    "sparse data",
    "moments of a zone",
    "local times of a zone",
    "shown in a zone of the question",
)


def shapes_of(world: World, both: Both) -> frozenset[str]:
    """Return the shapes of a question, where its metrics look back or show periods without rows."""
    asked = both.asked
    kinds = {kind for name in asked.metrics for kind in kinds_of(world, name)}
    if not kinds & {"offset", "cumulative", "spine"}:
        return frozenset()
    try:
        return frozenset(_found(world, Evaluation(world, asked), kinds))
    except NoAnswer:
        return frozenset()


def _found(world: World, evaluation: Evaluation, kinds: set[str]) -> Iterator[str]:
    asked = evaluation.asked
    simple = evaluation.simple_of(asked.metrics[0])[0]
    model = simple["semantic_model"]
    named = [member for member, _ in asked.by if member != "metric_time"]
    for member in named:
        place: Place = evaluation.place(model, member)
        if evaluation.depends(simple, member):
            yield "attribute joined by time" if place.path else "attribute computed from the time"
        if place.path and any(evaluation.value(model, row, place) is None for row in evaluation.visible[model]):
            yield "rows without a partner"
    grains = [grain for member, grain in asked.by if member == "metric_time"]
    if len(grains) > 1:
        yield "several grains at once"
    coarse = bool(grains) and all(grain not in {None, "day"} for grain in grains)
    if coarse and any(
        world.metrics[name].get("period_agg") in {"last", "average"} for name in _parts(world, asked.metrics)
    ):
        yield "last or mean of a period's days"
    if coarse and "to_grain" in kinds:
        yield "start of a period, more coarsely than by day"
    if "spine" in kinds and any(members(asked.where)):
        yield "empty periods under a filter"
    if "spine" in kinds and named:
        yield "empty periods beside another group-by"
    yield "no time spine" if world.made else f"time spine {'shorter' if world.short else 'longer'} than the data"
    if len(evaluation.visible[model]) < 5:
        yield "sparse data"
    yield from _of_zones(world, model, evaluation.time_name(simple), asked.zone)


def _of_zones(world: World, model: str, time: str, zone: str | None) -> Iterator[str]:
    if time == "seen" and model in world.clocks:
        yield "moments of a zone" if world.clocks[model][0] == "zoned" else "local times of a zone"
        if zone is not None:
            yield "shown in a zone of the question"


def _parts(world: World, names: list[str]) -> Iterator[str]:
    for name in names:
        yield name
        yield from _parts(world, [each["name"] for each in world.metrics[name].get("input_metrics", [])])
