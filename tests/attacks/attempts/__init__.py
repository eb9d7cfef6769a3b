"""Attempts on the guard of agents' SQL, as data: each with the dialects it is tried in and the layer that stops it.

Every file of this folder is a list of groups: ``about``, ``stopped_by`` (a layer; ``rewrite`` means that the text runs,
confined), ``dialects``, and ``attempts`` (texts) or ``repeated`` (before, piece, times, middle, closing piece).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from metricgate.guarding import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One text in one dialect, and the layer that is expected to stop it."""

    about: str
    dialect: str
    sql: str
    stopped_by: Layer

    @property
    def name(self) -> str:
        """What a failing test is called."""
        return f"{self.dialect}: {' '.join(self.sql.split())[:60]}"


def attempts() -> list[Attempt]:
    """Return all attempts, in the order of the files."""
    found = []
    for file in sorted(Path(__file__).parent.glob("*.yaml")):
        for group in yaml.safe_load(file.read_text(encoding="utf-8")):
            texts = [*group.get("attempts", ()), *map(_repeated, group.get("repeated", ()))]
            found += [
                Attempt(about=group["about"], dialect=dialect, sql=sql, stopped_by=Layer(group["stopped_by"]))
                for sql in texts
                for dialect in group["dialects"]
            ]
    return found


def _repeated(parts: list) -> str:
    before, piece, times, middle, closing = parts
    return before + piece * times + middle + closing * times
