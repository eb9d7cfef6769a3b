"""Ossie (formerly OSI), 0.1.1 and the 0.2.0 draft: semantic models with datasets, relationships and SQL metrics.

What ``metricgate export ossie`` wrote comes back as it was; what others wrote comes along as far as the format tells.
"""

from metricgate.importing.ossie.project import import_ossie

__all__ = ["import_ossie"]
