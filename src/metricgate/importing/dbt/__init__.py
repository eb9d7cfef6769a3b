"""dbt's semantic layer: ``semantic_manifest.json``, the legacy YAML spec and the latest one, in any mixture.

Measures become simple metrics. A metric that was built on a measure is built on the metric that aggregates the same;
where there is none, one is added and told.
"""

from metricgate.importing.dbt.project import import_dbt

__all__ = ["import_dbt"]
