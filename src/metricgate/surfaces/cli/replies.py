"""How a call's outcome is told at the command line: the bytes that the HTTP door sends, with an exit code."""

from __future__ import annotations

from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, RefusedCall
from metricgate.surfaces.cli.project import Exit, Reply
from metricgate.surfaces.envelope import envelope, held_envelope
from metricgate.surfaces.problem_document import document_of, to_bytes


def reply_of(outcome: Outcome) -> Reply:
    """Return the reply that a command prints."""
    match outcome:
        case Answered():
            return Reply(exit=Exit.ANSWERED, body=envelope(outcome))
        case RefusedCall():
            return Reply(exit=Exit.REFUSED, body=to_bytes(document_of(outcome)))
        case Held():
            return Reply(exit=Exit.HELD, body=held_envelope(outcome))
        case Fault():
            return Reply(exit=Exit.FAULT, body=to_bytes(document_of(outcome)))
