"""A policy document while it is checked: where its parts stand, and what has been found wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from metricgate.policy import codes
from metricgate.policy.names import is_name, mistake_in_party
from metricgate.policy.patterns import ANYTHING, mistake_in
from metricgate.vocabulary.problem import Code, Place, Problem
from metricgate.vocabulary.target import mistake_in_target

Path = tuple[int | str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemCollector:
    """Collects problems at their places."""

    place: Callable[[Sequence[int | str]], Place]
    problems: list[Problem] = field(default_factory=list)

    def report(self, code: Code, path: Path, message: str, hint: str | None = None) -> None:
        """Note one mistake."""
        self.problems.append(Problem(code=code, message=message, where=self.place(path), hint=hint or code.cure))

    def check_name(self, text: str, path: Path, what: str) -> None:
        """Note it if a rule, role, attribute or domain may not be called so."""
        if not is_name(text):
            self.report(codes.BAD_NAME, path, f"{text[:60]!r} cannot be the name of {what}.")

    def check_filled(self, items: Sequence[object], path: Path, what: str) -> None:
        """Note it if a list that a rule lives by is empty."""
        if not items:
            self.report(codes.EMPTY_RULE, path, f"The rule names no {what}, so it would never take effect.")

    def check_patterns(self, patterns: Sequence[str], path: Path, *, kinds: Sequence[str] = ()) -> None:
        """Note each resource pattern that is none, or of another kind than ``kinds`` where any are given."""
        for index, pattern in enumerate(patterns):
            mistake = mistake_in(pattern)
            if mistake is None and kinds and pattern.partition(":")[0] not in kinds:
                names = " or ".join(f"`{kind}`" if kind == ANYTHING else f"`{kind}:`" for kind in kinds)
                mistake = (f"{pattern!r} is nothing that this kind of rule speaks of.", f"Begin it with {names}.")
            if mistake is not None:
                self.report(codes.BAD_PATTERN, (*path, index), *mistake)

    def check_targets(self, targets: Sequence[str], path: Path) -> None:
        """Note each target that names nobody."""
        for index, target in enumerate(targets):
            mistake = mistake_in_target(target)
            if mistake is not None:
                self.report(codes.BAD_PARTY, (*path, index), f"{mistake}.", "Write `all`, or e.g. `agent:copilot`.")

    def check_party(self, party: str, path: Path) -> None:
        """Note it if this names no party."""
        mistake = mistake_in_party(party)
        if mistake is not None:
            self.report(codes.BAD_PARTY, path, mistake)
