"""Fixes that are certainly right: a synonym that names another metric or its own, or stands there twice, is taken away.

Such synonyms keep a catalog from loading, and the name or the other synonym already answers. Whatever needs a judgement
(an owner, a new hash for a certification, which of two definitions to keep) is left to people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from metricgate.catalog.catalog_loader import load
from metricgate.catalog.codes import DUPLICATE_NAME, SYNONYM_SHADOWS
from metricgate.catalog.metric_types import BUILT_IN, MetricTypes
from metricgate.documents.list_removal import without_items
from metricgate.vocabulary.problem import Problem, Problems

_SYNONYM = re.compile(r".*\bsynonyms\[\d+\]")


def is_fixable(problem: Problem) -> bool:
    """Whether ``fixes`` may take the problem away."""
    path = None if problem.where is None else problem.where.path
    return problem.code in {SYNONYM_SHADOWS, DUPLICATE_NAME} and path is not None and bool(_SYNONYM.fullmatch(path))


def fixes(documents: Sequence[tuple[str, str]], types: MetricTypes = BUILT_IN) -> Mapping[str, str]:
    """Return file -> corrected text of the files that can be corrected; nothing where any doubt is left.

    Corrected documents have the problems that they had before, less those that were fixed, and no other.
    ``types`` are those that metrics may be of.
    """
    before = load(documents, types)
    if not isinstance(before, Problems):
        return {}
    spots: dict[str, set[tuple[int, int]]] = {}
    for problem in before:
        where = problem.where
        if is_fixable(problem) and where is not None and where.file and where.line and where.column:
            spots.setdefault(where.file, set()).add((where.line, where.column))
    texts = dict(documents)
    made = {file: without_items(texts[file], found) for file, found in spots.items() if file in texts}
    new = {file: text for file, text in made.items() if text is not None}
    after = load([(file, new.get(file, text)) for file, text in documents], types)
    left = [problem for problem in after if not is_fixable(problem)] if isinstance(after, Problems) else []
    known = {(problem.code.name, problem.message) for problem in before}
    return new if all((problem.code.name, problem.message) in known for problem in left) else {}
