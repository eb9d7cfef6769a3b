"""Minimum groups over values of several datasets without a metric: counted as plain loops over the rows count them.

Visits of patients who are not there, patients who never came, and NULL in every key: rows of either side stand alone.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import product

import pytest
from tests.planning.engines import DIALECTS, Engine, opened

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.planning.small_groups import hindrance
from metricgate.vocabulary.obligation import MinimumGroup, Obligations, RowFilter, SmallGroups
from metricgate.vocabulary.predicate import Comparison, Operator

Row = dict[str, object]
Group = tuple[object, ...]
Data = dict[str, list[Row]]

TABLES = {
    "visits": ("id", "patient_id", "nurse_id", "ward"),
    "patients": ("id", "town_id", "blood"),
    "nurses": ("id", "grade"),
    "towns": ("id", "region"),
}
MEMBERS = {
    "visit__ward": ("visits", "ward"),
    "patient__blood": ("patients", "blood"),
    "nurse__grade": ("nurses", "grade"),
    "patient__town__region": ("towns", "region"),
    "patient__lettered": ("patients", "blood"),
}
ASKED = (
    ("visit__ward", "patient__blood"),
    ("patient__blood", "visit__ward", "nurse__grade"),
    ("visit__ward", "patient__town__region"),
    ("patient__lettered", "nurse__grade"),
    ("visit__ward", "patient__blood", "nurse__grade", "patient__town__region"),
)


def documents() -> str:
    """Models in a star with a hop more."""

    def model(name: str, entities: dict[str, str], dimensions: dict[str, str]) -> dict:
        kinds = {each: "foreign" if column != "id" else "primary" for each, column in entities.items()}
        return {
            "name": name,
            "source": name,
            "entities": [{"name": each, "type": kinds[each], "expr": column} for each, column in entities.items()],
            "dimensions": [{"name": each, "type": "categorical", "expr": text} for each, text in dimensions.items()],
        }

    models = [
        model("visits", {"visit": "id", "patient": "patient_id", "nurse": "nurse_id"}, {"ward": "ward"}),
        # Has a value also where there is no patient.
        model("patients", {"patient": "id", "town": "town_id"}, {"blood": "blood", "lettered": "COALESCE(blood, '-')"}),
        model("nurses", {"nurse": "id"}, {"grade": "grade"}),
        model("towns", {"town": "id"}, {"region": "region"}),
    ]
    return json.dumps({"semantic_models": models})


@pytest.fixture(scope="module")
def planner() -> Planner:
    catalog = load([("models.yaml", documents())])
    assert isinstance(catalog, Catalog), str(catalog)
    return Planner(catalog)


@pytest.fixture(scope="module", params=DIALECTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with opened(request.param) as found:
        for table, columns in TABLES.items():
            kinds = (f"{name} {'INTEGER' if name.endswith('id') else 'VARCHAR(9)'}" for name in columns)
            found.execute(f"CREATE TABLE {table} ({', '.join(kinds)})")
        yield found
        for table in TABLES:
            found.execute(f"DROP TABLE {table}")


def drawn(seed: int) -> Data:
    """Few values, so that groups are large sometimes; keys that lead nowhere or are NULL."""
    draw = random.Random(seed)  # noqa: S311 - examples, the same every time
    sparse = draw.choice([(), (None,), (None, None)])
    lost = draw.choice([(), (99,), (None,), (99, None)])

    def keys(count: int) -> list[int | None]:
        return [*range(1, count + 1), *lost]

    def rows(table: str, count: int, **choices: list) -> list[Row]:
        found = [
            {"id": at, **{name: draw.choice(each) for name, each in choices.items()}} for at in range(1, count + 1)
        ]
        assert not found or tuple(found[0]) == TABLES[table]
        return found

    towns, nurses, patients = draw.randint(0, 4), draw.randint(0, 5), draw.randint(0, 8)
    return {
        "visits": rows(
            "visits",
            draw.randint(0, 25),
            patient_id=keys(patients) or [1],
            nurse_id=keys(nurses) or [1],
            ward=["A", "B", *sparse],
        ),
        "patients": rows("patients", patients, town_id=keys(towns) or [1], blood=["x", *sparse]),
        "nurses": rows("nurses", nurses, grade=["g", *sparse]),
        "towns": rows("towns", towns, region=["n", *sparse]),
    }


def filled(engine: Engine, data: Data) -> None:
    for table, rows in data.items():
        engine.execute(f"DELETE FROM {table}")
        values = (", ".join("NULL" if each is None else repr(each) for each in row.values()) for row in rows)
        if rows:
            engine.execute(f"INSERT INTO {table} VALUES {', '.join(f'({each})' for each in values)}")


def joined(data: Data, asked: tuple[str, ...]) -> list[dict[str, Row | None]]:
    """Return every row of every table that is asked of, beside its partners; those without any stand alone."""
    wanted = {MEMBERS[member][0] for member in asked}
    wanted |= {"patients"} if "towns" in wanted else set()
    found: list[dict[str, Row | None]] = [{"visits": row} for row in data["visits"]]
    for table, parent, key in (
        ("patients", "visits", "patient_id"),
        ("nurses", "visits", "nurse_id"),
        ("towns", "patients", "town_id"),
    ):
        if table not in wanted:
            continue
        met = set()
        for each in found:
            here = each.get(parent)
            there = [row for row in data[table] if here is not None and row["id"] == here[key]]
            each[table] = there[0] if there else None
            met |= {row["id"] for row in there}
        found += [{table: row} for row in data[table] if row["id"] not in met]
    return found


def groups(data: Data, asked: tuple[str, ...]) -> dict[Group, dict[str, set[object]]]:
    """Return each group with the rows of each table that are in it, by their ids."""
    found: dict[Group, dict[str, set[object]]] = defaultdict(lambda: defaultdict(set))
    for each in joined(data, asked):
        rows = [(member, each.get(MEMBERS[member][0])) for member in asked]
        key = tuple(None if row is None else value_of(member, row) for member, row in rows)
        inside = found[key]
        for table, row in each.items():
            if row is not None:
                inside[table].add(row["id"])
    return found


def value_of(member: str, row: Row) -> object:
    value = row[MEMBERS[member][1]]
    return "-" if member == "patient__lettered" and value is None else value


def minimums(sizes: dict[str, int], small: SmallGroups) -> Obligations:
    return Obligations(
        minimum_groups=tuple(
            MinimumGroup(rule=name, dataset=name, size=size, small=small) for name, size in sizes.items()
        )
    )


def ordered(rows: object) -> list[Group]:
    return sorted(rows, key=lambda row: [(value is None, str(value)) for value in row])


def planned(planner: Planner, asked: tuple[str, ...], sizes: dict[str, int]) -> Plan:
    plan = planner.plan(Question(metrics=(), group_by=tuple(GroupBy(member=member) for member in asked)))
    assert isinstance(plan, Plan), str(plan)
    assert hindrance(plan, sizes, nesting=True) is None
    return plan


SIZES = ({"visits": 2}, {"patients": 2}, {"visits": 3, "patients": 2}, {"nurses": 2, "towns": 1}, {"visits": 1})


def test_groups_of_several_datasets_are_counted_as_loops_count_them(planner, engine):
    """Hidden one by one, or none where one of them is small: whatever partners are missing and keys are NULL."""
    kept = left = whole = 0
    for seed in range(10):
        data = drawn(seed)
        filled(engine, data)
        for asked, sizes in product(ASKED, SIZES):
            plan = planned(planner, asked, sizes)
            tables = {table.model for table in plan.scans[0].tables}
            found = groups(data, asked)
            large = [
                key
                for key, inside in found.items()
                if all(len(inside[name]) >= size for name, size in sizes.items() if name in tables)
            ]
            assert ordered(engine.rows_of(plan, minimums(sizes, SmallGroups.HIDE))) == ordered(large), (seed, asked)
            shown = engine.rows_of(plan, minimums(sizes, SmallGroups.REFUSE))
            assert ordered(shown) == (ordered(large) if len(large) == len(found) else []), (seed, asked)
            kept, left = kept + len(large), left + len(found) - len(large)
            whole += bool(shown)
    assert min(kept, left, whole) > 20


def test_rows_that_a_filter_hides_make_no_group_larger(planner, engine):
    """Of the patients without blood group, whom the caller does not see, nobody counts; nor of visits on ward B."""
    conditions = {
        "patients": Comparison(member="blood", op=Operator.IS_NOT_NULL, values=()),
        "visits": Comparison(member="ward", op=Operator.EQ, values=("A",)),
    }
    sizes = {"visits": 2, "patients": 1}
    owed = Obligations(
        row_filters=tuple(RowFilter(rule=name, dataset=name, condition=each) for name, each in conditions.items()),
        minimum_groups=minimums(sizes, SmallGroups.HIDE).minimum_groups,
    )
    some = 0
    for seed, asked in product(range(10), ASKED[:2]):
        data = drawn(seed)
        filled(engine, data)
        seen = data | {
            "patients": [row for row in data["patients"] if row["blood"] is not None],
            "visits": [row for row in data["visits"] if row["ward"] == "A"],
        }
        large = [
            key
            for key, inside in groups(seen, asked).items()
            if all(len(inside[name]) >= size for name, size in sizes.items())
        ]
        some += len(large)
        assert ordered(engine.rows_of(planned(planner, asked, sizes), owed)) == ordered(large), (seed, asked)
    assert some > 5
