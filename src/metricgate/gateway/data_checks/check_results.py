"""What the counts of a check mean: whether the data is as declared, in one sentence of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from metricgate.gateway.data_checks.counts import counts_of
from metricgate.gateway.data_checks.result import CheckResult, CheckState
from metricgate.gateway.data_checks.spine_counts import SpineFound
from metricgate.gateway.ports import Rows
from metricgate.planning.data_checks import Check, KeyCheck, ReferenceCheck, SpineCheck, WindowCheck
from metricgate.policy.verdict import Verdict


def name_of(check: Check) -> tuple[str, str]:
    """Return (kind, subject) of a check."""
    match check:
        case KeyCheck():
            return "history" if check.history else "key", f"{check.dataset}.{check.key}"
        case WindowCheck():
            return "windows", check.dataset
        case ReferenceCheck():
            return "reference", f"{check.dataset}.{check.key} -> {check.to}"
        case SpineCheck():
            return "spine", check.dataset
        case _:
            assert_never(check)


def result_of(check: Check, rows: Rows) -> CheckResult:
    """Read what a check's statement gave."""
    counts = counts_of(rows)
    match check:
        case KeyCheck():
            found = _key_result(check, counts)
        case WindowCheck():
            found = _window_result(counts)
        case ReferenceCheck():
            found = _reference_result(counts)
        case SpineCheck():
            found = _spine_result(check, counts, rows)
        case _:
            assert_never(check)
    kind, subject = name_of(check)
    state, message = found
    return CheckResult(kind=kind, subject=subject, state=state, message=message, counts=counts)


def counts_told(verdict: Verdict, datasets: Sequence[str]) -> bool:
    """Whether counts of these datasets' rows may be told: not where policy hides small groups of them."""
    return not any(each.dataset in datasets for each in verdict.obligations.minimum_groups)


def many(count: int, what: str) -> str:
    """Return a number of things in words.

    >>> many(1, "key"), many(2000, "row")
    ('1 key', '2,000 rows')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _key_result(check: KeyCheck, counts: Mapping[str, int]) -> tuple[CheckState, str]:
    read = many(counts["rows_read"], "row")
    keys, rows = counts["repeated_keys"], counts["repeated_rows"]
    if keys and check.history:
        windows = many(rows, "window")
        return CheckState.BROKEN, f"{many(keys, 'key')} with {windows} that the next begins before it ends, of {read}"
    if keys:
        return CheckState.BROKEN, f"{many(keys, 'key')} in several rows ({rows:,} of {read})"
    if counts["without_key"]:
        return CheckState.WARNS, f"{many(counts['without_key'], 'row')} without a key of {read}: no join finds them"
    return CheckState.HOLDS, read


def _window_result(counts: Mapping[str, int]) -> tuple[CheckState, str]:
    read = many(counts["rows_read"], "row")
    if counts["inverted"]:
        ends = "ends before it starts" if counts["inverted"] == 1 else "end before they start"
        return CheckState.BROKEN, f"{many(counts['inverted'], 'row')} that {ends}, of {read}"
    if counts["without_start"]:
        return CheckState.WARNS, f"{many(counts['without_start'], 'row')} without a start of {read}: they never hold"
    return CheckState.HOLDS, read


def _reference_result(counts: Mapping[str, int]) -> tuple[CheckState, str]:
    read = f"{many(counts['rows_read'], 'row')} with a key"
    if counts["orphans"]:
        return CheckState.WARNS, f"{many(counts['orphans'], 'row')} without a partner of {read}"
    return CheckState.HOLDS, read


def _spine_result(check: SpineCheck, counts: Mapping[str, int], rows: Rows) -> tuple[CheckState, str]:
    spine = SpineFound.of(check, rows, counts)
    if spine.ends is None:
        return CheckState.BROKEN, "no moment at all"
    unit = str(check.granularity)
    read = f"{many(counts['moments'], unit)} from {spine.first} to {spine.last}"
    wrong = [
        *([f"{many(spine.twice, 'row')} too many"] if spine.twice else []),
        *([f"{many(spine.missing, unit)} missing"] if spine.missing else []),
    ]
    if wrong:
        return CheckState.BROKEN, f"{' and '.join(wrong)}: {read}"
    if counts["without_time"]:
        return CheckState.WARNS, f"{many(counts['without_time'], 'row')} without a time beside {read}"
    return CheckState.HOLDS, read
