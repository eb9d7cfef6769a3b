"""How far inserted rows look made up, beside a sample of the rows that are there already. A hint, never a proof.

What is drawn column by column, by a program or a model, keeps each column plausible and loses how columns go together.
So the main evidence is dependence between pairs of columns: strong in the table, gone in what is inserted. Beside it:
repeated rows, last digits unlike the table's, numbers that only count up, one text with a counter in it.

Limits. It sees texts and knows no meaning. Copies of real rows with small changes pass, and so do rows drawn with the
table's own dependences. A true load of another kind than the sample (a new product line) may lose a dependence
too. Dependences among three columns, between long free texts, or on other tables are not seen. Fewer than 20 rows
inserted, or 50 to compare with, tell nothing. Work is bounded: 2,000 rows of each side, the first 20 columns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import sqrt

from metricgate.changing.change import Row, Value

FEWEST_INSERTED = 20
FEWEST_EXISTING = 50
_MOST_ROWS = 2_000
_MOST_COLUMNS = 20
_BINS = 4
_CATEGORIES = 12
_RARE = 0.05
_DEPENDENT = 0.3
"""Cramer's V from which two columns of the table count as dependent."""
_NEARLY_ALL, _HALF = 0.9, 0.5
_UNLIKELY = 2.5
"""In standard deviations: what is not taken for chance."""
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")
_DIGITS = re.compile(r"\d+")
_NOTHING = (0.0, "")

_Column = Sequence[Value]


@dataclass(frozen=True, slots=True)
class _Finding:
    strength: float
    why: str


@dataclass(frozen=True, slots=True)
class _Association:
    """Of two columns: chi-squared, its degrees of freedom, number of rows, and Cramer's V without its bias."""

    chi: float
    freedom: int
    rows: int
    cramer: float
    smaller: int


def made_up(columns: Sequence[str], existing_rows: Sequence[Row], inserted_rows: Sequence[Row]) -> tuple[float, str]:
    """Return how far the inserted rows look made up, 0 to 1, and why, as sentences; ``(0.0, "")`` where nothing is odd.

    Args:
        columns: names, in the order of the values of every row.
        existing_rows: a sample of the table, without the inserted rows; best drawn at random.
        inserted_rows: in the order in which they are inserted.
    """
    if len(inserted_rows) < FEWEST_INSERTED or len(existing_rows) < FEWEST_EXISTING:
        return _NOTHING
    names = tuple(columns[:_MOST_COLUMNS])
    before = _to_columns(_sample_rows(existing_rows), len(names))
    after = _to_columns(_sample_rows(inserted_rows), len(names))
    in_order = _to_columns(inserted_rows[:_MOST_ROWS], len(names))
    findings = [
        *_dependence_lost(names, before, after),
        *_compare_repetition(before, after),
        *_compare_last_digits(names, before, after),
        *_counting(names, before, in_order),
    ]
    if not findings:
        return _NOTHING
    findings.sort(key=lambda each: (-each.strength, each.why))
    plausible = 1.0
    for each in findings:
        plausible *= 1.0 - each.strength
    return round(1.0 - plausible, 2), " ".join(each.why for each in findings[:3])


