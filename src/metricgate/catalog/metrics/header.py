"""What every metric carries, whatever its type: name, people, words, standing, version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.problem import Place


class Status(StrEnum):
    """Where a definition is in its life."""

    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """Somebody vouched for exactly the definition with this hash; void as soon as the definition's hash differs."""

    level: str
    by: str
    at: str
    definition_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """What to use instead (a full metric name), and the ISO date after which the metric no longer answers."""

    replaced_by: str | None
    sunset_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricHeader:
    """The part of a definition that is common to all types.

    Attributes:
        name: full name ``<domain>.<name>``, or just the name where no domain is given.
        definition_version: ``sha256:`` of the canonical definition and of all it is built on (input metrics, the
            model's source, the expressions of the joins and dimensions are the model's and count too). Words for people
            (description, synonyms, owner, labels) do not count: they do not change a number.
        time_granularity: what plain ``metric_time`` means for this metric; None: the data's own.
        certified: True only while ``certification.definition_hash`` equals ``definition_version``.
    """

    name: str
    domain: str | None
    description: str
    label: str | None
    owner: str | None
    status: Status
    synonyms: tuple[str, ...]
    definition_version: str
    certification: Certification | None = None
    certified: bool = False
    deprecation: Deprecation | None = None
    ai_instructions: str = ""
    ai_examples: tuple[str, ...] = ()
    sensitivity: str | None = None
    unit: str | None = None
    time_granularity: Grain | None = None
    place: Place | None = None

    @property
    def bare_name(self) -> str:
        """The name without its domain."""
        return self.name.rpartition(".")[2]
