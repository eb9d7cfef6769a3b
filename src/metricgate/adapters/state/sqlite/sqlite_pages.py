"""A strict walk of the SQLite file form: every byte is either part of a row or has the one value it may have.

Knows only what an append-only ledger may contain: rowid tables without indexes, rows never deleted, so no free pages
and no auto-vacuum. Anything else is a fault. Pure over pages; see https://sqlite.org/fileformat2.html for the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Value = int | str | bytes | None

_INTERIOR, _LEAF = 0x05, 0x0D
_MOST_FRAGMENT = 3
_HEADER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFault:
    """Bytes that are not as they must be: on which page (from 1), and what is wrong."""

    page: int
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    rowid: int
    values: tuple[Value, ...]


class WrongPage(Exception):
    """A page cannot be read on; the message says why, after "page <number>"."""


class PageWalk:
    """Walks tables of one image; ``faults`` grows while ``rows`` is consumed; ``finish`` finds pages nobody reached.

    Args:
        page: gives the bytes of page ``n`` (from 1).
        count: number of pages.
        size: bytes of a page.
        at_rest: the file was closed and its free space wiped (``ledger_rest``); else SQLite may have left stale
            bytes in the free space of inner pages, where nothing reads them.
    """

    def __init__(self, page: Callable[[int], bytes], *, count: int, size: int, at_rest: bool) -> None:
        self._page = page
        self._count = count
        self._size = size
        self._at_rest = at_rest
        self._seen = bytearray(count + 1)
        self.faults: list[PageFault] = []

    def rows(self, root: int) -> Iterator[Row]:
        """Yield a table's rows in rowid order; parts that cannot be read become faults."""
        last: int | None = None
        for row in self._tree(root, None, 0):
            if last is not None and row.rowid <= last:
                self._fault(root, f"row {row.rowid} comes after row {last}")
            last = row.rowid
            yield row

    def finish(self) -> None:
        """Report every page that no table reached."""
        for number in range(1, self._count + 1):
            if not self._seen[number]:
                self._fault(number, "the page belongs to no table")

    def _fault(self, page: int, message: str) -> None:
        self.faults.append(PageFault(page=page, message=message))

    def _take(self, number: int) -> bytes:
        if not 1 <= number <= self._count:
            raise WrongPage(f"points to page {number}, which does not exist")
        if self._seen[number]:
            raise WrongPage(f"points to page {number}, which something else already uses")
        self._seen[number] = 1
        return self._page(number)

    def _tree(self, number: int, bound: int | None, depth: int) -> Iterator[Row]:
        """Walk a subtree whose greatest rowid must be ``bound`` (None at the right edge)."""
        try:
            data = self._take(number)
            start = _HEADER if number == 1 else 0
            kind = data[start]
            if kind not in {_INTERIOR, _LEAF} or depth > 20:  # noqa: PLR2004 - no honest tree is so deep
                raise WrongPage(f"is of kind {kind}, not of a table")  # noqa: TRY301 - one way out for a bad page
            children, rows = self._cells(number, data, start, interior=kind == _INTERIOR)
        except (WrongPage, IndexError) as wrong:
            self._fault(number, str(wrong))
            return
        if kind == _LEAF:
            if bound is not None and (not rows or rows[-1].rowid != bound):
                self._fault(number, f"does not end with row {bound}, as the page above says")
            yield from rows
            return
        for child, key in children:
            yield from self._tree(child, bound if key is None else key, depth + 1)

    def _cells(
        self, number: int, data: bytes, start: int, *, interior: bool
    ) -> tuple[list[tuple[int, int | None]], list[Row]]:
        """Read a page's cells; a cell that cannot be read is a fault, and the others are read all the same."""
        head = start + (12 if interior else 8)
        array = head + 2 * _u16(data, start + 3)
        content = _u16(data, start + 5) or 65536
        if content < array or content > self._size:
            raise WrongPage("has its cells in the wrong place")
        spans: list[tuple[int, int]] = []
        children: list[tuple[int, int | None]] = []
        rows: list[Row] = []
        for at in range(head, array, 2):
            offset = _u16(data, at)
            try:
                if offset < content:
                    raise WrongPage("has a cell outside its content")  # noqa: TRY301 - one way out for a bad cell
                if interior:
                    key, end = _varint(data, offset + 4)
                    children.append((_u32(data, offset), key))
                else:
                    row, end = self._leaf_cell(data, offset)
                    rows.append(row)
            except (WrongPage, IndexError) as wrong:
                self._fault(number, str(wrong))
                continue
            spans.append((offset, end))
        if interior:
            children.append((_u32(data, start + 8), None))
        try:
            self._accounted(data, start, array, content, spans, wiped=self._at_rest or not interior)
        except WrongPage as wrong:
            self._fault(number, str(wrong))
        return children, rows

    def _accounted(
        self, data: bytes, start: int, array: int, content: int, spans: list[tuple[int, int]], *, wiped: bool
    ) -> None:
        """Account for every byte between and around the cells."""
        if wiped and any(data[array:content]):
            raise WrongPage("has bytes in free space")
        free = self._free_blocks(data, _u16(data, start + 1), content, wiped=wiped)
        self._tiled(data, content, spans + free, data[start + 7], wiped=wiped)

    def _free_blocks(self, data: bytes, free: int, content: int, *, wiped: bool) -> list[tuple[int, int]]:
        spans = []
        while free:
            if free < content or free + 4 > self._size:
                raise WrongPage("has a free block in the wrong place")
            after, size = _u16(data, free), _u16(data, free + 2)
            if size < 4 or free + size > self._size or (after and after <= free + size + _MOST_FRAGMENT):  # noqa: PLR2004 - a free block holds its own header
                raise WrongPage("has a free block of the wrong form")
            if wiped and any(data[free + 4 : free + size]):
                raise WrongPage("has bytes in free space")
            spans.append((free, free + size))
            free = after
        return spans

    def _tiled(self, data: bytes, content: int, spans: list[tuple[int, int]], fragments: int, *, wiped: bool) -> None:
        spans.sort()
        place = content
        if spans and spans[0][0] != content:
            raise WrongPage("has cells that do not start where it says")
        lost = 0
        for begin, end in spans:
            gap = begin - place
            if gap < 0 or gap > _MOST_FRAGMENT or (wiped and any(data[place:begin])):
                raise WrongPage("has cells that overlap or leave a gap")
            lost += gap
            place = end
        gap = self._size - place
        if gap < 0 or gap > _MOST_FRAGMENT or (wiped and any(data[place:])):
            raise WrongPage("has cells that do not fill it")
        if lost + gap != fragments:
            raise WrongPage("counts its fragments wrongly")

    def _leaf_cell(self, data: bytes, offset: int) -> tuple[Row, int]:
        size, place = _varint(data, offset)
        key, place = _varint(data, place)
        local = self._local(size)
        payload = data[place : place + local]
        place += local
        if len(payload) != local:
            raise WrongPage("has a cell that runs over its end")
        if local < size:
            payload += self._overflow(_u32(data, place), size - local)
            place += 4
        values = decode(payload)
        if encode(values) != payload:
            raise WrongPage("has a row that is not written as SQLite writes it")
        return Row(key, values), place

    def _local(self, size: int) -> int:
        usable = self._size
        most = usable - 35
        if size <= most:
            return size
        least = (usable - 12) * 32 // 255 - 23
        part = least + (size - least) % (usable - 4)
        return part if part <= most else least

    def _overflow(self, number: int, size: int) -> bytes:
        parts = []
        while size > 0:
            data = self._take(number)
            number = _u32(data, 0)
            part = data[4 : 4 + size]
            if any(data[4 + len(part) :]):
                raise WrongPage("continues on a page with bytes after its end")
            size -= len(part)
            parts.append(part)
        if number:
            raise WrongPage("continues on a page that points further than it may")
        return b"".join(parts)


