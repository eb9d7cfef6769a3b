"""Where a project keeps its state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metricgate.bootstrap.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePaths:
    """Files under the state folder."""

    folder: Path
    ledger: Path
    private_key: Path
    public_key: Path
    api_keys: Path
    mask_key: Path
    switches: Path
    people: Path
    people_key: Path
    """What seals the authenticators' secrets in ``people``."""
    outbox: Path
    actions: Path
    journal: Path
    journal_key: Path
    """What seals ``actions`` and ``journal``."""
    address: Path
    """Where ``serve`` leaves its address for other commands."""
    checks: Path
    """Where commands ask the running gateway for checks of the data."""
    anchor: Path | None
    """A file elsewhere that is told how far the ledger is."""

    @classmethod
    def of(cls, folder: Path, settings: Settings) -> StatePaths:
        """Return the paths for the project in ``folder``."""
        state = folder / settings.document.paths.state
        ledger = state / settings.document.ledger.file
        return cls(
            folder=state,
            ledger=ledger,
            private_key=ledger.with_suffix(".key"),
            public_key=ledger.with_suffix(".vkey"),
            api_keys=state / "keys.db",
            mask_key=state / "mask.key",
            switches=state / "switches.json",
            people=state / "people.db",
            people_key=state / "people.key",
            outbox=state / "outbox.db",
            actions=state / "actions.db",
            journal=state / "journal.db",
            journal_key=state / "journal.key",
            address=state / "serve.json",
            checks=state / "checks",
            anchor=None if settings.document.ledger.anchor is None else folder / settings.document.ledger.anchor,
        )
