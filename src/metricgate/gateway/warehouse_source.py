"""A warehouse that can be opened, as the settings describe it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

# The settings of every command name this; the ports have the types of the whole flow.
if TYPE_CHECKING:
    from metricgate.gateway.ports import Warehouse

FileState = Callable[[], Hashable | None]
"""Tells a file from another in its place: ``(device, inode, ...)``; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseSource:
    """How one warehouse is opened.

    Attributes:
        dialect: the name of the dialect in which it is spoken to.
        open: opens it; blocks. Raises ``WarehouseError`` where it cannot be opened.
        file_state: of the file in which it is; None where it is in no file.
    """

    dialect: str
    open: Callable[[], Warehouse]
    file_state: FileState | None = None
