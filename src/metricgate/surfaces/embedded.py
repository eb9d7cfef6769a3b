"""What a Python program gets of a gateway inside of it: what ``metricgate.Client`` returns and raises."""

from __future__ import annotations

import orjson

from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, RefusedCall
from metricgate.surfaces import client
from metricgate.surfaces.envelope import envelope, held_envelope
from metricgate.surfaces.problem_document import document_of
from metricgate.vocabulary.json import Json


def answer_or_raise(outcome: Outcome) -> Json:
    """Return ``{"verdicts": ..., "answer": ..., "record": ...}``.

    Raises:
        Refused, HeldAction, GatewayFault: there is no answer.
    """
    match outcome:
        case Answered():
            return orjson.loads(envelope(outcome))  # type: ignore[no-any-return]  # JSON by construction
        case RefusedCall():
            raise client.Refused(document_of(outcome))
        case Held():
            raise client.HeldAction(orjson.loads(held_envelope(outcome)))
        case Fault():
            raise client.GatewayFault(document_of(outcome))
