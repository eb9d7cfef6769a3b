"""Targets: whom a switch, a stop or a freeze names."""

from __future__ import annotations

from metricgate.vocabulary.principal import Identity

EVERYTHING = "all"
KINDS = ("agent", "user", "group", "tenant")
"""What a target may name before the colon; ``tenant`` is the attribute of that name that a credential proves."""


def targets_of(kind: str, identity: Identity) -> frozenset[str]:
    """Return every target that names this party, an ``agent`` or a ``user``."""
    tenant = dict(identity.attributes).get("tenant")
    tenants = {f"tenant:{tenant}"} if isinstance(tenant, str) else set()
    groups = {f"group:{group}" for group in identity.groups}
    return frozenset({EVERYTHING, f"{kind}:{identity.id}", *groups, *tenants})


def mistake_in_target(target: str) -> str | None:
    """Return what is wrong with a target as somebody wrote it, or None."""
    kind, colon, name = target.partition(":")
    if target == EVERYTHING or (colon and kind in KINDS and name.strip() == name and name):
        return None
    return f"{target!r} is no target: write `all`, or one of {', '.join(KINDS)}, a colon and a name"
