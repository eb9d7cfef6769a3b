"""The types of metrics that a catalog may have: the built-in ones, and those that packages add.

To add one: its document, its class with all that it does (``catalog/metrics/``), what builds it, and a record of the
two. A package of its own offers the record under the entry point ``metricgate.metric_types``; nothing else is to be
changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, create_model

from metricgate.catalog.building.metrics import MetricBuilder, MetricType
from metricgate.catalog.documents import (
    CatalogFile,
    ConversionDocument,
    CumulativeDocument,
    DerivedDocument,
    RatioDocument,
    SemanticModelDocument,
    SimpleDocument,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTypes:
    """The types that one process knows, and the shape of files that may name them."""

    types: tuple[MetricType, ...]
    file: type[CatalogFile]


BUILT_IN = MetricTypes(
    types=(
        MetricType(document=SimpleDocument, build=MetricBuilder.simple),
        MetricType(document=RatioDocument, build=MetricBuilder.ratio),
        MetricType(document=DerivedDocument, build=MetricBuilder.derived_metric),
        MetricType(document=CumulativeDocument, build=MetricBuilder.cumulative),
        MetricType(document=ConversionDocument, build=MetricBuilder.conversion),
    ),
    file=CatalogFile,
)


def with_types(more: Iterable[MetricType]) -> MetricTypes:
    """Return the built-in types and more; files may name all of them, also nested in a model.

    Raises:
        TypeError: two types have the same word.
    """
    added = tuple(more)
    if not added:
        return BUILT_IN
    types = (*BUILT_IN.types, *added)
    metric = Annotated[reduce(or_, [each.document for each in types]), Field(discriminator="type")]  # type: ignore[valid-type]  # known when it runs
    metrics: Any = tuple.__class_getitem__((metric, ...))
    model = create_model("SemanticModelDocument", __base__=SemanticModelDocument, metrics=(metrics, ()))
    models: Any = tuple.__class_getitem__((model, ...))
    file = create_model("CatalogFile", __base__=CatalogFile, semantic_models=(models, ()), metrics=(metrics, ()))
    return MetricTypes(types=types, file=file)
