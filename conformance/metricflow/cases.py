"""The cases of a suite's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question and what it must return. ``rows`` is None where they come from ``check_sql``."""

    name: str
    manifest: str
    metric_type: str
    question: dict
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[list] | None
    check_sql: str | None
    check_order: bool


def read_cases(folder: Path) -> list[Case]:
    """Return the cases of every ``cases*.yaml`` in the folder, in the order of the files."""
    found = []
    for file in sorted(folder.glob("cases*.yaml")):
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
        found.extend(_case(each) for each in document["cases"])
    return found


def _case(raw: dict) -> Case:
    expected = raw["expected"]
    rows = expected.get("rows")
    return Case(
        name=raw["id"],
        manifest=raw["manifest"],
        metric_type=raw.get("primary_metric_type") or "none",
        question=raw,
        columns=tuple(expected["columns"]),
        types=tuple(expected.get("duckdb_types") or ["VARCHAR"] * len(expected["columns"])),
        rows=rows if isinstance(rows, list) else None,
        check_sql=raw.get("check_sql_duckdb"),
        check_order=bool(raw.get("check_order")),
    )
