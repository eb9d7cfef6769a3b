"""Digests: SHA-256 over canonical JSON or over exact bytes, written ``sha256:<64 hex digits>``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from metricgate.vocabulary.json import Json, canonical_json


def digest_of_bytes(data: bytes) -> str:
    """Return ``sha256:<hex>`` of exactly these bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of_parts(parts: Iterable[bytes]) -> str:
    """Return ``sha256:<hex>`` of these bytes one after another."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return "sha256:" + found.hexdigest()


def digest_of(value: Json) -> str:
    """Return ``sha256:<hex>`` of the canonical JSON of ``value``: equal values have equal digests."""
    return digest_of_bytes(canonical_json(value))
