"""``audit erase``: what names a person, or holds a value, goes from everything that is kept; proofs stay."""

from __future__ import annotations

from typing import Annotated

import typer

from metricgate.operations.erasure import ErasureAsked, ErasureFound
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.output import tell, tell_json, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, fail_usage, leave, open_project
from metricgate.vocabulary.problem import Problems


def erase(
    context: typer.Context,
    *,
    user: Annotated[
        str | None, typer.Option("--user", help="All that names this user, and all that their calls hold.")
    ] = None,
    value: Annotated[str | None, typer.Option("--value", help="All that holds this text or number.")] = None,
    record: Annotated[
        int | None, typer.Option("--record", min=0, help="All that stands apart from this entry, its call and action.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List every copy and what blocks; erase nothing.")] = False,
    except_leaves: Annotated[
        bool, typer.Option("--except-leaves", help="Go on though signed leaves of earlier releases hold it.")
    ] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for the record.")] = None,
    basis: Annotated[str | None, typer.Option("--basis", help="The legal basis, e.g. 'GDPR Art. 17'.")] = None,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Erase what names a person, or holds a value, from everything that is kept; every proof stays valid."""
    if sum(each is not None for each in (user, value, record)) != 1:
        fail_usage(
            codes.BAD_OPTION,
            "One thing is erased at a time.",
            "Give one of --user, --value and --record.",
            as_json=as_json,
        )
    asked = ErasureAsked(
        user=user,
        value=value,
        record=record,
        dry_run=dry_run,
        except_leaves=except_leaves,
        reason=(reason or "").strip(),
        basis=(basis or "").strip(),
    )
    if not dry_run and not (asked.reason and asked.basis):
        fail_usage(
            codes.BAD_OPTION,
            "An erasure is recorded with its reason and its legal basis.",
            "Give --reason and --basis, or --dry-run to see what would be erased.",
            as_json=as_json,
        )
    if asked.text and any(asked.text in said for said in (asked.reason, asked.basis)):
        fail_usage(codes.BAD_OPTION, "The reason or the basis repeats what is to be erased.", as_json=as_json)
    found = open_project(context, project, as_json=as_json).erase(asked)
    if isinstance(found, Problems):
        fail(found, Exit.REFUSED, as_json=as_json)
    if as_json:
        tell_json(found.as_json())
    else:
        _tell_erasure(found, dry_run=dry_run)
    leave(Exit.REFUSED if found.blocked else Exit.ANSWERED)


def _tell_erasure(found: ErasureFound, *, dry_run: bool) -> None:
    for each in found.copies:
        tell(f"{each.kind}: {each.where}" + (f" - BLOCKS: {each.blocks}" if each.blocks else ""))
    number = len(found.copies)
    copies = f"{number} cop{'y' if number == 1 else 'ies'}"
    if found.record is not None:
        tell(f"erased: {copies}, recorded as entry {found.record}", "green")
    elif found.blocked:
        tell(f"NOTHING was erased: {found.blocked} of {copies} block", "red")
    else:
        tell(f"{copies} would be erased" if dry_run and number else "nothing was found, and nothing erased")
    warn("Out of reach, yours to see to:")
    for place in found.out_of_reach:
        warn(f"- {place}")
