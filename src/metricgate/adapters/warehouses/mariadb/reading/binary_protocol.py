"""Results in the binary protocol, where a FLOAT comes as it is: as text, the server shows six of its digits.

A statement is prepared before it runs, which tells the types of its columns. Where a FLOAT is among them it is executed
as it was prepared, and its rows are turned into the texts that the rest of the program knows; else it runs as text.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.protocol import FieldDescriptorPacket, MysqlPacket

_PREPARE, _EXECUTE, _CLOSE = 0x16, 0x17, 0x19
_UNSIGNED = 32
_BINARY_CHARSET = 63
_TEXTS = frozenset(
    {
        *(FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.TINY_BLOB, FIELD_TYPE.BLOB),
        *(FIELD_TYPE.MEDIUM_BLOB, FIELD_TYPE.LONG_BLOB, FIELD_TYPE.BIT, FIELD_TYPE.GEOMETRY),
    }
)

Value = str | bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedStatement:
    """A statement that the server has prepared.

    Attributes:
        fields: its columns, as the protocol describes them.
    """

    connection: pymysql.Connection
    number: int
    fields: Sequence[FieldDescriptorPacket]

    @property
    def has_floats(self) -> bool:
        """Whether a column of its result would lose digits as text."""
        return any(each.type_code == FIELD_TYPE.FLOAT for each in self.fields)

    def close(self) -> None:
        """Let the server forget it; there is no answer to that."""
        self.connection._execute_command(_CLOSE, struct.pack("<I", self.number))  # noqa: SLF001 - as everywhere here

    def execute(self) -> BinaryRows:
        """Run it; the rows stream."""
        # Without a cursor of the server's, once.
        self.connection._execute_command(_EXECUTE, struct.pack("<IBI", self.number, 0, 1))  # noqa: SLF001
        count = self.connection._read_packet().read_length_encoded_integer()  # noqa: SLF001
        return BinaryRows(self.connection, _read_fields(self.connection, count))


def prepare(connection: pymysql.Connection, sql: str) -> PreparedStatement:
    """Prepare one statement without parameters.

    Raises:
        pymysql.Error: the server does not take it.
    """
    connection._execute_command(_PREPARE, sql)  # noqa: SLF001 - the driver has no public way
    packet = connection._read_packet()  # noqa: SLF001
    number, columns, parameters = struct.unpack_from("<xIHH", packet.get_all_data())
    _read_fields(connection, parameters)
    return PreparedStatement(connection=connection, number=number, fields=_read_fields(connection, columns))


def _read_fields(connection: pymysql.Connection, count: int) -> Sequence[FieldDescriptorPacket]:
    fields = [connection._read_packet(FieldDescriptorPacket) for _each in range(count)]  # noqa: SLF001
    if count:
        connection._read_packet()  # noqa: SLF001 - the mark of their end
    return fields


class BinaryRows:
    """Rows as they come, each value as the text protocol would have it, but FLOAT with all its digits.

    Attributes:
        fields: what the protocol says of the columns.
    """

    def __init__(self, connection: pymysql.Connection, fields: Sequence[FieldDescriptorPacket]) -> None:
        """Read what the server sends next."""
        self._connection = connection
        self.fields = fields
        self._ended = False

    def fetchmany(self, most: int) -> Sequence[Sequence[Value]]:
        """Return so many rows, fewer at the end."""
        rows: list[Sequence[Value]] = []
        while not self._ended and len(rows) < most:
            packet: MysqlPacket = self._connection._read_packet()  # noqa: SLF001
            if packet.is_eof_packet():
                self._ended = True
            else:
                rows.append(_read_row(packet.get_all_data(), self.fields))
        return rows


def _read_row(data: bytes, fields: Sequence[FieldDescriptorPacket]) -> Sequence[Value]:
    """Return a row's values: a zero byte, a bit for each NULL after two that say nothing, and then the others."""
    nulls = data[1 : 1 + (len(fields) + 9) // 8]
    place = 1 + len(nulls)
    values: list[Value] = []
    for number, field in enumerate(fields, 2):
        if nulls[number // 8] >> number % 8 & 1:
            values.append(None)
            continue
        read = _FIXED.get(field.type_code)
        size, start = (read.size, place) if read is not None else _length(data, place)
        piece = data[start : start + size]
        place = start + size
        if read is not None:
            values.append(read.text(piece, field))
        elif field.type_code in _TEXTS and field.charsetnr == _BINARY_CHARSET:
            values.append(piece)
        else:
            values.append(_MOMENTS.get(field.type_code, _read_text)(piece, field))
    return values


def _length(data: bytes, place: int) -> tuple[int, int]:
    """Return how long a value of its own length is, and where it begins."""
    first = data[place]
    for mark, size in ((0xFC, 2), (0xFD, 3), (0xFE, 8)):
        if first == mark:
            return int.from_bytes(data[place + 1 : place + 1 + size], "little"), place + 1 + size
    return first, place + 1


def shortest(piece: bytes) -> str:
    """Return the shortest decimal number that is this FLOAT and no other.

    >>> shortest(struct.pack("<f", 16777216.0)), shortest(struct.pack("<f", 0.1))
    ('16777216', '0.1')
    """
    (value,) = struct.unpack("<f", piece)
    texts = (f"{value:.{digits}g}" for digits in range(6, 10))
    return next(text for text in texts if struct.pack("<f", float(text)) == piece)


def _read_text(piece: bytes, _field: FieldDescriptorPacket) -> str:
    return piece.decode()


def _read_integer(piece: bytes, field: FieldDescriptorPacket) -> str:
    return str(int.from_bytes(piece, "little", signed=not field.flags & _UNSIGNED))


def _read_double(piece: bytes, _field: FieldDescriptorPacket) -> str:
    return repr(struct.unpack("<d", piece)[0])


def _read_float(piece: bytes, _field: FieldDescriptorPacket) -> str:
    return shortest(piece)


def _read_moment(piece: bytes, field: FieldDescriptorPacket) -> str:
    """What is nothing at the end of a moment is left out by the protocol."""
    year, month, day, hour, minute, second, micros = struct.unpack("<HBBBBBI", piece.ljust(11, b"\0"))
    date = f"{year:04}-{month:02}-{day:02}"
    if field.type_code in (FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE):
        return date
    return f"{date} {hour:02}:{minute:02}:{second:02}{_fraction_text(micros, field.scale)}"


def _read_time(piece: bytes, field: FieldDescriptorPacket) -> str:
    negative, days, hour, minute, second, micros = struct.unpack("<BIBBBI", piece.ljust(12, b"\0"))
    sign = "-" if negative else ""
    return f"{sign}{days * 24 + hour:02}:{minute:02}:{second:02}{_fraction_text(micros, field.scale)}"


def _fraction_text(micros: int, digits: int) -> str:
    return f".{micros:06}"[: digits + 1] if 0 < digits <= 6 else ""  # noqa: PLR2004 - digits of a second's fraction


_Text = Callable[[bytes, FieldDescriptorPacket], str]


@dataclass(frozen=True, slots=True)
class _Fixed:
    size: int
    text: _Text


_FIXED: Mapping[int, _Fixed] = MappingProxyType(
    {
        FIELD_TYPE.TINY: _Fixed(1, _read_integer),
        FIELD_TYPE.SHORT: _Fixed(2, _read_integer),
        FIELD_TYPE.YEAR: _Fixed(2, _read_integer),
        FIELD_TYPE.INT24: _Fixed(4, _read_integer),
        FIELD_TYPE.LONG: _Fixed(4, _read_integer),
        FIELD_TYPE.LONGLONG: _Fixed(8, _read_integer),
        FIELD_TYPE.FLOAT: _Fixed(4, _read_float),
        FIELD_TYPE.DOUBLE: _Fixed(8, _read_double),
    }
)
_MOMENTS: Mapping[int, _Text] = MappingProxyType(
    {
        **dict.fromkeys((FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP), _read_moment),
        FIELD_TYPE.TIME: _read_time,
    }
)
