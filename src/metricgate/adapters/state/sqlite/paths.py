"""The files of a state folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metricgate.state.state import StatePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePaths:
    """Files under the state folder."""

    place: StatePlace
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
    definitions: Path
    observations: Path
    actions: Path
    journal: Path
    journal_key: Path
    """What seals ``actions`` and ``journal``."""
    anchor: Path | None
    """A file elsewhere that is told how far the ledger is."""

    @classmethod
    def of(cls, place: StatePlace) -> StatePaths:
        """Return the paths of the files of a state."""
        state = place.folder
        ledger = state / place.record
        return cls(
            place=place,
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
            definitions=state / "definitions.db",
            observations=state / "observations.db",
            actions=state / "actions.db",
            journal=state / "journal.db",
            journal_key=state / "journal.key",
            anchor=place.anchor,
        )
