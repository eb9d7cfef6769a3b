"""``metricgate import ... --check``: how each imported metric answers, plain and by month."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from metricgate.importing.report import Imported
from metricgate.operations.import_trial import Attempt, AttemptResult
from metricgate.surfaces.cli.output import tell, tell_table
from metricgate.surfaces.cli.project import Exit, Project
from metricgate.surfaces.cli.session import fail
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems


def attempts_of(project: Project, imported: Imported, texts: Mapping[str, str], *, as_json: bool) -> Sequence[Attempt]:
    """Ask every metric in the project's warehouses, with a counter on a terminal; leave where nothing can be asked."""
    metrics = _full_names(imported)
    counter = Counter[str]()

    def told(_attempt: Attempt) -> None:
        counter["asked"] += 1
        if sys.stderr.isatty():
            end = "\n" if counter["asked"] == 2 * len(metrics) else ""
            sys.stderr.write(f"\rasked {counter['asked']} of {2 * len(metrics)}{end}")
            sys.stderr.flush()

    found = project.ask_imported(texts, metrics, told)
    if isinstance(found, Problems):
        fail(found, Exit.REFUSED, as_json=as_json)
    return found


def tell_attempts(attempts: Sequence[Attempt], *, as_json: bool) -> int:
    """Print what was not answered, and the counts; return the exit code.

    1 where something failed, 3 where a plain question was refused, else 0.
    """
    if attempts and not as_json:
        unanswered = [each for each in attempts if each.result is not AttemptResult.ANSWERED]
        if unanswered:
            rows: list[list[Json]] = [
                [each.metric, ", ".join(each.group_by), str(each.result), each.code, each.message]
                for each in unanswered
            ]
            tell_table([(name, False) for name in ("metric", "by", "result", "code", "why")], rows)
        for name, by in (("plain", ()), ("by month", ("metric_time__month",))):
            counts = Counter(each.result for each in attempts if each.group_by == by)
            told = ", ".join(f"{counts[result]} {result}" for result in AttemptResult)
            tell(f"{name}: {told} of {sum(counts.values())} metrics")
    if any(each.result is AttemptResult.FAILED for each in attempts):
        return Exit.FAULT
    refused = any(each.result is AttemptResult.REFUSED and not each.group_by for each in attempts)
    return Exit.REFUSED if refused else Exit.ANSWERED


def _full_names(imported: Imported) -> list[str]:
    found: list[str] = []
    for document in imported.files.values():
        metrics = document.get("metrics")
        for each in metrics if isinstance(metrics, list) else ():
            if isinstance(each, Mapping):
                name = str(each["name"])
                found.append(f"{each['domain']}.{name}" if "domain" in each else name)
    return found
