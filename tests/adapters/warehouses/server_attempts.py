"""What an attacker would send whose text reaches a session, and which of two guards stops it alone.

``session``: the adapter's session, with an administrator's account. ``grants``: the account of docs/least-privilege.md
on a plain connection of its own. What neither stops has a note that says why it does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """A text, and by whom it is refused: ``both``, ``session``, ``grants``, or ``nobody``."""

    sql: str
    by: str
    note: str = ""


POSTGRES = (
    # Several statements, and statements that are no query
    Attempt("SELECT 1; SELECT v FROM public.hidden", "both"),
    Attempt("SELECT a FROM public.sales; DELETE FROM public.sales", "both"),
    Attempt("SELECT 1; ROLLBACK; DELETE FROM public.sales", "both"),
    Attempt("COPY public.hidden TO STDOUT", "both"),
    Attempt("COPY (SELECT 1) TO PROGRAM 'id'", "both"),
    Attempt("COPY public.sales FROM '/etc/hostname'", "both"),
    Attempt("SELECT * INTO public.stolen FROM public.sales", "both"),
    Attempt("CREATE TEMPORARY TABLE sales AS SELECT 1 AS a", "both"),
    Attempt("WITH d AS (DELETE FROM public.sales RETURNING a) SELECT a FROM d", "both"),
    Attempt("SELECT a FROM public.sales FOR UPDATE", "both"),
    Attempt("SELECT nextval('public.s')", "both"),
    Attempt("SET ROLE postgres", "both"),
    Attempt("SET SESSION AUTHORIZATION postgres", "both"),
    Attempt("DO $$ BEGIN PERFORM 1; END $$", "session"),
    Attempt("PREPARE p AS SELECT 1", "session"),
    Attempt("EXPLAIN ANALYZE SELECT 1", "session"),
    Attempt("LISTEN news", "session"),
    Attempt("SELECT set_config('transaction_read_only', 'off', false)", "session"),
    # Functions that a read-only transaction lets pass
    Attempt("SELECT lo_create(0)", "grants"),
    Attempt("SELECT lo_from_bytea(0, 'x')", "grants"),
    Attempt("SELECT lo_import('/etc/hostname')", "grants"),
    Attempt("SELECT pg_read_file('/etc/hostname')", "grants"),
    Attempt("SELECT pg_ls_dir('.')", "grants"),
    Attempt("SELECT pg_notify('a', 'b')::text", "grants"),
    Attempt("SELECT pg_advisory_lock(7)::text", "grants"),
    Attempt("SELECT pg_try_advisory_xact_lock_shared(7)", "grants"),
    Attempt("SELECT pg_terminate_backend(0)", "grants"),
    Attempt("SELECT pg_export_snapshot()", "grants"),
    # SQL in a text, past filters and masks; as text, because XML has no wire form
    Attempt("SELECT query_to_xml('SELECT v FROM public.hidden', true, true, '')::text", "grants"),
    Attempt("SELECT table_to_xml('public.hidden', true, true, '')::text", "grants"),
    Attempt("SELECT schema_to_xml('public', true, true, '')::text", "grants"),
    Attempt("SELECT word FROM ts_stat('SELECT to_tsvector(v) FROM public.hidden')", "grants"),
    Attempt(
        "SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''LEAK''::tsquery FROM public.hidden')::text", "grants"
    ),
    # Relations that are not governed
    Attempt("SELECT v FROM public.hidden", "grants"),
    Attempt("TABLE public.hidden", "grants"),
    Attempt("SELECT hidden::text FROM public.hidden", "grants"),
    Attempt("SELECT rolpassword FROM pg_authid", "grants"),
    Attempt("SELECT CAST(v AS int) FROM public.hidden", "both"),
    # Names that could be taken over
    Attempt("SELECT planted('x')", "session"),
    # What passes
    Attempt(
        "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'hidden'",
        "nobody",
        "no rows: a right to the column is needed",
    ),
    Attempt("SELECT set_config('statement_timeout', '0', false)", "nobody", "the gateway's own clock goes on"),
    Attempt("SELECT set_config('search_path', 'public', false)", "nobody", "rolled back, and discarded"),
    Attempt("SELECT txid_current_if_assigned()", "nobody", "a number"),
    Attempt("SELECT proname FROM pg_proc LIMIT 1", "nobody", "the catalogue stays readable; the guard refuses it"),
)
POSTGRES_ENDLESS = (
    "SELECT pg_sleep(60)::text",
    "SELECT count(*) FROM generate_series(1, 100000000000) AS g",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT count(*) FROM r",
    "SELECT set_config('statement_timeout', '0', false), pg_sleep(60)::text",
)

MARIADB = (
    Attempt("SELECT 1; SELECT v FROM hidden", "both"),
    Attempt("SELECT a FROM sales INTO OUTFILE '/tmp/stolen'", "both"),
    Attempt("SELECT a FROM sales LIMIT 1 INTO DUMPFILE '/tmp/stolen'", "both"),
    Attempt("SELECT /*!50000 v */ FROM hidden", "both"),
    Attempt("SELECT 1 /*M! UNION SELECT v FROM hidden */", "both"),
    Attempt("SELECT v FROM hidden FOR UPDATE", "both"),
    Attempt("SELECT NEXTVAL(s)", "both"),
    Attempt("INSERT INTO sales VALUES (2)", "both"),
    Attempt("CREATE TABLE stolen AS SELECT a FROM sales", "both"),
    Attempt("CREATE TEMPORARY TABLE sales AS SELECT 1 AS a", "both"),
    Attempt("LOAD DATA INFILE '/etc/hostname' INTO TABLE sales", "both"),
    Attempt("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE sales", "both"),
    Attempt("HANDLER hidden OPEN", "both"),
    Attempt("FLUSH TABLES", "both"),
    Attempt("SET GLOBAL local_infile = 1", "both"),
    Attempt("SET ROLE nobody", "both"),
    Attempt("LOCK TABLES sales WRITE", "both"),
    Attempt("SELECT LOAD_FILE('/etc/hostname')", "session"),
    Attempt("SELECT a INTO @stolen FROM sales LIMIT 1", "session"),
    Attempt("SELECT @stolen := 1", "session"),
    Attempt("SELECT @@datadir", "session"),
    Attempt("SELECT SLEEP(0)", "session"),
    Attempt("SELECT BENCHMARK(1, 1)", "session"),
    Attempt("SELECT GET_LOCK('l', 0)", "session"),
    Attempt("SELECT a FROM sales FOR UPDATE", "session"),
    Attempt("SELECT a FROM sales LOCK IN SHARE MODE", "session"),
    Attempt("SELECT a FROM sales PROCEDURE ANALYSE()", "session"),
    Attempt("SELECT 1 -- comment", "session"),
    Attempt("DO SLEEP(0)", "session"),
    Attempt("SET max_statement_time = 0", "session"),
    Attempt("EXECUTE IMMEDIATE 'SELECT 1'", "session"),
    Attempt("SELECT v FROM hidden", "grants"),
    Attempt("SELECT a FROM sales UNION SELECT v FROM hidden", "grants"),
    Attempt("SELECT EXTRACTVALUE(1, CONCAT(0x7e, (SELECT v FROM hidden)))", "both"),
    Attempt("SELECT CAST(v AS int) FROM hidden", "grants"),
    Attempt("SELECT user FROM mysql.user", "grants"),
    Attempt("SELECT seq FROM seq_1_to_10", "grants"),
    Attempt("SELECT planted('x')", "grants"),
    Attempt("SELECT table_name FROM information_schema.tables WHERE table_name = 'hidden'", "nobody", "no rows"),
    Attempt("SELECT info FROM information_schema.processlist", "nobody", "one's own statements only"),
    Attempt("SELECT LAST_INSERT_ID(42)", "nobody", "forgotten when the session is reset"),
)
_SERIES = "(WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000) SELECT n FROM r)"
MARIADB_ENDLESS = (
    f"SELECT COUNT(*) FROM {_SERIES} AS a, {_SERIES} AS b, {_SERIES} AS c, {_SERIES} AS d",
    f"SELECT MAX(REPEAT(CONCAT(a.n, b.n), 100000)) FROM {_SERIES} AS a, {_SERIES} AS b",
)
