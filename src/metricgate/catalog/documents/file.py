"""One YAML file of definitions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from metricgate.catalog.documents.fields import Name
from metricgate.catalog.documents.metric import MetricDocument
from metricgate.catalog.documents.saved_query import SavedQueryDocument, TimeSpineDocument
from metricgate.catalog.documents.semantic_model import SemanticModelDocument
from metricgate.documents import Document
from metricgate.vocabulary.grain import WeekStart


class WarehouseZoneDocument(Document):
    """What holds for all definitions of one warehouse."""

    time_zone: str = Field(
        description="IANA zone of its stored timestamps, where neither dimension nor model says its own."
    )


class SettingsDocument(Document):
    """What holds for all definitions of the project."""

    week_start: WeekStart = Field(default=WeekStart.MONDAY, description="The day on which weeks begin.")
    time_zone: str | None = Field(
        default=None,
        description=(
            "IANA zone of stored timestamps, where neither dimension, model nor warehouse says its own. Default: UTC."
        ),
    )
    warehouses: dict[Name, WarehouseZoneDocument] = Field(
        default_factory=dict, description="By the name of a warehouse: what holds for the models that name it."
    )


class CatalogFile(Document):
    """Definitions in one file. Any kind may stand in any file; references reach across files."""

    version: Literal[2] | None = Field(default=None, description="dbt's format number; may be left out.")
    settings: SettingsDocument | None = Field(default=None, description="At most once over all files.")
    semantic_models: tuple[SemanticModelDocument, ...] = ()
    metrics: tuple[MetricDocument, ...] = ()
    saved_queries: tuple[SavedQueryDocument, ...] = ()
    time_spines: tuple[TimeSpineDocument, ...] = ()
