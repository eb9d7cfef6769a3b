"""Lint: an ordered tuple of rules, each from a catalog to what looks wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from metricgate.catalog.catalog import Catalog
from metricgate.documents import in_order
from metricgate.reviewing.lint.numbers import float_equality, non_additive_sums
from metricgate.reviewing.lint.reach import unreachable
from metricgate.reviewing.lint.standing import certifications, duplicate_dimensions, duplicates, lives, unsettled
from metricgate.reviewing.lint.words import shared_synonyms, undescribed
from metricgate.vocabulary.problem import Problem

_RULES: tuple[Callable[[Catalog], Iterator[Problem]], ...] = (
    undescribed,
    shared_synonyms,
    unreachable,
    float_equality,
    non_additive_sums,
    duplicates,
    duplicate_dimensions,
    lives,
    certifications,
    unsettled,
)


def lint(catalog: Catalog) -> tuple[Problem, ...]:
    """Return every finding, in the order of their places."""
    return in_order([finding for rule in _RULES for finding in rule(catalog)])
