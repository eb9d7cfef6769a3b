"""People who may log in, as who runs the gateway keeps them: on the machine, without a gateway."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from metricgate.adapters.identity.people import enrolled
from metricgate.operations import codes
from metricgate.state.people import PersonRecord
from metricgate.state.state import ProjectState
from metricgate.surfaces.cli.people_desk import NewPerson, PersonFacts
from metricgate.vocabulary.problem import Code, Problem, Problems

_NAME: Final = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)
_LONGEST_NAME: Final = 320


class OperatorsDesk:
    """Implements ``surfaces.cli.people_desk.PeopleDesk``."""

    def __init__(self, state: ProjectState, *, project: str) -> None:
        self._state = state
        self._project = project

    def add(self, name: str, groups: Sequence[str]) -> NewPerson | Problems:
        """Add a person."""
        if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            return _problem(codes.BAD_PERSON, f"{name[:80]!r} is no name of a person.")
        record, paper = enrolled(name, tuple(groups), time.time(), issuer=f"Metricgate {self._project}")
        store = self._state.people()
        try:
            added = store.add(record)
        finally:
            store.close()
        if not added:
            return _problem(codes.BAD_PERSON, f"There is a person {name!r} already; `people reset` gives a new login.")
        return NewPerson(name=name, one_time_password=paper.one_time_password, otpauth=paper.otpauth, until=paper.until)

    def reset(self, name: str) -> NewPerson | Problems:
        """Give a person a new login."""
        record, paper = enrolled(name, (), time.time(), issuer=f"Metricgate {self._project}")
        store = self._state.people()
        try:
            found = store.reset(record)
        finally:
            store.close()
        if not found:
            return _problem(codes.BAD_PERSON, f"There is no person {name[:80]!r}.")
        return NewPerson(name=name, one_time_password=paper.one_time_password, otpauth=paper.otpauth, until=paper.until)

    def remove(self, name: str) -> Problems | None:
        """Remove a person."""
        store = self._state.people()
        try:
            found = store.remove(name)
        finally:
            store.close()
        return None if found else _problem(codes.BAD_PERSON, f"There is no person {name[:80]!r}.")

    def list(self) -> Sequence[PersonFacts]:
        """Return everybody."""
        store = self._state.people()
        try:
            return [_facts(each) for each in store.list()]
        finally:
            store.close()


def _facts(record: PersonRecord) -> PersonFacts:
    return PersonFacts(
        name=record.name,
        groups=record.groups,
        state="active" if record.one_time_until is None else "invited",
        created_at=datetime.fromtimestamp(int(record.created), UTC),
    )


def _problem(code: Code, message: str) -> Problems:
    return Problems((Problem(code=code, message=message, hint=code.cure),))
