"""The journal: images of what was changed, from which it can be taken back: a port."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Journal(Protocol):
    """Before and after images of what was changed, sealed, apart from the warehouse. Durable when a method returns."""

    def prepare(self, action_id: str, content: bytes, *, until: datetime) -> None:
        """Keep the images before the transaction commits."""
        ...

    def commit(self, action_id: str) -> None:
        """Say that the transaction was committed."""
        ...

    def abandon(self, action_id: str) -> None:
        """Forget what was prepared: nothing was changed."""
        ...

    def content(self, action_id: str) -> bytes | None:
        """Return the images of a committed action; None where there are none, or no longer.

        Raises:
            Unsealable: they do not open.
        """
        ...

    def all(self) -> Sequence[str]:
        """Return every action of which there are images, committed or not."""
        ...

    def prepared(self) -> Sequence[str]:
        """Return the actions that were prepared and neither committed nor abandoned."""
        ...

    def due(self, now: datetime) -> Sequence[str]:
        """Return the committed actions whose time is over."""
        ...

    def forget(self, action_id: str) -> None:
        """Remove the images of a committed action."""
        ...
