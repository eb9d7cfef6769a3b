"""What the types of a result or a table are, from what the driver knows and what the server's catalogue says."""

from __future__ import annotations

import psycopg

from metricgate.adapters.warehouses.postgres.reading.values import PostgresTypeShape

_TYPE = """
SELECT typtype, typelem, typdelim, typbasetype, typrelid,
    typcategory = 'A' AND typelem <> 0 AND typname NOT IN ('int2vector', 'oidvector')
FROM pg_catalog.pg_type WHERE oid = %s
"""
_PARTS = """
SELECT attname, atttypid FROM pg_catalog.pg_attribute
WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


class Shapes:
    """The shapes of types by their numbers, remembered while a session lives, but for those that ALTER TYPE changes."""

    def __init__(self) -> None:
        self._known: dict[int, PostgresTypeShape] = {}

    def of(self, connection: psycopg.Connection, number: int) -> PostgresTypeShape:
        """Return the shape of a type. Asks the server once for a type that the driver does not know.

        Raises:
            psycopg.Error: the server cannot be asked.
        """
        found = self._known.get(number)
        if found is None:
            found = self._of_driver(connection, number) or self._asked(connection, number)
            if not _can_change(found):
                self._known[number] = found
        return found

    @staticmethod
    def _of_driver(connection: psycopg.Connection, number: int) -> PostgresTypeShape | None:
        known = connection.adapters.types.get(number)
        if known is None:
            return None
        flat = PostgresTypeShape(kind=known.name.strip('"'))
        if number == known.oid:
            return flat
        return PostgresTypeShape(kind="list", parts=(flat,), delimiter=known.delimiter)

    def _asked(self, connection: psycopg.Connection, number: int) -> PostgresTypeShape:
        with psycopg.Cursor(connection) as cursor:
            row = cursor.execute(_TYPE, [number]).fetchone()
            if row is None:  # dropped meanwhile: its text is what is left of it
                return PostgresTypeShape(kind="text")
            variety, element, delimiter, base, relation, is_list = row
            if variety == "d":
                return self.of(connection, int(base))
            if is_list:
                return PostgresTypeShape(
                    kind="list", parts=(self.of(connection, int(element)),), delimiter=str(delimiter)
                )
            if variety != "c":  # an enum or an extension's: by its name, it could be taken for one of the server's
                return PostgresTypeShape(kind="text")
            fields = cursor.execute(_PARTS, [relation]).fetchall()
        parts = tuple(self.of(connection, int(part)) for _name, part in fields)
        return PostgresTypeShape(kind="struct", names=tuple(str(each) for each, _part in fields), parts=parts)


def _can_change(shape: PostgresTypeShape) -> bool:
    return shape.kind == "struct" or any(map(_can_change, shape.parts))
