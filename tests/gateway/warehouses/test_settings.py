"""Mistakes in the settings of several warehouses, and in definitions that name one: each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from metricgate.bootstrap.definition_source import definition_source
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.definitions.loader import load_definitions
from metricgate.settings.settings import Settings, load_settings
from metricgate.vocabulary.problem import Problems

ONE = "{kind: duckdb, file: a.duckdb}"
TWO = f"warehouses:\n  shop: {ONE}\n  bills: {ONE}\n"
MODELS = """
semantic_models:
  - name: orders
    source: orders
    entities: [{name: order, type: primary, expr: id}]
    metrics: [{name: total, type: simple, agg: sum, expr: amount}]
  - name: invoices
    source: invoices
    warehouse: bills
    entities: [{name: invoice, type: primary, expr: id}]
    metrics: [{name: billed, type: simple, agg: sum, expr: amount}]
"""
POLICY = "version: 1\ngrants: [{id: all, roles: [everyone], actions: [query], on: ['*']}]\n"


def settings_of(folder: Path, text: str) -> Settings | Problems:
    (folder / "metricgate.yaml").write_text(text)
    return load_settings(folder)


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        ("project: a\n", "E_MISSING_KEY", 1, "warehouse"),
        ("warehouses: {}\n", "E_MISSING_KEY", 1, "warehouse"),
        (f"warehouse: {ONE}\n{TWO}", "E_BAD_VALUE", 2, "exclude each other"),
        (f"{TWO}default_warehouse: bils\n", "E_BAD_VALUE", 4, "Did you mean 'bills'?"),
        (f"warehouse: {ONE}\ndefault_warehouse: bills\n", "E_BAD_VALUE", 2, "there is one warehouse"),
        (f"warehouses:\n  My-Shop: {ONE}\n", "E_BAD_VALUE", 2, "my_shop"),
        (f"{TWO}  desk: {{kind: mariabd}}\n", "E_BAD_VALUE", 4, "Did you mean 'mariadb'?"),
        (f"{TWO}  desk: {{kind: duckdb, fil: a}}\n", "E_UNKNOWN_KEY", 4, "Did you mean 'file'?"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, text: str, code: str, line: int, words: str) -> None:
    """Code, line, and what would be right."""
    found = settings_of(tmp_path, text)
    assert isinstance(found, Problems), str(found)
    fitting = [each for each in found if each.code.name == code and each.where is not None and each.where.line == line]
    assert fitting, str(found)
    assert any(words in str(each) for each in fitting)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """Two sections with mistakes are two problems."""
    found = settings_of(tmp_path, "warehouses:\n  a: {kind: duckd}\n  b: {kind: postgrs}\ndefault_warehouse: c\n")
    assert isinstance(found, Problems)
    assert [each.where.line for each in found if each.where is not None] == [2, 3, 4]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (TWO, ["shop", "bills"]),
        (f"{TWO}default_warehouse: bills\n", ["bills", "shop"]),
        (f"warehouse: {ONE}\n", ["duckdb"]),
    ],
)
def test_the_default_comes_first(tmp_path: Path, text: str, names: list[str]) -> None:
    """The first that is written, or the one that is named; a single one is called as its kind."""
    found = settings_of(tmp_path, text)
    assert isinstance(found, Settings), str(found)
    assert list(found.warehouses) == names


def definitions(folder: Path, models: str, settings: str = TWO) -> object:
    for name, text in (("semantic_models/m.yaml", models), ("policies/p.yaml", POLICY)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    found = settings_of(folder, settings)
    assert isinstance(found, Settings), str(found)
    return load_definitions(definition_source(folder, found))


def test_every_model_gets_its_warehouse(tmp_path: Path) -> None:
    """The default one where it names none; its versions are those of the files alone."""
    loaded = definitions(tmp_path, MODELS)
    assert not isinstance(loaded, Problems), str(loaded)
    catalog = loaded.catalog
    assert {name: model.warehouse for name, model in catalog.models.items()} == {"orders": "shop", "invoices": "bills"}
    plain = load([("m.yaml", MODELS)])
    assert isinstance(plain, Catalog)
    assert catalog.version == plain.version
    assert versions(catalog) == versions(plain)


def versions(catalog: Catalog) -> dict[str, str]:
    return {name: metric.header.definition_version for name, metric in catalog.metrics.items()}


def test_naming_a_warehouse_is_part_of_the_meaning() -> None:
    """The version of a metric changes with its model's warehouse; that of the others stays."""
    named, unnamed = load([("m.yaml", MODELS)]), load([("m.yaml", MODELS.replace("    warehouse: bills\n", ""))])
    assert isinstance(named, Catalog)
    assert isinstance(unnamed, Catalog)
    assert versions(named)["billed"] != versions(unnamed)["billed"]
    assert versions(named)["total"] == versions(unnamed)["total"]


def test_a_warehouse_that_is_not_there(tmp_path: Path) -> None:
    """Models and time spines are named with file, line and the nearest name."""
    spine = "time_spines:\n  - {name: days, source: days, warehouse: shp, column: day, granularity: day}\n"
    found = definitions(tmp_path, MODELS.replace("warehouse: bills", "warehouse: bils") + spine)
    assert isinstance(found, Problems)
    assert [(each.code.name, each.where.line, each.hint) for each in found if each.where is not None] == [
        ("E_UNKNOWN_WAREHOUSE", 7, "Did you mean 'bills'?"),
        ("E_UNKNOWN_WAREHOUSE", 13, "Did you mean 'shop'?"),
    ]
    single = definitions(tmp_path, MODELS, f"warehouse: {ONE}\n")
    assert isinstance(single, Problems)
    assert "'duckdb'" in str(single) or "duckdb" in str(single.first.hint)


def test_a_metric_over_two_never_loads(tmp_path: Path) -> None:
    """It could not be asked by anybody, so its author hears of it."""
    ratio = "metrics: [{name: share, type: ratio, numerator: billed, denominator: total}]\n"
    found = definitions(tmp_path, MODELS + ratio)
    assert isinstance(found, Problems)
    assert [each.code.name for each in found] == ["E_METRIC_SPANS_WAREHOUSES"]
    assert "invoices in bills, orders in shop" in found.first.message
