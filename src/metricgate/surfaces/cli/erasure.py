"""What an erasure is asked for by, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metricgate.vocabulary.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAsked:
    """What is to be erased: one of ``user``, ``value`` and ``record``.

    Attributes:
        reason: why, for the record; of no use in a dry run.
        basis: the legal basis, likewise.
        except_leaves: whether to erase all the rest where it stands in a signed leaf.
    """

    user: str | None = None
    value: str | None = None
    record: int | None = None
    dry_run: bool = False
    except_leaves: bool = False
    reason: str = ""
    basis: str = ""

    @property
    def text(self) -> str | None:
        """What is looked for."""
        return self.user if self.user is not None else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCopy:
    """One copy; ``blocks`` says why it cannot be erased now, and what to do about it."""

    kind: str
    where: str
    blocks: str | None

    def as_json(self) -> dict[str, Json]:
        """Return every member."""
        return {"kind": self.kind, "where": self.where, "blocks": self.blocks}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureFound:
    """What was found and done.

    Attributes:
        copies: every copy.
        out_of_reach: what this cannot erase, for people.
        blocked: how many copies block; where there are any, nothing was erased.
        record: number of the entry that records the erasure; None where nothing was erased.
    """

    copies: Sequence[FoundCopy]
    out_of_reach: Sequence[str]
    blocked: int
    record: int | None

    def as_json(self) -> dict[str, Json]:
        """Return every member."""
        return {
            "copies": [each.as_json() for each in self.copies],
            "out_of_reach": list(self.out_of_reach),
            "blocked": self.blocked,
            "record": self.record,
        }
