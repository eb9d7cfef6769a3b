"""Standing: certifications that lapsed, deprecations that lead nowhere, definitions that are there twice."""

from __future__ import annotations

from collections.abc import Iterator

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.dependencies import built_on
from metricgate.catalog.metrics import Status
from metricgate.catalog.versions import meanings
from metricgate.reviewing import codes
from metricgate.reviewing.lint.lint_problem import lint_problem
from metricgate.vocabulary.problem import Problem


def duplicates(catalog: Catalog) -> Iterator[Problem]:
    """Metrics with the same meaning but for their names; the first by name is the one to keep."""
    first: dict[str, str] = {}
    for name, digest in meanings(catalog.metrics, catalog.models).items():
        if digest in first:
            message = f"{name} means exactly the same as {first[digest]}"
            yield lint_problem(codes.DUPLICATE_DEFINITION, message, catalog.metrics[name].header.place)
        first.setdefault(digest, name)


def duplicate_dimensions(catalog: Catalog) -> Iterator[Problem]:
    """Dimensions of one model that are the same but for their names; the first one is the one to keep.

    Times of one column with other grains or zones are different, and so are ends of validity and partitions.
    """
    for model in catalog.models.values():
        first: dict[tuple[object, ...], str] = {}
        for each in model.dimensions:
            about = (
                each.type,
                each.expression.text,
                each.granularity,
                each.time_zone,
                each.validity,
                each.is_partition,
            )
            if about in first:
                message = f"{model.name}.{each.name} is the same as {model.name}.{first[about]}"
                yield lint_problem(codes.DUPLICATE_DIMENSION, message, each.place)
            first.setdefault(about, each.name)


def lives(catalog: Catalog) -> Iterator[Problem]:
    """Deprecated metrics without an active replacement, and deprecations of metrics that are not deprecated."""
    for metric in catalog.metrics.values():
        header, given = metric.header, metric.header.deprecation
        if header.status is not Status.DEPRECATED:
            if given is not None:
                message = f"{header.name} has a deprecation, but its status is {header.status}"
                yield lint_problem(codes.NOT_DEPRECATED, message, header.place)
            continue
        by = None if given is None else given.replaced_by
        replacement = None if by is None else catalog.metrics.get(by)
        if replacement is None:
            yield lint_problem(codes.NO_REPLACEMENT, f"{header.name} is deprecated without a replacement", header.place)
        elif replacement.header.status is not Status.ACTIVE:
            message = f"{header.name} is replaced by {by}, whose status is {replacement.header.status}"
            yield lint_problem(codes.NO_REPLACEMENT, message, header.place)


def certifications(catalog: Catalog) -> Iterator[Problem]:
    """Certifications of a definition that is no longer the one in force."""
    for metric in catalog.metrics.values():
        given = metric.header.certification
        if given is not None and not metric.header.certified:
            message = (
                f"{metric.header.name} was certified by {given.by} as {given.definition_hash[:19]}, which it is not"
            )
            yield lint_problem(codes.CERTIFICATION_VOID, message, metric.header.place)


def built_on_unsettled(catalog: Catalog) -> Iterator[Problem]:
    """Active metrics that are built on drafts or deprecated ones."""
    for metric in catalog.metrics.values():
        if metric.header.status is not Status.ACTIVE:
            continue
        for name in built_on(metric):
            status = catalog.metrics[name].header.status
            if status is not Status.ACTIVE:
                message = f"{metric.header.name} is built on {name}, whose status is {status}"
                yield lint_problem(codes.BUILT_ON_UNSETTLED, message, metric.header.place)
