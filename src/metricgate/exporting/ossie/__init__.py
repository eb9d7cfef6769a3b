"""Our definitions as an Ossie document; what Ossie has no field for stands in ``custom_extensions``."""

from metricgate.exporting.ossie.document import VERSIONS, export_ossie

__all__ = ["VERSIONS", "export_ossie"]
