"""Names of the spans of a call, and of what spans say besides attributes of the record."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "gov."
"""How the name of a stage's span begins."""
PARSE: Final = "gov.parse"
RESOLVE: Final = "gov.resolve"
DECIDE: Final = "gov.decide"
COMPILE: Final = "gov.compile"
GUARD: Final = "gov.guard"
REWRITE: Final = "gov.rewrite"
RUN: Final = "gov.run"
RECORD: Final = "gov.record"
"""The ledger's append."""

EVENT: Final = "gov.event"
"""Attribute: the event that is recorded."""
RECORD_INDEX: Final = "gov.audit.index"
"""Attribute: number of the entry that is the call's outcome."""
LEAF_HASH: Final = "gov.audit.leaf_hash"
"""Attribute: hash of that entry's leaf, hex."""
