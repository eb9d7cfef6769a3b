"""Definition versions: digests of the meaning of definitions, and of nothing else.

What counts: name, type, aggregation, expressions, filters, inputs with their versions, the time dimension, and the
model with every model it can join to. What does not: key order, comments, white space, the file, and words for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache

from metricgate.catalog.dependencies import built_on, named_in_filters
from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import InputMetric, Metric
from metricgate.catalog.model import SemanticModel
from metricgate.catalog.paths import entity_owners, reaches
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import And, Comparison, Not, Or, Predicate, Scalar, Template
from metricgate.vocabulary.problem import Place

_LATER = frozenset({"warehouse", "week_start", "time_kind", "stored_zone", "zones"})
"""Fields that count only where they say something, so that catalogs from before them keep their digests."""


def with_versions(metrics: Mapping[str, Metric], models: Mapping[str, SemanticModel]) -> dict[str, Metric]:
    """Return the metrics with ``definition_version`` and ``certified`` set. The metrics must have no circles."""
    surroundings = _surroundings(models)
    done: dict[str, Metric] = {}
    for start in metrics:
        stack = [start]
        while stack:
            name = stack[-1]
            waiting = [each for each in built_on(metrics[name]) if each not in done]
            if name in done or not waiting:
                stack.pop()
                if name not in done:
                    done[name] = _with_version(metrics[name], done, surroundings)
            else:
                stack.extend(waiting)
    return {name: done[name] for name in metrics}


def meanings(metrics: Mapping[str, Metric], models: Mapping[str, SemanticModel]) -> dict[str, str]:
    """Return full names -> digests of the meaning without the own name: equal ones are one definition named twice.

    The metrics must have their versions.
    """
    surroundings = _surroundings(models)
    return {
        name: digest_of(_whole_meaning(metric, metrics, surroundings) | {"name": None})
        for name, metric in metrics.items()
    }


def _with_version(metric: Metric, done: Mapping[str, Metric], surroundings: Mapping[str, str]) -> Metric:
    version = digest_of(_whole_meaning(metric, done, surroundings))
    certification = metric.header.certification
    certified = certification is not None and certification.definition_hash == version
    return replace(metric, header=replace(metric.header, definition_version=version, certified=certified))


def _whole_meaning(metric: Metric, done: Mapping[str, Metric], surroundings: Mapping[str, str]) -> dict[str, Json]:
    meaning = _meaning(metric, done, surroundings)
    if metric.header.time_granularity is not None:
        meaning["time_granularity"] = metric.header.time_granularity.value
    if named_in_filters(metric):
        meaning["filtered_by"] = {name: done[name].header.definition_version for name in named_in_filters(metric)}
    return meaning


def _meaning(metric: Metric, done: Mapping[str, Metric], surroundings: Mapping[str, str]) -> dict[str, Json]:
    words = _Words(done, surroundings)
    return {
        "name": metric.header.name,
        "type": metric.type,
        **metric.meaning(words),
        "filter": words.condition(metric.filter),
    }


@dataclass(frozen=True, slots=True)
class _Words:
    """Parts of a metric as they count: an input by its version, a model by its digest."""

    done: Mapping[str, Metric]
    surroundings: Mapping[str, str]

    def input(self, each: InputMetric, *, alias: bool = False) -> Json:  # noqa: ARG002 - an alias is only a name
        """Return an input's version, filter and offset."""
        plain: list[Json] = [self.done[each.name].header.definition_version, meaning_of_predicate(each.filter)]
        if each.offset_window is not None:
            plain.append(str(each.offset_window))
        if each.offset_to_grain is not None:
            plain.append(f"start of {each.offset_to_grain}")
        return plain

    def condition(self, condition: Predicate | None) -> Json:
        """Return a filter."""
        return meaning_of_predicate(condition)

    def model(self, name: str) -> Json:
        """Return the digest of a model with all that it joins to."""
        return self.surroundings[name]


def meaning_of_predicate(predicate: Predicate | None) -> Json:
    """Return the JSON that stands for a condition in digests: every value with its type."""
    match predicate:
        case None:
            return None
        case Comparison():
            return [predicate.member, predicate.op.value, [_scalar_json(value) for value in predicate.values]]
        case And():
            return {"and": [meaning_of_predicate(part) for part in predicate.parts]}
        case Or():
            return {"or": [meaning_of_predicate(part) for part in predicate.parts]}
        case Not():
            return {"not": meaning_of_predicate(predicate.part)}
        case Template():
            return {
                "sql": predicate.text,
                "members": list(predicate.members),
                "values": [_scalar_json(value) for value in predicate.values],
            }


def _scalar_json(value: Scalar) -> Json:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return {type(value).__name__: str(value)}


def _surroundings(models: Mapping[str, SemanticModel]) -> dict[str, str]:
    """For each model, the digest of itself and of every model it can join to."""
    own = {name: digest_of(_model_json(model)) for name, model in models.items()}
    owners = entity_owners(models)
    return {
        name: digest_of([own[name], {reach.model: own[reach.model] for reach in reaches(models, name, owners)}])
        for name in models
    }


def _model_json(model: SemanticModel) -> Json:
    # Named only where the model names it: the versions of models in a project's one warehouse stay.
    elsewhere: dict[str, Json] = {} if model.warehouse is None else {"warehouse": model.warehouse}
    if model.stored_zone is not None and all(each.time_zone != model.stored_zone for each in model.dimensions):
        elsewhere["time_zone"] = model.stored_zone  # measures over other times have it
    if model.week_start is not None:
        elsewhere["week_start"] = model.week_start.value
    return elsewhere | {
        "source": list(model.source),
        "primary": model.primary_entity,
        "time": model.agg_time_dimension,
        "entities": {each.name: [each.type.value, *_expression_texts(each.expressions)] for each in model.entities},
        "dimensions": {
            each.name: [
                each.type.value,
                each.expression.text,
                each.granularity,
                each.time_zone,
                *(["partition"] if each.is_partition else []),
                *([f"time_kind {each.time_kind}"] if each.time_kind else []),
                *([each.validity.value] if each.validity else []),
            ]
            for each in model.dimensions
        },
        "relationships": {
            each.name: [each.to_model, _expression_texts(each.from_expressions), _expression_texts(each.to_expressions)]
            for each in model.relationships
        },
    }


def _expression_texts(expressions: tuple[Expression, ...]) -> list[str]:
    return [expression.text for expression in expressions]


def digest_of_everything(value: object) -> str:
    """Return the digest of definitions with all their words, but without their places."""
    return digest_of(_plain_json(value))


def _plain_json(value: object) -> Json:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, Enum)):
        return str(value)
    if isinstance(value, (date, Decimal)):
        return {type(value).__name__: str(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain_json(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain_json(inner) for inner in value]
    kind = type(value)
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} has no place in a catalog")
    found: dict[str, Json] = {}
    for name in _names_of(kind):
        inner = getattr(value, name)
        if not (isinstance(inner, Place) or (inner is None and name in _LATER)):
            found[name] = _plain_json(inner)
    found[""] = kind.__name__
    return found


@lru_cache(maxsize=256)
def _names_of(kind: type) -> tuple[str, ...]:
    """Return the names of a dataclass's fields: asked for once, not for each of a catalog's ten thousand parts."""
    return tuple(each.name for each in fields(kind))
