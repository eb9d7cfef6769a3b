"""Which expressions of a catalog an engine has no words for: told before anybody asks."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import Dialect as Writer
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.metrics import DerivedMetric, Metric, SimpleMetric
from metricgate.compiling import codes
from metricgate.compiling.conditions import kinds_of_values
from metricgate.dialects.engines import dialect_named
from metricgate.dialects.expressions import Kinds, meant
from metricgate.vocabulary.predicate import And, Not, Or, Predicate, Template
from metricgate.vocabulary.problem import Place, Problem


def inexpressible(catalog: Catalog, dialect: str) -> tuple[Problem, ...]:
    """Return a problem for each expression that cannot be said in ``dialect``, at the place of its definition."""
    found: dict[tuple[str, Place | None], Problem] = {}
    for name, text, kinds, texts, place in _texts(catalog):
        reason = _refusal(text, dialect, kinds, texts)
        if reason is not None:
            found[text, place] = Problem(
                code=codes.EXPRESSION_ON_ENGINE,
                message=f"{name}: {dialect} has no words for {text}: {reason}",
                where=place,
                hint=codes.EXPRESSION_ON_ENGINE.cure,
            )
    return tuple(found.values())


_Texts = tuple[tuple[str, str], ...]


def _texts(catalog: Catalog) -> Iterator[tuple[str, str, Kinds, _Texts, Place | None]]:
    for model in catalog.models.values():
        for entity in model.entities:
            for each in entity.expressions:
                yield f"{model.name}.{entity.name}", each.text, (), (), entity.place
        for dimension in model.dimensions:
            yield f"{model.name}.{dimension.name}", dimension.expression.text, (), (), dimension.place
        for relationship in model.relationships:
            for each in (*relationship.from_expressions, *relationship.to_expressions):
                yield f"{model.name}.{relationship.name}", each.text, (), (), model.place
    for metric in catalog.metrics.values():
        name, place = metric.header.name, metric.header.place
        if isinstance(metric, (SimpleMetric, DerivedMetric)):
            yield name, metric.expression.text, (), (), place
        for template in _templates(metric):
            yield name, template.text, *kinds_of_values(template), place


def _templates(metric: Metric) -> Iterator[Template]:
    filters = [metric.filter]
    if isinstance(metric, DerivedMetric):
        filters += [each.filter for each in metric.inputs]
    for each in filters:
        if each is not None:
            yield from _of(each)


def _of(predicate: Predicate) -> Iterator[Template]:
    match predicate:
        case Template():
            yield predicate
        case And() | Or():
            for part in predicate.parts:
                yield from _of(part)
        case Not():
            yield from _of(predicate.part)
        case _:
            return


def _refusal(text: str, dialect: str, kinds: Kinds, texts: _Texts) -> str | None:
    known = dialect_named(dialect)
    try:
        tree: exp.Expr = exp.Select(expressions=[meant(text, dialect, kinds, texts).copy()])
        for adapt in known.adapted:
            tree = adapt(tree)
        Writer.get_or_raise(known.writer).generate(tree, copy=False)
    except SqlglotError as error:
        return str(error).split("\n", 1)[0]
    return None
