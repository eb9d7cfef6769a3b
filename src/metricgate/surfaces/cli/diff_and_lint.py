"""``diff`` and ``lint``: what a change of definitions means, and what in them looks wrong though it loads."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.dialects.shown import DEFAULT
from metricgate.reviewing.changes import CatalogChange, ChangeType
from metricgate.reviewing.comparison import compare
from metricgate.reviewing.fixes import fixes, is_fixable
from metricgate.reviewing.lint import lint as check
from metricgate.surfaces.cli.output import tell, tell_json, tell_problems, tell_table, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, open_project
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

_SETTINGS = "metricgate.yaml"
_COLORS = {"+": "green", "-": "red", "@": "cyan"}


def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="REV_A", help="A git revision, or a project folder.")],
    after: Annotated[
        str | None, typer.Argument(metavar="[REV_B]", help="The same; default: the project as it stands.")
    ] = None,
    *,
    dialect: Annotated[str, typer.Option("--dialect", help="Dialect of the SQL that is shown.")] = DEFAULT,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Say which metrics mean something else, why, what that affects, and show the SQL before and after."""
    sides = [_catalog(context, each, project, as_json=as_json) for each in (before, after)]
    changes = compare(sides[0], sides[1], dialect)
    breaking = [change for change in changes if change.breaking]
    if as_json:
        tell_json(
            {
                "breaking": bool(breaking),
                "catalog_version": {"before": sides[0].version, "after": sides[1].version},
                "changes": [change.as_json() for change in changes],
            }
        )
    else:
        _tell_changes(changes)
        counts = {kind: sum(change.kind is kind for change in changes) for kind in ChangeType}
        told = ", ".join(f"{number} {_NOUNS[kind]}" for kind, number in counts.items() if number)
        tell(f"{told or 'no change'}; breaking: {len(breaking)}", "red" if breaking else "green")
    if breaking:
        raise typer.Exit(Exit.REFUSED)


_NOUNS = {
    ChangeType.ADDED: "added",
    ChangeType.REMOVED: "removed",
    ChangeType.MEANING: "changed in meaning",
    ChangeType.WORDS: "changed in words only",
}


def _catalog(context: typer.Context, name: str | None, project: Path, *, as_json: bool) -> Catalog:
    """The catalog of a revision or folder; where it does not load, that is told with the side's name."""
    is_folder = name is not None and (Path(name) / _SETTINGS).is_file()
    folder = Path(name) if is_folder and name is not None else project
    opened = open_project(context, folder, as_json=as_json)
    documents = opened.documents(None if is_folder else name)
    if isinstance(documents, Problems):
        fail(documents, Exit.REFUSED, as_json=as_json)
    catalog = load(documents, opened.metric_types())
    if isinstance(catalog, Problems):
        if not as_json:
            warn(f"The definitions of {name or 'the working tree'} do not load:", "red")
        fail(catalog, Exit.REFUSED, as_json=as_json)
    return catalog


def _tell_changes(changes: tuple[CatalogChange, ...]) -> None:
    if changes:
        columns = [("change", False), ("of", False), ("name", False), ("breaking", False), ("affects", False)]
        tell_table(columns, [_change_row(change) for change in changes])
    for change in changes:
        if change.kind is ChangeType.ADDED:
            continue
        tell("")
        tell(f"{change.name} ({change.subject.replace('_', ' ')})", "bold")
        for reason in change.reasons:
            tell(f"  {'breaking: ' if reason.breaking else ''}{reason.message}", "red" if reason.breaking else "")
        _tell_sql(change)


def _change_row(change: CatalogChange) -> list[Json]:
    affected = [*change.metrics, *(f"{name} (saved query)" for name in change.saved_queries)]
    return [
        str(change.kind),
        change.subject.replace("_", " "),
        change.name,
        change.breaking,
        ", ".join(affected) or None,
    ]


def _tell_sql(change: CatalogChange) -> None:
    before, after = (change.sql.before or "").splitlines(), (change.sql.after or "").splitlines()
    if before == after:
        return
    for line in difflib.unified_diff(before, after, "before", "after", lineterm="", n=2):
        tell(f"  {line}", _COLORS.get(line[0], ""))


def lint(
    context: typer.Context,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Correct in the files what is certainly wrong.")] = False,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Say what in the definitions looks wrong though it loads, with file, line and column."""
    opened = open_project(context, project, as_json=as_json)
    documents = opened.documents()
    if isinstance(documents, Problems):
        fail(documents, Exit.REFUSED, as_json=as_json)
    types = opened.metric_types()
    corrected = fixes(documents, types) if fix else {}
    for file, text in corrected.items():
        failed = opened.rewrite(file, text)
        if failed is not None:
            fail(failed, Exit.FAULT, as_json=as_json)
    loaded = load([(file, corrected.get(file, text)) for file, text in documents], types)
    findings = tuple(loaded) if isinstance(loaded, Problems) else check(loaded)
    if as_json:
        tell_json({"findings": [_finding(each) for each in findings], "fixed": sorted(corrected)})
    else:
        for file in sorted(corrected):
            tell(f"fixed {file}", "green")
        tell_problems(findings)
        fixable = sum(map(is_fixable, findings))
        can = f"; {fixable} can be fixed with --fix" if fixable and not fix else ""
        tell(f"{len(findings)} finding{'' if len(findings) == 1 else 's'}{can}", "" if findings else "green")
    if findings:
        raise typer.Exit(Exit.REFUSED)


def _finding(problem: Problem) -> Json:
    return {**problem.as_json(), "fixable": is_fixable(problem)}
