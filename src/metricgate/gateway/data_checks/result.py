"""How a check of data ends, in numbers: no values of rows but the ends of a time spine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from metricgate.vocabulary.json import Json


class CheckState(StrEnum):
    """The closed set of results."""

    HOLDS = "holds"
    WARNS = "warns"
    """The declaration holds, but some rows stand apart: without a partner, without a key."""
    BROKEN = "broken"
    UNKNOWN = "unknown"
    """The engine gave no answer."""
    NOT_ALLOWED = "not_allowed"
    """Policy does not let the caller read it."""
    NOT_CHECKED = "not_checked"
    """No statement can tell: what it is about lies in two warehouses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What came of one check.

    Attributes:
        kind: ``key``, ``history``, ``windows``, ``reference`` or ``spine``.
        subject: ``dataset.key``, with what it points at; a dataset alone; a spine.
        message: counts in words, no values of rows but a spine's first and last moment.
        counts: the same by name.
    """

    kind: str
    subject: str
    state: CheckState
    message: str
    counts: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        """Return every member."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "state": str(self.state),
            "message": self.message,
            "counts": dict(self.counts),
        }

    @staticmethod
    def of_json(read: Mapping[str, Json]) -> CheckResult:
        """Return what ``as_json`` wrote.

        Raises:
            KeyError, ValueError: it did not write that.
        """
        counts = read["counts"]
        return CheckResult(
            kind=str(read["kind"]),
            subject=str(read["subject"]),
            state=CheckState(str(read["state"])),
            message=str(read["message"]),
            counts={name: int(str(number)) for name, number in counts.items()} if isinstance(counts, Mapping) else {},
        )
