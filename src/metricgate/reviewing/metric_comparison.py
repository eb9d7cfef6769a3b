"""Why a metric means something else than before: its own definition, what it is built on, what it can be grouped by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.dependencies import built_on
from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import InputMetric, Metric, Status
from metricgate.catalog.model import Dimension, Entity, SemanticModel
from metricgate.catalog.versions import meaning_of_predicate
from metricgate.planning.group_by_options import simple_metrics
from metricgate.planning.planner import Planner, ReachableMember
from metricgate.reviewing.changes import ChangeReason
from metricgate.vocabulary.predicate import And, Comparison, Not, Or, Template

_SHOWN = 120
_MANY = 6
_WORDS = {
    "model": "semantic model",
    "aggregation": "aggregation",
    "time_dimension": "time column",
    "non_additive": "non-additive dimension",
}
"""What fields are called where people write them."""
_HEADER_WORDS = ("description", "label", "owner", "synonyms", "ai_instructions", "ai_examples", "sensitivity")


class MetricComparison:
    """Compares the metrics that both catalogs have."""

    def __init__(self, before: Catalog, after: Catalog, planners: tuple[Planner, Planner]) -> None:
        self._before = before
        self._after = after
        self._planners = planners
        self._known: dict[str, tuple[ChangeReason, ...]] = {}

    def meaning(self, name: str) -> tuple[ChangeReason, ...]:
        """Return why the metric means or allows something else; nothing where it is the same."""
        if name not in self._known:
            self._known[name] = ()  # catalogs have no circles; this keeps a broken one from hanging
            self._known[name] = tuple(dict.fromkeys(self._meaning(name)))
        return self._known[name]

    def words(self, name: str) -> tuple[ChangeReason, ...]:
        """Return what people read differently."""
        one, other = self._before.metrics[name].header, self._after.metrics[name].header
        changed = [each for each in _HEADER_WORDS if getattr(one, each) != getattr(other, each)]
        found = [ChangeReason(message=f"{each.replace('_', ' ')} changed", breaking=False) for each in changed]
        if one.status is not other.status:
            message = f"status was {one.status}, is {other.status}"
            found.append(ChangeReason(message=message, breaking=other.status is Status.DRAFT))
        if one.deprecation != other.deprecation:
            found.append(ChangeReason(message="deprecation changed", breaking=False))
        if one.certification != other.certification or one.certified != other.certified:
            state = "is void now" if one.certified and not other.certified else "changed"
            found.append(ChangeReason(message=f"certification {state}", breaking=False))
        return tuple(found)

    def _meaning(self, name: str) -> Iterator[ChangeReason]:
        one, other = self._before.metrics[name], self._after.metrics[name]
        moved = one.header.definition_version != other.header.definition_version
        found = [*_own_reasons(one, other), *self._inputs(one, other)]
        found += self._surroundings(name, one, other) if moved else []
        yield from found
        if moved and not found:
            yield ChangeReason(
                message="a model that it is built on changed beyond what it can be asked by", breaking=False
            )

    def _inputs(self, one: Metric, other: Metric) -> Iterator[ChangeReason]:
        for name in built_on(one):
            if name not in built_on(other) or name not in self._after.metrics:
                continue  # that it is built on something else is told by its own fields
            if any(reason.breaking for reason in self.meaning(name)):
                yield ChangeReason(message=f"built on {name}, which means something else now", breaking=True)

    def _surroundings(self, name: str, one: Metric, other: Metric) -> Iterator[ChangeReason]:
        was = {leaf.model for leaf in simple_metrics(one, self._before)}
        now = {leaf.model for leaf in simple_metrics(other, self._after)}
        for model in sorted(was & now):
            yield from _source_reasons(self._before.models[model], self._after.models[model])
        members = [
            {each.name: each for each in planner.reachable((name,)) if each.name != "metric_time"}
            for planner in self._planners
        ]
        yield from _lost_and_won(*members)
        for member in sorted(members[0].keys() & members[1].keys()):
            yield from self._member(members[0][member], members[1][member])

    def _member(self, one: ReachableMember, other: ReachableMember) -> Iterator[ChangeReason]:
        if (one.path, one.model) != (other.path, other.model):
            message = f"{one.name} is reached by {_path_words(other)} now; it was {_path_words(one)}"
            yield ChangeReason(message=message, breaking=True)
            return
        was, now = self._before.models[one.model], self._after.models[one.model]
        if one.path:
            yield from _source_reasons(was, now)
            yield from self._joins(one)
        for what, mine, theirs in (
            ("dimension", was.dimension(one.dimension), now.dimension(other.dimension)),
            ("entity", was.entity(one.dimension), now.entity(other.dimension)),
        ):
            if mine is not None and theirs is not None and _core_words(mine) != _core_words(theirs):
                message = f"the {what} {one.model}.{one.dimension} was {_core_words(mine)}, is {_core_words(theirs)}"
                yield ChangeReason(message=message, breaking=True)

    def _joins(self, member: ReachableMember) -> Iterator[ChangeReason]:
        for hop in member.path:
            start, _, end = hop.partition(" -> ")
            model, _, step = start.rpartition(".")
            for name in (model, end):
                was, now = self._before.models.get(name), self._after.models.get(name)
                if was is not None and now is not None and _join_keys(was, step) != _join_keys(now, step):
                    yield ChangeReason(message=f"{name} is joined by other columns ({step})", breaking=True)


def _own_reasons(one: Metric, other: Metric) -> Iterator[ChangeReason]:
    for part in ("unit", "time_granularity"):
        was, now = getattr(one.header, part), getattr(other.header, part)
        if was != now:
            message = f"{part.replace('_', ' ')} was {_shorten_value(was)}, is {_shorten_value(now)}"
            yield ChangeReason(message=message, breaking=True)
    if type(one) is not type(other):
        kinds = [one.type, other.type]
        yield ChangeReason(message=f"type was {kinds[0]}, is {kinds[1]}", breaking=True)
        return
    for part in (each.name for each in fields(one) if each.name != "header"):
        was, now = _comparable(one, part), _comparable(other, part)
        if was != now:
            word = _WORDS.get(part, part.replace("_", " "))
            yield ChangeReason(message=f"{word} was {_shorten_value(was)}, is {_shorten_value(now)}", breaking=True)


def _comparable(metric: Metric, part: str) -> object:
    """Return a part; inputs that an expression uses by their aliases have no order."""
    found: object = getattr(metric, part)
    if isinstance(found, tuple) and found and all(isinstance(each, InputMetric) for each in found):
        return tuple(sorted(found, key=lambda each: each.alias))
    return found


def _source_reasons(was: SemanticModel, now: SemanticModel) -> Iterator[ChangeReason]:
    if was.source != now.source:
        message = f"the source of {was.name} was {'.'.join(was.source)}, is {'.'.join(now.source)}"
        yield ChangeReason(message=message, breaking=True)
    if (was.validity is None) != (now.validity is None):
        message = f"the rows of {was.name} {'no longer ' if was.validity else ''}change over time"
        yield ChangeReason(message=message, breaking=True)


def _lost_and_won(was: Mapping[str, ReachableMember], now: Mapping[str, ReachableMember]) -> Iterator[ChangeReason]:
    for names, verb, breaking in (
        (sorted(was.keys() - now.keys()), "can no longer be grouped or filtered by", True),
        (sorted(now.keys() - was.keys()), "can also be grouped and filtered by", False),
    ):
        if names:
            more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
            yield ChangeReason(message=f"{verb} {', '.join(names[:_MANY])}{more}", breaking=breaking)


def _core_words(part: Dimension | Entity) -> str:
    if isinstance(part, Entity):
        return f"{part.type} by {', '.join(each.text for each in part.expressions)}"
    grain = "" if part.granularity is None else f" by {part.granularity}"
    zone = "" if part.time_zone is None else f" in {part.time_zone}"
    kind = "" if part.time_kind is None else f" as {part.time_kind}"
    return f"{part.type} {part.expression.text}{grain}{zone}{kind}"


def _join_keys(model: SemanticModel, step: str) -> object:
    entity = model.entity(step)
    relations = [each for each in model.relationships if each.name == step]
    return (None if entity is None else (entity.type, entity.expressions), relations)


def _path_words(member: ReachableMember) -> str:
    return " then ".join(member.path) or f"{member.model} itself"


def _shorten_value(value: object) -> str:
    """A definition's part as people may read it; at most 120 characters."""
    match value:
        case None | () | "":
            text = "none"
        case Expression():
            text = value.text
        case Comparison() | And() | Or() | Not() | Template():
            text = json.dumps(meaning_of_predicate(value))
        case InputMetric():
            offset = f" offset {value.offset_window or value.offset_to_grain}" if _is_offset(value) else ""
            where = "" if value.filter is None else f" where {json.dumps(meaning_of_predicate(value.filter))}"
            text = f"{value.name}{where}{offset}"
        case tuple():
            text = ", ".join(_shorten_value(each) for each in value)
        case _:
            text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _is_offset(value: InputMetric) -> bool:
    return value.offset_window is not None or value.offset_to_grain is not None
