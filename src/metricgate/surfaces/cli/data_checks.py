"""``validate --data``: progress while the checks run, then what is wrong, then the counts."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from metricgate.gateway.data_checks.result import CheckResult, CheckState
from metricgate.surfaces.cli.output import tell, warn
from metricgate.surfaces.cli.project import Exit, Project
from metricgate.surfaces.cli.session import fail
from metricgate.vocabulary.problem import Problems

_STYLES = {
    CheckState.HOLDS: "green",
    CheckState.WARNS: "yellow",
    CheckState.BROKEN: "red",
    CheckState.UNKNOWN: "red",
    CheckState.NOT_ALLOWED: "",
    CheckState.NOT_CHECKED: "yellow",
}


def check_data(project: Project, parties: tuple[str, str | None] | None, *, as_json: bool) -> Sequence[CheckResult]:
    """Run the checks with a counter on a terminal; leave where none can be run."""

    def told(_result: CheckResult, done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\rchecked {done} of {total}{chr(10) if done == total else ''}")
            sys.stderr.flush()

    found = project.check_data(parties, told)
    if isinstance(found, Problems):
        fail(found, Exit.FAULT, as_json=as_json)
    return found


def tell_data(results: Sequence[CheckResult]) -> None:
    """Print each result but those that hold, then how many there are of each."""
    for each in results:
        if each.state is not CheckState.HOLDS:
            warn(f"{each.state}: {each.kind} {each.subject}: {each.message}", _STYLES[each.state])
    counts = Counter(each.state for each in results)
    told = ", ".join(f"{counts[state]} {_state_word(state)}" for state in CheckState if counts[state])
    tell(f"data: {told or 'nothing to check'} of {len(results)} checks")


def exit_of(results: Sequence[CheckResult]) -> Exit:
    """Return 3 where a declaration is broken, 1 where one could not be checked, else 0."""
    states = {each.state for each in results}
    if CheckState.BROKEN in states:
        return Exit.REFUSED
    return Exit.FAULT if CheckState.UNKNOWN in states else Exit.ANSWERED


def _state_word(state: CheckState) -> str:
    words = {CheckState.HOLDS: "hold", CheckState.WARNS: "with warnings"}
    return words.get(state, str(state).replace("_", " "))
