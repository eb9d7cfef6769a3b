"""Something that a warehouse's account can do and should not, or that its set-up could do better."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.vocabulary.json import Json

WRONG = "wrong"
ADVICE = "advice"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFinding:
    """One right too many.

    Attributes:
        severity: ``wrong``, or ``advice`` where it is no danger by itself.
        right: what the account can do, e.g. ``CREATE``.
        object: on what, e.g. ``schema public``.
        cure: the statement, or the step, that takes it away.
    """

    severity: str
    right: str
    object: str
    cure: str

    def as_json(self) -> dict[str, Json]:
        """Return the four parts by name."""
        return {"severity": self.severity, "right": self.right, "object": self.object, "cure": self.cure}
