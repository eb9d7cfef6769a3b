"""The base of every section of the settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """The base of every section: unknown keys are refused, and what has another type than is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
