"""Texts that DuckDB wrote of values -> wire values, by the shapes of their types; see ``forms``."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache

from metricgate.adapters.warehouses.duckdb.reading.result_forms import DuckDBTypeShape
from metricgate.adapters.warehouses.duckdb.reading.types import INTEGERS
from metricgate.adapters.warehouses.wire import document, duration, wire_value
from metricgate.vocabulary.json import Json

Reader = Callable[[Json], Json]
"""Takes what JSON holds in the place of a value, never None, and returns its wire value."""

_ENDS = {"infinity": "Infinity", "-infinity": "-Infinity"}
_MICROSECONDS, _NANOSECONDS = 6, 9
_YEARS_OF_ERA, _DAYS_OF_ERA = 400, 146_097
"""After so many years the calendar is the same again."""
_DAYS_TO_ERAS = -719_162
"""The first day of the year 1, in days after 1970-01-01."""
_LAST_DAY, _LAST_TICK, _SECONDS_OF_DAY = 2**31 - 1, 2**63 - 1, 86_400
_BYTE = re.compile(rb"\\x([0-9A-F]{2})")
_INTERVAL = re.compile(
    r"(?:(?P<years>-?\d+) years? ?)?(?:(?P<months>-?\d+) months? ?)?(?:(?P<days>-?\d+) days? ?)?"
    r"(?:(?P<sign>-?)(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)(?:\.(?P<fraction>\d+))?)?"
)


def read_column(shape: DuckDBTypeShape, texts: Sequence[str | None]) -> Sequence[Json]:
    """Return a column's wire values.

    Raises:
        ValueError: a text is not what DuckDB writes of such a type.
    """
    read = _reader_of(shape)
    if shape.parts or shape.kind == "VARIANT":
        return [None if text is None else _read_value(read, document(text)) for text in texts]
    return [None if text is None else read(text) for text in texts]


def _read_value(read: Reader, value: Json) -> Json:
    return None if value is None else read(value)


@lru_cache(maxsize=256)
def _reader_of(shape: DuckDBTypeShape) -> Reader:
    match shape.kind:
        case "list":
            return _list_reader(_reader_of(shape.parts[0]))
        case "tuple":
            return _tuple_reader([_reader_of(part) for part in shape.parts])
        case "struct" | "union":
            return _struct_reader({name: _reader_of(part) for name, part in zip(shape.names, shape.parts, strict=True)})
        case "map":
            return _map_reader(_key_reader(shape.parts[0]), _reader_of(shape.parts[1]))
    return _flat_reader(shape.kind)


def _list_reader(read: Reader) -> Reader:
    if read is _as_is:
        return _items
    return lambda value: [None if each is None else read(each) for each in _items(value)]


def _tuple_reader(readers: Sequence[Reader]) -> Reader:
    return lambda value: [_read_value(read, each) for read, each in zip(readers, _items(value), strict=True)]


def _struct_reader(readers: Mapping[str, Reader]) -> Reader:
    return lambda value: {name: _read_value(readers[name], each) for name, each in _members_in(value)}


def _map_reader(read_key: Callable[[str], str], read: Reader) -> Reader:
    return lambda value: {read_key(key): _read_value(read, each) for key, each in _members_in(value)}


def _items(value: Json) -> Sequence[Json]:
    if not isinstance(value, list):
        raise ValueError("no list where the type has one")  # noqa: TRY004
    return value


def _members_in(value: Json) -> Sequence[tuple[str, Json]]:
    if not isinstance(value, dict):
        raise ValueError("no object where the type has one")  # noqa: TRY004
    return list(value.items())


def _key_reader(shape: DuckDBTypeShape) -> Callable[[str], str]:
    """A key is a text: of a nested one, DuckDB's own."""
    if shape.parts or shape.kind in INTEGERS or shape.kind == "BOOLEAN":
        return str
    read = _reader_of(shape)
    return lambda text: str(read(text))


