"""The program: the command line with this machine's projects behind it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from metricgate.surfaces.cli.app import build_app
from metricgate.vocabulary.collector import pause_collector_for_imports

if TYPE_CHECKING:
    from metricgate.bootstrap.project import OpenedProject
    from metricgate.ledger.verification import Report
    from metricgate.vocabulary.json import Json
    from metricgate.vocabulary.problem import Code, Problems

# `metricgate --version` and `--help` load this file and the commands' names: what opens a project is imported for one.


def run() -> None:
    """Run ``metricgate``. A record or keys that cannot be read are said in words, whatever command meets them."""
    try:
        build_app(_open_project, _verify_ledger, drills=_drills_of)()
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        _leave(code, error)


def _open_project(folder: Path, /) -> OpenedProject | Problems:
    with pause_collector_for_imports():
        from metricgate.bootstrap.project import open_project

    return open_project(folder)


def _verify_ledger(file: Path, key_file: Path, against: Path | None, /) -> Report | Problems:
    from metricgate.adapters.state.sqlite.ledger_files import verify_ledger

    return verify_ledger(file, key_file, against)


def _drills_of(folder: Path) -> Mapping[str, Callable[[], Mapping[str, Json]]]:
    from metricgate.bootstrap.drill_host import ScratchHost
    from metricgate.operations.drills.player import drills_of

    return drills_of(folder, ScratchHost())


def _code_of(error: Exception) -> Code | None:
    """Return the code under which a state that cannot be read is told; None for a fault of the program."""
    from metricgate.definitions.codes import UNREADABLE
    from metricgate.operations import codes
    from metricgate.state.keys import KeysUnavailable
    from metricgate.state.people import PeopleUnavailable
    from metricgate.state.record import LedgerUnavailable

    known = {
        LedgerUnavailable: UNREADABLE,
        KeysUnavailable: codes.KEYS_UNUSABLE,
        PeopleUnavailable: codes.PEOPLE_UNUSABLE,
    }
    return next((code for kind, code in known.items() if isinstance(error, kind)), None)


def _leave(code: Code, error: Exception) -> None:
    from metricgate.surfaces.cli.output import tell_problems
    from metricgate.surfaces.cli.project import Exit
    from metricgate.vocabulary.problem import Problem, Problems

    problem = Problem(code=code, message=str(error), hint=code.cure)
    tell_problems(Problems((problem,)), as_json="--json" in sys.argv)
    sys.exit(Exit.FAULT)
