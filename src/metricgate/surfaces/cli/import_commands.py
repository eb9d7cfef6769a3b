"""``metricgate import``: other people's models -> our documents, with the loss report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from metricgate.documents.yaml_writer import to_yaml
from metricgate.importing.codes import NOTHING_TO_IMPORT
from metricgate.importing.cube import CubeTimeSpine, import_cube
from metricgate.importing.dbt import import_dbt
from metricgate.importing.ossie import import_ossie
from metricgate.importing.report import Imported
from metricgate.importing.unreadable_definitions import without_unreadable
from metricgate.operations.import_trial import Attempt
from metricgate.policy.policy_loader import load as load_policy
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.files import Texts, check_count, files_under, read_files, texts_at, write_texts
from metricgate.surfaces.cli.import_check import attempts_of, tell_attempts
from metricgate.surfaces.cli.output import tell, tell_json, tell_problems, warn
from metricgate.surfaces.cli.project import Exit, Project
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, fail_usage, leave, open_project
from metricgate.vocabulary.problem import Problem, Problems

_MANIFEST = "semantic_manifest.json"
_YAML = frozenset({".yaml", ".yml"})


CheckOption = Annotated[
    bool,
    typer.Option("--check", help="Ask each metric once, plain and by month, in the project's warehouses."),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write the files here; default: print them.")
]


def dbt(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A dbt project's folder, one of its YAML files, or a manifest.")
    ],
    *,
    out: OutOption = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Value of a placeholder such as $NAME.")
    ] = None,
    schema: Annotated[
        str | None, typer.Option("--schema", help="Schema of the relations that ref('...') leads to.")
    ] = None,
    check: CheckOption = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Turn a dbt semantic layer (manifest, legacy or latest YAML) into models of ours; tell what changed."""
    filled = _parse_pairs(values or [], as_json=as_json)
    texts, manifest = _read_texts(path, as_json=as_json)
    found = import_dbt(texts, values=filled, schema=schema, sql_files=_sql_files(path))
    if isinstance(found, Problems) and found.first.code is NOTHING_TO_IMPORT and manifest:
        found = import_dbt(manifest, values=filled, schema=schema)
    _finish_import(found, out, None, _checking(context, project, check=check, as_json=as_json), as_json=as_json)


def ossie(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="An Ossie document, or a folder of them.")],
    *,
    out: OutOption = None,
    check: CheckOption = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Turn Ossie (formerly OSI) semantic models into models of ours; tell what changed."""
    found = import_ossie(texts_at(path, _YAML | {".json"}, as_json=as_json))
    _finish_import(found, out, None, _checking(context, project, check=check, as_json=as_json), as_json=as_json)


def cube(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The folder of a Cube data model, or one YAML file.")],
    *,
    out: OutOption = None,
    policies: Annotated[
        Path | None, typer.Option("--policies", metavar="DIR", help="Write the access policies here, as a policy.")
    ] = None,
    time_spine: Annotated[
        str | None,
        typer.Option("--time-spine", metavar="RELATION:COLUMN", help="A relation with a row per day, for windows."),
    ] = None,
    check: CheckOption = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Turn Cube's cubes, and their access policies, into models and a policy of ours; tell what changed."""
    spine = None
    if time_spine is not None:
        relation, colon, column = time_spine.rpartition(":")
        if not colon or not relation or not column:
            fail_usage(codes.BAD_OPTION, f"--time-spine {time_spine!r} is not RELATION:COLUMN.", as_json=as_json)
        spine = CubeTimeSpine(relation, column)
    found = import_cube(texts_at(path, _YAML, as_json=as_json), time_spine=spine)
    _finish_import(found, out, policies, _checking(context, project, check=check, as_json=as_json), as_json=as_json)


def _checking(context: typer.Context, folder: Path, *, check: bool, as_json: bool) -> Project | None:
    """Return the project whose warehouses the metrics are asked in, opened before anything is written."""
    return open_project(context, folder, as_json=as_json) if check else None


