"""What every tool that proposes a change has in common: arguments beside its own."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

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
