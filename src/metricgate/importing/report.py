"""What an import gives: documents, and what changed on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code, Place, Problem


class LossKind(StrEnum):
    """What happened to a part of the source."""

    DROPPED = "dropped"
    CHANGED = "changed"
    ADDED = "added"


@dataclass(frozen=True, slots=True, kw_only=True)
class LossEntry:
    """One line of the loss report: what, where in the source, and why."""

    kind: LossKind
    subject: str
    where: Place
    reason: str

    def as_json(self) -> dict[str, Json]:
        """Return ``{kind, subject, where, reason}``."""
        return {
            "kind": str(self.kind),
            "subject": self.subject,
            "where": self.where.as_json(),
            "reason": self.reason,
        }

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        return f"{place}{self.kind} {self.subject}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The result of an import.

    Attributes:
        files: our documents (the form of ``docs/writing-metrics.md``) by the file name they should have.
        changes: the loss report, in the order of the source.
        policies: policy documents (the form of ``docs/writing-policy.md``), where the source says who may ask.
    """

    files: Mapping[str, Mapping[str, Json]]
    changes: tuple[LossEntry, ...]
    policies: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many definitions there are of each kind, by the key they stand under."""
        found = dict.fromkeys(("semantic_models", "metrics", "saved_queries", "time_spines"), 0)
        for document in self.files.values():
            for kind, definitions in document.items():
                found[kind] += len(definitions) if isinstance(definitions, list) else 0
        return found


@dataclass(slots=True)
class Notes:
    """Collects changes and problems during an import."""

    changes: list[LossEntry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def note_dropped(self, subject: str, where: Place, reason: str) -> None:
        """Note that a part of the source has no counterpart in the result."""
        self.changes.append(LossEntry(kind=LossKind.DROPPED, subject=subject, where=where, reason=reason))

    def note_changed(self, subject: str, where: Place, reason: str) -> None:
        """Note that a part says something else in the result, or says it under another name."""
        self.changes.append(LossEntry(kind=LossKind.CHANGED, subject=subject, where=where, reason=reason))

    def note_added(self, subject: str, where: Place, reason: str) -> None:
        """Note that the result holds something that the source has no name for."""
        self.changes.append(LossEntry(kind=LossKind.ADDED, subject=subject, where=where, reason=reason))

    def problem(self, code: Code, message: str, where: Place, hint: str | None = None) -> None:
        """Note why the import cannot end well."""
        self.problems.append(Problem(code=code, message=message, where=where, hint=hint or code.cure))
