"""An answer and its record number as one JSON object, made of the very bytes the gateway answered with."""

from __future__ import annotations

import orjson

from metricgate.gateway.outcome import Answered, Held


def envelope(outcome: Answered | Held) -> bytes:
    """Return ``{"answer": ..., "record": {"index": ..., "trace_id": ...}}``; the answer's bytes go in untouched."""
    record = outcome.record
    return b'{"answer":%b,"record":{"index":%d,"trace_id":"%b"}}' % (
        outcome.body,
        record.index,
        record.trace_id.encode("ascii"),
    )


def held_envelope(outcome: Held) -> bytes:
    """Return ``{"answer": ..., "record": ..., "held": {"action_id", "message", "rules"}}``.

    ``held`` repeats what a program needs to wait, so that it is told from an answer by its keys alone.
    """
    held = {"action_id": outcome.action_id, "message": outcome.message, "rules": outcome.rules}
    return b'%b,"held":%b}' % (envelope(outcome)[:-1], orjson.dumps(held))
