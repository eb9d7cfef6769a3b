"""Layers 1 to 3 through the room's door: what is read, what is refused, with place, reason and nearest form."""

from __future__ import annotations

import time

import pytest

from metricgate import guarding
from metricgate.guarding import FunctionAllowlist, ReadQuery, TextLimits
from metricgate.vocabulary.problem import Problems


def read(sql: str, dialect: str = "postgres", **options) -> ReadQuery | Problems:
    return guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect), **options)


ORDINARY = {
    "all": [
        "SELECT a, b AS c FROM t WHERE a > 1 AND b IN (1, 2) OR NOT c IS NULL ORDER BY 1 DESC LIMIT 5 OFFSET 2",
        "SELECT DISTINCT a FROM t",
        "SELECT a, count(*), count(DISTINCT b), sum(b) FROM t GROUP BY a HAVING sum(b) > 10",
        "SELECT * FROM t JOIN u ON t.a = u.a LEFT JOIN v USING (b)",
        "SELECT CASE WHEN a = 1 THEN 'x' WHEN a = 2 THEN 'y' ELSE 'z' END FROM t",
        "WITH x AS (SELECT a FROM t), y AS (SELECT a FROM x) SELECT * FROM y",
        "SELECT a FROM t UNION ALL SELECT a FROM u ORDER BY a",
        "SELECT a FROM t WHERE b = (SELECT max(b) FROM t) AND EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
        "SELECT rank() OVER (PARTITION BY a ORDER BY b DESC) AS r FROM t",
        "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM t",
        "SELECT coalesce(a, 0), nullif(b, 0), round(a / b, 2), lower(c), upper(c), abs(a) FROM t",
        "SELECT extract(year FROM d), CAST(a AS decimal(10, 2)) FROM t",
        "SELECT a FROM t WHERE c LIKE 'x%' AND d BETWEEN 1 AND 2",
        "select x.a from (select a from t) x -- a comment",
    ],
    "duckdb": [
        "SELECT date_trunc('month', d), d + INTERVAL 1 DAY, strftime(d, '%Y-%m'), datediff('day', d, e) FROM t",
        "SELECT * EXCLUDE (a) FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c) = 1",
        "SELECT median(a), any_value(a), quantile_cont(a, 0.9), arg_max(a, b), list(c), string_agg(c, ',') FROM t",
        "SELECT a, sum(b) FROM t GROUP BY ALL ORDER BY ALL",
        "FROM t SELECT a",
        "SELECT count(*) FILTER (WHERE a > 1), l[1], l[1:2], {'x': 1}, [1, 2] FROM t",
        "SELECT list_transform(l, lambda x: x + 1) FROM t",
        "SELECT j ->> '$.a', regexp_matches(c, 'x'), try_cast(c AS int), a // b FROM t",
        "SELECT * FROM range(10) r(i) JOIN t ON t.a = r.i",
    ],
    "postgres": [
        "SELECT date_trunc('month', d)::date, d - interval '3 months', age(d), to_char(d, 'YYYY-MM') FROM t",
        "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b DESC NULLS LAST",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY b), array_agg(c ORDER BY d) FROM t",
        "SELECT j -> 'a' ->> 'b', c ~* 'x', c ILIKE 'x%', ARRAY[1, 2], a = ANY (ARRAY[1, 2]) FROM t",
        "SELECT g::date FROM generate_series('2024-01-01'::date, '2024-12-31'::date, interval '1 day') g",
        "SELECT generate_series(min(d), max(d), interval '1 month') FROM t",
        "SELECT a, x.b FROM t CROSS JOIN LATERAL (SELECT b FROM u WHERE u.a = t.a LIMIT 1) x",
        "SELECT a, b, sum(c) FROM t GROUP BY GROUPING SETS ((a), (a, b), ())",
        "SELECT d AT TIME ZONE 'UTC', E'a\\nb', $$it's$$ FROM t",
        "SELECT a FROM t FETCH FIRST 5 ROWS ONLY",
    ],
    "mysql": [
        "SELECT date_format(d, '%Y-%m'), date_add(d, INTERVAL 1 DAY), timestampdiff(MONTH, d, e), year(d) FROM t",
        "SELECT group_concat(DISTINCT a ORDER BY b SEPARATOR ','), if(a, 1, 2), ifnull(a, b) FROM t",
        "SELECT `a b`, a DIV b, a MOD b, c RLIKE 'x', c REGEXP 'x', a <=> b FROM t LIMIT 5, 10",
    ],
}


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        (dialect, sql)
        for key, texts in ORDINARY.items()
        for sql in texts
        for dialect in (("duckdb", "postgres", "mysql") if key == "all" else (key,))
    ],
)
def test_ordinary_analytics_is_read(dialect: str, sql: str) -> None:
    """Plain queries of each dialect pass."""
    assert isinstance(read(sql, dialect), ReadQuery)


def test_functions_are_those_the_engine_will_be_asked_for() -> None:
    """By the names in the text, and by those that synonyms go by: a rule about one is about the other. Words too."""
    found = read("SELECT LEN(a), ifnull(b, 1), current_date, sum(c) FROM t", "duckdb")
    assert isinstance(found, ReadQuery)
    assert found.functions == ("coalesce", "current_date", "ifnull", "len", "length", "sum")


