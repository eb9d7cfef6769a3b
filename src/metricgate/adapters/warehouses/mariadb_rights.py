"""What a MariaDB account can do beyond reading, from its grants, with the statement that takes each right away."""

from __future__ import annotations

from collections.abc import Sequence

from pymysql.cursors import Cursor

from metricgate.vocabulary.finding import ADVICE, WRONG, Finding

_GRANTS = """
SELECT privilege_type, is_grantable, '*.*', '' FROM information_schema.user_privileges WHERE grantee = %(account)s
UNION ALL
SELECT privilege_type, is_grantable, CONCAT('`', table_schema, '`.*'), table_schema
FROM information_schema.schema_privileges WHERE grantee = %(account)s
UNION ALL
SELECT privilege_type, is_grantable, CONCAT('`', table_schema, '`.`', table_name, '`'), table_schema
FROM information_schema.table_privileges WHERE grantee = %(account)s
UNION ALL
SELECT DISTINCT privilege_type, is_grantable, CONCAT('`', table_schema, '`.`', table_name, '`'), table_schema
FROM information_schema.column_privileges WHERE grantee = %(account)s
"""
_READING = frozenset({"USAGE", "SELECT", "SHOW VIEW"})


def mariadb_findings(cursor: Cursor, governed: Sequence[tuple[str, str]]) -> tuple[Finding, ...]:
    """Return what the session's account can do that it should not; grants of its roles are not looked into.

    Args:
        cursor: of the account's session.
        governed: schema and table of every governed relation.

    Raises:
        pymysql.Error: the server did not answer.
    """
    cursor.execute("SELECT CURRENT_USER(), @@GLOBAL.local_infile")
    row = cursor.fetchone()
    user, host = str(row[0]).rsplit("@", 1)
    account = f"'{user}'@'{host}'"
    cursor.execute(_GRANTS, {"account": account})
    schemas = {schema for schema, _ in governed}
    found: list[Finding] = []
    grantable: set[str] = set()
    for right, may_grant, where, schema in cursor.fetchall():
        if right not in _READING or (right == "SELECT" and (not schema or schema == "mysql")):
            cure = f"REVOKE {right} ON {where} FROM {account}"
            found.append(Finding(severity=WRONG, right=right, object=where, cure=cure))
        elif right == "SELECT" and schema not in schemas:
            cure = f"REVOKE {right} ON {where} FROM {account}"
            found.append(Finding(severity=ADVICE, right=right, object=where, cure=cure))
        if may_grant == "YES" and where not in grantable:
            grantable.add(where)
            cure = f"REVOKE GRANT OPTION ON {where} FROM {account}"
            found.append(Finding(severity=WRONG, right="GRANT OPTION", object=where, cure=cure))
    if str(row[1]) in {"1", "ON"}:
        cure = "SET GLOBAL local_infile = OFF"
        found.append(Finding(severity=ADVICE, right="local_infile", object="server", cure=cure))
    cursor.execute("SHOW GRANTS")
    if not any("MAX_STATEMENT_TIME" in str(text) for (text,) in cursor.fetchall()):
        cure = f"ALTER USER {account} WITH MAX_STATEMENT_TIME 60"
        found.append(Finding(severity=ADVICE, right="no MAX_STATEMENT_TIME", object=account, cure=cure))
    return tuple(found)