def inner_page(data: bytes) -> tuple[list[int], bytes] | None:
    """Return the children of an inner page (not page 1) and the page with its free space wiped; None for a leaf.

    Raises:
        WrongPage: it is no page of a table.
    """
    if data[0] == _LEAF:
        return None
    if data[0] != _INTERIOR:
        raise WrongPage(f"is of kind {data[0]}, not of a table")
    out = bytearray(len(data))
    cells, free = _u16(data, 3), _u16(data, 1)
    head = 12 + 2 * cells
    out[:head] = data[:head]
    children = []
    for at in range(12, head, 2):
        offset = _u16(data, at)
        _, end = _varint(data, offset + 4)
        out[offset:end] = data[offset:end]
        children.append(_u32(data, offset))
    while free:
        out[free : free + 4] = data[free : free + 4]
        free = _u16(data, free)
    return [*children, _u32(data, 8)], bytes(out)


def decode(payload: bytes) -> tuple[Value, ...]:
    """Read a record; ``WrongPage`` where it is malformed."""
    size, place = _varint(payload, 0)
    body, out = size, list[Value]()
    while place < size:
        kind, place = _varint(payload, place)
        width = _width(kind)
        part = payload[body : body + width]
        if len(part) != width:
            raise WrongPage("has a row that runs over its end")
        body += width
        out.append(_decode_value(kind, part))
    if place != size or body != len(payload):
        raise WrongPage("has a row whose parts do not fill it")
    return tuple(out)


