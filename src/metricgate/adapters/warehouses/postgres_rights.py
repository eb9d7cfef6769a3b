"""What a PostgreSQL role can do beyond reading, from the catalogue, with the statement that takes each right away."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from metricgate.vocabulary.finding import ADVICE, WRONG, Finding

_ROLE = """
SELECT v.name, 'role ' || r.rolname, format('ALTER ROLE %I NO%s', r.rolname, v.name)
FROM pg_catalog.pg_roles AS r CROSS JOIN LATERAL (VALUES
  ('SUPERUSER', r.rolsuper), ('CREATEDB', r.rolcreatedb), ('CREATEROLE', r.rolcreaterole),
  ('REPLICATION', r.rolreplication), ('BYPASSRLS', r.rolbypassrls)) AS v (name, held)
WHERE r.rolname = current_user AND v.held
"""
_RIGHTS = """
SELECT 'membership', 'role ' || r.rolname, format('REVOKE %I FROM %I', r.rolname, current_user)
FROM pg_catalog.pg_roles AS r
WHERE r.rolname ~ '^pg_' AND r.rolname <> 'pg_database_owner' AND pg_has_role(r.oid, 'MEMBER')
UNION ALL
SELECT 'OWNER', 'database ' || d.datname, format('ALTER DATABASE %I OWNER TO another_role', d.datname)
FROM pg_catalog.pg_database AS d WHERE d.datname = current_database() AND pg_has_role(d.datdba, 'MEMBER')
UNION ALL
SELECT 'OWNER', 'schema ' || n.nspname, format('ALTER SCHEMA %I OWNER TO another_role', n.nspname)
FROM pg_catalog.pg_namespace AS n
WHERE pg_has_role(n.nspowner, 'MEMBER') AND n.nspname !~ '^pg_(toast|temp)'
  AND n.nspowner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = 'pg_database_owner')
UNION ALL
SELECT 'OWNER', format('table %I.%I', n.nspname, c.relname),
  format('ALTER TABLE %I.%I OWNER TO another_role', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S') AND pg_has_role(c.relowner, 'MEMBER')
UNION ALL
SELECT v.name, 'database ' || current_database(),
  format('REVOKE %s ON DATABASE %I FROM %s', v.name, current_database(),
    CASE WHEN has_database_privilege('public', current_database(), v.name)
      THEN 'PUBLIC' ELSE quote_ident(current_user) END)
FROM (VALUES ('CREATE'), ('TEMPORARY')) AS v (name)
WHERE has_database_privilege(current_database(), v.name)
UNION ALL
SELECT 'CREATE', 'schema ' || n.nspname, format('REVOKE CREATE ON SCHEMA %I FROM %s', n.nspname,
  CASE WHEN has_schema_privilege('public', n.oid, 'CREATE') THEN 'PUBLIC' ELSE quote_ident(current_user) END)
FROM pg_catalog.pg_namespace AS n WHERE has_schema_privilege(n.oid, 'CREATE')
UNION ALL
SELECT v.name, format('table %I.%I', n.nspname, c.relname), format('REVOKE %s ON %I.%I FROM %s', v.name, n.nspname,
  c.relname, CASE WHEN has_table_privilege('public', c.oid, v.name) THEN 'PUBLIC' ELSE quote_ident(current_user) END)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) AS v (name)
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND (has_table_privilege(c.oid, v.name)
    OR (v.name IN ('INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege(c.oid, v.name)))
UNION ALL
SELECT 'EXECUTE', format('function %I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
  format('REVOKE EXECUTE ON FUNCTION %I.%I(%s) FROM %s', n.nspname, p.proname,
    pg_get_function_identity_arguments(p.oid),
    CASE WHEN has_function_privilege('public', p.oid, 'EXECUTE') THEN 'PUBLIC' ELSE quote_ident(current_user) END)
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE has_function_privilege(p.oid, 'EXECUTE') AND p.prokind = 'f'
  AND p.proname <> 'pg_read_file_old' -- asks for a superuser itself
  AND (
  p.proname ~ '^(lo_(creat|create|from_bytea|put|import|export|unlink|truncate|truncate64|open)|lowrite|pg_notify)$'
  OR p.proname ~ '^(dblink|pg_read_|pg_ls_|pg_stat_file|pg_file_)'
  OR (p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')))
"""
_READABLE = """
SELECT n.nspname, c.relname, format('REVOKE SELECT ON %I.%I FROM %I', n.nspname, c.relname, current_user)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
"""
_SETTINGS = """
SELECT v.name, format('ALTER ROLE %I SET %s = %L', current_user, v.name, v.value)
FROM (VALUES ('default_transaction_read_only', 'on'), ('statement_timeout', '60s'), ('temp_file_limit', '1GB'))
  AS v (name, value)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r, unnest(r.rolconfig) AS s (text)
  WHERE r.rolname = current_user AND starts_with(s.text, v.name || '='))
"""


def postgres_findings(
    cursor: psycopg.Cursor[tuple[str, ...]], governed: Sequence[tuple[str, ...]]
) -> tuple[Finding, ...]:
    """Return what the session's role can do that it should not. A superuser's other rights are not listed.

    Raises:
        psycopg.Error: the server did not answer.
    """
    wrong = cursor.execute(_ROLE).fetchall()
    found = [Finding(severity=WRONG, right=right, object=what, cure=cure) for right, what, cure in wrong]
    if any(each.right == "SUPERUSER" for each in found):
        return tuple(found)
    wrong = cursor.execute(_RIGHTS).fetchall()
    found += [Finding(severity=WRONG, right=right, object=what, cure=cure) for right, what, cure in wrong]
    names = {relation[-1] for relation in governed}
    for schema, table, cure in cursor.execute(_READABLE).fetchall():
        if table not in names:
            found.append(Finding(severity=ADVICE, right="SELECT", object=f"table {schema}.{table}", cure=cure))
    for name, cure in cursor.execute(_SETTINGS).fetchall():
        found.append(Finding(severity=ADVICE, right=f"no {name}", object="role", cure=cure))
    return tuple(found)
