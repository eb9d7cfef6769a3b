"""How a test of a policy says that something else binds than it expects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def exactly(what: str, expected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    """Yield a sentence where not just what is expected binds; neither order nor repetition counts."""
    if sorted(set(expected)) != sorted(set(found)):
        yield f"Expected the {what} {list_names(sorted(set(expected)))}; bound were {list_names(sorted(set(found)))}."


def list_names(names: Sequence[str]) -> str:
    """Return names in one line."""
    return ", ".join(names) or "none"
