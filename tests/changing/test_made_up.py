"""Rows that look made up: real-like loads raise no alarm, columns drawn by themselves do."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from metricgate.changing.change import Row
from metricgate.changing.fabricated_rows import made_up

_COLUMNS = ("id", "name", "country", "currency", "segment", "quantity", "price", "total", "ordered", "shipped", "note")
_CURRENCY = {"DE": "EUR", "FR": "EUR", "US": "USD", "GB": "GBP", "JP": "JPY"}
_NAMES = ("Ana", "Ben", "Cyd", "Dan", "Eve", "Finn", "Gus", "Hal", "Ida", "Jo", "Kim", "Lou", "Max", "Nia", "Oz")
_WORDS = ("ring", "twice", "leave", "at", "door", "fragile", "gift", "wrap", "call", "before", "noon", "urgent")


def _rows(seed: int, count: int, *, first: int = 1, countries: tuple[str, ...] = tuple(_CURRENCY)) -> list[Row]:
    """Return orders as a shop has them: columns go together, keys count up, prices end in nines and zeros."""
    draw = random.Random(seed)  # noqa: S311 - examples, the same every time
    rows: list[Row] = []
    for number in range(count):
        country = draw.choice(countries)
        segment = draw.choices(("consumer", "business"), (4, 1) if country in {"US", "JP"} else (1, 2))[0]
        quantity = draw.randint(1, 5) if segment == "consumer" else draw.randint(10, 60)
        price = draw.choice((4.99, 9.99, 19.99, 25.00, 49.90, 99.90))
        ordered = date(2025, 1, 1) + timedelta(days=draw.randrange(400))
        shipped = None if draw.random() < 0.1 else (ordered + timedelta(days=draw.randint(1, 6))).isoformat()
        name = f"{draw.choice(_NAMES)} {draw.choice(_NAMES)}"
        note = " ".join(draw.sample(_WORDS, draw.randint(2, 5)))
        rows.append(
            (
                str(first + number),
                name,
                country,
                _CURRENCY[country],
                segment,
                str(quantity),
                f"{price:.2f}",
                f"{quantity * price:.2f}",
                ordered.isoformat(),
                shipped,
                note,
            )
        )
    return rows


def _shuffled(rows: list[Row], seed: int) -> list[Row]:
    """Draw every column by itself: each stays as plausible as it was."""
    draw = random.Random(seed)  # noqa: S311
    columns = [list(column) for column in zip(*rows, strict=True)]
    for column in columns[1:]:
        draw.shuffle(column)
    return list(zip(*columns, strict=True))


def _score(existing: list[Row], inserted: list[Row]) -> float:
    score, why = made_up(_COLUMNS, existing, inserted)
    assert 0 <= score <= 1
    assert bool(score) == bool(why)
    assert not why or why.endswith(".")
    return score


def test_real_loads_raise_no_alarm_and_made_up_ones_do():
    """Trials of each: no score of a real load comes near those of columns drawn by themselves."""
    sizes = (20, 50, 200, 400)
    real, fake = [], []
    for seed in range(32):
        existing = _rows(seed, 400)
        load = _rows(1_000 + seed, sizes[seed % 4], first=10_000)
        real.append(_score(existing, load))
        fake.append(_score(existing, _shuffled(load, seed)))
    assert max(real) < 0.2
    assert sum(1 for each in real if each) <= 1
    assert sum(1 for each in fake if each > 0.6) >= 28
    assert min(each for index, each in enumerate(fake) if sizes[index % 4] >= 50) > 0.5


@pytest.mark.parametrize("countries", [("US",), ("DE", "FR"), ("GB", "JP")])
def test_a_load_of_one_part_is_no_alarm(countries):
    """What is constant in a load tells nothing of dependence."""
    for seed in range(5):
        assert _score(_rows(seed, 400), _rows(seed + 50, 300, first=5_000, countries=countries)) < 0.3


def test_small_samples_say_nothing():
    """With few rows chance does anything."""
    existing = _rows(1, 400)
    assert made_up(_COLUMNS, existing, _shuffled(_rows(2, 19), 1)) == (0.0, "")
    assert made_up(_COLUMNS, existing[:49], _shuffled(_rows(2, 200), 1)) == (0.0, "")
    assert made_up((), [()] * 60, [()] * 60) == (0.0, "")
    assert made_up(("a",), [(None,)] * 60, [(None,)] * 60) == (0.0, "")


def test_rows_that_repeat():
    """Ten rows over and over, under fresh keys."""
    ten = _rows(3, 10)
    inserted = [(str(number), *ten[number % 10][1:]) for number in range(200)]
    score, why = made_up(_COLUMNS, _rows(1, 400), inserted)
    assert score >= 0.6
    assert "repeat another" in why


def test_numbers_that_count_and_texts_with_a_counter():
    """`Customer 1`, `Customer 2`, and quantities 1, 2, 3: the table has neither; its key counts by rights."""
    existing = _rows(1, 400)
    inserted = [
        (row[0], f"Customer {index}", *row[2:5], str(index), *row[6:])
        for index, row in enumerate(_rows(2, 100, first=9_000))
    ]
    score, why = made_up(_COLUMNS, existing, inserted)
    assert score > 0.8
    assert "name is one text with a counter in it." in why
    assert "quantity only counts up." in why
    assert "id " not in why


def test_last_digits():
    """Prices of the table end in 0 and 9; evenly drawn ones do not."""
    draw = random.Random(5)  # noqa: S311
    columns = ("price",)
    existing = [(f"{draw.randint(1, 400)}.{draw.choice(('99', '90', '00'))}",) for _ in range(400)]
    real = [(f"{draw.randint(1, 400)}.{draw.choice(('99', '90', '00'))}",) for _ in range(300)]
    fake = [(f"{draw.uniform(1, 400):.2f}",) for _ in range(300)]
    assert made_up(columns, existing, real) == (0.0, "")
    score, why = made_up(columns, existing, fake)
    assert score > 0.2
    assert why == "The last digits of price are not those of the table."


@pytest.mark.parametrize("hostile", ["9" * 400, "-", "1e999", "nan", "\u0660\u0661\u0662", "", "\x00", "2025-"])
def test_hostile_values_break_nothing(hostile):
    """Whatever texts an engine gives."""
    rows = [(hostile, str(index), None) for index in range(100)]
    mixed = [(hostile if index % 2 else str(index), hostile * (index % 3), hostile) for index in range(100)]
    for existing, inserted in ((rows, mixed), (mixed, rows), (rows, rows)):
        score, _why = made_up(("a", "b", "c"), existing, inserted)
        assert 0 <= score <= 1


def test_it_is_the_same_again():
    """No chance is involved, whatever the size."""
    existing, inserted = _rows(1, 5_000), _shuffled(_rows(2, 5_000), 3)
    assert made_up(_COLUMNS, existing, inserted) == made_up(_COLUMNS, list(existing), list(inserted))
