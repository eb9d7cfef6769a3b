"""Many values to MariaDB and from it without a step of the driver's for each: literals, and rows read off the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import pymysql
from pymysql.constants import CR
from pymysql.cursors import SSCursor
from pymysql.protocol import MysqlPacket

from metricgate.changing.images import Column, Images

_HEADER = 4
_WHOLE = 0xFFFFFF
"""Bytes of a packet that goes on in the next one."""
_LARGEST_END = 9
_END, _FAILED, _ERROR, _NULL = "\xfe", "\xff", 0xFF, 0xFB
_AT_ONCE = 256 * 1024
_WIDTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}
"""Bytes of a length behind its first byte, where that is not the length itself."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A parameter that is SQL already: a quoted text, escaped."""

    sql: str

    @classmethod
    def taken_by(cls, connection: pymysql.Connection) -> None:
        """Have a connection put such parameters into statements as they are."""
        connection.encoders = {**connection.encoders, cls: lambda literal, _encoders: literal.sql}


def read_columns(
    connection: pymysql.Connection, sql: str, parameters: Sequence[object], width: int
) -> tuple[Images, int]:
    """Run one statement; return its rows of so many texts, and how many warnings there are.

    Raises:
        pymysql.Error, OSError, ValueError: the server does not run it, or the connection is lost.
    """
    cursor = SSCursor(connection)
    cursor.execute(sql, tuple(parameters))
    result = cursor._result  # noqa: SLF001 - the driver has no public way
    columns: list[Column] = [[] for _ in range(width)]
    try:
        rows, end = _add_rows(connection, columns)
    finally:
        result.unbuffered_active = False
        result.connection = cursor.connection = None
    if end[0] == _ERROR:
        MysqlPacket(end, connection.encoding).raise_for_error()
    return Images([_decode_column(column) for column in columns], rows), int.from_bytes(end[1:3], "little")


def _add_rows(connection: pymysql.Connection, columns: Sequence[Column]) -> tuple[int, bytes]:
    """Add the rows to the columns; return how many there are, and the packet that ends them.

    Bytes are looked at as characters, each byte one of them; what is not ASCII is read again by ``_decoded``.
    """
    appends = [column.append for column in columns]
    wire = _Wire(connection)
    text, at, rows = "", 0, 0
    while True:
        if len(text) - at < _HEADER:
            text, at = wire.more(text[at:], _HEADER), 0
        length = ord(text[at]) | ord(text[at + 1]) << 8 | ord(text[at + 2]) << 16
        at += _HEADER
        if len(text) - at < length:
            text, at = wire.more(text[at:], length), 0
        if length == _WHOLE:
            whole, text = wire.join_packets(text)
            _add_split_row(whole, appends)
            rows, at = rows + 1, 0
            continue
        first = text[at]
        if (first == _END and length < _LARGEST_END) or first == _FAILED:
            return rows, text[at : at + length].encode("latin-1")
        end = at + length
        for append in appends:
            size = ord(text[at])
            at += 1
            if size < _NULL:
                append(text[at : at + size])
                at += size
            elif size == _NULL:
                append(None)
            else:
                size, at = _long(text, at, size)
                append(text[at : at + size])
                at += size
        if at != end:
            raise ValueError("a row of other columns than were asked for")
        rows += 1


def _add_split_row(text: str, appends: Sequence[Callable[[str | None], None]]) -> None:
    """Add one row that came in several packets."""
    at = 0
    for append in appends:
        size = ord(text[at])
        at += 1
        if size == _NULL:
            append(None)
            continue
        if size > _NULL:
            size, at = _long(text, at, size)
        append(text[at : at + size])
        at += size


def _long(text: str, at: int, sign: int) -> tuple[int, int]:
    """Return a length that takes several bytes, and where its value begins."""
    more = _WIDTHS[sign]
    return int.from_bytes(text[at : at + more].encode("latin-1"), "little"), at + more


class _Wire:
    """What comes from the server, as characters."""

    def __init__(self, connection: pymysql.Connection) -> None:
        self._connection = connection

    def more(self, begun: str, least: int) -> str:
        """Return what was begun with what comes next, so many characters at least."""
        parts, length = [begun], len(begun)
        while length < least:
            try:
                data = self._connection._rfile.read1(_AT_ONCE)  # noqa: SLF001 - the driver has no public way
            except OSError as error:
                self._lost(error)
            if not data:
                self._lost(None)
            parts.append(data.decode("latin-1"))
            length += len(data)
        return "".join(parts)

    def join_packets(self, text: str) -> tuple[str, str]:
        """Return a row whose first packet was full, and what comes behind it."""
        whole, rest = text[:_WHOLE], text[_WHOLE:]
        while True:
            rest = self.more(rest, _HEADER)
            length = int.from_bytes(rest[:3].encode("latin-1"), "little")
            rest = self.more(rest, _HEADER + length)
            whole, rest = whole + rest[_HEADER : _HEADER + length], rest[_HEADER + length :]
            if length < _WHOLE:
                return whole, rest

    def _lost(self, error: OSError | None) -> NoReturn:
        self._connection._force_close()  # noqa: SLF001
        raise pymysql.OperationalError(CR.CR_SERVER_LOST, "the connection was lost while rows were read") from error


def _decode_column(column: Column) -> Column:
    if "".join(value for value in column if value is not None).isascii():
        return column
    return [value if value is None or value.isascii() else value.encode("latin-1").decode() for value in column]
