"""An answer, what is known of it besides, and its record number as one JSON object.

It is made of the very bytes the gateway answered with. The verdicts stand first: who reads with little room cuts the
end.
"""

from __future__ import annotations

import orjson

from metricgate.gateway.outcome import Answered, Held
from metricgate.vocabulary.json import canonical_json


def envelope(outcome: Answered | Held) -> bytes:
    """Return ``{"verdicts": {...}, "answer": ..., "record": {"index": ..., "trace_id": ...}}``.

    The answer's bytes go in untouched.
    """
    record = outcome.record
    return b'{"verdicts":%b,"answer":%b,"record":{"index":%d,"trace_id":"%b"}}' % (
        canonical_json(outcome.verdicts.as_json()),
        outcome.body,
        record.index,
        record.trace_id.encode("ascii"),
    )


def held_envelope(outcome: Held) -> bytes:
    """Return ``{"verdicts": ..., "answer": ..., "record": ..., "held": {"action_id", "message", "rules"}}``.

    ``held`` repeats what a program needs to wait, so that it is told from an answer by its keys alone.
    """
    held = {"action_id": outcome.action_id, "message": outcome.message, "rules": outcome.rules}
    return b'%b,"held":%b}' % (envelope(outcome)[:-1], orjson.dumps(held))
