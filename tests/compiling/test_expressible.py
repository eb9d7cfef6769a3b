"""What an engine has no words for is told when definitions are checked, at its place."""

from __future__ import annotations

import json

import duckdb
import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.expressible import inexpressible

MODEL = {
    "name": "trips",
    "source": "trips",
    "entities": [{"name": "trip", "type": "primary", "expr": "id"}],
    "dimensions": [
        {"name": "started", "type": "time", "granularity": "second"},
        {"name": "local", "type": "time", "granularity": "second", "expr": "started AT TIME ZONE 'Europe/Berlin'"},
        {"name": "code", "type": "categorical", "expr": "TRIM(BOTH 'ab' FROM code)"},
    ],
}
METRICS = [
    {"name": "trips", "type": "simple", "semantic_model": "trips", "agg": "count", "expr": "1"},
    {
        "name": "named",
        "type": "simple",
        "semantic_model": "trips",
        "agg": "count",
        "expr": "1",
        "filter": "REGEXP_LIKE({{ Dimension('trip__code') }}, 'a', 'i')",
    },
]


@pytest.fixture
def catalog() -> Catalog:
    """A model with what some engines lack."""
    found = load([("models.yaml", json.dumps({"semantic_models": [MODEL], "metrics": METRICS}))])
    assert isinstance(found, Catalog), str(found)
    return found


@pytest.mark.parametrize(
    ("dialect", "wanted"),
    [
        ("duckdb", []),
        ("postgres", ["named"]),
        ("mysql", ["trips.local", "trips.code", "named"]),
        ("clickhouse", ["trips.local"]),
    ],
)
def test_an_expression_without_words_is_a_problem_at_its_place(catalog: Catalog, dialect: str, wanted: list[str]):
    """Each is named with the engine and the reason; nothing else is."""
    found = inexpressible(catalog, dialect)
    assert [each.message.partition(":")[0].rpartition(" ")[2] for each in found] == wanted
    for each in found:
        assert each.code.name == "E_EXPRESSION_ON_ENGINE"
        assert dialect in each.message
        assert each.where is not None
        assert each.where.file == "models.yaml"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (" * ".join(["CAST(a AS DECIMAL(18, 10))"] * 4), False),
        ("CAST(a AS DECIMAL(38, 20)) * (1 + CAST(b AS DECIMAL(38, 19)))", False),
        ("-CAST(a AS DECIMAL(38, 37)) * 1.25", False),
        (" * ".join(["CAST(a AS DECIMAL(18, 10))"] * 3) + " * CAST(a AS DECIMAL(18, 8))", True),
        ("CAST(a AS DECIMAL(38, 20)) * CAST(CAST(b AS DECIMAL(38, 19)) AS DECIMAL(38, 2))", True),
        ("CAST(a AS DECIMAL(38, 20)) * CAST(CAST(b AS DECIMAL(38, 19)) AS DOUBLE)", True),
    ],
)
def test_a_product_with_more_digits_than_duckdb_has_does_not_load(text: str, fits: bool):
    """It would fail every question, whatever the data; as DuckDB itself says."""
    metric = {"name": "product", "type": "simple", "semantic_model": "trips", "agg": "sum", "expr": text}
    catalog = load([("models.yaml", json.dumps({"semantic_models": [MODEL], "metrics": [metric]}))])
    assert isinstance(catalog, Catalog), str(catalog)
    found = [each for each in inexpressible(catalog, "duckdb") if "digits after the point" in each.message]
    assert [each.where is not None for each in found] == ([] if fits else [True])
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE trips (a INT, b INT)")
        if fits:
            connection.execute(f"SELECT {text} FROM trips")
        else:
            with pytest.raises(duckdb.OutOfRangeException):
                connection.execute(f"SELECT {text} FROM trips")
