"""Checks of keys, histories, references and spines count on each engine what plain loops over random rows count."""

# ruff: noqa: S311 -- seeded chance is the point

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest
from tests.planning.engines import DIALECTS, Engine, opened

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.data_check_sql import COUNTS, compile_check
from metricgate.compiling.statement import Statement
from metricgate.planning.data_checks import Check, KeyCheck, ReferenceCheck, SpineCheck, WindowCheck, declared_checks
from metricgate.vocabulary.obligation import NO_OBLIGATIONS

COLUMNS = {
    "orders": "customer_id INTEGER, part_a INTEGER, part_b INTEGER, product_id INTEGER",
    "customers": "id INTEGER",
    "parts": "a INTEGER, b INTEGER",
    "products": "product_id INTEGER, valid_from DATE, valid_to DATE",
    "days": "day DATE",
}
MODELS = {
    "semantic_models": [
        {
            "name": "orders",
            "source": "orders",
            "primary_entity": "order",
            "entities": [
                {"name": "customer", "type": "foreign", "expr": "COALESCE(customer_id, 3)"},
                {"name": "part", "type": "foreign", "expr": ["part_a", "part_b"]},
                {"name": "product", "type": "foreign", "expr": "product_id"},
            ],
        },
        {
            "name": "customers",
            "source": "customers",
            "entities": [{"name": "customer", "type": "primary", "expr": "COALESCE(id, 0)"}],
        },
        {"name": "parts", "source": "parts", "entities": [{"name": "part", "type": "unique", "expr": ["a", "b"]}]},
        {
            "name": "products",
            "source": "products",
            "primary_entity": "version",
            "entities": [{"name": "product", "type": "natural", "expr": "product_id"}],
            "dimensions": [
                {"name": "valid_from", "type": "time", "granularity": "day", "validity": "start"},
                {"name": "valid_to", "type": "time", "granularity": "day", "validity": "end"},
            ],
        },
    ],
    "time_spines": [{"name": "days", "source": "days", "column": "day", "granularity": "day"}],
}
KEYS = {
    "customers.customer": ("customers", lambda row: (row[0] or 0,)),
    "parts.part": ("parts", lambda row: row),
    "products.product": ("products", lambda row: row[:1]),
}
POINTING = {
    "orders.customer": ("customers.customer", lambda row: (3 if row[0] is None else row[0],)),
    "orders.part": ("parts.part", lambda row: row[1:3]),
    "orders.product": ("products.product", lambda row: row[3:]),
}
FIRST = date(2026, 1, 1)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The definitions, which hold."""
    found = load([("models.yaml", json.dumps(MODELS))])
    assert isinstance(found, Catalog), str(found)
    return found


@pytest.fixture(scope="module", params=DIALECTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Empty tables in an engine's own schema."""
    with opened(request.param) as found:
        for name, columns in COLUMNS.items():
            found.execute(f"CREATE TABLE {name} ({columns})")
        yield found
        for name in COLUMNS:
            found.execute(f"DROP TABLE {name}")


def rows_for(random: Random) -> dict[str, list[tuple]]:
    """Make rows with gaps, repeated keys, windows that overlap, touch, are empty, turned round or have no start."""

    def few(most: int) -> int | None:
        return None if random.random() < 0.15 else random.randint(0, most)

    def window() -> tuple:
        start = FIRST + timedelta(days=random.randint(0, 9))
        end = None if random.random() < 0.2 else start + timedelta(days=random.randint(-1, 5))
        return few(2), None if random.random() < 0.1 else start, end

    size = random.randint(0, 6)
    return {
        "orders": [(few(4), few(2), few(2), few(3)) for _ in range(random.randint(0, 8))],
        "customers": [(few(9),) for _ in range(size)],
        "parts": [(few(2), few(2)) for _ in range(size)],
        "products": [window() for _ in range(size)],
        "days": [(FIRST + timedelta(days=random.randint(0, 6)),) for _ in range(size)],
    }


