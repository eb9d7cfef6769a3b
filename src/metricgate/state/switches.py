"""Switches that people throw: agents that are stopped, and a freeze under which nothing may change data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.target import targets_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchNotice:
    """A change that awaits its entry in the ledger.

    Attributes:
        event: name of the entry's event: ``gov.switch.thrown`` or ``gov.switch.taken_back``.
        fields: attributes of the entry, also those that become bodies.
    """

    event: str
    fields: Mapping[str, Json]


class SwitchKind(StrEnum):
    """What a thrown switch does."""

    STOP = "stop"
    """No call is served."""
    FREEZE = "freeze"
    """Reading goes on; nothing may be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One thrown switch.

    Attributes:
        target: ``all``, or ``agent:``, ``user:``, ``group:`` or ``tenant:`` and a name.
        because: why, for whoever is refused.
        by: who threw it.
        at: when, ISO 8601 in UTC.
        by_person: whether that is a person who logged in; otherwise it is an account of the gateway's machine.
    """

    kind: SwitchKind
    target: str
    because: str
    by: str
    at: str
    by_person: bool = False

    def concerns(self, principal: Principal) -> bool:
        """Whether the principal, its agent or its user, is what the switch names."""
        user = principal.user
        return self.target in targets_of("agent", principal.agent) or (
            user is not None and self.target in targets_of("user", user)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Every switch that is thrown at one moment, oldest first."""

    thrown: tuple[Switch, ...] = ()

    def find_switch(self, principal: Principal, kind: SwitchKind) -> Switch | None:
        """Return the first switch of that kind that concerns the principal, or None."""
        return next((each for each in self.thrown if each.kind is kind and each.concerns(principal)), None)


class SwitchBoard(Protocol):
    """Where the switches are. Asked at every call."""

    def current(self) -> Switches:
        """Return the switches as they stand now, less than a second old.

        Raises:
            SwitchesUnreadable: nobody can tell; then nothing may be served.
        """
        ...


class SwitchesUnreadable(Exception):
    """The state of the switches cannot be read."""


class NoSwitches:
    """A board without switches, for gateways that nobody has to stop."""

    def current(self) -> Switches:
        """Return none."""
        return Switches()


class SwitchStore(SwitchBoard, Protocol):
    """The switches as who throws them holds them. Safe to use from several processes.

    Every method raises ``SwitchesUnreadable`` where they cannot be read or written.
    """

    def throw(self, switch: Switch) -> None:
        """Throw a switch; the same kind on the same target replaces what was there. Noted for the record."""
        ...

    def take_back(self, target: str, *, because: str, by: str, at: str, by_person: bool = False) -> tuple[Switch, ...]:
        """Take every switch on the target back. Noted for the record.

        Args:
            target: as of ``Switch``.
            because: why.
            by: who takes it back: a person's id, or an account of the machine.
            at: when, ISO 8601 in UTC.
            by_person: which of the two ``by`` is.

        Returns:
            The switches that were on it; none if there was none.
        """
        ...

    def notices(self) -> tuple[SwitchNotice, ...]:
        """Return the changes that await their record, oldest first."""
        ...

    def settle(self, count: int) -> None:
        """Forget the first ``count`` notices: the record has them."""
        ...
