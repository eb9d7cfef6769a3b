"""What a PostgreSQL role can do beyond reading, from the catalogue, with the statement that takes each right away.

Counted are the role's own rights, PUBLIC's, and those of the roles that it inherits from, in this database.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import psycopg

from metricgate.adapters.warehouses.postgres.rights_sql import HELD, MEMBERSHIPS, POWERS, SETTINGS
from metricgate.vocabulary.account_finding import ADVICE, WRONG, AccountFinding

_SYSTEM = ("pg_catalog", "information_schema")
_SUBJECTS = (
    ("write large objects", "lo_(creat|create|from_bytea|put|unlink|open|truncate|truncate64)|lowrite"),
    (
        "reach other sessions or make them wait",
        "pg_notify|pg_(try_)?advisory_(xact_)?lock(_shared)?|pg_(cancel|terminate)_backend|pg_export_snapshot",
    ),
    ("run SQL that stands in a text", r"(query|table|schema|database)_to_xml.*|ts_stat|ts_rewrite\(tsquery,text\)"),
    ("read or write files of the server", "lo_(import|export)|pg_read_(binary_)?file|pg_ls_.*|pg_stat_file"),
)
_NAMES = "|".join(pattern.partition(r"\(")[0] for _what, pattern in _SUBJECTS)
_DANGEROUS = f"^({_NAMES})$"


@dataclass(frozen=True, slots=True)
class _Held:
    """One row of ``HELD``; ``part`` is a column of ``thing``, ``owned`` says that the right is the owner's."""

    kind: str
    schema: str
    name: str
    thing: str
    part: str
    privilege: str
    holder: str
    owned: bool


def postgres_findings(
    cursor: psycopg.Cursor[tuple[str, ...]], governed: Collection[tuple[str, ...]]
) -> tuple[AccountFinding, ...]:
    """Return what the session's role can do that it should not. A superuser's other rights are not listed.

    Args:
        cursor: of a session of the role, in a transaction.
        governed: schema and name of every governed relation.

    Raises:
        psycopg.Error: the server did not answer.
    """
    cursor.execute("SET LOCAL search_path = pg_catalog")  # so that the server writes other names in full
    powers = cursor.execute(POWERS).fetchall()
    found = [AccountFinding(severity=WRONG, right=right, object=what, cure=cure) for right, what, cure in powers]
    if any(each.right == "SUPERUSER" for each in found):
        return tuple(found)
    for role, cure in cursor.execute(MEMBERSHIPS).fetchall():
        found.append(AccountFinding(severity=WRONG, right="membership", object=f"role {role}", cure=cure))
    held = [_Held(*row) for row in cursor.execute(HELD, [_DANGEROUS]).fetchall()]  # type: ignore[arg-type]
    found += _owned(held)
    found += _granted([row for row in held if not row.owned], governed)
    for name, cure in cursor.execute(SETTINGS).fetchall():
        found.append(AccountFinding(severity=ADVICE, right=f"no {name}", object="role", cure=cure))
    return tuple(found)


def _owned(held: Sequence[_Held]) -> Iterator[AccountFinding]:
    things = {(row.kind, row.thing) for row in held if row.owned and row.kind != "COLUMN" and row.schema not in _SYSTEM}
    for kind, thing in sorted(things):
        cure = f"ALTER {kind} {thing} OWNER TO CURRENT_USER"
        yield AccountFinding(severity=WRONG, right="OWNER", object=f"{kind.lower()} {thing}", cure=cure)


def _granted(held: Sequence[_Held], governed: Collection[tuple[str, ...]]) -> Iterator[AccountFinding]:
    for row in held:
        beyond = (row.schema, row.name) not in governed
        if row.kind != "FUNCTION" and (row.privilege != "SELECT" or beyond):
            right = f"{row.privilege} ({row.part})" if row.part else row.privilege
            where = {"COLUMN": "TABLE ", "SERVER": "FOREIGN SERVER "}.get(row.kind, f"{row.kind} ") + row.thing
            yield AccountFinding(
                severity=ADVICE if row.privilege == "SELECT" else WRONG,
                right=right,
                object=f"{'table' if row.kind == 'COLUMN' else row.kind.lower()} {row.thing}",
                cure=f"REVOKE {right} ON {where} FROM {row.holder}",
            )
    functions = [row for row in held if row.kind == "FUNCTION"]
    for (schema, holder), rows in groupby(functions, key=lambda row: (row.schema, row.holder)):
        yield from _functions(schema, holder, list(rows))


def _functions(schema: str, holder: str, rows: list[_Held]) -> Iterator[AccountFinding]:
    """One finding for all functions of one danger: the list of a fresh database is long."""
    subjects = _SUBJECTS if schema == "pg_catalog" else (("may write, or run as their owner", ".*"),)
    for what, pattern in subjects:
        names = [row.thing for row in rows if re.fullmatch(pattern, row.name) or re.fullmatch(pattern, row.thing)]
        if names:
            cure = f"REVOKE EXECUTE ON ROUTINE {', '.join(names)} FROM {holder}"
            yield AccountFinding(
                severity=WRONG, right="EXECUTE", object=f"functions that {what}: {', '.join(names)}", cure=cure
            )