def fill(engine: Engine, rows: dict[str, list[tuple]]) -> None:
    for name, found in rows.items():
        engine.execute(f"DELETE FROM {name}")
        if found:
            texts = (", ".join("NULL" if each is None else f"'{each}'" for each in row) for row in found)
            engine.execute(f"INSERT INTO {name} VALUES {', '.join(f'({text})' for text in texts)}")


def wanted(check: Check, rows: dict[str, list[tuple]]) -> dict[str, object]:
    """Count in plain loops."""
    match check:
        case KeyCheck():
            table, key_of = KEYS[f"{check.dataset}.{check.key}"]
            return repeated(rows[table], key_of, history=check.history)
        case WindowCheck():
            found = rows["products"]
            inverted = [each for each in found if None not in each[1:] and each[2] < each[1]]
            without = [each for each in found if each[1] is None]
            return {"rows_read": len(found), "inverted": len(inverted), "without_start": len(without)}
        case ReferenceCheck():
            to, key_of = POINTING[f"{check.dataset}.{check.key}"]
            table, partner_of = KEYS[to]
            partners = {partner_of(each) for each in rows[table]}
            keys = [key for each in rows["orders"] if None not in (key := key_of(each))]
            return {"rows_read": len(keys), "orphans": sum(key not in partners for key in keys)}
        case SpineCheck():
            days = [day for (day,) in rows["days"]]
            ends = (min(days), max(days)) if days else (None, None)
            named = {"first_moment": ends[0], "last_moment": ends[1]}
            return {"rows_read": len(days), "moments": len(set(days)), "without_time": 0, **named}


def repeated(rows: list[tuple], key_of, *, history: bool) -> dict[str, object]:
    """Count keys whose rows are several, or hold at once."""
    by_key: dict[tuple, list[tuple]] = defaultdict(list)
    for row in rows:
        by_key[key_of(row)].append(row)
    known = {key: found for key, found in by_key.items() if None not in key}
    if history:
        broken = {key for key, found in known.items() if hold_at_once(found)}
        found = None
    else:
        broken = {key for key, found in known.items() if len(found) > 1}
        found = sum(len(known[key]) for key in broken)
    without = len(rows) - sum(map(len, known.values()))
    return {"rows_read": len(rows), "without_key": without, "repeated_keys": len(broken), "repeated_rows": found}


def hold_at_once(rows: list[tuple]) -> bool:
    """Look at every day whether two rows hold."""
    days = [FIRST + timedelta(days=number) for number in range(30)]
    return any(
        sum(start is not None and start <= day and (end is None or day < end) for _key, start, end in rows) > 1
        for day in days
    )


def test_counts_are_those_of_the_rows(catalog: Catalog, engine: Engine):
    """Of every declared check, over random rows; how often a history is cut into is counted by pairs, if at all."""
    checks = declared_checks(catalog)
    assert {type(each) for each in checks} == set(COUNTS)
    models = tuple(catalog.models.values())
    random, broken = Random(7), 0
    for _ in range(25):
        rows = rows_for(random)
        fill(engine, rows)
        for check in checks:
            statement = compile_check(check, models, NO_OBLIGATIONS, engine.dialect, most_rows=1_000)
            assert isinstance(statement, Statement), str(statement)
            (values,) = engine.execute(statement.sql)
            got = dict(zip(COUNTS[type(check)], values, strict=True))
            expected = wanted(check, rows)
            broken += got.get("repeated_keys", 0) > 0
            if expected.get("repeated_rows", 0) is None:
                assert (got["repeated_rows"] > 0) == (expected["repeated_keys"] > 0), rows
                expected["repeated_rows"] = got["repeated_rows"]
            assert got == expected, (check, rows)
    assert broken > 12


def test_at_most_so_many_rows_are_read(catalog: Catalog, engine: Engine):
    """A table that has one more tells so."""
    fill(engine, {"customers": [(number,) for number in range(9)]})
    check = next(each for each in declared_checks(catalog) if isinstance(each, KeyCheck) and each.key == "customer")
    statement = compile_check(check, tuple(catalog.models.values()), NO_OBLIGATIONS, engine.dialect, most_rows=5)
    assert isinstance(statement, Statement)
    assert int(engine.execute(statement.sql)[0][0]) == 5