def _sample_rows(rows: Sequence[Row]) -> Sequence[Row]:
    """Return at most so many rows as are looked at, from all over."""
    step = -(-len(rows) // _MOST_ROWS)
    return rows[:: max(1, step)]


def _to_columns(rows: Sequence[Row], count: int) -> list[_Column]:
    return [[row[index] for row in rows] for index in range(count)]


def _dependence_lost(names: Sequence[str], before: list[_Column], after: list[_Column]) -> Iterator[_Finding]:
    """Weigh the pairs that depend on one another in the table, and could be seen to in what is inserted."""
    were, are = [_binned(each) for each in before], [_binned(each) for each in after]
    kept, lost, seen = 0.0, 0.0, 0
    examples: list[tuple[float, str]] = []
    for one, other in combinations(range(len(names)), 2):
        was = _association(were[one], were[other])
        if was is None or was.cramer < _DEPENDENT:
            continue
        now = _association(are[one], are[other])
        if now is None:
            continue
        independent = now.freedom + _UNLIKELY * sqrt(2 * now.freedom)
        # The chi-squared that the table's dependence would give: noncentral, with so many rows and categories.
        shift = now.rows * was.cramer**2 * (now.smaller - 1)
        least = now.freedom + shift - _UNLIKELY * sqrt(2 * (now.freedom + 2 * shift))
        if least <= independent:
            continue  # too few rows to tell
        seen += 1
        if now.chi < independent:
            lost += was.cramer
            examples.append((was.cramer, f"{names[one]} and {names[other]}"))
        else:
            kept += was.cramer
    if lost:
        share = lost / (lost + kept)
        strength = max(0.0, (share - 0.25) / 0.75)
        if strength > 0:
            pair = min(examples, key=lambda each: (-each[0], each[1]))[1]
            yield _Finding(
                0.95 * strength,
                f"{pair} depend on one another in the table and not in the new rows ({len(examples)} of {seen} pairs).",
            )


def _binned(column: _Column) -> list[str] | None:
    """Return each value's bin, or None where they say nothing: one value alone, or nearly unique texts."""
    filled = [each for each in column if each is not None]
    counts = Counter(filled)
    if len(counts) <= _CATEGORIES:
        rare = _RARE * len(column)
        bins = ["-" if each is None else f"={each}" if counts[each] >= rare else "other" for each in column]
    elif _are_sortable(filled):
        edges = _edges(filled)
        bins = ["-" if each is None else str(sum(_sort_key(each) > edge for edge in edges)) for each in column]
    else:
        return None
    return bins if len(set(bins)) > 1 else None


def _are_sortable(filled: Sequence[str]) -> bool:
    """Whether all are numbers, or texts that begin like an ISO date: those sort as they mean."""
    return all(_NUMBER.fullmatch(each) for each in filled) or all(
        len(each) >= 10 and each[4] == "-" and each[:4].isdigit()  # noqa: PLR2004
        for each in filled
    )


def _sort_key(value: str) -> tuple[float, str]:
    return (float(value), "") if _NUMBER.fullmatch(value) else (0.0, value)


def _edges(filled: Sequence[str]) -> list[tuple[float, str]]:
    ordered = sorted(map(_sort_key, filled))
    return [ordered[len(ordered) * part // _BINS] for part in range(1, _BINS)]


def _association(one: list[str] | None, other: list[str] | None) -> _Association | None:
    """Return how two columns go together, or None where one of them says nothing."""
    if one is None or other is None:
        return None
    rows = len(one)
    firsts, seconds, both = Counter(one), Counter(other), Counter(zip(one, other, strict=True))
    height, width = len(firsts), len(seconds)
    chi = -float(rows)
    for (first, second), found in both.items():
        chi += found**2 * rows / (firsts[first] * seconds[second])
    freedom = (height - 1) * (width - 1)
    # Bergsma's correction: without it small tables look dependent.
    share = max(0.0, chi / rows - freedom / (rows - 1))
    smaller = min(height - (height - 1) ** 2 / (rows - 1), width - (width - 1) ** 2 / (rows - 1)) - 1
    cramer = 0.0 if smaller <= 0 else min(1.0, sqrt(share / smaller))
    return _Association(chi=chi, freedom=freedom, rows=rows, cramer=cramer, smaller=min(height, width))


def _compare_repetition(before: list[_Column], after: list[_Column]) -> Iterator[_Finding]:
    """Compare how many rows repeat another, but for what is different in every row."""
    telling = [index for index, column in enumerate(after) if len(set(column)) < len(column)]
    if not telling:
        return
    rows = min(len(before[0]), len(after[0]))
    was, now = (_repeats([side[index][:rows] for index in telling]) for side in (before, after))
    strength = min(1.0, max(0.0, (now - was - 0.1) / 0.5))
    if strength > 0:
        yield _Finding(0.7 * strength, f"{now:.0%} of the new rows repeat another, {was:.0%} of the table's.")


def _repeats(columns: Sequence[_Column]) -> float:
    rows = list(zip(*columns, strict=True))
    return 1 - len(set(rows)) / len(rows)


def _compare_last_digits(names: Sequence[str], before: list[_Column], after: list[_Column]) -> Iterator[_Finding]:
    """Compare the last digits of numbers, where enough of both sides have several digits."""
    for name, was, now in zip(names, before, after, strict=True):
        old, new = _last_digits(was), _last_digits(now)
        rows_old, rows_new = sum(old.values()), sum(new.values())
        if rows_old < FEWEST_EXISTING or rows_new < FEWEST_EXISTING:
            continue
        chi, seen = 0.0, sorted(old | new)
        for digit in seen:
            whole = old[digit] + new[digit]
            for found, rows in ((old[digit], rows_old), (new[digit], rows_new)):
                expected = whole * rows / (rows_old + rows_new)
                chi += (found - expected) ** 2 / expected
        freedom = max(1, len(seen) - 1)
        cramer = sqrt(chi / (rows_old + rows_new))
        if chi > freedom + 2 * _UNLIKELY * sqrt(2 * freedom) and cramer > _DEPENDENT:
            yield _Finding(0.4 * min(1.0, cramer), f"The last digits of {name} are not those of the table.")


def _last_digits(column: _Column) -> Counter[str]:
    """Count the last digits of numbers of three digits and more."""
    numbers = (each for each in column if each is not None and _NUMBER.fullmatch(each))
    return Counter(each[-1] for each in numbers if sum(map(str.isdigit, each)) >= 3)  # noqa: PLR2004


def _counting(names: Sequence[str], before: list[_Column], after: list[_Column]) -> Iterator[_Finding]:
    """Find columns that only count up, as numbers or inside one text, where the table's do not."""
    for name, was, now in zip(names, before, after, strict=True):
        filled = [each for each in now if each is not None]
        if len(filled) < FEWEST_INSERTED:
            continue
        if all(_NUMBER.fullmatch(each) for each in filled):
            # A key counts up by rights: what never repeats in the table is taken for one.
            if len(set(was)) < _NEARLY_ALL * len(was) and _commonest_step_share(filled) > _NEARLY_ALL:
                yield _Finding(0.6, f"{name} only counts up.")
            continue
        differ = len(set(filled)) > _NEARLY_ALL * len(filled)
        before_in_one_form = _one_form([each for each in was if each is not None])
        if differ and _one_form(filled) > _NEARLY_ALL and before_in_one_form < _HALF:
            yield _Finding(0.7, f"{name} is one text with a counter in it.")


def _commonest_step_share(filled: Sequence[str]) -> float:
    """Return the share of the commonest step from one value to the next, but for no step at all."""
    steps = Counter(round(float(later) - float(earlier), 9) for earlier, later in pairwise(filled))
    del steps[0.0]
    return max(steps.values(), default=0) / (len(filled) - 1)


def _one_form(filled: Sequence[str]) -> float:
    """Return the share of the commonest form, digits left out, of the texts that hold digits."""
    forms = Counter(_DIGITS.sub("#", each) for each in filled if _DIGITS.search(each))
    return max(forms.values(), default=0) / max(1, len(filled))
