"""Search ranks by words; on the default project."""

from __future__ import annotations

from pathlib import Path

import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.metric_search import search


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    folder = Path(__file__).parents[2] / "semantic_models"
    loaded = load([(path.name, path.read_text()) for path in sorted(folder.rglob("*.yaml"))])
    assert isinstance(loaded, Catalog)
    return loaded


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("sales.revenue", "sales.revenue"),
        ("recognised revenue", "finance.revenue"),
        ("recognized revenu", "finance.revenue"),
        ("departure delay", "flights.average_departure_delay"),
        ("how many flights were cancelled", "flights.cancelled_flights"),
        ("account balance", "finance.customer_balance"),
    ],
)
def test_the_metric_that_is_meant_comes_first(catalog: Catalog, asked: str, first: str) -> None:
    """By name, synonym, description, and with spelling mistakes."""
    hits = search(asked, catalog.metrics.values())
    assert hits[0].found.header.name == first, [hit.found.header.name for hit in hits[:5]]
    assert 0 < hits[-1].score <= hits[0].score <= 100


def test_both_revenues_are_found(catalog: Catalog) -> None:
    """A bare word that two domains use shows both among the first."""
    names = [hit.found.header.name for hit in search("revenue", catalog.metrics.values())[:2]]
    assert sorted(names) == ["finance.revenue", "sales.revenue"]


def test_nothing_fits_nonsense_and_empty_text_lists_all(catalog: Catalog) -> None:
    """No guess for words that nobody uses; without words everything, by name."""
    assert search("zebra quantum", catalog.metrics.values()) == ()
    everything = search("", catalog.metrics.values())
    assert [hit.found.header.name for hit in everything] == sorted(catalog.metrics)
