"""Where a definition comes from, and the problems found on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from metricgate.catalog.documents import CatalogFile
from metricgate.catalog.expression import Expression
from metricgate.catalog.expression_parser import parse_expression
from metricgate.documents import Read
from metricgate.vocabulary.problem import Code, Place, Problem

Step = str | int


@dataclass(frozen=True, slots=True)
class Origin:
    """A part of a file."""

    read: Read[CatalogFile]
    path: tuple[Step, ...]

    def at(self, *steps: Step) -> Place:
        """Return the place of a key or item below this part, or of the nearest part that was written."""
        return self.read.place((*self.path, *steps))

    def below(self, *steps: Step) -> Origin:
        """Return the part below."""
        return Origin(self.read, (*self.path, *steps))


@dataclass(slots=True)
class Findings:
    """Collects every problem."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, code: Code, message: str, where: Place | None, hint: str | None = None) -> None:
        """Note one problem."""
        self.problems.append(Problem(code=code, message=message, where=where, hint=hint))

    def expression(self, text: str | int, where: Place) -> Expression | None:
        """Return the parsed expression, or note why it is none."""
        found = parse_expression(str(text), where)
        if isinstance(found, Problem):
            self.problems.append(found)
            return None
        return found
