"""PostgreSQL's types: what they are to the rest of the program, and their texts as wire values.

The texts are those of sessions with ``DateStyle = ISO``, ``IntervalStyle = iso_8601``, ``TimeZone = UTC`` (see
``options``). Numbers that a driver would round, and moments that Python's calendar
cannot hold, keep their text.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType

from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format

from metricgate.adapters.warehouses.wire import LARGEST_INTEGER
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.result import DataType

_FRACTION_DIGITS = 6
_BEFORE_CHRIST = " BC"
_ENDS = {"infinity": "Infinity", "-infinity": "-Infinity"}

TYPES: Mapping[str, DataType] = MappingProxyType(
    {
        **dict.fromkeys(("int2", "int4", "int8", "oid"), DataType.INTEGER),
        "numeric": DataType.DECIMAL,
        **dict.fromkeys(("float4", "float8"), DataType.FLOAT),
        "bool": DataType.BOOLEAN,
        "date": DataType.DATE,
        "timestamp": DataType.TIMESTAMP,
        "timestamptz": DataType.TIMESTAMP_TZ,
        **dict.fromkeys(("time", "timetz"), DataType.TIME),
        "interval": DataType.INTERVAL,
        "bytea": DataType.BINARY,
        **dict.fromkeys(("json", "jsonb"), DataType.JSON),
        "record": DataType.STRUCT,
    }
)
"""Logical types by name. Arrays are lists, composites are structures, and every other type is its text."""


def timestamp(text: str) -> str:
    """Return an ISO 8601 moment, with six digits of a second's fraction where there is one.

    >>> timestamp("2013-03-10 05:06:07.25"), timestamp("2013-03-10 10:06:07+00"), timestamp("-infinity")
    ('2013-03-10T05:06:07.250000', '2013-03-10T10:06:07+00:00', '-Infinity')
    >>> timestamp("0044-03-15 01:00:00+00 BC")
    '-0043-03-15T01:00:00+00:00'
    """
    if text in _ENDS:
        return _ENDS[text]
    day, _, clock = text.partition(" ")
    if clock.endswith(_BEFORE_CHRIST):
        day, clock = _wire_day(day + _BEFORE_CHRIST), clock.removesuffix(_BEFORE_CHRIST)
    zone = clock.find("+")
    clock, offset = (clock, "") if zone < 0 else (clock[:zone], clock[zone:] + ":00")
    return f"{day}T{_wire_clock(clock)}{offset}"


def _wire_clock(text: str) -> str:
    whole, dot, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(_FRACTION_DIGITS, '0')}" if dot else whole


def _wire_integer(text: str) -> Json:
    value = int(text)
    return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else text


def _wire_float(text: str) -> Json:
    return text if text[-1] in "Ny" else float(text)  # NaN, Infinity and -Infinity are written as on the wire


def _wire_day(text: str) -> str:
    if text.endswith(_BEFORE_CHRIST):
        year, _, rest = text.removesuffix(_BEFORE_CHRIST).partition("-")
        return f"{'-' if int(year) > 1 else ''}{int(year) - 1:04d}-{rest}"
    return _ENDS.get(text, text)


def _zoned_clock(text: str) -> str:
    at = max(text.find("+"), text.find("-"))
    zone = text[at:]
    return _wire_clock(text[:at]) + (zone if ":" in zone else f"{zone}:00")


def _wire_interval(text: str) -> str:
    return "P0D" if text == "PT0S" else text


def _wire_binary(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text.removeprefix("\\x"))).decode()


FLAT_READERS: Mapping[str, Callable[[str], Json]] = MappingProxyType(
    {
        **dict.fromkeys(("int8", "oid"), _wire_integer),
        **dict.fromkeys(("numeric", "uuid"), str),
        **dict.fromkeys(("float4", "float8"), _wire_float),
        "date": _wire_day,
        "timestamp": timestamp,
        "timestamptz": timestamp,
        "time": _wire_clock,
        "interval": _wire_interval,
        "bytea": _wire_binary,
        "timetz": _zoned_clock,
    }
)
"""Texts of the flat types that are more than their texts, in the driver and inside of lists and structures."""


def _loader(read: Callable[[str], Json]) -> type[Loader]:
    class WireLoader(Loader):
        format = Format.TEXT

        def load(self, data: Buffer) -> Json:
            return read(bytes(data).decode())

    return WireLoader


_LOADERS = {name: _loader(read) for name, read in FLAT_READERS.items()}


def register(adapters: AdaptersMap) -> None:
    """Let a connection's results, arrays included, hold wire values."""
    for name, loader in _LOADERS.items():
        adapters.register_loader(name, loader)


def register_texts(adapters: AdaptersMap) -> None:
    """Let a connection's results hold the server's texts of all that is not flat, and of what is its text anyway.

    Raises:
        LookupError: the driver reads no text.
    """
    as_text = adapters.get_loader(adapters.types["text"].oid, Format.TEXT)
    if as_text is None:
        raise LookupError("the driver reads no text")
    for known in adapters.types:
        adapters.register_loader(known.array_oid, as_text)
        if known.name not in _DRIVERS_OWN and known.name not in _LOADERS:
            adapters.register_loader(known.oid, as_text)


_DRIVERS_OWN = frozenset({"int2", "int4", "bool"})
"""Types whose values the driver gives in their wire form."""
