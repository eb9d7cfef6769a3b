"""Rows read from the wire of MariaDB: every form of a length, packets in pieces, and what ends or breaks a result."""

from __future__ import annotations

import io

import pymysql
import pytest

from metricgate.adapters.warehouses.mariadb.changing.bulk_values import _add_rows, _decode_column

END = b"\xfe\x02\x00\x00\x00"


class Wire(io.RawIOBase):
    """A connection whose bytes come in pieces of this size."""

    def __init__(self, data: bytes, piece: int) -> None:
        self._data, self._piece, self.closed_by_us = data, piece, False
        self._rfile = self

    def read1(self, _most: int) -> bytes:
        """Return the next piece."""
        piece, self._data = self._data[: self._piece], self._data[self._piece :]
        return piece

    def _force_close(self) -> None:
        self.closed_by_us = True


def packets(content: bytes) -> bytes:
    """Return a packet, or several where one is full."""
    found = b""
    while True:
        part, content = content[:0xFFFFFF], content[0xFFFFFF:]
        found += len(part).to_bytes(3, "little") + b"\x07" + part
        if len(part) < 0xFFFFFF:
            return found


def value(text: str | None) -> bytes:
    """Return a value as the protocol writes it."""
    if text is None:
        return b"\xfb"
    data = text.encode()
    if len(data) < 251:
        return bytes([len(data)]) + data
    for sign, width in ((b"\xfc", 2), (b"\xfd", 3), (b"\xfe", 8)):
        if len(data) < 256**width:
            return sign + len(data).to_bytes(width, "little") + data
    raise AssertionError


ROWS = [
    ("1", None, "ä"),
    ("", "x" * 250, "é" * 126),
    ("2", "x" * 251, "x" * 252),
    ("3", "x" * 65_535, "😀" * 20_000),
    ("\xfe\xff", "\xfb", "a" * 65_536),
    (None, None, None),
]


@pytest.mark.parametrize("piece", [1 << 20, 4_097, 7])
def test_values_of_every_length(piece):
    rows = ROWS if piece > 7 else ROWS[:3]
    columns = [[], [], []]
    data = b"".join(packets(b"".join(map(value, row))) for row in rows) + packets(END)
    count, end = _add_rows(Wire(data, piece), columns)
    assert (count, end) == (len(rows), END)
    assert list(zip(*map(_decode_column, columns), strict=True)) == rows


def test_a_row_of_several_packets():
    """Also one that fills a packet to the last byte, behind which an empty one comes."""
    rows = [("a", "x" * 20_000_000), ("b", None), ("", "y" * (0xFFFFFF - 5)), ("c", "ä")]
    columns = [[], []]
    data = b"".join(packets(b"".join(map(value, row))) for row in rows) + packets(END)
    assert _add_rows(Wire(data, 1 << 20), columns)[0] == len(rows)
    assert list(zip(*map(_decode_column, columns), strict=True)) == rows


def test_a_result_that_breaks_off():
    """An error packet ends it; a lost connection, and rows of other columns than were asked for, raise."""
    row = packets(value("1") + value("2"))
    error = b"\xff\x2d\x05#70100no"
    assert _add_rows(Wire(row + packets(error), 99), [[], []]) == (1, error)
    wire = Wire(row[:-1], 99)
    with pytest.raises(pymysql.OperationalError, match="lost"):
        _add_rows(wire, [[], []])
    assert wire.closed_by_us
    with pytest.raises(ValueError, match="other columns"):
        _add_rows(Wire(row + packets(END), 99), [[]])
