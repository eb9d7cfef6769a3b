"""``receipt show|verify|script``: proof that a call was recorded, and whether it holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from metricgate.ledger.note import NoteError, VerifierKey, parse_key
from metricgate.ledger.receipt_check import UNCHECKED, CheckedReceipt, check_receipt
from metricgate.surfaces.cli import codes, verify_receipt
from metricgate.surfaces.cli.output import tell, tell_json
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.renderers import show_receipt
from metricgate.surfaces.cli.runner import ForOption, KeyFileOption, ask
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail_usage, leave

_MOST_BYTES = 10_000_000


def show(
    context: typer.Context,
    index: Annotated[int, typer.Argument(metavar="INDEX", help="The record's number.")],
    *,
    as_json: JsonOption = False,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Print the receipt of a recorded call: entry, inclusion proof, signed checkpoint. The same as `receipt INDEX`."""
    ask(
        context,
        folder=project,
        key_file=key_file,
        user=user,
        tool="get_receipt",
        arguments={"index": index},
        as_json=as_json,
        show=show_receipt,
    )


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt; - for standard input.")],
    *,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The log's public key, from a trusted place.")],
    as_json: JsonOption = False,
) -> None:
    """Check a receipt offline; needs no project. Says what it did not check."""
    found = check_receipt(_read_text(file, as_json=as_json), _read_key(key, as_json=as_json))
    if as_json:
        tell_json(found.as_json())
    else:
        _tell_receipt(found)
    leave(Exit.REFUSED if found.faults else Exit.ANSWERED)


def script() -> None:
    """Print a short Python script that checks receipts without Metricgate, for an auditor to read and run."""
    typer.echo(Path(verify_receipt.__file__).read_text(encoding="utf-8"), nl=False)


def _read_text(file: Path, *, as_json: bool) -> str:
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES) if str(file) == "-" else file.read_bytes()
    except OSError as error:
        fail_usage(codes.UNREADABLE_FILE, f"{str(file)!r} cannot be read: {error}.", as_json=as_json)
    return data.decode(errors="replace")


def _read_key(file: Path, *, as_json: bool) -> VerifierKey:
    try:
        return parse_key(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = "is no log's public key" if isinstance(error, NoteError) else "cannot be read"
        fail_usage(codes.UNREADABLE_FILE, f"{str(file)!r} {what}: {error}.", as_json=as_json)


def _tell_receipt(found: CheckedReceipt) -> None:
    for fault in found.faults:
        tell(f"NOT WHOLE: {fault}", "red")
    if not found.faults and found.receipt is not None and found.checkpoint is not None:
        of = f"of a log of {found.checkpoint.size} entries, root {found.checkpoint.root.hex()}"
        tell(f"whole: entry {found.receipt.index} ({found.event}, {found.time}) {of}", "green")
    tell("Not checked:")
    for each in UNCHECKED:
        tell(f"- {each}")
