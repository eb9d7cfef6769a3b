"""A slow, obviously right evaluator: metrics of the over-time shop worked out in plain Python, row by row."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

Row = dict[str, object]
Key = tuple[object, ...]
Rows = list[tuple[object, ...]]


def total(values: list[object]) -> object:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def count(values: list[object]) -> object:
    return len(values)


def distinct(values: list[object]) -> object:
    return len({value for value in values if value is not None})


def month_before(day: date) -> date:
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def days_before(number: int) -> Callable[[date], date]:
    return lambda day: day - timedelta(days=number)


FORMS: dict[str, Callable[[date], object]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
    "quarter": lambda day: date(day.year, 3 * ((day.month - 1) // 3) + 1, 1),
    "extract_dow": lambda day: day.isoweekday(),
}


@dataclass(frozen=True)
class Metric:
    """``aggregate`` of ``column`` over ``fact``: of the moment that ``back`` gives, or of all that ``over`` allows."""

    fact: str
    aggregate: Callable[[list[object]], object]
    column: str
    empty: object = None
    back: Callable[[date], date] | None = None
    over: Callable[[date, date], bool] | None = None
    last: bool = False


METRICS = {
    "orders": Metric("orders", count, "id", empty=0),
    "revenue": Metric("orders", total, "amount"),
    "buyers": Metric("orders", distinct, "user_id", empty=0),
    "visits": Metric("visits", count, "id", empty=0),
    "lag": Metric("orders", total, "amount", back=days_before(5)),
    "last_7": Metric("orders", total, "amount", over=lambda row, day: day - timedelta(days=7) < row <= day),
    "last_7_buyers": Metric(
        "orders", distinct, "user_id", 0, over=lambda row, day: day - timedelta(days=7) < row <= day, last=True
    ),
    "to_date": Metric(
        "orders", total, "amount", over=lambda row, day: row <= day and (row.year, row.month) == (day.year, day.month)
    ),
    "ever": Metric("orders", total, "amount", over=lambda row, day: row <= day, last=True),
    "month_before": Metric("orders", total, "amount", back=month_before),
}
TIMES = {"orders": "ordered_on", "visits": "visited_on"}


class Shop:
    """The tables as rows, each fact beside its user."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._users = {row["id"]: row for row in _rows(connection, "users")}
        self._fiscal = {row["day"]: row["fiscal_month"] for row in _rows(connection, "days")}
        self._facts = {name: [self._with_user(row) for row in _rows(connection, name)] for name in TIMES}

    def answer(
        self, metrics: Iterable[str], by: tuple[str, ...], where: dict[str, object], span: tuple[date, date] | None
    ) -> Rows:
        """Return the answer's rows: keys, then metrics; groups of any metric are in it."""
        asked = [METRICS[name] for name in metrics]
        found = [self._values(metric, by, where, span) for metric in asked]
        keys = {key for values in found for key in values} if by else {()}
        return [
            (*key, *(values.get(key, metric.empty) for metric, values in zip(asked, found, strict=True)))
            for key in keys
        ]

    def _values(
        self, metric: Metric, by: tuple[str, ...], where: dict[str, object], span: tuple[date, date] | None
    ) -> dict[Key, object]:
        rows = [row for row in self._facts[metric.fact] if all(row[name] == wanted for name, wanted in where.items())]
        if metric.over is None:
            return {key: metric.aggregate(values) for key, values in self._groups(metric, rows, by, span).items()}
        moments: dict[tuple[Key, date], object] = {}
        for day in self._days(span):
            here = [row for row in rows if row["time"] is not None and metric.over(row["time"], day)]
            groups: dict[Key, list[object]] = {}
            for row in here:
                groups.setdefault(self._key(row, day, by), []).append(row[metric.column])
            moments |= {(key, day): metric.aggregate(values) for key, values in groups.items()}
        chosen: dict[Key, date] = {}
        for key, day in sorted(moments, key=lambda each: each[1]):
            if metric.last or key not in chosen:
                chosen[key] = day
        return {key: moments[key, day] for key, day in chosen.items()}

    def _groups(
        self, metric: Metric, rows: list[Row], by: tuple[str, ...], span: tuple[date, date] | None
    ) -> dict[Key, list[object]]:
        groups: dict[Key, list[object]] = {}
        for row in rows:
            if metric.back is None:
                times = [row["time"]]
            else:
                times = [day for day in self._fiscal if metric.back(day) == row["time"]]
            for time in times:
                if span is None or (time is not None and span[0] <= time < span[1]):
                    groups.setdefault(self._key(row, time, by), []).append(row[metric.column])
        return groups

    def _days(self, span: tuple[date, date] | None) -> list[date]:
        return [day for day in self._fiscal if span is None or span[0] <= day < span[1]]

    def _key(self, row: Row, time: date | None, by: tuple[str, ...]) -> Key:
        return tuple(
            self._form(time, each.removeprefix("metric_time__")) if each.startswith("metric_time") else row[each]
            for each in by
        )

    def _form(self, day: date | None, form: str) -> object:
        if day is None or form == "fiscal_month":
            return self._fiscal.get(day)
        return FORMS[form](day)

    def _with_user(self, row: Row) -> Row:
        user = self._users.get(row.get("user_id"), {"segment": None})
        time = row.get("ordered_on", row.get("visited_on"))
        return {
            **row,
            "time": time,
            "user": row["user_id"],
            "user__segment": user["segment"],
            "country": row.get("country"),
        }


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    found = connection.execute(f"SELECT * FROM {table}")
    names = [each[0] for each in found.description]
    return [dict(zip(names, values, strict=True)) for values in found.fetchall()]
