"""What can be done to a table itself."""

from __future__ import annotations

from enum import StrEnum


class StructureKind(StrEnum):
    """What is done to the table. The last two are only ever proposed as an undo."""

    DROP_TABLE = "drop_table"
    ADD_COLUMN = "add_column"
    DROP_COLUMN = "drop_column"
    RENAME_COLUMN = "rename_column"
    RESTORE_TABLE = "restore_table"
    RESTORE_COLUMN = "restore_column"