def test_only_functions_that_the_engine_has_may_be_called() -> None:
    """The book is the reviewed list cut down to the engine's own catalogue, and what the grammar itself knows."""
    book = FunctionAllowlist.of("postgres", ["LOWER", "pg_sleep", "no_such"])
    assert {"lower", "coalesce"} <= book.names
    assert not {"pg_sleep", "no_such", "upper"} & book.names
    refused = guarding.read("SELECT lowr(a), upper(a) FROM t", dialect="postgres", functions=book)
    assert isinstance(refused, Problems)
    assert [problem.details["function"] for problem in refused] == ["lowr"]
    assert refused.first.hint == "Did you mean 'lower'?"


def test_nothing_may_be_called_in_an_unknown_dialect() -> None:
    """A dialect without a list has an empty book."""
    assert FunctionAllowlist.of("oracle", ["lower"]).names == frozenset()


def test_all_mistakes_are_told_with_their_places() -> None:
    """Each forbidden construct has its line and column."""
    refused = read("SELECT pg_foo(1),\n  pg_bar(2),\n  'a'::regclass")
    assert isinstance(refused, Problems)
    assert {(problem.code.name, problem.where.line) for problem in refused} == {
        ("E_SQL_FUNCTION", 1),
        ("E_SQL_FUNCTION", 2),
        ("E_SQL_TYPE", 3),
    }


def test_a_place_is_a_line_and_a_column() -> None:
    """Counted from 1, in the agent's own text."""
    refused = read("SELECT a\nFROM t\nWHERE pg_foo(a) = 1")
    assert isinstance(refused, Problems)
    assert str(refused.first.where) == "3:7"


def test_a_letter_after_a_number_is_named() -> None:
    """One engine takes it for a name, another for part of the number; then the query is not run at all."""
    refused = read("SELECT sum(a) /\n 1_000 FROM t", "postgres")
    assert isinstance(refused, Problems)
    assert refused.first.code.name == "E_SQL_UNFAITHFUL"
    assert "1_000" in refused.first.message
    assert str(refused.first.where) == "2:2"


def test_bare_words_are_on_a_list() -> None:
    """Whatever the parser makes of a word: what the tree does not show goes to no engine."""
    for sql in ("SELECT id FROM t FOR SYSTEM_TIME ALL", "SELECT SQL_NO_CACHE id FROM t"):
        assert isinstance(read(sql, "mysql"), Problems), sql


def test_caps_are_arguments() -> None:
    """Each cap refuses what is one larger."""
    for sql, caps in (
        ("SELECT 1 + 1", TextLimits(nodes=3)),
        ("SELECT ((1))", TextLimits(depth=1)),
        ("SELECT 1 UNION SELECT 2", TextLimits(branches=1)),
        ("SELECT 1 FROM a JOIN b ON true", TextLimits(joins=0)),
        ("WITH a AS (SELECT 1) SELECT 2", TextLimits(ctes=0)),
        ("SELECT 12345", TextLimits(bytes=5)),
    ):
        refused = read(sql, caps=caps)
        assert isinstance(refused, Problems)
        assert refused.first.code.name == "E_SQL_TOO_LARGE", sql
    assert isinstance(read("WITH RECURSIVE r AS (SELECT 1 AS n) SELECT n FROM r"), ReadQuery)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize(
    ("sql", "values", "words"),
    [
        ("SELECT a FROM t WHERE a IN ($1,$2) OR a IN ($2,$1)", [1, 2], 'IN ( $ 1 , $ 2 ) OR "a" IN ( $ 2 , $ 1 )'),
        ("SELECT $1,$q$ FROM s, $q$,$1", [1], "SELECT $ 1 , $q$ FROM s, $q$ , $ 1"),
        ("SELECT -- $1,$2\n $1,$2", [1, 2], "SELECT $ 1 , $ 2"),
    ],
)
def test_numbered_parameters_without_a_space(dialect: str, sql: str, values: list[int], words: str) -> None:
    """The lexer takes ``$1,$`` for the beginning of a text in dollars; the engines read two parameters."""
    found = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect), parameters=values)
    assert isinstance(found, ReadQuery), found
    assert words in " ".join(word.text for word in found.words)
    assert found.placed.values == tuple(values)


@pytest.mark.parametrize(
    "sql", ["SELECT '$1,$2', $1,$2", "SELECT $1,$2 FROM t; DELETE FROM t", 'SELECT "$1,$2", $1,$2']
)
def test_what_only_looks_like_numbered_parameters(sql: str) -> None:
    """In a literal or a name they stay letters, and the text is refused as before."""
    found = guarding.read(
        sql, dialect="postgres", functions=FunctionAllowlist.all_reviewed("postgres"), parameters=[1, 2]
    )
    assert not isinstance(found, ReadQuery)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "mysql"])
@pytest.mark.parametrize(
    "piece",
    [
        "$1,$2 ", "$1,$2,", "'$1,$2',$1,$2,", "a IS DISTINCT FROM b OR ", "[1,CASE] FOR,", "[x FOR x IN [1]],",
        "EXTRACT(year FROM d),", "FROM a ", "@ ", "@1.5 ", "OPERATOR(pg_catalog.+) ", "INTERVAL '1 day' a ",
        "GROUPING SETS (a=1),", "1e3-1,", "ROW(1),", "UESCAPE '!' ", "AS select ", "GROUP BY ALL UNION (",
    ],
)  # fmt: skip
def test_a_long_text_takes_no_longer_for_its_words(dialect: str, piece: str) -> None:
    """What is respelt is looked for in one walk: of 60 KB, a step for each pair of words would take a minute."""
    began = time.process_time()
    read(("SELECT " + piece * 60_000)[:60_000], dialect)
    assert time.process_time() - began < 8
