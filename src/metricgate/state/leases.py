"""Leases: which gateway works on what, for how long it may be silent, and that who came back late is refused.

A lease is taken under a number that grows with each taking. Whoever writes gives its number; a store that knows a
greater one refuses the write (``LeaseLost``). So a gateway that was stopped past its lease, and was replaced meanwhile,
changes nothing when it comes back, however it was interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from metricgate.state.record import LedgerUnavailable

GATEWAY: Final = "gateway"
"""Name of the lease of the gateway that works on a project."""


class LeaseLost(LedgerUnavailable):
    """Somebody else took the lease meanwhile; nothing was written, and nothing may run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A right to work on something until ``until``, to be renewed before.

    Attributes:
        name: what is worked on: ``gateway`` for the project as a whole.
        owner: instance id of the gateway that holds it.
        number: of this taking; greater than every earlier one of the same name.
        until: seconds since 1970 from which on anybody may take it.
    """

    name: str
    owner: str
    number: int
    until: float


class Leases(Protocol):
    """Where leases are kept. Durable when a method returns; safe from several threads and processes.

    Every method raises ``StoreUnavailable`` where they cannot be read or written.
    """

    def take(self, name: str, owner: str, *, seconds: float, dead: str | None = None) -> Lease | None:
        """Take a lease that nobody holds, or whose time is over.

        Args:
            name: what is to be worked on.
            owner: instance id of who takes it; its own lease is taken anew, under a new number.
            seconds: how long the owner may be silent.
            dead: instance id of an owner that is known to be gone for good: its lease counts as over.

        Returns:
            The lease, or None while another owner holds it.
        """
        ...

    def renew(self, lease: Lease, *, seconds: float) -> Lease:
        """Hold it ``seconds`` longer from now on, under the same number; one whose time is over too, if nobody took it.

        Raises:
            LeaseLost: somebody else has it.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Give it back, so that the next need not wait; nothing happens where somebody else has it."""
        ...

    def current(self, name: str) -> Lease | None:
        """Return the newest taking of a lease, also one that is over; None where nobody holds it."""
        ...
