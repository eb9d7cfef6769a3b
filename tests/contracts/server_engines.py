"""PostgreSQL and MariaDB as the warehouse contract sees them. Loaded once a run, into a schema of the run's own."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache

from tests.contracts import servers
from tests.contracts.warehouse_engines import Engine

from metricgate.adapters.warehouses.mariadb.options import MariaDBOptions
from metricgate.adapters.warehouses.mariadb.warehouse import MariaDBWarehouse
from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.postgres.warehouse import PostgresWarehouse
from metricgate.adapters.warehouses.servers.sessions import Bounds
from metricgate.vocabulary.result import DataType

_BYTES = 64 * 1024 * 1024


def _schema() -> str:
    return servers.SCHEMA


@cache
def _postgres_loaded() -> servers.Address:
    at = servers.postgres()
    with servers.postgres_connection(at) as connection:
        connection.execute(
            f"SET search_path = {servers.SCHEMA}; CREATE TYPE mood AS ENUM ('a', 'b');"
            " CREATE TABLE numbers (a BIGINT, b NUMERIC(15, 2), c TEXT); CREATE SEQUENCE s;"
            " INSERT INTO numbers SELECT n, n / 4.0, 'text ' || n FROM generate_series(0, 999) AS n"
        )
    return at


def postgres_warehouse(
    *,
    callers: int = 4,
    memory_limit: str = "64MB",
    user: str | None = None,
    port: int | None = None,
    connect_seconds: int = 10,
) -> PostgresWarehouse:
    at = _postgres_loaded()
    return PostgresWarehouse(
        PostgresOptions(
            host=at.host,
            port=port or at.port,
            connect_seconds=connect_seconds,
            database=at.database,
            user=user or at.user,
            password=at.password,
            search_path=(servers.SCHEMA,),
            work_memory=memory_limit,
            bounds=Bounds(callers=callers, longest_seconds=60.0, largest_result_bytes=_BYTES),
        )
    )


@cache
def _mariadb_loaded() -> servers.Address:
    at = servers.mariadb()
    with servers.mariadb_connection(at) as connection, connection.cursor() as cursor:
        cursor.execute(f"USE {servers.SCHEMA}")
        cursor.execute("CREATE TABLE numbers (a BIGINT, b DECIMAL(15, 2), c VARCHAR(100) CHARACTER SET utf8mb4)")
        rows = ", ".join(f"({n}, {n / 4}, 'text {n}')" for n in range(1000))
        cursor.execute(f"INSERT INTO numbers VALUES {rows}")
        cursor.execute("CREATE SEQUENCE s")
    return at


def mariadb_warehouse(
    *,
    callers: int = 4,
    memory_limit: str = "1GB",
    user: str | None = None,
    port: int | None = None,
    connect_seconds: int = 10,
) -> MariaDBWarehouse:
    at = _mariadb_loaded()
    return MariaDBWarehouse(
        MariaDBOptions(
            host=at.host,
            port=port or at.port,
            connect_seconds=connect_seconds,
            database=servers.SCHEMA,
            user=user or at.user,
            password=at.password,
            # It counts little but sort buffers (2 MB as installed), so "less than is needed" is less than that.
            session_memory="1MB" if memory_limit == "64MB" else memory_limit,
            bounds=Bounds(callers=callers, longest_seconds=60.0, largest_result_bytes=_BYTES),
        )
    )


_ENDLESS = "SELECT sum(x.a * y.a * z.a * w.a) AS total FROM numbers x, numbers y, numbers z, numbers w"
_WRITES = (
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE numbers",
    "",
    "-- nothing",
    "INSERT INTO numbers VALUES (1, 1, 'x')",
    "UPDATE numbers SET a = 0",
    "DELETE FROM numbers",
    "DROP TABLE numbers",
    "TRUNCATE TABLE numbers",
    "CREATE TABLE t (a INT)",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "EXPLAIN SELECT 1",
)
_PARAMETERS = (
    (1, 1),
    ("'; DROP TABLE numbers; --", "'; DROP TABLE numbers; --"),
    ("a \\' ? %s $1 \\", "a \\' ? %s $1 \\"),
    (Decimal("1.50"), "1.50"),
    (None, None),
)

POSTGRES = Engine(
    opened=postgres_warehouse,
    dialect="postgres",
    schema=_schema,
    ignores_case=False,
    values=(
        ("1", DataType.INTEGER, 1),
        ("9007199254740992::BIGINT", DataType.INTEGER, 9007199254740992),
        ("9007199254740993::BIGINT", DataType.INTEGER, "9007199254740993"),
        ("(-9007199254740993)::BIGINT", DataType.INTEGER, "-9007199254740993"),
        ("sum(1::BIGINT)", DataType.INTEGER, 1),
        ("sum(9007199254740993::BIGINT)", DataType.INTEGER, "9007199254740993"),
        ("1234.50::DECIMAL(15,2)", DataType.DECIMAL, "1234.50"),
        ("0::DECIMAL(20,10)", DataType.DECIMAL, "0.0000000000"),
        ("7::DECIMAL(20,0)", DataType.INTEGER, 7),
        ("'nan'::NUMERIC", DataType.DECIMAL, "NaN"),
        ("1.5::DOUBLE PRECISION", DataType.FLOAT, 1.5),
        ("0.1::DOUBLE PRECISION + 0.2", DataType.FLOAT, 0.1 + 0.2),
        ("'nan'::DOUBLE PRECISION", DataType.FLOAT, "NaN"),
        ("'inf'::REAL", DataType.FLOAT, "Infinity"),
        ("'-inf'::DOUBLE PRECISION", DataType.FLOAT, "-Infinity"),
        ("'Grüße \U0001f600'", DataType.STRING, "Grüße \U0001f600"),
        ("''", DataType.STRING, ""),
        ("true", DataType.BOOLEAN, True),
        ("DATE '2013-03-10'", DataType.DATE, "2013-03-10"),
        ("DATE '9999-12-31'", DataType.DATE, "9999-12-31"),
        ("'infinity'::DATE", DataType.DATE, "Infinity"),
        ("'-infinity'::TIMESTAMP", DataType.TIMESTAMP, "-Infinity"),
        ("TIMESTAMP '2013-03-10 05:06:07'", DataType.TIMESTAMP, "2013-03-10T05:06:07"),
        ("TIMESTAMP '2013-03-10 05:06:07.25'", DataType.TIMESTAMP, "2013-03-10T05:06:07.250000"),
        ("TIMESTAMPTZ '2013-03-10 05:06:07-05'", DataType.TIMESTAMP_TZ, "2013-03-10T10:06:07+00:00"),
        ("TIME '23:59:58'", DataType.TIME, "23:59:58"),
        ("TIME '24:00:00'", DataType.TIME, "24:00:00"),
        ("INTERVAL '14 months 2 days 90 seconds'", DataType.INTERVAL, "P1Y2M2DT1M30S"),
        ("INTERVAL '-90 seconds'", DataType.INTERVAL, "PT-1M-30S"),
        ("INTERVAL '0 seconds'", DataType.INTERVAL, "P0D"),
        ("'\\xAA00'::BYTEA", DataType.BINARY, "qgA="),
        ("'{\"a\": [1, 9007199254740993]}'::JSONB", DataType.JSON, {"a": [1, "9007199254740993"]}),
        ("ARRAY[1.5::DECIMAL(10,2), NULL]", DataType.LIST, ["1.50", None]),
        ("ARRAY[DATE '2020-01-01']", DataType.LIST, ["2020-01-01"]),
        ("'a'::mood", DataType.STRING, "a"),
        ("'95369340-61c6-4754-97fc-4de39dcf989b'::UUID", DataType.STRING, "95369340-61c6-4754-97fc-4de39dcf989b"),
    ),
    endless=_ENDLESS,
    greedy="SELECT repeat(c, 1000000000) AS l FROM numbers",
    many="SELECT generate_series(0, 9999999) AS a, 1.5::DECIMAL(15, 2) AS b, 'some text' AS c",
    refused=(
        *_WRITES,
        "CREATE TEMP TABLE numbers AS SELECT 0 AS a",
        "SELECT * INTO copied FROM numbers",
        "WITH gone AS (DELETE FROM numbers RETURNING a) SELECT count(*) FROM gone",
        "WITH more AS (INSERT INTO numbers VALUES (1, 1, 'x') RETURNING a) SELECT count(*) FROM more",
        "SELECT nextval('s')",
        "SELECT setval('s', 7)",
        "SELECT a FROM numbers FOR UPDATE",
        "COPY numbers TO '{folder}/stolen.csv'",
        "COPY numbers TO STDOUT",
        "SET statement_timeout = 0",
        "SET TRANSACTION READ WRITE",
        "RESET ALL",
        "DISCARD ALL",
        "PREPARE p AS DELETE FROM numbers",
        "DO $$ BEGIN DELETE FROM numbers; END $$",
        "CALL pg_switch_wal()",
        "LISTEN news",
        "NOTIFY news",
        "VACUUM",
        "EXPLAIN ANALYZE DELETE FROM numbers",
        "LOCK TABLE numbers",
        "CLOSE answer",
        "1; ROLLBACK; DELETE FROM numbers",
        "SELECT 1) TO STDOUT; DROP TABLE numbers; --",
    ),
    wrong="SELECT CAST('hunter2' AS INTEGER) AS a",
    parameters=(
        *_PARAMETERS,
        (True, True),
        (date(2020, 1, 2), "2020-01-02"),
        (datetime(2020, 1, 2, 3), "2020-01-02T03:00:00"),  # noqa: DTZ001 - no zone
    ),
)

MARIADB = Engine(
    opened=mariadb_warehouse,
    dialect="mysql",
    marker="?",
    schema=_schema,
    ignores_case=False,
    beside_null="SELECT v FROM (SELECT {sql} AS v UNION ALL SELECT NULL) AS t ORDER BY v IS NULL, v",
    values=(
        ("1", DataType.INTEGER, 1),
        ("9007199254740992", DataType.INTEGER, 9007199254740992),
        ("9007199254740993", DataType.INTEGER, "9007199254740993"),
        ("-9007199254740993", DataType.INTEGER, "-9007199254740993"),
        ("sum(1)", DataType.INTEGER, 1),
        ("sum(9007199254740993)", DataType.INTEGER, "9007199254740993"),
        ("CAST(1234.50 AS DECIMAL(15,2))", DataType.DECIMAL, "1234.50"),
        ("CAST(0 AS DECIMAL(20,10))", DataType.DECIMAL, "0.0000000000"),
        ("CAST(1.5 AS DOUBLE)", DataType.FLOAT, 1.5),
        ("0.1e0 + 0.2e0", DataType.FLOAT, 0.1 + 0.2),
        ("'Grüße \U0001f600'", DataType.STRING, "Grüße \U0001f600"),
        ("''", DataType.STRING, ""),
        ("DATE '2013-03-10'", DataType.DATE, "2013-03-10"),
        ("DATE '9999-12-31'", DataType.DATE, "9999-12-31"),
        ("TIMESTAMP '2013-03-10 05:06:07'", DataType.TIMESTAMP, "2013-03-10T05:06:07"),
        ("TIMESTAMP '2013-03-10 05:06:07.25'", DataType.TIMESTAMP, "2013-03-10T05:06:07.250000"),
        ("CAST('2013-03-10 05:06:07' AS DATETIME(6))", DataType.TIMESTAMP, "2013-03-10T05:06:07"),
        ("TIME '23:59:58'", DataType.TIME, "23:59:58"),
        ("TIME '24:00:00'", DataType.TIME, "24:00:00"),
        ("CAST(X'AA00' AS BINARY)", DataType.BINARY, "qgA="),
    ),
    endless=_ENDLESS,
    greedy="SELECT seq AS a FROM seq_1_to_300000 ORDER BY repeat(seq, 100) LIMIT 1 OFFSET 200000",
    many="SELECT seq AS a, CAST(seq % 97 AS DECIMAL(15, 2)) AS b, 'some text' AS c FROM seq_0_to_9999999",
    refused=(
        *_WRITES,
        "CREATE TEMPORARY TABLE numbers AS SELECT 0 AS a",
        "SELECT a INTO @stolen FROM numbers LIMIT 1",
        "SELECT a FROM numbers INTO OUTFILE '{folder}/stolen.csv'",
        "SELECT c FROM numbers LIMIT 1 INTO DUMPFILE '{folder}/stolen.csv'",
        "SELECT LOAD_FILE('{folder}/secret.csv')",
        "SELECT load_file ('{folder}/secret.csv')",
        "LOAD DATA LOCAL INFILE '{folder}/secret.csv' INTO TABLE numbers",
        "SELECT NEXTVAL(s)",
        "SELECT NEXT VALUE FOR s",
        "SELECT SETVAL(s, 7)",
        "SELECT a FROM numbers FOR UPDATE",
        "SELECT a FROM numbers LOCK IN SHARE MODE",
        "SELECT SLEEP(1)",
        "SELECT BENCHMARK(10, 1)",
        "SELECT GET_LOCK('l', 0)",
        "SELECT @v := 1",
        "SELECT @@version",
        "SELECT /*!50000 1, */ 2",
        "SELECT /*M! 1, */ 2",
        "SELECT 1 # comment",
        "SELECT 'open",
        "SET max_statement_time = 0",
        "HANDLER numbers OPEN",
        "FLUSH TABLES",
        "DO SLEEP(1)",
        "CALL p()",
        "USE mysql",
        "PREPARE p FROM 'DELETE FROM numbers'",
        "EXECUTE IMMEDIATE 'DELETE FROM numbers'",
        "LOCK TABLES numbers READ",
        "KILL 1",
        "START TRANSACTION READ WRITE",
        "SELECT ? AS v",
    ),
    wrong="SELECT EXTRACTVALUE(1, CONCAT(0x7e, 'hunter2')) AS a",
    wrong_code="E_WAREHOUSE_FAILED",
    parameters=(*_PARAMETERS, (date(2020, 1, 2), "2020-01-02"), (datetime(2020, 1, 2, 3), "2020-01-02 03:00:00")),  # noqa: DTZ001 - no zone
)

SERVERS = {"postgres": POSTGRES, "mariadb": MARIADB}
