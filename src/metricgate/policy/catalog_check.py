"""A second look at a policy, beside a catalog: what the rules name and the catalog does not have (any more)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.labels import labels_in
from metricgate.catalog.model import SemanticModel
from metricgate.documents import in_order
from metricgate.policy import codes
from metricgate.policy.patterns import LABEL
from metricgate.policy.policy import Policy
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Place, Problem
from metricgate.vocabulary.resource import ResourceKind
from metricgate.vocabulary.result import Column


def check_against(policy: Policy, catalog: Catalog) -> tuple[Problem, ...]:
    """Return what no longer exists: metrics, dimensions, datasets, labels, members of row filters, domains.

    A dimension is called ``<model>.<dimension>`` and an entity likewise; tools and records are no part of a catalog.
    """
    return in_order([*_patterns(policy, catalog), *_others(policy, catalog), *_domains(policy, catalog)])


def check_columns(
    policy: Policy, catalog: Catalog, described: Mapping[tuple[str, ...], tuple[Column, ...] | None]
) -> tuple[Problem, ...]:
    """Return the columns that rules name and the warehouse does not have: a rule on a misspelt one protects nothing.

    ``described`` gives the columns of each model's source; models whose source is not there are not looked at.
    """
    columns = {
        name: {column.name.lower() for column in found}
        for name, model in catalog.models.items()
        if (found := described.get(model.source)) is not None
    }
    problems: list[Problem] = []
    for name, patterns, place in _resources_named(policy):
        for pattern in patterns:
            kind, _colon, rest = pattern.partition(":")
            dataset, _dot, column = rest.partition(".")
            if kind == ResourceKind.COLUMN and column not in {"", "*"} and dataset in columns:
                known = columns[dataset]
                below = column.removesuffix("*")
                if column not in known and not (column != below and any(each.startswith(below) for each in known)):
                    message = f"The rule {name!r} names {pattern!r}, and the table of {dataset!r} has no such column."
                    problems.append(_unknown_resource(message, place, did_you_mean(column, known)))
    return in_order(problems)


def _resources_named(policy: Policy) -> Iterator[tuple[str, tuple[str, ...], Place]]:
    for rule in policy.rules:
        yield rule.id, rule.named_patterns(), rule.place


def _patterns(policy: Policy, catalog: Catalog) -> Iterator[Problem]:
    known = _resources_of_catalog(catalog)
    in_order_of_name = {kind: sorted(names) for kind, names in known.items()}
    for name, patterns, place in _resources_named(policy):
        for pattern in patterns:
            kind, _colon, rest = pattern.partition(":")
            if kind == ResourceKind.COLUMN:
                # Which columns there are is the warehouse's matter: see ``check_columns``.
                dataset = rest.partition(".")[0]
                if dataset not in catalog.models and rest != "*":
                    message = f"The rule {name!r} names {pattern!r}, and the catalog has no dataset {dataset!r}."
                    yield _unknown_resource(message, place, did_you_mean(dataset, catalog.models))
                continue
            if kind not in known or rest == "*" or _covers_any(pattern, known[kind], in_order_of_name[kind]):
                continue
            wrong = pattern.removesuffix(".*")
            hint = did_you_mean(wrong, {*known[kind], *(each.rpartition(".")[0] for each in known[kind])})
            yield _unknown_resource(
                f"The rule {name!r} names {pattern!r}, which covers nothing in the catalog.", place, hint
            )


def _covers_any(pattern: str, names: set[str], in_order_of_name: list[str]) -> bool:
    """Whether the pattern covers one of the names (``kind:name``, labels as ``label:name``), as ``patterns.covers``.

    What a pattern with a ``*`` covers stands together in the order of names, behind the text before its ``*``: with
    5,000 rules and 2,000 metrics, looking at each name was half of a load.
    """
    if not pattern.endswith("*"):
        return pattern in names
    before = pattern[:-1]
    at = bisect_right(in_order_of_name, before)
    return at < len(in_order_of_name) and in_order_of_name[at].startswith(before)


def _resources_of_catalog(catalog: Catalog) -> dict[str, set[str]]:
    dimensions = {f"dimension:{model.name}.{name}" for model in catalog.models.values() for name in _own_members(model)}
    return {
        "metric": {f"metric:{name}" for name in catalog.metrics},
        "dimension": dimensions,
        "dataset": {f"dataset:{name}" for name in catalog.models},
        LABEL: {f"{LABEL}:{label}" for label in labels_in(catalog)},
    }


def _others(policy: Policy, catalog: Catalog) -> Iterator[Problem]:
    for rule in policy.rules:
        for message, hint in rule.check(catalog):
            yield _unknown_resource(message, rule.place, hint)


def _own_members(model: SemanticModel) -> set[str]:
    return {dimension.name for dimension in model.dimensions} | {entity.name for entity in model.entities}


def _domains(policy: Policy, catalog: Catalog) -> Iterator[Problem]:
    domains = {metric.header.domain for metric in catalog.metrics.values() if metric.header.domain is not None}
    for rule in policy.domains:
        if rule.domain not in domains:
            message = f"The domain rule {rule.id!r} names {rule.domain!r}, in which there are no metrics."
            yield _unknown_resource(message, rule.place, did_you_mean(rule.domain, domains))


def _unknown_resource(message: str, place: Place, hint: str | None) -> Problem:
    code = codes.UNKNOWN_RESOURCE
    return Problem(code=code, message=message, where=place, hint=hint or code.cure)
