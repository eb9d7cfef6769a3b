"""Confinement probes on live engines: nothing that an agent sees may contain the sentinel.

``confinement_probes.jsonl`` and ``sentinel_schema.json`` of the suite's folder are read here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The probes, and the schema with its policy and sentinel."""

    probes: tuple[str, ...]
    ddl: tuple[str, ...]
    policy: dict[str, Any]
    sentinel: str


def suite(folder: Path) -> Suite | None:
    """Return the folder's probes, or None where it has none."""
    probes, schema = folder / "confinement_probes.jsonl", folder / "sentinel_schema.json"
    if not probes.exists() or not schema.exists():
        return None
    document = json.loads(schema.read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in probes.read_text(encoding="utf-8").splitlines() if line.strip()]
    return Suite(
        probes=tuple(line["sql"] for line in lines),
        ddl=tuple(document["ddl"]),
        policy=document["policy"],
        sentinel=document["sentinel"],
    )
