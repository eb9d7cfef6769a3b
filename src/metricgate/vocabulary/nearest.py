"""Did you mean: the nearest valid names to one that is not."""

from __future__ import annotations

from collections.abc import Iterable

_FAR = 0.45


def nearest(wrong: str, valid: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """Return up to ``most`` of ``valid`` that are close to ``wrong``, nearest first; ties by name."""
    from rapidfuzz import process  # noqa: PLC0415 - a mistake is needed to need it
    from rapidfuzz.distance import OSA  # noqa: PLC0415

    found = process.extract(
        wrong.lower(),
        sorted(set(valid)),
        scorer=OSA.normalized_distance,
        limit=most,
        score_cutoff=_FAR,
        processor=str.lower,
    )
    return tuple(name for name, _score, _index in found)


def did_you_mean(wrong: str, valid: Iterable[str]) -> str | None:
    """Return ``Did you mean 'x'?`` (or ``'x' or 'y'``), or None where nothing is near."""
    names = nearest(wrong, valid)
    if not names:
        return None
    return f"Did you mean {' or '.join(repr(name) for name in names)}?"
