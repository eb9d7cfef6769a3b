"""Policy's row filters bound to the members of their datasets; one that does not fit closes the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from metricgate.catalog.model import KIND_OF_TYPE, Dimension, SemanticModel, TimeKind
from metricgate.compiling import codes
from metricgate.compiling.column_kinds import ColumnKinds
from metricgate.planning.member_resolver import split_grain
from metricgate.planning.scan_parts import Condition, Reference
from metricgate.planning.time_values import has_clock, stored_moment, stored_zone
from metricgate.planning.values import convert_values, mismatch
from metricgate.planning.zones import ZoneClock, Zones
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.obligation import RowFilter
from metricgate.vocabulary.predicate import And, Comparison, Not, Or, Predicate, members_of
from metricgate.vocabulary.problem import Problem
from metricgate.vocabulary.result import DataType


def bound_row_filters(
    filters: tuple[RowFilter, ...], models: tuple[SemanticModel, ...], problems: list[Problem], kinds: ColumnKinds
) -> Mapping[str, tuple[Condition, ...]]:
    """Return model -> conditions for the models touched; filters on other datasets do not concern the plan."""
    touched = {model.name: model for model in models}
    found: dict[str, list[Condition]] = {}
    for each in filters:
        model = touched.get(each.dataset)
        if model is None:
            continue
        condition = _bind_filter(each, model, problems, kinds)
        if condition is not None:
            found.setdefault(each.dataset, []).append(condition)
    return {name: tuple(conditions) for name, conditions in found.items()}


def _bind_filter(
    row_filter: RowFilter, model: SemanticModel, problems: list[Problem], kinds: ColumnKinds
) -> Condition | None:
    members: dict[str, Reference] = {}
    before = len(problems)
    for name in members_of(row_filter.condition):
        reference = _member_reference(name, model, kinds)
        if reference is None:
            known = [*(each.name for each in model.dimensions), *(each.name for each in model.entities)]
            problems.append(
                Problem(
                    code=codes.ROW_FILTER_MEMBER,
                    message=f"Row filter {row_filter.rule!r}: {model.name!r} has no dimension or entity {name!r}.",
                    hint=did_you_mean(name, known),
                )
            )
        else:
            members[name] = reference
    if len(problems) > before:
        return None
    predicate = _convert_predicate(row_filter.condition, members, row_filter, problems)
    if len(problems) > before:
        return None
    return Condition(predicate=predicate, members=tuple(members.items()))


def _member_reference(text: str, model: SemanticModel, kinds: ColumnKinds) -> Reference | None:
    for name, grain in ((text, None), split_grain(text)):
        dimension = model.dimension(name)
        if dimension is not None and (grain is None or (dimension.granularity and grain >= dimension.granularity)):
            return Reference(
                table="",
                model=model.name,
                name=name,
                expression=dimension.expression,
                granularity=dimension.granularity,
                grain=grain,
                zones=_rule_zones(model.name, dimension, kinds),
                clock=_rule_clock(dimension),
            )
    entity = model.entity(text)
    if entity is None or len(entity.expressions) != 1:
        return None
    return Reference(table="", model=model.name, name=entity.name, expression=entity.expressions[0])


def _rule_clock(dimension: Dimension) -> ZoneClock | None:
    """Return by which clock a rule's times are meant: that of the zone in which the data is stored, else UTC."""
    if not has_clock(dimension):
        return None
    return ZoneClock(kind=TimeKind.LOCAL, stored=stored_zone(dimension), shown=stored_zone(dimension))


def _rule_zones(model: str, dimension: Dimension, kinds: ColumnKinds) -> Zones | None:
    """Return how moments are shown on that clock; what is not known as moments shows it already."""
    stored = stored_zone(dimension)
    if stored == "UTC" or not has_clock(dimension):
        return None
    found = KIND_OF_TYPE.get(kinds.type_of(model, dimension.expression) or DataType.STRING, dimension.time_kind)
    return Zones(stored=None, shown=stored) if found is TimeKind.ZONED else None


def _on_its_clock(predicate: Comparison, reference: Reference) -> Comparison:
    """A value with an offset of its own is the local time that the clock shows then."""
    if reference.clock is None:
        return predicate
    stored = reference.clock.stored or "UTC"
    moved = (stored_moment(each, stored, stored) if isinstance(each, datetime) else each for each in predicate.values)
    return replace(predicate, values=tuple(moved))


def _convert_predicate(
    predicate: Predicate, members: Mapping[str, Reference], row_filter: RowFilter, problems: list[Problem]
) -> Predicate:
    match predicate:
        case Comparison():
            reference = members[predicate.member]
            # A principal without any value for the attribute sees nothing: an empty list is a condition, not a mistake.
            wrong = None if _matches_nothing(predicate) else mismatch(predicate, reference)
            if wrong is not None:
                problems.append(
                    replace(
                        wrong, code=codes.ROW_FILTER_VALUE, message=f"Row filter {row_filter.rule!r}: {wrong.message}"
                    )
                )
                return predicate
            return _on_its_clock(convert_values(predicate, reference), reference)
        case And() | Or():
            return type(predicate)(
                tuple(_convert_predicate(part, members, row_filter, problems) for part in predicate.parts)
            )
        case Not():
            return Not(_convert_predicate(predicate.part, members, row_filter, problems))
        case _:
            return predicate


def _matches_nothing(comparison: Comparison) -> bool:
    return not comparison.values and str(comparison.op) in {"in", "not_in"}
