"""What the warehouse contract needs to know of each engine: how to open one, and its words for the same things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.compiling.statement import ExpectedColumn, Statement
from metricgate.gateway.ports import ReleasedStatement, Warehouse
from metricgate.policy.verdict import Decision, Verdict, VerdictReason
from metricgate.state.record import AppendReceipt
from metricgate.vocabulary.obligation import Limit, Obligations
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.resource import Action
from metricgate.vocabulary.result import DataType


def released(
    sql: str,
    *parameters: Scalar,
    row_limit: int | None = None,
    rows: int | None = None,
    seconds: float | None = None,
    size: int | None = None,
    expected: DataType | None = None,
    confined: bool = False,
) -> ReleasedStatement:
    """Release ``sql``: ``row_limit`` is the statement's; rows, seconds and size (bytes) the verdict's.

    ``expected`` is what the definition says of the one column; ``confined`` that somebody else's text shaped it.
    """

    def limit(value: float | None) -> Limit | None:
        return None if value is None else Limit(rule="contract", value=value)

    return ReleasedStatement(
        statement=Statement(
            sql=sql,
            parameters=parameters,
            dialect="duckdb",
            columns=(ExpectedColumn(name="v", type=expected),) if expected is not None else (),
            digest="sha256:contract",
            row_limit=row_limit,
            confined=confined,
        ),
        verdict=Verdict(
            action=Action.QUERY,
            decision=Decision.ALLOW,
            reasons=(
                VerdictReason(rule="contract", party="agent:a", resource=None, decision=Decision.ALLOW, message="m"),
            ),
            obligations=Obligations(rows=limit(rows), seconds=limit(seconds), bytes=limit(size)),
            policy_digest="sha256:contract",
        ),
        intent=AppendReceipt(index=0, leaf_hash=""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine, with a table ``numbers(a BIGINT, b DECIMAL(15,2), c VARCHAR)`` of 1,000 rows in its open instance.

    Attributes:
        opened: makes a warehouse; keyword arguments are ``callers`` and ``memory_limit``.
        values: (SQL expression, logical type, wire value).
        endless: runs for minutes and returns one row.
        greedy: needs far more memory than 64 MB.
        beside_null: the value in one column with NULL, NULL last.
        ignores_case: whether names of relations are found in any letter case.
        many: returns ten million rows of three columns, fetched without materializing them first.
        refused: statements that must not run, each with what it would do.
        wrong: a statement whose error text quotes the secret 'hunter2', and the code of its class.
    """

    opened: Callable[..., Warehouse]
    values: tuple[tuple[str, DataType, object], ...]
    endless: str
    greedy: str
    many: str
    refused: tuple[str, ...]
    wrong: str
    wrong_code: str = "E_SQL_BAD_CAST"
    parameters: tuple[tuple[Scalar, object], ...] = field(default=())
    dialect: str = "duckdb"
    marker: str = "$1"
    schema: Callable[[], str] = lambda: "main"
    beside_null: str = "SELECT v FROM (SELECT {sql} AS v UNION ALL SELECT NULL) AS t ORDER BY v NULLS LAST"
    ignores_case: bool = True


DUCKDB_SCRIPT = """
CREATE TABLE numbers AS
    SELECT range AS a, (range / 4)::DECIMAL(15, 2) AS b, 'text ' || range AS c FROM range(1000);
CREATE SEQUENCE s;
"""


def _duckdb(*, callers: int = 4, memory_limit: str = "1GB") -> DuckDBWarehouse:
    return DuckDBWarehouse(DuckDBOptions(path=None, script=DUCKDB_SCRIPT, callers=callers, memory_limit=memory_limit))


