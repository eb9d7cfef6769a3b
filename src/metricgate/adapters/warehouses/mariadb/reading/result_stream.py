"""A statement's rows as they come: of the text protocol, or of the binary one where a text would lose digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pymysql
from pymysql.cursors import SSCursor
from pymysql.protocol import FieldDescriptorPacket

from metricgate.adapters.warehouses.mariadb.reading.binary_protocol import prepare
from metricgate.adapters.warehouses.mariadb.reading.types import ResultField


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """A statement that runs.

    Attributes:
        fields: of its result.
        fetch: gives at most so many rows, fewer only at the end; values as the text protocol has them.
        let_go: forgets the rest, without reading it.
    """

    fields: Sequence[ResultField]
    fetch: Callable[[int], Sequence[Sequence[object]]]
    let_go: Callable[[], None]


def stream_select(connection: pymysql.Connection, sql: str) -> Streamed:
    """Run one SELECT; until all of it is read, the connection is of no use to anyone else.

    Raises:
        pymysql.Error: the server does not run it.
    """
    prepared = prepare(connection, sql)
    if prepared.has_floats:
        rows = prepared.execute()
        return Streamed(fields=fields_of(rows.fields), fetch=rows.fetchmany, let_go=_do_nothing)
    prepared.close()
    cursor = SSCursor(connection)
    try:
        cursor.execute(sql)
    except pymysql.MySQLError:
        _abandon(cursor)
        raise
    # The public description lacks the character set.
    fields = fields_of(cursor._result.fields)  # noqa: SLF001
    return Streamed(fields=fields, fetch=cursor.fetchmany, let_go=lambda: _abandon(cursor))


def fields_of(described: Sequence[FieldDescriptorPacket]) -> Sequence[ResultField]:
    """Return the columns of a result as the protocol describes them."""
    return [
        ResultField(
            name=each.name,
            code=each.type_code,
            length=each.length,
            scale=each.scale,
            charset=each.charsetnr,
            flags=each.flags,
        )
        for each in described
    ]


def _do_nothing() -> None:
    """The server's prepared statement goes with the session's reset."""


def _abandon(cursor: SSCursor) -> None:
    """Let go of the cursor: closing it, or forgetting its result, would read all the rest."""
    cursor.connection = None
    if cursor._result is not None:  # noqa: SLF001 - the driver has no public way
        cursor._result.unbuffered_active = False  # noqa: SLF001
