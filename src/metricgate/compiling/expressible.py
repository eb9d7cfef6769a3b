"""Which expressions of a catalog an engine has no words for, or would read otherwise: told before anybody asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from sqlglot import Dialect as Writer
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.dependencies import models_behind
from metricgate.catalog.metrics import Metric, SimpleMetric
from metricgate.compiling import codes
from metricgate.compiling.column_kinds import kind_of_type
from metricgate.compiling.conditions import kinds_of_values
from metricgate.dialects.engines import dialect_named
from metricgate.dialects.expressions import Kinds, write_expression
from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.meanings.compared import OtherKind
from metricgate.vocabulary.predicate import And, Not, Or, Predicate, Template
from metricgate.vocabulary.problem import Place, Problem
from metricgate.vocabulary.result import Column


def inexpressible(catalog: Catalog, dialect: str, described: Described | None = None) -> tuple[Problem, ...]:
    """Return a problem for each expression that cannot be said in ``dialect``, at the place of its definition.

    Args:
        catalog: the part of it that lies in one warehouse; of its metrics those are looked at that are made of it.
        dialect: a sqlglot name.
        described: the columns of relations, where they are known: what is said of values is then known of columns too.
    """
    found: dict[tuple[str, Place | None], Problem] = {}
    for name, text, kinds, texts, place in _catalog_texts(catalog, described or {}):
        problem = _refusal(text, dialect, kinds, texts)
        if problem is not None:
            found[text, place] = replace(problem, message=f"{name}: {problem.message}", where=place)
    return tuple(found.values())


Described = Mapping[tuple[str, ...], Sequence[Column] | None]
_Texts = tuple[tuple[str, str], ...]


_Said = tuple[str, str, Kinds, _Texts, Place | None]
"""Whose expression, its text, what is known of its columns and values, where it stands."""


def _catalog_texts(catalog: Catalog, described: Described) -> Iterator[_Said]:
    kinds = {name: _known_kinds(described.get(model.source) or ()) for name, model in catalog.models.items()}
    yield from _of_models(catalog, kinds)
    yield from _of_metrics(catalog, kinds)


def _of_models(catalog: Catalog, kinds: Mapping[str, Kinds]) -> Iterator[_Said]:
    for model in catalog.models.values():
        known = kinds[model.name]
        for entity in model.entities:
            for each in entity.expressions:
                yield f"{model.name}.{entity.name}", each.text, known, (), entity.place
        for dimension in model.dimensions:
            yield f"{model.name}.{dimension.name}", dimension.expression.text, known, (), dimension.place
        for relationship in model.relationships:
            for each in relationship.from_expressions:
                yield f"{model.name}.{relationship.name}", each.text, known, (), model.place
            for each in relationship.to_expressions:
                there = kinds.get(relationship.to_model, ())
                yield f"{model.name}.{relationship.name}", each.text, there, (), model.place


def _of_metrics(catalog: Catalog, kinds: Mapping[str, Kinds]) -> Iterator[_Said]:
    for full, metric in catalog.metrics.items():
        if not catalog.models.keys() & set(models_behind(full, catalog.metrics)):
            continue
        name, place = metric.header.name, metric.header.place
        known = kinds.get(metric.model, ()) if isinstance(metric, SimpleMetric) else ()
        for each in metric.expressions:
            yield name, each.text, known, (), place
        for template in _templates(metric):
            yield name, template.text, *kinds_of_values(template), place


def _known_kinds(columns: Sequence[Column]) -> Kinds:
    known = ((column.name.lower(), kind_of_type(column.type)) for column in columns)
    return tuple((name, kind) for name, kind in known if kind is not ValueKind.UNKNOWN)


def _templates(metric: Metric) -> Iterator[Template]:
    filters = [metric.filter]
    if metric.expressions:
        filters += [each.filter for _steps, each in metric.built_from()]
    for each in filters:
        if each is not None:
            yield from _templates_of(each)


def _templates_of(predicate: Predicate) -> Iterator[Template]:
    match predicate:
        case Template():
            yield predicate
        case And() | Or():
            for part in predicate.parts:
                yield from _templates_of(part)
        case Not():
            yield from _templates_of(predicate.part)
        case _:
            return


@lru_cache(maxsize=8_192)
def _refusal(text: str, dialect: str, kinds: Kinds, texts: _Texts) -> Problem | None:
    known = dialect_named(dialect)
    try:
        tree: exp.Expr = exp.Select(expressions=[write_expression(text, dialect, kinds, texts).copy()])
        for adapt in known.adapted:
            tree = adapt(tree)
        Writer.get_or_raise(known.writer).generate(tree, copy=False)
    except OtherKind as error:
        code = codes.COMPARED_KINDS
        return Problem(code=code, message=f"{text}: {error}", hint=code.cure)
    except SqlglotError as error:
        code, reason = codes.EXPRESSION_ON_ENGINE, str(error).split("\n", 1)[0]
        return Problem(code=code, message=f"{dialect} has no words for {text}: {reason}", hint=code.cure)
    return None