def _finish_import(
    found: Imported | Problems, out: Path | None, policies: Path | None, asked: Project | None, *, as_json: bool
) -> None:
    """Check the result as anything that people write, write it, tell it, ask it where that is wanted, and leave."""
    if isinstance(found, Problems):
        fail(found, Exit.REFUSED, as_json=as_json)
    found, unsettled = without_unreadable(found)
    written = {name: to_yaml(document) for name, document in found.files.items()}
    rules = {name: to_yaml(document) for name, document in found.policies.items()}
    checked = load_policy(list(rules.items()))
    problems = (*unsettled, *(checked if isinstance(checked, Problems) else ()))
    if policies is not None:
        write_texts(policies, rules, as_json=as_json)
    if out is not None:
        write_texts(out, written, as_json=as_json)
    attempts = () if asked is None or problems else attempts_of(asked, found, written, as_json=as_json)
    _tell_import(found, written, problems, out, attempts, as_json=as_json)
    if not as_json:
        _tell_rules(rules, out, policies)
    if problems:
        raise typer.Exit(Exit.REFUSED)
    leave(tell_attempts(attempts, as_json=as_json))


def _tell_rules(rules: Mapping[str, str], out: Path | None, policies: Path | None) -> None:
    for name, text in rules.items():
        if policies is not None:
            tell(f"wrote {policies / name}")
        elif out is None:
            tell(f"---\n# policies/{name}\n{text}".rstrip())
        else:
            warn("the access policies were not written: name their folder with --policies DIR", "yellow")


def _read_texts(path: Path, *, as_json: bool) -> tuple[Texts, Texts]:
    """Return the YAML that may hold definitions, and a built manifest beside it; names are relative to ``path``."""
    try:
        if path.is_file():
            return [(path.name, path.read_text(encoding="utf-8"))], []
        files = [file for file in files_under(path) if file.suffix in {".yaml", ".yml"}]
        built = [file for file in (path / _MANIFEST, path / "target" / _MANIFEST) if file.is_file()][:1]
        if not files and not built:
            message = f"There are no YAML files and no {_MANIFEST} in {str(path)!r}."
            fail_usage(codes.UNREADABLE_FILE, message, as_json=as_json)
        check_count(path, files, as_json=as_json)
        return read_files(path, files), read_files(path, built)
    except (OSError, UnicodeDecodeError) as error:
        fail_usage(codes.UNREADABLE_FILE, f"{str(path)!r} cannot be read: {error}.", as_json=as_json)


def _sql_files(path: Path) -> list[str]:
    return (
        [each.relative_to(path).as_posix() for each in files_under(path) if each.suffix == ".sql"]
        if path.is_dir()
        else []
    )


def _parse_pairs(texts: list[str], *, as_json: bool) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            fail_usage(codes.BAD_OPTION, f"--set {text!r} is not NAME=VALUE.", as_json=as_json)
        pairs[name.strip().removeprefix("$")] = value
    return pairs


def _tell_import(
    found: Imported,
    texts: Mapping[str, str],
    problems: tuple[Problem, ...],
    out: Path | None,
    attempts: Sequence[Attempt],
    *,
    as_json: bool,
) -> None:
    if as_json:
        tell_json(
            {
                "files": list(texts) if out is not None else dict(found.files),
                **({"policies": dict(found.policies)} if found.policies else {}),
                "changes": [change.as_json() for change in found.changes],
                "problems": [problem.as_json() for problem in problems],
                **({"asked": [attempt.as_json() for attempt in attempts]} if attempts else {}),
            }
        )
        return
    for name, text in texts.items():
        if out is None:
            tell(f"---\n# {name}\n{text}".rstrip())
        else:
            tell(f"wrote {out / name}")
    for change in found.changes:
        warn(str(change), "yellow")
    tell_problems(problems)
    told = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in found.counts.items() if number)
    warn(f"imported: {told}; changes on the way: {len(found.changes)}; problems in the result: {len(problems)}")
