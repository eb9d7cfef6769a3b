"""Where a project's definitions are, and for what they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from metricgate.catalog.metric_types import MetricTypes
from metricgate.policy.rule_kinds import RuleKinds


class DefinitionPaths(Protocol):
    """Folders of definitions, relative to the project's."""

    @property
    def semantic_models(self) -> str:
        """Of semantic models and metrics."""
        ...

    @property
    def policies(self) -> str:
        """Of policies."""
        ...

    @property
    def actions(self) -> str:
        """Of governed actions."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionSource:
    """What a loader takes of a project.

    Attributes:
        folder: the project's.
        paths: folders of definitions in it.
        dialects: name of a warehouse -> name of the dialect in which it is spoken to; the default one first.
        types: types that metrics may be of.
        rule_kinds: kinds that rules may be of.
        all_expressible: whether definitions are refused of which an engine cannot give an expression; otherwise the
            question is.
    """

    folder: Path
    paths: DefinitionPaths
    dialects: Mapping[str, str]
    types: MetricTypes
    rule_kinds: RuleKinds
    all_expressible: bool = True
