"""``validate --data`` beside a running gateway: asked by a file in the state folder, answered by who holds the record.

Only one process may write a ledger, and nothing may run without an entry there. So whoever holds it runs the checks:
the command leaves what it asks in ``checks/`` of the state folder, which is its owner's alone, and reads what comes in
the file beside. One survey runs at a time, with one statement at a time in each warehouse: agents are not kept waiting.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from metricgate.adapters.files.private_folder import FILE_MODE, make_private
from metricgate.gateway.data_checks.result import CheckResult
from metricgate.gateway.data_checks.survey import Told
from metricgate.gateway.gateway import Gateway
from metricgate.operations import codes
from metricgate.operations.data_checks import Parties, principal_of
from metricgate.state.record import LedgerUnavailable
from metricgate.state.state import ProjectState
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

_ASKED, _TOLD, _NEW = ".asked.json", ".told.jsonl", ".new"
_LOOK_SECONDS = 0.5
_READ_SECONDS = 0.1
_BEGIN_SECONDS = 20.0
"""A gateway begins within that time, or there is none that takes requests."""
_KEPT_SECONDS = 3_600.0
"""What is left of a command that was killed goes after so long, and at every start."""
_STOPPED = "the gateway on this project stopped meanwhile: run the command again"


def _checks_folder(state: ProjectState) -> Path:
    """Return where commands leave what they ask, and the gateway what it answers."""
    return state.folder / "checks"


def ask_running(state: ProjectState, parties: Parties, told: Told) -> Sequence[CheckResult] | Problems:
    """Ask the process that holds the project's ledger, and wait for the results.

    Args:
        state: the project's.
        parties: whose rights bind.
        told: hears of each result as it comes.
    """
    name = f"{time.time_ns()}-{uuid4().hex}"
    asked, answer = _checks_folder(state) / f"{name}{_ASKED}", _checks_folder(state) / f"{name}{_TOLD}"
    try:
        make_private(_checks_folder(state))
        _write_whole(asked, {"parties": None if parties is None else list(parties)})
        return _followed(state, asked, answer, told)
    except OSError as error:
        return _cannot_start(f"the running gateway cannot be asked: {error}")
    finally:
        for each in (asked, answer):
            with suppress(OSError):
                each.unlink(missing_ok=True)


def _followed(state: ProjectState, asked: Path, answer: Path, told: Told) -> Sequence[CheckResult] | Problems:
    begun, read, taker = time.monotonic(), 0, None
    while True:
        waiting, holder = asked.exists(), state.holder()
        lines = answer.read_text(encoding="utf-8").split("\n")[:-1] if answer.exists() else []
        for text in lines[read:]:
            line = json.loads(text)
            if "problem" in line:
                return _cannot_start(str(line["problem"]))
            if "results" in line:
                return tuple(CheckResult.of_json(each) for each in line["results"])
            told(CheckResult.of_json(line["result"]), int(line["done"]), int(line["total"]))
        read = len(lines)
        taker = taker or (None if waiting else holder)
        if holder is None or (taker is not None and (holder != taker or not answer.exists())):
            return _cannot_start(_STOPPED)
        if waiting and time.monotonic() - begun > _BEGIN_SECONDS:
            return _cannot_start(
                f"the process {holder} holds the project's ledger and takes no checks: wait until it ends"
            )
        time.sleep(_READ_SECONDS)


async def answer_requests(state: ProjectState, gateway: Gateway) -> None:
    """Run the checks that commands ask for, one survey after the other, until cancelled."""
    turn = asyncio.Lock()
    under_way: dict[asyncio.Task[None], Path] = {}
    with suppress(OSError):
        _sweep(_checks_folder(state), older_than=2 * _BEGIN_SECONDS)
    try:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            with suppress(OSError):
                for asked in _waiting(_checks_folder(state)):
                    answer = asked.with_name(f"{asked.name.removesuffix(_ASKED)}{_TOLD}")
                    task = asyncio.create_task(_answered(*_take_request(asked, answer), answer, gateway, turn))
                    under_way[task] = answer
                under_way = {task: answer for task, answer in under_way.items() if not task.done()}
                _sweep(_checks_folder(state), older_than=_KEPT_SECONDS, but=under_way.values())
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def _take_request(asked: Path, answer: Path) -> tuple[Json, int]:
    """Take a request: return what it says, None where that is nothing, and the open file for what is told."""
    try:
        said: Json = json.loads(asked.read_text(encoding="utf-8"))
    except ValueError:
        said = None
    descriptor = os.open(answer, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    asked.unlink(missing_ok=True)
    return said, descriptor


async def _answered(said: Json, descriptor: int, answer: Path, gateway: Gateway, turn: asyncio.Lock) -> None:
    def say(line: Mapping[str, Json]) -> None:
        with suppress(OSError):
            os.write(descriptor, json.dumps(line).encode() + b"\n")

    def told(result: CheckResult, done: int, total: int) -> None:
        say({"result": result.as_json(), "done": done, "total": total})

    try:
        principal = principal_of(_parties(said))
        async with turn:
            survey = asyncio.ensure_future(gateway.check_data(principal, told, at_once=1))
            results = await _unless_left(survey, answer)
        say({"results": [each.as_json() for each in results]})
    except ValueError as error:
        say({"problem": f"the request cannot be read: {error}"})
    except LedgerUnavailable as error:
        say({"problem": f"the checks cannot be recorded: {error}"})
    except asyncio.CancelledError:
        say({"problem": _STOPPED})
        raise
    finally:
        os.close(descriptor)


async def _unless_left(survey: asyncio.Future[tuple[CheckResult, ...]], answer: Path) -> Sequence[CheckResult]:
    """Wait for the results; give up where nobody reads them any more."""
    try:
        while True:
            done, _waiting_for = await asyncio.wait({survey}, timeout=_LOOK_SECONDS)
            if done:
                return survey.result()
            if not await asyncio.to_thread(answer.exists):
                return ()
    finally:
        if not survey.done():
            survey.cancel()
            with suppress(asyncio.CancelledError, LedgerUnavailable):
                await survey


def _parties(read: Json) -> Parties:
    match read:
        case {"parties": None}:
            return None
        case {"parties": [str(agent), None]}:
            return agent, None
        case {"parties": [str(agent), str(user)]}:
            return agent, user
    raise ValueError("parties: an agent and perhaps a user, or null")


def _waiting(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{_ASKED}")) if folder.is_dir() else []


def _sweep(folder: Path, *, older_than: float, but: Collection[Path] = ()) -> None:
    for each in _files_left(folder):
        if each not in but and time.time() - each.stat().st_mtime >= older_than:
            each.unlink(missing_ok=True)


def _files_left(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for suffix in (_ASKED, _TOLD, _NEW):
            yield from folder.glob(f"*{suffix}")


def _write_whole(path: Path, content: Json) -> None:
    beside = path.with_suffix(_NEW)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    beside.rename(path)


def _cannot_start(message: str) -> Problems:
    return Problems((Problem(code=codes.CANNOT_START, message=message, hint=codes.CANNOT_START.cure),))
