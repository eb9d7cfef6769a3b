"""``audit list|show|verify|export``: reading and checking the record, also while a gateway runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from metricgate.ledger.events import names
from metricgate.ledger.verification import Report
from metricgate.state.record import EntryFilter
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.arguments import moment
from metricgate.surfaces.cli.options import takes_options
from metricgate.surfaces.cli.output import tell, tell_json, tell_table, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import (
    HERE,
    JsonOption,
    ProjectOption,
    fail,
    fail_usage,
    leave,
    open_project,
    session_of,
)
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

_COLUMNS = (
    ("index", True),
    ("time", False),
    ("event", False),
    ("actor", False),
    ("tool", False),
    ("outcome", False),
    ("metrics", False),
    ("rules", False),
)
_FORMATS = (".csv", ".jsonl", ".parquet")
_DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which entries are wanted."""

    agent: Annotated[
        str | None, typer.Option("--agent", help="Only what this agent did, and what was done about it.")
    ] = None
    actor: Annotated[
        str | None,
        typer.Option(
            "--actor", help="person, agent, operator or gateway, or one of them, e.g. person:ana@acme.example."
        ),
    ] = None
    user: Annotated[str | None, typer.Option("--user", help="Only entries about this user.")] = None
    tool: Annotated[str | None, typer.Option("--tool", help="Only calls of this tool.")] = None
    metric: Annotated[
        str | None, typer.Option("--metric", help="Only entries about this metric, e.g. finance.revenue.")
    ] = None
    verdict: Annotated[str | None, typer.Option("--verdict", help="allow, hold or deny.")] = None
    rule: Annotated[str | None, typer.Option("--rule", help="Only entries in which this rule took part.")] = None
    event: Annotated[str | None, typer.Option("--event", help=f"Only this event, e.g. {names.CALL_REFUSED}.")] = None
    outcome: Annotated[str | None, typer.Option("--outcome", help="answered, refused, held, executed, ...")] = None
    code: Annotated[str | None, typer.Option("--code", help="Only entries with this error, e.g. E_NOT_GRANTED.")] = None
    person: Annotated[
        str | None, typer.Option("--person", help="Only what this person did or decided, or what is about them.")
    ] = None
    dataset: Annotated[str | None, typer.Option("--dataset", help="Only entries about this dataset.")] = None
    action: Annotated[str | None, typer.Option("--action", help="Only entries of this action, act_...")] = None
    trace: Annotated[str | None, typer.Option("--trace", help="Only entries of this trace.")] = None
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="ISO date or date-time, or e.g. 24h.")
    ] = None
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="ISO date or date-time (exclusive).")] = (
        None
    )


