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

from metricgate.adapters.warehouses.duckdb.reading.result_forms import DuckDBTypeShape
from metricgate.adapters.warehouses.duckdb.reading.results import Batches, Fetched, to_wire
from metricgate.adapters.warehouses.duckdb.workers.frames import Gone, Head, Malformed, receive, send
from metricgate.adapters.warehouses.duckdb.workers.payloads import packed_result, packed_scalars, result, scalars
from metricgate.vocabulary.result import Column, DataType

COLUMNS = (Column(name="a", type=DataType.STRING), Column(name="b", type=DataType.LIST))
SHAPES = (None, DuckDBTypeShape(kind="list", parts=(DuckDBTypeShape(kind="DECIMAL(4,1)"),)))
BATCH = pa.record_batch([pa.array(["one", None, "three"]), pa.array(['["1.5",null]', None, "[]"])], names=["a", "b"])
BATCHES = Batches(columns=COLUMNS, shapes=SHAPES, batches=[BATCH, BATCH], truncated="rows", bytes=99)


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
    assert to_wire(again) == to_wire(BATCHES)
    assert to_wire(again).values[:2] == [("one", ["1.5", None]), (None, None)]
    for rows in (
        Fetched(columns=COLUMNS[:1], values=(("x",), (None,)), truncated=None, bytes=5),
        Batches(columns=COLUMNS, shapes=SHAPES, batches=[], truncated=None, bytes=0),
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


@pytest.mark.parametrize(
    "array",
    [
        pa.array([[1]]),
        pa.array([{"a": 1}]),
        pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.array([[1, 2]], pa.list_(pa.int64(), 2)),
        pa.array(["x"]).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.large_string())),
    ],
    ids=lambda array: str(array.type),
)
def test_nothing_nested_is_taken_from_a_worker(array: pa.Array):
    """A worker that was taken over could send what Arrow's library does not survive: only flat columns are read."""
    batch = pa.record_batch([array], names=["a"])
    for shape in (None, DuckDBTypeShape(kind="list", parts=(DuckDBTypeShape(kind="BIGINT"),))):
        sent = Batches(columns=COLUMNS[:1], shapes=(shape,), batches=[batch], truncated=None, bytes=1)
        head, body = packed_result(sent)
        with pytest.raises(Malformed):
            result(head, memoryview(bytes(body)))


def test_a_result_that_does_not_fit_its_head_is_refused():
    """Columns that are missing, an unknown type, no form, a shape that is none, and one too deep to read."""
    head, body = packed()
    deep: object = ["DATE", [], []]
    for _ in range(10_000):
        deep = ["list", [], [deep]]
    for wrong in (
        {"columns": [["a", "string"]]},
        {"columns": [["a", "colour"], ["b", "list"]]},
        {"columns": None},
        {"shapes": [None]},
        {"shapes": ["DATE", None]},
        {"shapes": [["DATE"], None]},
        {"shapes": [None, deep]},
    ):
        with pytest.raises(Malformed):
            result(head | wrong, memoryview(body))
    with pytest.raises(Malformed):
        result({"ok": True}, memoryview(body))
