"""The shape of ``semantic_models/*.yaml``: pydantic documents that know every key and refuse the rest."""

from metricgate.catalog.documents.file import CatalogFile, SettingsDocument
from metricgate.catalog.documents.metric import (
    ConversionDocument,
    CumulativeDocument,
    DerivedDocument,
    InputDocument,
    MetricDocument,
    RatioDocument,
    SimpleDocument,
)
from metricgate.catalog.documents.saved_query import SavedQueryDocument, TimeSpineDocument
from metricgate.catalog.documents.semantic_model import (
    DimensionDocument,
    EntityDocument,
    RelationshipDocument,
    SemanticModelDocument,
)

__all__ = [
    "CatalogFile",
    "ConversionDocument",
    "CumulativeDocument",
    "DerivedDocument",
    "DimensionDocument",
    "EntityDocument",
    "InputDocument",
    "MetricDocument",
    "RatioDocument",
    "RelationshipDocument",
    "SavedQueryDocument",
    "SemanticModelDocument",
    "SettingsDocument",
    "SimpleDocument",
    "TimeSpineDocument",
]