def _flat_reader(kind: str) -> Reader:  # noqa: PLR0911 - one way out for each kind
    if kind in ("BIGNUM", "UHUGEINT"):
        return lambda value: wire_value(int(str(value)))
    if kind in INTEGERS:
        return _as_is  # ``document`` has given it its wire form
    if kind in ("FLOAT", "DOUBLE"):
        return lambda value: wire_value(float(str(value)))
    if kind == "BLOB":
        return lambda value: _read_binary(str(value))
    if kind == "INTERVAL":
        return lambda value: _read_interval(str(value))
    if kind.startswith(("TIME", "DATE")):
        digits = _NANOSECONDS if "_NS" in kind else _MICROSECONDS
        return lambda value: moment(str(value), digits)
    if kind == "JSON":
        return lambda value: document(str(value))
    return _as_is


def _as_is(value: Json) -> Json:
    return value


def moment(text: str, digits: int) -> str:
    """Return a date, time or moment as ISO 8601 has it, a second's fraction with so many digits or left out.

    >>> moment("0044-03-15 (BC) 01:00:00", 6), moment("2013-03-10 05:06:07.25+00", 6), moment("10:00:00-03:30", 6)
    ('-0043-03-15T01:00:00', '2013-03-10T05:06:07.250000+00:00', '10:00:00-03:30')
    """
    if text in _ENDS:
        return _ENDS[text]
    day, mark, clock = text.partition(" (BC)") if " (BC)" in text else text.partition(" ")
    if mark == " (BC)":
        year, _, rest = day.partition("-")
        day = f"{'-' if int(year) > 1 else ''}{int(year) - 1:04d}-{rest}"
    if ":" in day:
        return _read_clock(day, digits)
    return f"{day}T{_read_clock(clock.strip(), digits)}" if clock else day


def far_day(days: int) -> str:
    """Return the day that lies so many days after 1970-01-01, of any year; the ends of the type are infinite.

    >>> far_day(-735_160), far_day(105_200_797), far_day(2**31 - 1)
    ('-0043-03-15', '290000-01-01', 'Infinity')
    """
    if abs(days) == _LAST_DAY:
        return "Infinity" if days > 0 else "-Infinity"
    eras, day_of_era = divmod(days - _DAYS_TO_ERAS, _DAYS_OF_ERA)
    day = date.fromordinal(day_of_era + 1)
    year = day.year + eras * _YEARS_OF_ERA
    return f"{'-' if year < 0 else ''}{abs(year):04d}-{day:%m-%d}"


def far_moment(ticks: int, digits: int, zone: str) -> str:
    """Return the moment so many ticks after 1970, of which a second has 10 to the power of ``digits``."""
    if abs(ticks) == _LAST_TICK:
        return "Infinity" if ticks > 0 else "-Infinity"
    seconds, fraction = divmod(ticks, 10**digits)
    days, seconds = divmod(seconds, _SECONDS_OF_DAY)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    shown = max(digits, _MICROSECONDS)
    if fraction:
        clock += f".{fraction:0{digits}d}".ljust(shown + 1, "0")
    return f"{far_day(days)}T{clock}{zone}"


def _read_clock(text: str, digits: int) -> str:
    at = next((at for at, sign in enumerate(text) if sign in "+-"), len(text))
    clock, zone = text[:at], text[at:]
    whole, _, fraction = clock.partition(".")
    shown = f"{whole}.{fraction:0<{digits}}" if fraction.strip("0") else whole
    return shown + (zone if ":" in zone or not zone else f"{zone}:00")


def _read_binary(text: str) -> str:
    # DuckDB writes a byte that is no printable ASCII as \xFF, a backslash too.
    return base64.b64encode(_BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())).decode()


def _read_interval(text: str) -> str:
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError("no interval where the type has one")
    part = {name: int(digits or 0) for name, digits in found.groupdict().items() if name not in ("sign", "fraction")}
    fraction = int(f"{found['fraction'] or '':0<{_NANOSECONDS}}")
    seconds = (part["hours"] * 60 + part["minutes"]) * 60 + part["seconds"]
    nanoseconds = seconds * 10**_NANOSECONDS + fraction
    sign = -1 if found["sign"] else 1
    return duration(part["years"] * 12 + part["months"], part["days"], sign * nanoseconds)
