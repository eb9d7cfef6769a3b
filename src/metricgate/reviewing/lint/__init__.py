"""Lint: an ordered tuple of rules, each from a catalog to what looks wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from metricgate.catalog.catalog import Catalog
from metricgate.documents import in_order
from metricgate.reviewing.lint.lifecycle import (
    built_on_unsettled,
    certifications,
    duplicate_dimensions,
    duplicates,
    lives,
)
from metricgate.reviewing.lint.names_and_descriptions import shared_synonyms, without_description
from metricgate.reviewing.lint.numbers import float_equality, non_additive_sums
from metricgate.reviewing.lint.reach import unreachable
from metricgate.vocabulary.problem import Problem

_RULES: tuple[Callable[[Catalog], Iterator[Problem]], ...] = (
    without_description,
    shared_synonyms,
    unreachable,
    float_equality,
    non_additive_sums,
    duplicates,
    duplicate_dimensions,
    lives,
    certifications,
    built_on_unsettled,
)


def lint(catalog: Catalog) -> tuple[Problem, ...]:
    """Return every finding, in the order of their places."""
    return in_order([finding for rule in _RULES for finding in rule(catalog)])
