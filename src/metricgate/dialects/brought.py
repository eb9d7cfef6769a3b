"""Dialects that packages bring with their warehouses: known by name from then on, beside those of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metricgate.dialects.dialect import Dialect

_BROUGHT: dict[str, Dialect] = {}


def bring(dialect: Dialect) -> None:
    """Make a dialect known by its name, in this process. What this room calls so itself stays what it is.

    Raises:
        ValueError: another dialect was brought under the name.
    """
    if _BROUGHT.setdefault(dialect.name, dialect) is not dialect:
        raise ValueError(f"two packages bring a dialect {dialect.name!r}")


def find_brought(name: str) -> Dialect | None:
    """Return the dialect that a package brought under the name."""
    return _BROUGHT.get(name)


def names_brought() -> frozenset[str]:
    """Return the names of all that were brought and may be spoken by agents."""
    return frozenset(name for name, each in _BROUGHT.items() if each.rules is not None)
