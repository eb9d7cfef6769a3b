"""An expression under the dialects that Ossie names: each text is labelled as what it is."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.catalog.interchange import as_ossie_sql, as_standard_sql
from metricgate.dialects.vendor import vendor_text
from metricgate.vocabulary.json import Json

STANDARD, OWN = "ANSI_SQL", "OSSIE_SQL_2026"
_VENDORS = {"SNOWFLAKE": "snowflake", "DATABRICKS": "databricks", "BIGQUERY": "bigquery"}
"""Dialects of Ossie that are warehouses' SQL -> the dialect here."""
_FIRST_VENDORS = ("SNOWFLAKE", "DATABRICKS")
"""Those that every version of Ossie knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How expressions are written for one version; ``knows_own_language``: it has Ossie's own dialect, and BigQuery."""

    knows_own_language: bool

    def expression(self, text: str) -> Json:
        """Return ``{dialects: [{dialect, expression}, ...]}``, or None where no dialect can say it.

        Standard SQL stands alone. What is none is said in Ossie's own language, where that can, and in warehouses' SQL
        beside it, as tools that read the format do not know that language yet (apache/ossie#442).
        """
        standard = as_standard_sql(text)
        if standard is not None:
            return {"dialects": [{"dialect": STANDARD, "expression": standard}]}
        own = as_ossie_sql(text) if self.knows_own_language else None
        found: list[Json] = [] if own is None else [{"dialect": OWN, "expression": own}]
        for label, dialect in _VENDORS.items():
            written = vendor_text(text, dialect) if self.knows_own_language or label in _FIRST_VENDORS else None
            if written is not None:
                found.append({"dialect": label, "expression": written})
        return {"dialects": found} if found else None
