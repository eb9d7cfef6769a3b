"""What every tool that proposes a change has in common: arguments beside its own, and the form of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from metricgate.gateway.tools.tool import RECORD_SCHEMA
from metricgate.vocabulary.json import Json

Key = Annotated[str, Field(min_length=8, max_length=100, pattern=r"^[A-Za-z0-9._:-]+$")]


class ProposalArguments(BaseModel):
    """How a change is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dry_run: bool = Field(
        True,
        description="True (the default) shows what it would do and what would be decided, and runs nothing. "
        "False proposes it: it runs if policy allows, or waits for a person.",
    )
    idempotency_key: Key | None = Field(
        None,
        description="Your own name for this proposal (8 to 100 letters, digits or ._:-), the same in every repetition "
        "of the call: it never runs twice. Wanted where dry_run is false.",
    )
    because: Annotated[str, Field(max_length=1_000)] | None = Field(
        None, description="What the change is for, in a sentence, for the person who decides."
    )


ANSWER: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "action_id": {"type": "string", "description": "What get_action takes."},
        "state": {
            "type": "string",
            "enum": [
                *("previewed", "held", "approved", "executing", "executed"),
                *("failed", "denied", "expired", "cancelled", "undone"),
            ],
        },
        "message": {"type": "string", "description": "What to do now."},
        "would": {"type": ["string", "null"], "description": "Of a dry run: allow or hold."},
        "statement": {"type": "string"},
        "action": {"type": ["string", "null"]},
        "preview": {
            "type": "object",
            "description": "Rows by what happens to them, columns, labels, sample, reversibility; hidden values as "
            "(hidden).",
        },
        "risk": {"type": "object", "description": "Score, likelihood, impact, the three largest contributions."},
        "rules": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Ids of the rules that have people decide.",
        },
        "approvals_missing": {"type": "integer"},
        "expires_at": {"type": ["string", "null"], "description": "When it is denied if nobody decided."},
        "outcome": {"type": "object"},
        "undo_until": {"type": ["string", "null"], "description": "Until when a person can take it back."},
        "undoes": {"type": ["string", "null"]},
        "undone_by": {"type": ["string", "null"]},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
    "required": [
        *("action_id", "state", "message", "would", "statement", "action", "preview", "risk", "rules"),
        *("approvals_missing", "expires_at", "outcome", "undo_until", "undoes", "undone_by", "notes"),
    ],
    "additionalProperties": False,
}

OUTPUT: Mapping[str, Json] = {
    "type": "object",
    "properties": {"answer": ANSWER, "record": RECORD_SCHEMA},
    "required": ["answer", "record"],
    "additionalProperties": False,
}
"""The envelope's schema."""
