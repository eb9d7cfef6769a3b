"""Which servers that speak MariaDB's protocol can carry changes out."""

from __future__ import annotations

import re

_OLDEST = (10, 6)
"""The first release with ``JSON_TABLE``; ``INSERT ... RETURNING`` is one older, and MySQL has none."""


def unfit_for_changes(version: str) -> str:
    """Return why a server of this ``VERSION()`` cannot carry changes out; empty where it can."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if "mariadb" in version.lower() and found is not None and (int(found[1]), int(found[2])) >= _OLDEST:
        return ""
    oldest = ".".join(map(str, _OLDEST))
    return (
        f"the settings name a `writer`, but changes need MariaDB {oldest} or later, and the server is {version!r}: "
        "take `writer` out, and the warehouse is read only"
    )
