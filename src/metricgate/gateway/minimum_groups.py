"""Questions that could show a group of fewer rows than policy lets this caller see."""

from __future__ import annotations

from collections.abc import Sequence

from metricgate.gateway import codes
from metricgate.planning.plan import Plan
from metricgate.planning.small_groups import hindrance
from metricgate.vocabulary.obligation import MinimumGroup
from metricgate.vocabulary.problem import Problem, Problems


def small_groups_shown(minimums: Sequence[MinimumGroup], plan: Plan) -> Problems | None:
    """Return why the question may not run under these minimums, or None; the groups themselves are SQL's to hide."""
    found = hindrance(plan, {each.dataset for each in minimums}) if minimums else None
    return None if found is None else _problems(minimums, f"a question with {found}")


def small_groups_read(minimums: Sequence[MinimumGroup]) -> Problems | None:
    """Return why SQL of the caller's own may not run under these minimums, or None."""
    return _problems(minimums, "SQL of your own") if minimums else None


def _problems(minimums: Sequence[MinimumGroup], what: str) -> Problems:
    rules = ", ".join(dict.fromkeys(repr(each.rule) for each in minimums))
    datasets = ", ".join(dict.fromkeys(each.dataset for each in minimums))
    problem = Problem(
        code=codes.SMALL_GROUPS,
        message=f"{rules} hides small groups of {datasets} from you, and {what} could show them.",
        hint=codes.SMALL_GROUPS.cure,
        details={"rules": [each.rule for each in minimums], "datasets": [each.dataset for each in minimums]},
    )
    return Problems((problem,))
