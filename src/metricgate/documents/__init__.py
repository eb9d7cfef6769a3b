"""YAML text -> checked pydantic documents that know their places, or all Problems at once.

Promises: no tags, no aliases that grow, no duplicate keys, no unknown keys; every problem has file, line and
column. It is the one reader for semantic models, policies and settings. Reads no files itself.
"""

from metricgate.documents.yaml_composer import DocumentLimits
from metricgate.documents.yaml_documents import Document, Read, in_order, read, read_all

__all__ = ["Document", "DocumentLimits", "Read", "in_order", "read", "read_all"]
