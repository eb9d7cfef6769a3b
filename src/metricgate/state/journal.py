"""The journal: images of what was changed, from which it can be taken back: a port."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Journal(Protocol):
    """Before and after images of what was changed, sealed, apart from the warehouse. Durable when a method returns.

    Images of an action are prepared, then committed or abandoned, and forgotten in the end. Every method raises
    ``StoreUnavailable`` where they cannot be read or written, and those that write ``LeaseLost`` where another gateway
    took this one's place.
    """

    def prepare(self, action_id: str, content: bytes, *, until: datetime) -> None:
        """Keep the images of an action, inside the warehouse's transaction and before it commits.

        Args:
            action_id: whose images prepared before are replaced.
            content: the images, in a form of the caller's.
            until: the moment, with its time zone, up to which the action can be taken back.
        """
        ...

    def commit(self, action_id: str) -> None:
        """Say that the transaction was committed: the images may be asked for, and fall due, from now on."""
        ...

    def abandon(self, action_id: str) -> None:
        """Forget what was prepared: nothing was changed. Does nothing to committed images."""
        ...

    def content(self, action_id: str) -> bytes | None:
        """Return the images of a committed action; None where there are none, or no longer.

        Raises:
            Unsealable: they do not open.
        """
        ...

    def all(self) -> Sequence[str]:
        """Return the ids of the actions of which there are images, committed or not."""
        ...

    def list_prepared(self) -> Sequence[str]:
        """Return the ids of the actions whose images were prepared and neither committed nor abandoned."""
        ...

    def due(self, now: datetime) -> Sequence[str]:
        """Return the ids of the committed actions that can be taken back no more at ``now`` (with its time zone)."""
        ...

    def forget(self, action_id: str) -> None:
        """Remove the images of a committed action, for good; does nothing where there are none."""
        ...
