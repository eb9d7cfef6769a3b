"""Switches thrown from the command line, and recorded as soon as the ledger can be had."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from metricgate.ledger.events import names
from metricgate.operations import codes
from metricgate.state.switches import Switch, SwitchesUnreadable, SwitchKind, SwitchNotice, SwitchStore
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.notice import Notice, NoticeKind
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.target import mistake_in_target


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchFacts:
    """A thrown switch: ``stop`` or ``freeze``, on whom, why, by whom and when (ISO 8601)."""

    kind: str
    target: str
    because: str
    by: str
    at: str

    def as_json(self) -> dict[str, Json]:
        """Return every member."""
        return {
            "kind": self.kind,
            "target": self.target,
            "because": self.because,
            "by": self.by,
            "at": self.at,
        }


def thrown_switches(file: SwitchStore) -> Sequence[SwitchFacts] | Problems:
    """Return the switches that are thrown."""
    try:
        return [_switch_json(each) for each in file.current().thrown]
    except SwitchesUnreadable as error:
        return _switches_unreadable(error)


def throw_switch(
    file: SwitchStore, kind: str, target: str, because: str, by: str | None = None
) -> SwitchFacts | Problems:
    """Throw a switch in the name of the person ``by``, or of whoever is logged in on this machine."""
    mistake = mistake_in_target(target)
    if mistake is not None:
        return Problems((Problem(code=codes.BAD_TARGET, message=f"{mistake}.", hint=codes.BAD_TARGET.cure),))
    switch = Switch(
        kind=SwitchKind(kind),
        target=target,
        because=because,
        by=by or _account_name(),
        at=_now(),
        by_person=by is not None,
    )
    try:
        file.throw(switch)
    except SwitchesUnreadable as error:
        return _switches_unreadable(error)
    return _switch_json(switch)


def take_back_switches(
    file: SwitchStore, target: str, because: str, by: str | None = None
) -> Sequence[SwitchFacts] | Problems:
    """Take the target's switches back."""
    try:
        gone = file.take_back(target, because=because, by=by or _account_name(), at=_now(), by_person=by is not None)
        thrown = [each.target for each in file.current().thrown]
    except SwitchesUnreadable as error:
        return _switches_unreadable(error)
    if not gone:
        message = f"No switch is thrown on {target!r}."
        hint = f"Switches are thrown on: {', '.join(thrown)}." if thrown else "No switch is thrown at all."
        return Problems((Problem(code=codes.NO_SUCH_SWITCH, message=message, hint=hint),))
    return [_switch_json(each) for each in gone]


def _switch_json(switch: Switch) -> SwitchFacts:
    return SwitchFacts(kind=str(switch.kind), target=switch.target, because=switch.because, by=switch.by, at=switch.at)


def _account_name() -> str:
    # Not what the environment says: that is anybody's word.
    number = os.geteuid()
    with suppress(KeyError):
        return pwd.getpwuid(number).pw_name
    return f"uid {number}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _switches_unreadable(error: SwitchesUnreadable) -> Problems:
    return Problems((Problem(code=codes.SWITCHES_UNREADABLE, message=str(error), hint=codes.SWITCHES_UNREADABLE.cure),))


def notice_of_switch(change: SwitchNotice) -> Notice:
    """Return what people are told of a switch; the same change has the same id."""
    said = {name.removeprefix(names.SWITCHES): str(value) for name, value in change.fields.items()}
    thrown = change.event == names.SWITCH_THROWN
    return Notice(
        kind=NoticeKind.SWITCH_THROWN if thrown else NoticeKind.SWITCH_TAKEN_BACK,
        id=f"switch_{digest_of({'event': change.event, **change.fields}).rpartition(':')[2][:32]}",
        at=said["at"],
        title=f"Switch {'thrown' if thrown else 'taken back'}: {said['kind']} of {said['target']}",
        text=said["because"],
        fields={name: said[name] for name in ("kind", "target", "by")},
    )
