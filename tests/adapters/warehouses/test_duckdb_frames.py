"""What comes from a worker is checked: a worker that somebody took over must not harm the gateway."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metricgate.adapters.warehouses.duckdb_fetch import Batches, Fetched, wired
from metricgate.adapters.warehouses.duckdb_frames import Gone, Head, Malformed, receive, send
from metricgate.adapters.warehouses.duckdb_packing import packed_result, packed_scalars, result, scalars
from metricgate.vocabulary.result import Column, DataType

COLUMNS = (Column(name="a", type=DataType.STRING), Column(name="b", type=DataType.LIST))
BATCH = pa.record_batch([pa.array(["one", None, "three"]), pa.array([[Decimal(1), None], None, []])], names=["a", "b"])
BATCHES = Batches(columns=COLUMNS, batches=[BATCH, BATCH], truncated="rows", bytes=99)


def packed() -> tuple[Head, bytes]:
    head, body = packed_result(BATCHES)
    return head, bytes(body)


def received(write: Callable[[socket.socket], object], largest_body: int = 0) -> tuple[Head, bytes]:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            write(theirs)
        head, body = receive(ours, largest_body)
        return head, bytes(body)


def test_a_result_comes_as_it_was_sent():
    """Batches and plain rows, with their columns, their cap and their size."""
    head, body = packed()
    got = received(lambda channel: send(channel, head, body), len(body))
    again = result(got[0], memoryview(got[1]))
    assert isinstance(again, Batches)
    assert wired(again) == wired(BATCHES)
    for rows in (
        Fetched(columns=COLUMNS[:1], values=(("x",), (None,)), truncated=None, bytes=5),
        Batches(columns=COLUMNS, batches=[], truncated=None, bytes=0),
    ):
        head, body = packed_result(rows)
        again = result(json.loads(json.dumps(head)), memoryview(bytes(body)))
        assert again.columns == rows.columns
        if isinstance(rows, Fetched):
            assert [tuple(row) for row in again.values] == list(rows.values)


@given(
    st.lists(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(st.characters(exclude_categories=["Cs"]))
        | st.decimals(allow_nan=False)
        | st.dates()
        | st.datetimes()
    )
)
def test_parameters_keep_value_and_type(values: list[bool | int | float | str | Decimal | date | datetime | None]):
    """Also numbers beyond 64 bits, and moments beside days."""
    again = scalars(json.loads(json.dumps(packed_scalars(values))))
    assert [(type(value), value) for value in again] == [(type(value), value) for value in values]


def test_frames_that_are_too_large_or_no_frames_are_not_read():
    """The lengths are believed only inside what the question allows."""
    lengths = struct.Struct(">IQ")
    for frame in (
        lengths.pack(2, 101) + b"{}",
        lengths.pack(2**31, 0),
        lengths.pack(2, 2**62) + b"{}",
        lengths.pack(2, 0) + b"[]",
        lengths.pack(3, 0) + b"{]}",
        lengths.pack(100_000, 0) + b"[" * 100_000,
    ):
        with pytest.raises(Malformed):
            received(lambda channel, frame=frame: channel.sendall(frame), 100)
    for cut in (b"", lengths.pack(2, 0)[:5], lengths.pack(2, 0) + b"{"):
        with pytest.raises(Gone):
            received(lambda channel, cut=cut: channel.sendall(cut), 100)


@given(st.data())
def test_bytes_that_were_tampered_with_do_no_harm(data: st.DataObject):
    """Whatever a worker sends for batches is refused or read inside its own buffers."""
    head, whole = packed()
    body = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    for text in (body, body[:cut]):
        try:
            again = result(head, memoryview(text))
        except Malformed:
            continue
        assert isinstance(again, Batches)
        for batch in again.batches:
            try:
                str(batch.to_pydict())
            except (ValueError, pa.ArrowException):  # a text that is no UTF-8
                continue


def test_a_result_that_does_not_fit_its_head_is_refused():
    """Columns that are missing, an unknown type, no form."""
    head, body = packed()
    for wrong in ({"columns": [["a", "string"]]}, {"columns": [["a", "colour"], ["b", "list"]]}, {"columns": None}):
        with pytest.raises(Malformed):
            result(head | wrong, memoryview(body))
    with pytest.raises(Malformed):
        result({"ok": True}, memoryview(body))
