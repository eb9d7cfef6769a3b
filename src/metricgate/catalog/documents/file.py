"""One YAML file of definitions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from metricgate.catalog.documents.metric import MetricDocument
from metricgate.catalog.documents.saved_query import SavedQueryDocument, TimeSpineDocument
from metricgate.catalog.documents.semantic_model import SemanticModelDocument
from metricgate.documents import Document


class CatalogFile(Document):
    """Definitions in one file. Any kind may stand in any file; references reach across files."""

    version: Literal[2] | None = Field(default=None, description="dbt's format number; may be left out.")
    semantic_models: tuple[SemanticModelDocument, ...] = ()
    metrics: tuple[MetricDocument, ...] = ()
    saved_queries: tuple[SavedQueryDocument, ...] = ()
    time_spines: tuple[TimeSpineDocument, ...] = ()