@takes_options(About)
def list_entries(
    context: typer.Context,
    *,
    asked: About,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")] = _DEFAULT_LIMIT,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """List entries of the ledger, newest first. With --json, one JSON object per line."""
    wanted = _entry_filter(context, asked, as_json=as_json)
    entries = list(open_project(context, project, as_json=as_json).entries(wanted, limit=limit + 1))
    more = len(entries) > limit
    if as_json:
        for entry in entries[:limit]:
            tell_json(entry)
    else:
        tell_table(_COLUMNS, [_entry_row(entry) for entry in entries[:limit]])
    if more:
        warn(f"There are more than {limit} entries; --limit shows more.")


def show(
    context: typer.Context,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="The entry's number.")],
    *,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show one entry in full."""
    entry = open_project(context, project, as_json=as_json).entry(index)
    if entry is None:
        fail_usage(codes.NO_SUCH_ENTRY, f"The ledger has no entry {index}.", as_json=as_json)
    if as_json:
        tell_json(entry)
    else:
        tell(orjson.dumps(entry, option=orjson.OPT_INDENT_2, default=str).decode())


@takes_options(About)
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new .csv, .jsonl or .parquet file.")],
    *,
    asked: About,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many, the oldest first.")] = None,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Write all entries that match to a CSV, JSONL or Parquet file, oldest first, with a manifest beside it."""
    if file.suffix not in _FORMATS:
        fail_usage(codes.BAD_OPTION, f"{file.name!r} ends in none of .csv, .jsonl and .parquet.", as_json=as_json)
    if file.exists():
        fail_usage(codes.FILE_IN_THE_WAY, f"{str(file)!r} exists already; nothing was written.", as_json=as_json)
    wanted = _entry_filter(context, asked, as_json=as_json)
    opened = open_project(context, project, as_json=as_json)
    try:
        written = opened.export_entries(file, wanted, limit=limit)
    except OSError as error:
        fail_usage(codes.UNREADABLE_FILE, f"{str(file)!r} cannot be written: {error}.", as_json=as_json)
    if isinstance(written, Problems):
        fail(written, Exit.REFUSED, as_json=as_json)
    if as_json:
        tell_json({"file": str(file), "entries": written})
    else:
        tell(f"{written} entr{'y' if written == 1 else 'ies'} written to {file}")


def verify(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A ledger file; default: the project's.")
    ] = None,
    *,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The log's public key.")] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="CHECKPOINT", help="An earlier checkpoint that you kept.")
    ] = None,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Check every byte of a ledger; says what is wrong and where. FILE with --key needs no project."""
    if (file is None) != (key is None):
        fail_usage(
            codes.BAD_OPTION, "FILE and --key go together.", "Give both, or neither inside a project.", as_json=as_json
        )
    try:
        if file is not None and key is not None:
            report = session_of(context).verifier(file, key, against)
        else:
            report = open_project(context, project, as_json=as_json).verify(against)
    except OSError as error:
        fail_usage(codes.UNREADABLE_FILE, f"A file cannot be read: {error}.", as_json=as_json)
    if isinstance(report, Problems):
        fail(report, Exit.USAGE, as_json=as_json)
    _tell_report(report, as_json=as_json)
    leave(report.exit_code)


def _tell_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        tell_json(
            {
                "whole": not report.findings,
                "entries": report.size,
                "root": report.root.hex(),
                "erased_bodies": report.erased,
                "findings": [finding.as_json() for finding in report.findings],
                "exit_code": report.exit_code,
            }
        )
        return
    for finding in report.findings:
        place = f" (entry {finding.index})" if finding.index is not None else ""
        tell(f"{finding.kind}: {finding.message}{place}", "red")
    erased = f", {report.erased} erased bodies" if report.erased else ""
    if report.findings:
        number = len(report.findings)
        tell(f"NOT WHOLE: {number} finding{'' if number == 1 else 's'} in {report.size} entries{erased}", "red")
    else:
        tell(f"whole: {report.size} entries{erased}, root {report.root.hex()}", "green")


def _entry_filter(context: typer.Context, asked: About, *, as_json: bool) -> EntryFilter:
    if asked.verdict not in {None, "allow", "hold", "deny"}:
        fail_usage(codes.BAD_OPTION, f"--verdict {asked.verdict!r} is none of allow, hold, deny.", as_json=as_json)
    return EntryFilter(
        agent=asked.agent,
        actor=asked.actor,
        user=asked.user,
        tool=asked.tool,
        metric=asked.metric,
        verdict=asked.verdict,
        rule=asked.rule,
        event=asked.event,
        outcome=asked.outcome,
        code=asked.code,
        person=asked.person,
        dataset=asked.dataset,
        action=asked.action,
        trace_id=asked.trace,
        since=_parse_moment(context, "--since", asked.since, as_json=as_json),
        until=_parse_moment(context, "--until", asked.until, as_json=as_json),
    )


def _parse_moment(context: typer.Context, option: str, text: str | None, *, as_json: bool) -> datetime | None:
    if text is None:
        return None
    try:
        return moment(text, session_of(context).now())
    except ValueError as error:
        fail_usage(codes.BAD_OPTION, f"{option}: {error}.", as_json=as_json)


def _entry_row(entry: Mapping[str, Json]) -> list[Json]:
    fields = entry.get("fields")
    facts = fields if isinstance(fields, Mapping) else {}
    metrics = facts.get(names.METRICS)
    called = (
        [str(each.get("name")) for each in metrics if isinstance(each, Mapping)] if isinstance(metrics, list) else []
    )
    rules = facts.get(names.RULES)
    return [
        entry.get("index"),
        entry.get("time"),
        entry.get("event"),
        entry.get("actor"),
        facts.get(names.TOOL),
        facts.get(names.ERROR_TYPE) or facts.get(names.OUTCOME),
        ", ".join(called) or None,
        ", ".join(str(rule) for rule in rules) if isinstance(rules, list) and rules else None,
    ]
