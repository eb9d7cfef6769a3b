"""A user's mistake is a value: what is wrong, where, and what would be right.

Functions that may meet one return ``T | Problems``; they collect everything that is wrong before they return. Codes are
declared by the room that raises them (its ``codes.py``), never change their meaning, and are documented in
``docs/errors/``; a test fails on one that is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from metricgate.vocabulary.json import Json

_NOTHING: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A stable error code.

    Attributes:
        name: upper case with a leading ``E_``, e.g. ``E_UNKNOWN_KEY``.
        group: the page of ``docs/errors/`` that documents it, e.g. ``catalog``.
        status: the HTTP status a door answers with.
        cause: one sentence: when this happens.
        cure: one sentence: what to do.
    """

    name: str
    group: str
    status: int
    cause: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a mistake stands: in a file (1-based line and column) or at a path inside an argument or document."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None

    def __str__(self) -> str:
        spot = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{spot} {self.path}".strip() if self.path else spot

    def as_json(self) -> dict[str, Json]:
        """Return the known parts only."""
        parts = {"file": self.file, "line": self.line, "column": self.column, "path": self.path}
        return {name: part for name, part in parts.items() if part is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: a stable code, a message for people, where it stands, the nearest valid form, facts for programs."""

    code: Code
    message: str
    where: Place | None = None
    hint: str | None = None
    details: Mapping[str, Json] = field(default_factory=lambda: _NOTHING)

    def as_json(self) -> dict[str, Json]:
        """Return ``{code, message, where?, hint?, details?}``."""
        out: dict[str, Json] = {"code": self.code.name, "message": self.message}
        if self.where is not None:
            out["where"] = self.where.as_json()
        if self.hint is not None:
            out["hint"] = self.hint
        if self.details:
            out["details"] = dict(self.details)
        return out

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f" Hint: {self.hint}" if self.hint else ""
        return f"{place}{self.code.name}: {self.message}{hint}"


@dataclass(frozen=True, slots=True)
class Problems:
    """One or more problems, in the order of their places. Iterable; never empty."""

    items: tuple[Problem, ...]

    def __post_init__(self) -> None:
        if not self.items:
            raise ValueError("Problems needs at least one problem")

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def first(self) -> Problem:
        """The problem that decides the answer's status."""
        return self.items[0]

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.items)


def together(*parts: object) -> Problems:
    """Return the problems of those parts that are problems, in their order; at least one must be."""
    return Problems(tuple(problem for part in parts if isinstance(part, Problems) for problem in part))
