"""What every entry of the settings' ``notifications`` says, whatever kind of sink it is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from metricgate.vocabulary.notice import NoticeKind


class SinkSection(BaseModel):
    """The base of a sink plugin's section; a plugin adds the keys of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$", description="Names it in lists and logs.")
    kind: str = Field(description="The plugin that delivers.")
    on: list[NoticeKind] = Field(min_length=1, description="The events to tell.")
