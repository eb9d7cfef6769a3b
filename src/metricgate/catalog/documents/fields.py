"""Field types that several documents share."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, StrictInt

from metricgate.catalog.metrics.window import parse_period, parse_window
from metricgate.catalog.names import (
    LABEL_PATTERN,
    LONGEST,
    NAME_PATTERN,
    checked_column,
    checked_label,
    checked_name,
    checked_part,
    checked_source,
)


def checked_day(text: str) -> str:
    """Return ``text``; raise ``ValueError`` where it is no day of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text[:40]!a} is no day: {error}") from error
    return text


def checked_window(text: str) -> str:
    """Return ``text``; raise ``ValueError`` where it is no length of time."""
    if parse_window(text) is None:
        raise ValueError(f"{text[:40]!a} is not a length of time: write for example 7 days, 1 month")
    return text


def checked_period(text: str) -> str:
    """Return ``text``; raise ``ValueError`` where it can be neither a grain nor a custom granularity's name."""
    if parse_period(text) is None:
        raise ValueError(f"{text[:40]!a} is no grain: write for example month, or a custom granularity's name")
    return text


Name = Annotated[
    str,
    AfterValidator(checked_name),
    Field(json_schema_extra={"pattern": NAME_PATTERN, "maxLength": LONGEST}),
]
"""Lower-case letters, digits and single underscores, a letter first."""

Part = Annotated[
    str,
    AfterValidator(checked_part),
    Field(json_schema_extra={"pattern": NAME_PATTERN, "maxLength": LONGEST}),
]
"""A name that may stand in a member's path: not ``metric_time``, not a grain."""

Reference = Annotated[str, Field(min_length=1, max_length=2 * LONGEST + 1)]
"""The name of something defined elsewhere; a metric of another domain by its full name."""

Source = Annotated[str, AfterValidator(checked_source)]
"""A relation: ``orders``, ``main.orders`` or ``db.schema.orders``."""

Sql = Annotated[str | StrictInt, Field(description="One scalar SQL expression over the columns of the model's source.")]

DayText = Annotated[str, AfterValidator(checked_day), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""A day as ISO 8601 writes it: ``2027-01-31``."""

WindowText = Annotated[str, AfterValidator(checked_window)]
"""A length of time: ``7 days``, ``1 month``, or units of a custom granularity."""

PeriodText = Annotated[str, AfterValidator(checked_period)]
"""``week``, ``month``, ``quarter``, ``year``, or a custom granularity."""

Words = Annotated[str, Field(max_length=10_000)]
"""Text for people and agents. It never changes a number, so it does not count for the version."""

Label = Annotated[
    str,
    AfterValidator(checked_label),
    Field(json_schema_extra={"pattern": LABEL_PATTERN, "maxLength": LONGEST}),
]
"""A class of data that policy can speak of: ``label:personal``."""

ColumnName = Annotated[str, AfterValidator(checked_column)]
"""A column of a source."""

Synonym = Annotated[str, Field(min_length=1, max_length=LONGEST)]

Filter = JsonValue
"""``{member, op, value}`` with and/or/not, the template form as a string, or a list of either (all must hold)."""