def encode(values: Sequence[Value]) -> bytes:
    """Write a record as SQLite does: shortest integers, shortest varints."""
    kinds, parts = [], []
    for value in values:
        kind, part = _encode_value(value)
        kinds.append(put_varint(kind))
        parts.append(part)
    width = sum(map(len, kinds))
    size = width + 1 if width < 127 else width + 2  # noqa: PLR2004 - one byte of varint reaches to 127
    return b"".join((put_varint(size), *kinds, *parts))


def put_varint(number: int) -> bytes:
    """Write a varint of an unsigned number below 2**56, in its shortest form."""
    out = [number & 127]
    while number := number >> 7:
        out.append(number & 127 | 128)
    return bytes(reversed(out))


def _encode_value(value: Value) -> tuple[int, bytes]:
    match value:
        case None:
            return 0, b""
        case bytes():
            return 12 + 2 * len(value), value
        case str():
            data = value.encode()
            return 13 + 2 * len(data), data
        case 0 | 1:
            return 8 + value, b""
        case int():
            for kind, width in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (6, 8)):
                if -(1 << 8 * width - 1) <= value < 1 << 8 * width - 1:
                    return kind, value.to_bytes(width, "big", signed=True)
    raise WrongPage("has an integer that is too large")


def _width(kind: int) -> int:
    if kind >= 12:  # noqa: PLR2004 - blobs and texts
        return (kind - 12) // 2
    widths = (0, 1, 2, 3, 4, 6, 8, -1, 0, 0, -1, -1)
    if widths[kind] < 0:
        raise WrongPage(f"has a value of kind {kind}, which no ledger holds")
    return widths[kind]


def _decode_value(kind: int, part: bytes) -> Value:
    if kind == 0:
        return None
    if kind >= 12:  # noqa: PLR2004 - blobs and texts
        if kind % 2 == 0:
            return part
        try:
            return part.decode()
        except UnicodeDecodeError as error:
            raise WrongPage("has a text that is not UTF-8") from error
    if kind in {8, 9}:
        return kind - 8
    return int.from_bytes(part, "big", signed=True)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Read a varint in its shortest form; return it and the place after it."""
    byte = data[place]
    if byte < 128:  # noqa: PLR2004 - the common case: one byte
        return byte, place + 1
    number, begin = 0, place
    for _ in range(8):
        byte = data[place]
        place += 1
        number = number << 7 | byte & 127
        if byte < 128:  # noqa: PLR2004 - the last byte has no high bit
            break
    else:
        raise WrongPage("has a number that is too large")
    if data[begin] == 128:  # noqa: PLR2004 - leading zeros
        raise WrongPage("has a number in a longer form than needed")
    return number, place


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
