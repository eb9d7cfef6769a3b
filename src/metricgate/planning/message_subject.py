"""What a message about a question speaks of: one metric, several, or what its reader may not see by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MessageSubject:
    """What a message speaks of, and the words that fit its number.

    Attributes:
        metrics: names of those that its reader may see, each once.
        unnamed: what is said where there is none.
    """

    metrics: tuple[str, ...] = ()
    unnamed: str = "The metric"

    def __str__(self) -> str:
        """Return e.g. ``Metric 'a'`` or ``Metrics 'a', 'b' and 'c'``."""
        shown = [repr(name) for name in self.metrics]
        if not shown:
            return self.unnamed
        *before, last = shown
        return f"Metrics {', '.join(before)} and {last}" if before else f"Metric {last}"

    def with_verb(self, one: str, several: str) -> str:
        """Return the beginning of a sentence: the subject, and the verb in the form that fits."""
        return f"{self} {self.of_number(one, several)}"

    def of_number(self, one: str, several: str) -> str:
        """Return the words that fit, such as ``its`` or ``their``."""
        return several if len(self.metrics) > 1 else one


def subject_of(metrics: Iterable[str]) -> MessageSubject:
    """Return these metrics as a subject, in their order."""
    return MessageSubject(metrics=tuple(dict.fromkeys(metrics)))


THE_QUESTION = MessageSubject(unnamed="The question")
NO_SUBJECT = MessageSubject()
"""Of problems that nobody is told."""
