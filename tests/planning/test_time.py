"""Zones, ranges and days on which clocks change."""

# ruff: noqa: DTZ001 -- local times of a stored zone are what is tested

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from tests.planning.shop import ask, compiled, oracle, planned, refused

from metricgate.planning.question import TimeRange
from metricgate.vocabulary.predicate import Comparison, Operator

NEW_YORK = "America/New_York"
LOCAL = "placed_at AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York'"


def span(start=None, before=None, zone=None) -> TimeRange:
    return TimeRange(start=start, before=before, time_zone=zone)


@pytest.mark.parametrize("grain", ["hour", "day", "month"])
def test_timestamps_are_grouped_in_the_zone_asked(grain):
    """A moment belongs to the local day, also on the days of March and November on which clocks change."""
    kind = "TIMESTAMP" if grain == "hour" else "DATE"
    assert ask("sales.clicks", by=(f"metric_time__{grain}",), time_zone=NEW_YORK) == oracle(
        f"SELECT date_trunc('{grain}', {LOCAL})::{kind}, COUNT(*) FROM orders GROUP BY 1 ORDER BY 1 NULLS LAST"
    )


def test_the_range_is_half_open():
    """The start counts, the end does not."""
    assert ask("sales.orders", time_range=span(date(2024, 2, 1), date(2024, 2, 29))) == [(1,)]
    assert ask("sales.orders", time_range=span(date(2024, 2, 1), date(2024, 3, 1))) == [(2,)]
    assert ask("sales.orders", time_range=span(before=date(2024, 2, 1))) == [(2,)]


@pytest.mark.parametrize(
    ("day", "after"), [(date(2024, 3, 10), date(2024, 3, 11)), (date(2024, 11, 3), date(2024, 11, 4))]
)
def test_a_local_day_of_23_or_25_hours(day, after):
    """Bounds are local midnights, which are 23 and 25 hours apart on these days."""
    found = ask("sales.clicks", time_range=span(day, after), time_zone=NEW_YORK)
    assert found == oracle(f"SELECT COUNT(*) FROM orders WHERE ({LOCAL})::DATE = DATE '{day}'")
    assert found == [(2,)]


def test_the_bounds_are_moved_not_the_column():
    """The column stays bare, so that the engine can skip what lies outside; the values are in the stored zone."""
    statement = compiled(planned("sales.clicks", time_range=span(date(2024, 3, 10), date(2024, 3, 11), NEW_YORK)))
    assert "AT TIME ZONE" not in statement.sql
    assert statement.parameters == (datetime(2024, 3, 10, 5), datetime(2024, 3, 11, 4))


def test_a_bound_with_an_offset_keeps_it():
    """2024-03-10T07:00Z is that moment whatever zone the question has."""
    moment = datetime(2024, 3, 10, 7, tzinfo=UTC)
    statement = compiled(planned("sales.clicks", time_range=span(moment, None, NEW_YORK)))
    assert statement.parameters == (datetime(2024, 3, 10, 7),)


def test_dates_are_never_shifted():
    """A date has no zone: the same groups with and without one, and a note."""
    with_zone = planned("sales.orders", by=("metric_time__day",), time_zone=NEW_YORK)
    assert ask("sales.orders", by=("metric_time__day",), time_zone=NEW_YORK) == ask(
        "sales.orders", by=("metric_time__day",)
    )
    assert any("does not shift" in note for note in with_zone.explanation.notes)


def test_a_filter_on_a_timestamp_is_meant_in_the_questions_zone():
    """Values without grain are moved into the stored zone; with a grain the column is converted."""
    signed = Comparison(member="customer__signed_at", op=Operator.GE, values=("2024-01-02T04:30:00",))
    statement = compiled(planned("sales.customers", where=signed, time_zone="UTC"))
    assert statement.parameters == (datetime(2024, 1, 1, 23, 30),)
    by_day = Comparison(member="metric_time__day", op=Operator.EQ, values=("2024-03-10",))
    assert ask("sales.clicks", where=by_day, time_zone=NEW_YORK) == [(2,)]


def test_template_values_beside_times_become_times():
    """ISO text compared with a date in the template form reaches the warehouse as a date."""
    from metricgate.catalog.templates import parse_template

    template = parse_template("{{ TimeDimension('metric_time', 'month') }} >= '2024-03-01'")
    statement = compiled(planned("sales.orders", where=template))
    assert statement.parameters == (date(2024, 3, 1),)
    assert ask("sales.orders", where=template) == [(4,)]


def test_finer_than_the_data_is_refused():
    """Monthly data by day, a date by hour, a bound inside a month or a day: never answered at another grain."""
    for problems in (
        refused("web.visits", by=("metric_time__day",)),
        refused("sales.orders", by=("metric_time__hour",)),
        refused("sales.orders", "web.visits", by=("metric_time__day",)),
        refused("web.visits", time_range=span(date(2024, 1, 15))),
        refused("sales.orders", time_range=span(datetime(2024, 1, 15, 12))),
    ):
        assert [problem.code.name for problem in problems] == ["E_GRAIN_TOO_FINE"]
        assert problems.first.details["finest"] in {"day", "month"}


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "../etc/passwd", "/etc/localtime", "", "UTC'; DROP TABLE orders --", "\x00", "x" * 500]
)
def test_unknown_zones_are_refused(zone):
    """Only names of the IANA database pass."""
    assert refused("sales.clicks", time_zone=zone).first.code.name == "E_UNKNOWN_TIME_ZONE"
    assert (
        refused("sales.clicks", time_range=span(date(2024, 1, 1), None, zone)).first.code.name == "E_UNKNOWN_TIME_ZONE"
    )


def test_an_empty_range_and_no_time():
    """A range that holds nothing, and a range over a metric without time, are refused."""
    assert (
        refused("sales.orders", time_range=span(date(2024, 2, 1), date(2024, 2, 1))).first.code.name
        == "E_EMPTY_TIME_RANGE"
    )
    assert refused("sales.customers", time_range=span(date(2024, 2, 1))).first.code.name == "E_NO_METRIC_TIME"
    assert refused("sales.customers", by=("metric_time",)).first.code.name == "E_NO_METRIC_TIME"


def test_an_hour_that_repeats_is_told():
    """By hour in a zone with daylight saving, two hours of November share a name: the answer says so."""
    assert any("repeated hour" in note for note in notes_of(by="metric_time__hour", zone=NEW_YORK))
    assert not any("repeated hour" in note for note in notes_of(by="metric_time__day", zone=NEW_YORK))


def notes_of(*, by: str, zone: str) -> tuple[str, ...]:
    return planned("sales.clicks", by=(by,), time_zone=zone).explanation.notes