ENGINES = {
    "duckdb": Engine(
        opened=_duckdb,
        values=(
            ("1", DataType.INTEGER, 1),
            ("9007199254740992::BIGINT", DataType.INTEGER, 9007199254740992),
            ("9007199254740993::BIGINT", DataType.INTEGER, "9007199254740993"),
            ("(-9007199254740993)::BIGINT", DataType.INTEGER, "-9007199254740993"),
            (
                "170141183460469231731687303715884105727::HUGEINT",
                DataType.INTEGER,
                "170141183460469231731687303715884105727",
            ),
            (
                "340282366920938463463374607431768211455::UHUGEINT",
                DataType.INTEGER,
                "340282366920938463463374607431768211455",
            ),
            ("sum(1::BIGINT)", DataType.INTEGER, 1),
            ("1234.50::DECIMAL(15,2)", DataType.DECIMAL, "1234.50"),
            ("0::DECIMAL(20,10)", DataType.DECIMAL, "0.0000000000"),
            ("1.5::DOUBLE", DataType.FLOAT, 1.5),
            ("'nan'::DOUBLE", DataType.FLOAT, "NaN"),
            ("'inf'::FLOAT", DataType.FLOAT, "Infinity"),
            ("'-inf'::DOUBLE", DataType.FLOAT, "-Infinity"),
            ("'Grüße \U0001f600'", DataType.STRING, "Grüße \U0001f600"),
            ("''", DataType.STRING, ""),
            ("true", DataType.BOOLEAN, True),
            ("DATE '2013-03-10'", DataType.DATE, "2013-03-10"),
            ("DATE '9999-12-31'", DataType.DATE, "9999-12-31"),
            ("'infinity'::DATE", DataType.DATE, "Infinity"),
            ("'-infinity'::TIMESTAMP", DataType.TIMESTAMP, "-Infinity"),
            ("TIMESTAMP '2013-03-10 05:06:07'", DataType.TIMESTAMP, "2013-03-10T05:06:07"),
            ("TIMESTAMP '2013-03-10 05:06:07.25'", DataType.TIMESTAMP, "2013-03-10T05:06:07.250000"),
            ("TIMESTAMP_NS '2013-03-10 05:06:07.123456789'", DataType.TIMESTAMP, "2013-03-10T05:06:07.123456789"),
            ("TIMESTAMPTZ '2013-03-10 05:06:07-05'", DataType.TIMESTAMP_TZ, "2013-03-10T10:06:07+00:00"),
            ("TIME '23:59:58'", DataType.TIME, "23:59:58"),
            ("TIME '24:00:00'", DataType.TIME, "24:00:00"),
            ("INTERVAL '14 months 2 days 90 seconds'", DataType.INTERVAL, "P1Y2M2DT1M30S"),
            ("INTERVAL '-90 seconds'", DataType.INTERVAL, "PT-1M-30S"),
            ("INTERVAL '0 seconds'", DataType.INTERVAL, "P0D"),
            ("'\\xAA\\x00'::BLOB", DataType.BINARY, "qgA="),
            ("'{\"a\": [1, 9007199254740993]}'::JSON", DataType.JSON, {"a": [1, "9007199254740993"]}),
            ("[1.5::DECIMAL(10,2), NULL]", DataType.LIST, ["1.50", None]),
            ("{'d': DATE '2020-01-01', 'f': 'nan'::DOUBLE}", DataType.STRUCT, {"d": "2020-01-01", "f": "NaN"}),
            ("MAP {'k': 1}", DataType.STRUCT, {"k": 1}),
            ("'a'::ENUM('a', 'b')", DataType.STRING, "a"),
            (
                "'95369340-61c6-4754-97fc-4de39dcf989b'::UUID",
                DataType.STRING,
                "95369340-61c6-4754-97fc-4de39dcf989b",
            ),
        ),
        endless="SELECT sum(x.a * y.a * z.a * w.a) AS total FROM numbers x, numbers y, numbers z, numbers w",
        greedy="SELECT list(c || range::VARCHAR ORDER BY c) AS l FROM numbers, range(20000)",
        many="SELECT range AS a, (range % 97)::DECIMAL(15, 2) AS b, 'some text' AS c FROM range(10000000)",
        refused=(
            "SELECT 1; SELECT 2",
            "SELECT 1; DROP TABLE numbers",
            "",
            "-- nothing",
            "INSERT INTO numbers VALUES (1, 1, 'x')",
            "UPDATE numbers SET a = 0",
            "DELETE FROM numbers",
            "DROP TABLE numbers",
            "CREATE TABLE t (a INT)",
            "CREATE TEMP TABLE numbers AS SELECT 0 AS a",
            "WITH gone AS (DELETE FROM numbers RETURNING a) SELECT count(*) FROM gone",
            "WITH more AS (INSERT INTO numbers VALUES (1, 1, 'x') RETURNING a) SELECT count(*) FROM more",
            "SELECT nextval('s')",
            "COPY numbers TO '{folder}/stolen.csv'",
            "SELECT * FROM '{folder}/secret.csv'",
            "SELECT * FROM read_csv('{folder}/secret.csv')",
            "SELECT * FROM read_text('{folder}/secret.csv')",
            "SELECT * FROM read_blob('{folder}/secret.csv')",
            "SELECT * FROM glob('{folder}/*')",
            "SELECT * FROM sniff_csv('{folder}/secret.csv')",
            "ATTACH '{folder}/other.duckdb' AS other",
            "ATTACH ':memory:' AS other",
            "EXPORT DATABASE '{folder}/all'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET threads = 1",
            "SET VARIABLE v = 1",
            "RESET lock_configuration",
            "PRAGMA enable_profiling",
            "CALL enable_logging()",
            "USE main",
            "BEGIN",
            "COMMIT",
            "EXPLAIN ANALYZE DELETE FROM numbers",
            "PREPARE p AS DELETE FROM numbers",
            "CHECKPOINT",
            "PIVOT numbers ON c",
            "SELECT * FROM a_python_variable",
        ),
        wrong="SELECT CAST('hunter2' AS INTEGER) AS a",
        parameters=(
            (1, 1),
            ("'; DROP TABLE numbers; --", "'; DROP TABLE numbers; --"),
            (Decimal("1.50"), "1.50"),
            (True, True),
            (None, None),
        ),
    ),
}
