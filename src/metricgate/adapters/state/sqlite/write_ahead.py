"""SQLite's write-ahead file, read without SQLite: which pages it overlays, and whether it is whole.

Form and checksum: https://sqlite.org/fileformat2.html#the_write_ahead_log. Frames of an earlier round (other salts) are
left-overs that SQLite itself passes over; their bytes mean nothing and are not checked.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_HEADER, _FRAME = 32, 24
_MAGIC = (0x377F0682, 0x377F0683)


class Tail(StrEnum):
    """What follows the last whole transaction."""

    CLEAN = "clean"
    TORN = "torn"
    """An unfinished write and nothing after it: what a crash leaves, or damage to the last transaction."""
    DAMAGED = "damaged"
    """Whole transactions stand after broken bytes: no crash does that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAhead:
    """Pages (from 1) as the last whole transaction left them, the page count then (None: no transaction), the tail."""

    pages: Mapping[int, bytes]
    count: int | None
    tail: Tail


def read_write_ahead(data: bytes, page_bytes: int) -> WriteAhead:
    """Read a write-ahead file that belongs to a database of ``page_bytes``."""
    if not data:
        return WriteAhead(pages={}, count=None, tail=Tail.CLEAN)
    if not _whole_header(data, page_bytes):
        tail = Tail.TORN if len(data) < _HEADER + _FRAME + page_bytes else Tail.DAMAGED
        return WriteAhead(pages={}, count=None, tail=tail)
    order = ">" if data[3] & 1 else "<"
    salts = data[16:24]
    sums = struct.unpack(">II", data[24:32])
    pages: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    count: int | None = None
    place, width = _HEADER, _FRAME + page_bytes
    while place + width <= len(data):
        frame = data[place : place + width]
        sums = _sums(order, frame[:8], sums)
        sums = _sums(order, frame[_FRAME:], sums)
        number, size = struct.unpack(">II", frame[:8])
        if frame[8:16] != salts or struct.unpack(">II", frame[16:24]) != sums or number == 0:
            break
        pending[number] = frame[_FRAME:]
        place += width
        if size:
            pages.update(pending)
            pending, count = {}, size
    return WriteAhead(pages=pages, count=count, tail=_tail(data, place, width, salts, order, torn=bool(pending)))


def _tail(data: bytes, place: int, width: int, salts: bytes, order: str, *, torn: bool) -> Tail:
    ours = torn
    at = place
    while at + width <= len(data):
        frame = data[at : at + width]
        same = frame[8:16] == salts
        ours = ours or same
        if same and at > place and struct.unpack(">I", frame[4:8])[0]:
            before = struct.unpack(">II", data[at - width + 16 : at - width + 24])
            if _sums(order, frame[_FRAME:], _sums(order, frame[:8], before)) == struct.unpack(">II", frame[16:24]):
                return Tail.DAMAGED
        at += width
    rest = data[at:]
    return Tail.TORN if ours or rest[8:16] == salts else Tail.CLEAN


def _whole_header(data: bytes, page_bytes: int) -> bool:
    if len(data) < _HEADER:
        return False
    magic, version, size = struct.unpack(">III", data[:12])
    if magic not in _MAGIC or version != 3007000 or size != page_bytes:  # noqa: PLR2004 - the form's fixed version
        return False
    order = ">" if magic & 1 else "<"
    return _sums(order, data[:24], (0, 0)) == struct.unpack(">II", data[24:32])


def _sums(order: str, data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for at in range(0, len(words), 2):
        first = first + words[at] + second & 0xFFFFFFFF
        second = second + words[at + 1] + first & 0xFFFFFFFF
    return first, second
