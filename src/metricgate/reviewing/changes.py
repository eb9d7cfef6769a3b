"""What differs between two catalogs: a closed set of kinds, each change with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from metricgate.vocabulary.json import Json


class ChangedSubject(StrEnum):
    """What has changed."""

    METRIC = "metric"
    SAVED_QUERY = "saved_query"
    TIME_SPINE = "time_spine"


class ChangeType(StrEnum):
    """How it has changed."""

    ADDED = "added"
    REMOVED = "removed"
    MEANING = "meaning"
    """The definition's version, or what its numbers count, is another."""
    WORDS = "words"
    """Only what people read: the same questions have the same numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReason:
    """One difference; ``breaking`` where a question that could be asked is refused now or means another number."""

    message: str
    breaking: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The same thing before and after; None where it is not there."""

    before: str | None
    after: str | None

    def as_json(self) -> dict[str, Json]:
        """Return ``{before, after}``."""
        return {"before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogChange:
    """One thing that is not as it was.

    Attributes:
        version: definition versions; both None for what has none.
        sql: the statement of one question, the metric by its time, without anybody's row filters.
        metrics: metrics built on it, directly or not, in either catalog.
        saved_queries: saved queries that ask for it or for one of ``metrics``.
        renamed_to: a metric that was added with the same meaning.
        certification_lapsed: it was certified, and this change voids that.
    """

    subject: ChangedSubject
    name: str
    kind: ChangeType
    reasons: tuple[ChangeReason, ...]
    version: Sides
    sql: Sides
    metrics: tuple[str, ...] = ()
    saved_queries: tuple[str, ...] = ()
    renamed_to: str | None = None
    certification_lapsed: bool = False

    @property
    def breaking(self) -> bool:
        """Whether some reason is."""
        return any(reason.breaking for reason in self.reasons)

    def as_json(self) -> dict[str, Json]:
        """Return the change for programs."""
        return {
            "subject": str(self.subject),
            "name": self.name,
            "change": str(self.kind),
            "breaking": self.breaking,
            "reasons": [{"message": each.message, "breaking": each.breaking} for each in self.reasons],
            "definition_version": self.version.as_json(),
            "affected": {"metrics": list(self.metrics), "saved_queries": list(self.saved_queries)},
            "renamed_to": self.renamed_to,
            "certification_lapsed": self.certification_lapsed,
            "sql": self.sql.as_json(),
        }
