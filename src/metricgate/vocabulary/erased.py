"""What stands in the place of a text or number that was erased, wherever something is kept."""

from __future__ import annotations

from typing import Final

ERASED: Final = "(erased)"
