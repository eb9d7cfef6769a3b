"""One YAML file of definitions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from metricgate.catalog.documents.metric import MetricDocument
from metricgate.catalog.documents.saved_query import SavedQueryDocument, TimeSpineDocument
from metricgate.catalog.documents.semantic_model import SemanticModelDocument
from metricgate.documents import Document
from metricgate.vocabulary.grain import WeekStart


class SettingsDocument(Document):
    """What holds for all definitions of the project."""

    week_start: WeekStart = Field(default=WeekStart.MONDAY, description="The day on which weeks begin.")
    time_zone: str | None = Field(
        default=None,
        description="IANA zone of stored timestamps, where neither dimension nor model says its own. Default: UTC.",
    )


class CatalogFile(Document):
    """Definitions in one file. Any kind may stand in any file; references reach across files."""

    version: Literal[2] | None = Field(default=None, description="dbt's format number; may be left out.")
    settings: SettingsDocument | None = Field(default=None, description="At most once over all files.")
    semantic_models: tuple[SemanticModelDocument, ...] = ()
    metrics: tuple[MetricDocument, ...] = ()
    saved_queries: tuple[SavedQueryDocument, ...] = ()
    time_spines: tuple[TimeSpineDocument, ...] = ()
