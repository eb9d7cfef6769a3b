"""Questions to PostgreSQL's catalogue: who the role is, what it belongs to, what is granted to it."""

from __future__ import annotations

POWERS = """
SELECT v.name, 'role ' || r.rolname, format('ALTER ROLE %I NO%s', r.rolname, v.name)
FROM pg_roles AS r CROSS JOIN LATERAL (VALUES
  ('SUPERUSER', r.rolsuper), ('CREATEDB', r.rolcreatedb), ('CREATEROLE', r.rolcreaterole),
  ('REPLICATION', r.rolreplication), ('BYPASSRLS', r.rolbypassrls)) AS v (name, held)
WHERE r.rolname = current_user AND v.held
"""
"""The role's powers over the server: name, whose, cure."""

SETTINGS = """
SELECT v.name, format('ALTER ROLE %I SET %s = %L', current_user, v.name, v.value)
FROM (VALUES ('default_transaction_read_only', 'on'), ('statement_timeout', '60s'), ('temp_file_limit', '1GB'))
  AS v (name, value)
WHERE NOT EXISTS (SELECT FROM pg_roles AS r, unnest(r.rolconfig) AS s (text)
  WHERE r.rolname = current_user AND starts_with(s.text, v.name || '='))
"""
"""Settings that the role should have of its own and has not, each with its cure."""

_UP = """
WITH RECURSIVE up AS (
    SELECT m.roleid, m.member FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = current_user
    UNION SELECT m.roleid, m.member FROM pg_auth_members m JOIN up ON m.member = up.roleid
)"""

MEMBERSHIPS = f"""{_UP}
SELECT r.rolname, format('REVOKE %I FROM %I', r.rolname, m.rolname)
FROM up JOIN pg_roles r ON r.oid = up.roleid JOIN pg_roles m ON m.oid = up.member
WHERE r.rolname ~ '^pg_' OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
   OR NOT pg_has_role(r.oid, 'USAGE')
ORDER BY 1, 2
"""  # noqa: S608 - of constants
"""Roles of the system's own, with powers, or whose rights can be taken on, at any distance; each with its cure."""

HELD = f"""{_UP}, who AS (
    SELECT 0::oid AS id, 'PUBLIC' AS holder
    UNION SELECT oid, quote_ident(rolname) FROM pg_roles WHERE rolname = current_user
    UNION SELECT r.oid, quote_ident(r.rolname) FROM up JOIN pg_roles r ON r.oid = up.roleid
    WHERE pg_has_role(r.oid, 'USAGE')
), space AS (
    SELECT * FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'
), own AS (
    SELECT * FROM space WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND has_schema_privilege(oid, 'USAGE')
), held (kind, schema, name, thing, part, owner, grantee, privilege) AS (
    SELECT 'DATABASE', '', '', quote_ident(d.datname), '', d.datdba, a.grantee, a.privilege_type
    FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
    WHERE d.datname = current_database() AND a.privilege_type <> 'CONNECT'
    UNION ALL
    SELECT 'SCHEMA', nspname, '', quote_ident(nspname), '', nspowner, a.grantee, a.privilege_type
    FROM space, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
    WHERE a.privilege_type = 'CREATE'
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, nspname, c.relname, c.oid::regclass::text, '',
           c.relowner, a.grantee, a.privilege_type
    FROM own JOIN pg_class c ON c.relnamespace = own.oid,
         aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner))) a
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S') AND NOT (c.relkind = 'S' AND a.privilege_type = 'SELECT')
    UNION ALL
    SELECT 'COLUMN', nspname, c.relname, c.oid::regclass::text, quote_ident(t.attname), c.relowner, a.grantee,
           a.privilege_type
    FROM own JOIN pg_class c ON c.relnamespace = own.oid JOIN pg_attribute t ON t.attrelid = c.oid,
         aclexplode(t.attacl) a
    WHERE NOT t.attisdropped
    UNION ALL
    SELECT 'FUNCTION', nspname, p.proname, p.oid::regprocedure::text, '', p.proowner, a.grantee, a.privilege_type
    FROM space JOIN pg_proc p ON p.pronamespace = space.oid,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE nspname = 'pg_catalog' AND p.proname ~ %s
       OR nspname NOT IN ('pg_catalog', 'information_schema') AND has_schema_privilege(space.oid, 'USAGE')
          AND (p.provolatile = 'v' OR p.prosecdef) AND p.prokind IN ('f', 'p')
          AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
    UNION ALL
    SELECT 'SERVER', '', '', quote_ident(srvname), '', srvowner, a.grantee, a.privilege_type
    FROM pg_foreign_server, aclexplode(coalesce(srvacl, acldefault('S', srvowner))) a
)
SELECT DISTINCT kind, schema, name, thing, part, privilege, holder, owner = grantee
FROM held JOIN who ON who.id = held.grantee
ORDER BY 1, 2, 7, 4, 5, 6
"""  # noqa: S608 - of constants
"""Every right that counts, with whom it was granted to: us, PUBLIC, or a role that we inherit from."""
