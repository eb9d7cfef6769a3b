"""What a MariaDB account can do beyond reading, from its grants, with the statement that takes each right away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pymysql.cursors import Cursor

from metricgate.vocabulary.account_finding import ADVICE, WRONG, AccountFinding

_GRANTS = """
SELECT privilege_type, is_grantable, '*.*', '' FROM information_schema.user_privileges WHERE grantee = %(account)s
UNION ALL
SELECT privilege_type, is_grantable, CONCAT('`', table_schema, '`.*'), table_schema
FROM information_schema.schema_privileges WHERE grantee = %(account)s
UNION ALL
SELECT privilege_type, is_grantable, CONCAT('`', table_schema, '`.`', table_name, '`'), table_schema
FROM information_schema.table_privileges WHERE grantee = %(account)s
UNION ALL
SELECT CONCAT(privilege_type, ' (', GROUP_CONCAT('`', column_name, '`' SEPARATOR ', '), ')'), MAX(is_grantable),
  CONCAT('`', table_schema, '`.`', table_name, '`'), table_schema
FROM information_schema.column_privileges WHERE grantee = %(account)s
GROUP BY privilege_type, table_schema, table_name
"""
_VISIBLE = "SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2"
_SCHEMAS = "SELECT schema_name FROM information_schema.schemata ORDER BY 1"
_READING = frozenset({"USAGE", "SELECT", "SHOW VIEW"})
_OPEN_TO_ALL = frozenset({"information_schema", "performance_schema"})
_QUOTED = r"`(?:[^`]|``)*`|'(?:[^']|'')*'"
_NAME = rf"(?:{_QUOTED})(?:@(?:{_QUOTED}))?"
_LINE = re.compile(
    rf"GRANT (?P<what>.+?) ON (?P<kind>(?:PROCEDURE|FUNCTION|PACKAGE(?: BODY)?) )?"
    rf"(?P<on>(?:\*|{_QUOTED})\.(?:\*|{_QUOTED})) TO (?P<holder>{_NAME})",
    re.DOTALL,
)
_MEMBER = re.compile(rf"GRANT (?P<role>{_NAME}) TO (?P<holder>{_NAME})")
_PRIVILEGE = re.compile(r"([A-Z_ ]+?)\s*(\([^)]*\))?\s*(?:,|\Z)")


@dataclass(frozen=True, slots=True)
class _Grant:
    """One privilege on one thing, as a statement would name them; ``schema`` is None on ``*.*``."""

    right: str
    on: str
    schema: str | None
    holder: str

    @property
    def reads(self) -> bool:
        """Whether it is SELECT, on a whole table or on columns."""
        return self.right.partition(" (")[0] == "SELECT"

    @property
    def cure(self) -> str:
        """The statement that takes it away."""
        return f"REVOKE {self.right} ON {self.on} FROM {self.holder}"


def mariadb_findings(cursor: Cursor, governed: Sequence[tuple[str, str]]) -> tuple[AccountFinding, ...]:
    """Return what the session's account can do that it should not, its default role included.

    Args:
        cursor: of the account's session.
        governed: schema and table of every governed relation.

    Raises:
        pymysql.Error: the server did not answer.
    """
    cursor.execute("SELECT CURRENT_USER(), @@GLOBAL.local_infile")
    current, infile = map(str, cursor.fetchone())
    user, host = current.rsplit("@", 1)
    account = f"'{user}'@'{host}'"
    cursor.execute("SHOW GRANTS")
    lines = [str(line) for (line,) in cursor.fetchall()]
    cursor.execute(_GRANTS, {"account": account})
    found: list[AccountFinding] = []
    grants = [each for line in lines for each in _read_grants(line, user)]
    for right, may_grant, where, schema in cursor.fetchall():
        grants.append(_Grant(str(right), str(where), str(schema) or None, account))
        cure = f"REVOKE GRANT OPTION ON {where} FROM {account}"
        option = AccountFinding(severity=WRONG, right="GRANT OPTION", object=str(where), cure=cure)
        if may_grant == "YES" and option not in found:
            found.append(option)
    found += [
        AccountFinding(severity=WRONG, right=each.right, object=each.on, cure=each.cure)
        for each in grants
        if each.right.partition(" (")[0] not in _READING or (each.reads and each.schema in {None, "mysql"})
    ]
    found += _beyond(cursor, [each for each in grants if each.reads], governed)
    found += _memberships(lines)
    found += _without_grant(cursor, grants)
    if infile in {"1", "ON"}:
        cure = "SET GLOBAL local_infile = OFF"
        found.append(AccountFinding(severity=ADVICE, right="local_infile", object="server", cure=cure))
    if not any("MAX_STATEMENT_TIME" in line for line in lines):
        cure = f"ALTER USER {account} WITH MAX_STATEMENT_TIME 60"
        found.append(AccountFinding(severity=ADVICE, right="no MAX_STATEMENT_TIME", object=account, cure=cure))
    return tuple(found)


def _read_grants(line: str, user: str) -> Iterator[_Grant]:
    """Yield what a line of SHOW GRANTS has and ``information_schema`` has not: grants of roles, and on routines."""
    found = _LINE.match(line)
    if found is None or (found["holder"].startswith(f"`{user}`@") and found["kind"] is None):
        return
    for each in _PRIVILEGE.finditer(found["what"]):
        right = f"{each[1].strip()} {each[2] or ''}".strip()
        schema = re.findall(rf"\*|{_QUOTED}", found["on"])[0]
        name = None if schema == "*" else schema[1:-1].replace("``", "`")
        yield _Grant(right, f"{found['kind'] or ''}{found['on']}", name, found["holder"])


def _memberships(lines: Sequence[str]) -> Iterator[AccountFinding]:
    """A role that is the default has its grants among the lines; what another one may do is not known."""
    looked_at = {found["holder"] for line in lines if (found := _LINE.match(line)) is not None}
    for line in lines:
        found = _MEMBER.match(line)
        if found is not None and found["role"] not in looked_at:
            cure = f"REVOKE {found['role']} FROM {found['holder']}"
            yield AccountFinding(severity=WRONG, right="membership", object=f"role {found['role']}", cure=cure)


def _beyond(cursor: Cursor, reading: Sequence[_Grant], governed: Sequence[tuple[str, str]]) -> Iterator[AccountFinding]:
    """Yield grants that also show relations that no model names."""
    cursor.execute(_VISIBLE)
    visible = [(str(schema), str(name)) for schema, name in cursor.fetchall()]
    for each in reading:
        table = each.on.rpartition(".")[2].strip("`") if not each.on.endswith(".*") else None
        more = [
            name
            for schema, name in visible
            if each.schema is not None
            and _covers_schema(schema, each.schema, is_pattern=table is None)
            and table in {None, name}
            and (schema, name) not in governed
        ]
        if more and each.schema != "mysql":
            what = f"{each.on} (no model names {', '.join(more)})" if table is None else each.on
            yield AccountFinding(severity=ADVICE, right=each.right, object=what, cure=each.cure)


def _without_grant(cursor: Cursor, grants: Sequence[_Grant]) -> Iterator[AccountFinding]:
    """Yield schemas that are seen without a grant: ``mysql.db`` may give everybody what SHOW GRANTS does not show."""
    if any(each.schema is None and each.right != "USAGE" for each in grants):
        return  # it sees them all by that
    cursor.execute(_SCHEMAS)
    for schema in (str(name) for (name,) in cursor.fetchall()):
        known = any(
            _covers_schema(schema, each.schema, is_pattern=each.on.endswith(".*")) for each in grants if each.schema
        )
        if schema not in _OPEN_TO_ALL and not known:
            rows = f"User = '' AND '{schema.replace(chr(39), chr(39) * 2)}' LIKE Db"
            cure = f"DELETE FROM mysql.db WHERE {rows}; FLUSH PRIVILEGES"  # noqa: S608 - for a person to read and run
            yield AccountFinding(
                severity=WRONG, right="rights that everybody has", object=f"schema {schema}", cure=cure
            )


def _covers_schema(schema: str, granted: str, *, is_pattern: bool) -> bool:
    r"""Say whether a grant's schema, which is a LIKE pattern where all its tables are meant, is this one.

    >>> _covers_schema("shop_1", r"shop\_%", is_pattern=True), _covers_schema("shopx1", r"shop\_%", is_pattern=True)
    (True, False)
    """
    if not is_pattern:
        return schema == granted
    pattern = re.sub(
        r"\\.|%|_|[^\\%_]+",
        lambda part: {"%": ".*", "_": "."}.get(part[0], re.escape(part[0].removeprefix("\\"))),
        granted,
    )
    return re.fullmatch(pattern, schema) is not None
