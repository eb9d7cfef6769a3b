"""The immutable catalog: every governed definition, indexed by the names people use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.catalog.metrics import Metric
from metricgate.catalog.model import SemanticModel
from metricgate.catalog.saved import SavedQuery, TimeSpine
from metricgate.vocabulary.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Loaded once, replaced whole, never changed.

    Attributes:
        models: by name.
        metrics: by full name (``finance.revenue``).
        called: bare names and synonyms, lower case -> full names of the metrics that answer to them, sorted.
        version: ``sha256:`` over everything that is loaded, words included.
        saved_queries: by name; loaded and checked, not yet run.
        time_spines: by name.
        warehouse_zones: by warehouse, the zone that the settings give its timestamps, and where.
    """

    models: Mapping[str, SemanticModel]
    metrics: Mapping[str, Metric]
    called: Mapping[str, tuple[str, ...]] = field(repr=False)
    version: str
    saved_queries: Mapping[str, SavedQuery] = field(default_factory=dict, repr=False)
    time_spines: Mapping[str, TimeSpine] = field(default_factory=dict, repr=False)
    warehouse_zones: Mapping[str, tuple[str, Place]] = field(default_factory=dict, repr=False)

    def find_metrics(self, name: str) -> tuple[str, ...]:
        """Return the full names of the metrics that ``name`` may mean: none, one, or several."""
        if name in self.metrics:
            return (name,)
        return self.called.get(name.strip().lower(), ())
