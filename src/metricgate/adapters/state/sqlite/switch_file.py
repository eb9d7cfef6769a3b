"""The switches as a small JSON file in the state folder: thrown from the command line, seen at every call.

Every change is noted in the file itself until it stands in the ledger, so that none goes unrecorded however the change
and the gateway fall together.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from metricgate.adapters.files.private_folder import make_private_file
from metricgate.adapters.files.whole_files import write_new
from metricgate.ledger.events import names
from metricgate.state.switches import Switch, Switches, SwitchesUnreadable, SwitchKind, SwitchNotice
from metricgate.vocabulary.actor import ActorKind
from metricgate.vocabulary.json import Json


class SwitchFile:
    """Implements ``state.switches.SwitchBoard``; also what throws the switches."""

    def __init__(self, path: Path) -> None:
        """Name the file; it need not exist."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._state = Switches()

    def current(self) -> Switches:
        """Return the switches, read anew whenever the file has changed.

        Raises:
            SwitchesUnreadable: the file cannot be read.
        """
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            return Switches()
        except OSError as error:
            raise SwitchesUnreadable(str(error)) from error
        seen = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
        if seen != self._seen:
            self._state, _notices = self._read()
            self._seen = seen
        return self._state

    def throw(self, switch: Switch) -> None:
        """Throw a switch; the same kind on the same target replaces what was there.

        Raises:
            SwitchesUnreadable: the file cannot be read or written.
        """
        with self._changing() as (thrown, notices):
            thrown[:] = [each for each in thrown if (each.kind, each.target) != (switch.kind, switch.target)]
            thrown.append(switch)
            notices.append(SwitchNotice(event=names.SWITCH_THROWN, fields=_switch_fields(switch)))

    def take_back(self, target: str, *, because: str, by: str, at: str, by_person: bool = False) -> tuple[Switch, ...]:
        """Take every switch on the target back and return them; none if there was none.

        Raises:
            SwitchesUnreadable: the file cannot be read or written.
        """
        with self._changing() as (thrown, notices):
            gone = tuple(each for each in thrown if each.target == target)
            thrown[:] = [each for each in thrown if each.target != target]
            for each in gone:
                taken = replace(each, because=because, by=by, at=at, by_person=by_person)
                fields = _switch_fields(taken)
                notices.append(SwitchNotice(event=names.SWITCH_TAKEN_BACK, fields=fields))
        return gone

    def notices(self) -> tuple[SwitchNotice, ...]:
        """Return the changes that await their record, oldest first."""
        return tuple(self._read()[1]) if self._path.exists() else ()

    def settle(self, count: int) -> None:
        """Forget the first ``count`` notices: they stand in the ledger."""
        with self._changing() as (_thrown, notices):
            del notices[:count]

    @contextmanager
    def _changing(self) -> Iterator[tuple[list[Switch], list[SwitchNotice]]]:
        try:
            beside = self._path.with_suffix(".lock")
            make_private_file(beside)
            with beside.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                state, notices = self._read() if self._path.exists() else (Switches(), [])
                thrown = list(state.thrown)
                yield thrown, notices
                document = {
                    "thrown": [asdict(each) for each in thrown],
                    "notices": [{"event": each.event, "fields": dict(each.fields)} for each in notices],
                }
                write_new(self._path, json.dumps(document, indent=1).encode(), 0o600)
        except OSError as error:
            raise SwitchesUnreadable(str(error)) from error

    def _read(self) -> tuple[Switches, list[SwitchNotice]]:
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            thrown = tuple(Switch(**{**each, "kind": SwitchKind(each["kind"])}) for each in document["thrown"])
            notices = [SwitchNotice(event=each["event"], fields=each["fields"]) for each in document["notices"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SwitchesUnreadable(f"{self._path.name} cannot be read: {error}") from error
        return Switches(thrown=thrown), notices


def _switch_fields(switch: Switch) -> dict[str, Json]:
    return {
        names.SWITCH_KIND: str(switch.kind),
        names.SWITCH_TARGET: switch.target,
        names.SWITCH_BECAUSE: switch.because,
        names.SWITCH_BY: switch.by,
        names.SWITCH_AT: switch.at,
        names.ACTOR_KIND: str(ActorKind.PERSON if switch.by_person else ActorKind.OPERATOR),
    }
