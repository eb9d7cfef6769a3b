"""Policy's row filters bound to the members of their datasets; one that does not fit closes the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from metricgate.catalog.model import SemanticModel
from metricgate.compiling import codes
from metricgate.planning.resolving import split_grain
from metricgate.planning.scan import Condition, Reference
from metricgate.planning.values import mismatch, typed
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.obligation import RowFilter
from metricgate.vocabulary.predicate import And, Comparison, Not, Or, Predicate, members_of
from metricgate.vocabulary.problem import Problem


def bound_row_filters(
    filters: tuple[RowFilter, ...], models: tuple[SemanticModel, ...], problems: list[Problem]
) -> Mapping[str, tuple[Condition, ...]]:
    """Return model -> conditions for the models touched; filters on other datasets do not concern the plan."""
    touched = {model.name: model for model in models}
    found: dict[str, list[Condition]] = {}
    for each in filters:
        model = touched.get(each.dataset)
        if model is None:
            continue
        condition = _bound(each, model, problems)
        if condition is not None:
            found.setdefault(each.dataset, []).append(condition)
    return {name: tuple(conditions) for name, conditions in found.items()}


def _bound(row_filter: RowFilter, model: SemanticModel, problems: list[Problem]) -> Condition | None:
    members: dict[str, Reference] = {}
    before = len(problems)
    for name in members_of(row_filter.condition):
        reference = _reference(name, model)
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
    predicate = _typed(row_filter.condition, members, row_filter, problems)
    if len(problems) > before:
        return None
    return Condition(predicate=predicate, members=tuple(members.items()))


def _reference(text: str, model: SemanticModel) -> Reference | None:
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
            )
    entity = model.entity(text)
    if entity is None or len(entity.expressions) != 1:
        return None
    return Reference(table="", model=model.name, name=entity.name, expression=entity.expressions[0])


def _typed(
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
            return typed(predicate, reference)
        case And() | Or():
            return type(predicate)(tuple(_typed(part, members, row_filter, problems) for part in predicate.parts))
        case Not():
            return Not(_typed(predicate.part, members, row_filter, problems))
        case _:
            return predicate


def _matches_nothing(comparison: Comparison) -> bool:
    return not comparison.values and str(comparison.op) in {"in", "not_in"}
