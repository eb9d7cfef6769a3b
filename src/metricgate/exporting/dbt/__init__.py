"""Our definitions as YAML of dbt's latest spec."""

from metricgate.exporting.dbt.project import export_dbt

__all__ = ["export_dbt"]
