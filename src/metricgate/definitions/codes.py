"""Codes of files that cannot be read."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code

UNREADABLE = Code(
    name="E_FILE_UNREADABLE",
    group="project",
    status=500,
    cause="A file cannot be read or written.",
    cure="Check that it exists, is UTF-8 where it is text, and that its permissions let you.",
)

CODES = (UNREADABLE,)
