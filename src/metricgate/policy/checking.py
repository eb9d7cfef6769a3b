"""A second look at a policy, beside a catalog: what the rules name and the catalog does not have (any more)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.model import SemanticModel
from metricgate.documents import in_order
from metricgate.policy import codes
from metricgate.policy.patterns import covers
from metricgate.policy.policy import Policy
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.predicate import members_of
from metricgate.vocabulary.problem import Place, Problem


def check_against(policy: Policy, catalog: Catalog) -> tuple[Problem, ...]:
    """Return what no longer exists: metrics, dimensions, datasets, members of row filters, domains.

    A dimension is called ``<model>.<dimension>`` and an entity likewise; tools and records are no part of a catalog.
    """
    return in_order([*_patterns(policy, catalog), *_filters(policy, catalog), *_domains(policy, catalog)])


def _patterns(policy: Policy, catalog: Catalog) -> Iterator[Problem]:
    known = _resources(catalog)
    rules: list[tuple[str, Iterable[str], Place]] = [
        *((rule.id, rule.patterns, rule.place) for rule in policy.grants),
        *((rule.id, rule.patterns, rule.place) for rule in policy.limits),
    ]
    for name, patterns, place in rules:
        for pattern in patterns:
            kind, _colon, rest = pattern.partition(":")
            if kind not in known or rest == "*" or any(covers(pattern, resource) for resource in known[kind]):
                continue
            wrong = pattern.removesuffix(".*")
            hint = did_you_mean(wrong, {*known[kind], *(each.rpartition(".")[0] for each in known[kind])})
            yield _problem(f"The rule {name!r} names {pattern!r}, which covers nothing in the catalog.", place, hint)


def _resources(catalog: Catalog) -> dict[str, set[str]]:
    dimensions = {f"dimension:{model.name}.{name}" for model in catalog.models.values() for name in _own(model)}
    return {
        "metric": {f"metric:{name}" for name in catalog.metrics},
        "dimension": dimensions,
        "dataset": {f"dataset:{name}" for name in catalog.models},
    }


def _filters(policy: Policy, catalog: Catalog) -> Iterator[Problem]:
    for rule in policy.row_filters:
        model = catalog.models.get(rule.dataset)
        if model is None:
            message = f"The row filter {rule.id!r} binds at the dataset {rule.dataset!r}, which the catalog lacks."
            yield _problem(message, rule.place, did_you_mean(rule.dataset, catalog.models))
            continue
        own = _own(model)
        for member in members_of(rule.condition):
            if member not in own:
                message = (
                    f"The row filter {rule.id!r} names {member!r}, which is no dimension or entity of {rule.dataset!r}."
                )
                yield _problem(message, rule.place, did_you_mean(member, own))


def _own(model: SemanticModel) -> set[str]:
    return {dimension.name for dimension in model.dimensions} | {entity.name for entity in model.entities}


def _domains(policy: Policy, catalog: Catalog) -> Iterator[Problem]:
    domains = {metric.header.domain for metric in catalog.metrics.values() if metric.header.domain is not None}
    for rule in policy.domains:
        if rule.domain not in domains:
            message = f"The domain rule {rule.id!r} names {rule.domain!r}, in which there are no metrics."
            yield _problem(message, rule.place, did_you_mean(rule.domain, domains))


def _problem(message: str, place: Place, hint: str | None) -> Problem:
    code = codes.UNKNOWN_RESOURCE
    return Problem(code=code, message=message, where=place, hint=hint or code.cure)
