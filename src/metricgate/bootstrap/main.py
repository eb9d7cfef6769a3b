"""The program: the command line with this machine's projects behind it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from metricgate.bootstrap import codes
from metricgate.bootstrap.project import open_project
from metricgate.bootstrap.record_desk import verify_ledger
from metricgate.state.keys import KeysUnavailable
from metricgate.state.people import PeopleUnavailable
from metricgate.state.record import LedgerUnavailable
from metricgate.surfaces.cli.app import build_app
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.telling import tell_problems
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code, Problem, Problems


def run() -> None:
    """Run ``metricgate``. A record or keys that cannot be read are said in words, whatever command meets them."""
    try:
        build_app(open_project, verify_ledger, drills=_drills_of)()
    except LedgerUnavailable as error:
        _leave(codes.UNREADABLE, error)
    except KeysUnavailable as error:
        _leave(codes.KEYS_UNUSABLE, error)
    except PeopleUnavailable as error:
        _leave(codes.PEOPLE_UNUSABLE, error)


def _drills_of(folder: Path) -> Mapping[str, Callable[[], Mapping[str, Json]]]:
    from metricgate.bootstrap.drilling import drills_of  # noqa: PLC0415 - a whole gateway, for one command

    return drills_of(folder)


def _leave(code: Code, error: Exception) -> None:
    problem = Problem(code=code, message=str(error), hint=code.cure)
    tell_problems(Problems((problem,)), as_json="--json" in sys.argv)
    sys.exit(Exit.FAULT)
