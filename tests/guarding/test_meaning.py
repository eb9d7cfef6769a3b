"""What the guard writes means on the engine what was sent: literals, intervals, calls and names of every spelling."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.guarding.engines import Meaning, meaning

from metricgate import guarding
from metricgate.guarding import FunctionAllowlist
from metricgate.vocabulary.obligation import Use
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.relation import GovernedTable
from metricgate.vocabulary.result import Column, DataType

EVERYWHERE = """
SELECT .5, -.5, .5e2, 1.5e3, 5., 1.10
SELECT 1e3-1, 2.5E1+2, id*1e2-1, -1e1-1, 1e-3+1e-4, 1e2-1.5 FROM t WHERE n < 1e2-1
SELECT id * .5, id-.5 FROM t WHERE id > .5 AND n NOT IN (.5, 10)
SELECT t.offset, t.partition, t.limit, t.filter FROM t
SELECT sum(t.offset) FROM t WHERE t.offset > 1 GROUP BY t.partition
SELECT filter FROM t WHERE filter = 'x' ORDER BY filter
SELECT id FROM t WHERE n NOT IN (10) = TRUE
SELECT id, n FROM (SELECT 2 AS id) a RIGHT JOIN (SELECT 1 AS id UNION ALL SELECT 2) b USING (id) LEFT JOIN t USING (id)
SELECT * FROM (SELECT 1 AS id, 7 AS x) a NATURAL RIGHT JOIN t NATURAL LEFT JOIN (SELECT 2 AS id, 8 AS y) c
SELECT a.id, c.n FROM (t a JOIN t b ON a.id = b.id) LEFT JOIN t c ON c.id = a.id
SELECT a.id, c.n FROM t a LEFT JOIN (t b JOIN t c ON b.id = c.id AND c.n > 10) ON a.id = b.id
SELECT a.id, x.n FROM ((t a JOIN t b ON a.id = b.id) JOIN (SELECT id, n FROM t) x ON x.id = b.id)
WITH RECURSIVE r(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM r WHERE k < 4) SELECT k, n FROM r LEFT JOIN t ON id = k
SELECT id AS n, n AS id FROM t ORDER BY n
SELECT s, x.id FROM (t JOIN (SELECT 1 AS id) x USING (id))
SELECT t.id, y.id FROM t JOIN (t x LEFT JOIN t y ON x.id = y.n) ON t.id = x.id
SELECT id FROM t WHERE id IN (SELECT z.id FROM (t z JOIN t w ON TRUE))
SELECT id FROM t ORDER BY id LIMIT 2 OFFSET 1
SELECT id FROM t ORDER BY id OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY
SELECT -n AS n, rank() OVER (ORDER BY n) FROM t WHERE n IS NOT NULL
"""
UNQUOTED = """
SELECT partition, filter FROM t
SELECT id AS offset FROM t
SELECT id AS partition FROM t ORDER BY partition
SELECT sum(n) OVER (PARTITION BY partition) FROM t
SELECT count(*) FILTER (WHERE filter = 'x') FROM t
SELECT id FROM t WHERE id <> ALL (ARRAY[1, 2])
SELECT id FROM t WHERE NOT id > ALL (ARRAY[1, 2])
SELECT id, n FROM (SELECT 5 AS id) a FULL JOIN (SELECT 1 AS id) b USING (id) FULL JOIN t USING (id)
SELECT * FROM (SELECT 5 AS id) a NATURAL FULL JOIN (SELECT 2 AS id) b NATURAL FULL JOIN t
SELECT * FROM (VALUES (1, 'a', 2), (3, 'b', 4)) AS v(k)
SELECT s AS label, sum(n) FROM t GROUP BY ROLLUP (label)
SELECT u.b, j.z FROM t AS u(a, b) CROSS JOIN LATERAL (SELECT u.a + x.id AS z FROM t x WHERE x.id = u.a) AS j
SELECT * FROM t AS u(a, b) WHERE EXISTS (SELECT 1 FROM t x WHERE x.n = u.b) ORDER BY a
SELECT l.v, t.id FROM ((VALUES (1, 2)) AS l(k, v) CROSS JOIN t) WHERE l.k = t.id
SELECT * FROM (SELECT * FROM t x JOIN t y ON x.id = y.id) q
SELECT count(*) FROM t GROUP BY GROUPING SETS ((id & 1) = 1, (n), s ~~ 'A%', (), ROLLUP (id + 1, n))
SELECT ts + INTERVAL '1 hour' total, INTERVAL '2 days' "x y" FROM t WHERE ts > TIMESTAMP '2020-01-01'
SELECT * FROM (SELECT * FROM t JOIN (SELECT 1 AS id, 'z' AS s) x USING (id)) q JOIN t y ON y.id = q.id
SELECT q.* FROM (SELECT id = 1, s AS a, n AS a FROM t NATURAL JOIN (SELECT 2 AS id) x) q
SELECT id AS select, n AS from FROM t UNION SELECT 1 AS select, 2
WITH q AS (SELECT x.id, x.n, y.id FROM t x, t y) SELECT q.*, n + 1 FROM (SELECT * FROM q) q ORDER BY 1, 2, 3
SELECT id FROM t ORDER BY id LIMIT (2) OFFSET 1
SELECT id FROM t ORDER BY id LIMIT 9000 - 8998
SELECT id FROM t ORDER BY id LIMIT NULL OFFSET 2
SELECT s AS n, n + 1 AS s FROM t GROUP BY s, n
"""
TEXTS = {
    "duckdb": UNQUOTED
    + """
SELECT 3 NOT IN (5, 2) <> 4 AS x, 3 NOT IN (FALSE, FALSE) < 7 AS y, 0xff, 0b101, 1_000
SELECT id IS NOT DISTINCT FROM n, (SELECT max(id) FROM t x) FROM t
SELECT list_sort([1, 3, 2], 'DESC'), DATE '2020-01-01'::TIMESTAMP, (1,)
SELECT x'00ff', octet_length(X'00ff'), bit_count(b'101'), b'101'
SELECT j->'k', j->>'k', j->'a'->0, j->>'$.k' FROM t
SELECT id FROM t WHERE j->>'k' = 'v' OR j->>'k' IS NULL AND id > 1
SELECT '{"a.b": 1}'::JSON -> 'a.b'
SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY n), mode() WITHIN GROUP (ORDER BY s) FROM t
SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY n DESC) FILTER (WHERE n > 1) FROM t
SELECT s, percentile_disc(0.5) WITHIN GROUP (ORDER BY n) AS p FROM t GROUP BY s
SELECT id, x FROM t, unnest([id, 2]) AS x
SELECT json_pretty('{"a":1}'), uuid() IS NOT NULL, list_resize([1], 3, 0), set_bit('101'::BIT, 0, 0)
SELECT ({'a': n}).a, struct_pack(p := {'q': id}).p.q FROM t
SELECT r.f, q.r.f, max(r.f) OVER () FROM (SELECT {'f': n} AS r FROM t) q ORDER BY r.f
SELECT id FROM t ORDER BY id LIMIT 40%
SELECT (s).upper(), ('x' || t.s).lower().replace('a', (n::text)), [n, id].list_sort(), ({'p': id}).p.abs() FROM t
SELECT r.range, g FROM range(3) r, generate_series(1, 2) AS g
SELECT t.s FROM t x ANTI JOIN t ON t.id = x.id + 1 JOIN t ON t.id = x.id
SELECT x.s, n FROM t x ANTI JOIN t USING (n) RIGHT JOIN t USING (id)
SELECT y.n FROM t SEMI JOIN t y ON y.id = t.id JOIN t y ON y.id = t.id
SELECT * FROM range(3)
SELECT *, id FROM t, generate_series(1, 2) WHERE generate_series.generate_series > 1
SELECT r.*, * FROM range(DATE '2026-01-01', DATE '2026-01-03', INTERVAL 1 DAY) r
SELECT * FROM t LEFT JOIN range(2) ON id = range WHERE id IN (SELECT * FROM range(5))
SELECT * FROM (SELECT 1 AS range) x JOIN range(2) USING (range)
SELECT * EXCLUDE (range), unnest.* FROM range(2), t, unnest([id, 7])
WITH d AS (SELECT * FROM generate_series(1, 3)) SELECT * FROM d EXCEPT SELECT * FROM range(2)
SELECT * FROM range(2) WITH ORDINALITY
SELECT count(*) FROM range(2), range(3)
SELECT count(*) FROM unnest([1]), t AS unnest
FROM t JOIN (SELECT 1 AS id) x USING (id) SELECT n, (FROM t a JOIN t b USING (id) SELECT max(a.n)) WHERE id > 0
WITH q AS (FROM t x RIGHT JOIN t z USING (id) SELECT z.n, x.s LIMIT 9) FROM q SELECT count(*), max(n)
SELECT ROW(2, id) < ROW(id, 1), ROW(id, n) = ROW(1, 10), row(1) = row(t.id) FROM t
SELECT u.x, t.n FROM (unnest([1, 9]) AS u(x) LEFT JOIN t ON t.id = u.x) FULL JOIN t b ON b.id = t.id
SELECT a.n FROM (t a JOIN t b USING (id)) SEMI JOIN t c ON c.id = b.id JOIN t d ON d.id = a.id
SELECT * FROM ((t a JOIN (SELECT 2 AS id) b USING (id)) CROSS JOIN (SELECT 7 AS w) c) ANTI JOIN t d ON d.id = c.w
SELECT [x + n FOR x IN [id, 2] IF x > 1], [[y + x FOR y IN [x]] FOR x IN [1] IF (x > 0)], [s for S in ['b']] FROM t
SELECT [x FOR x IN (SELECT list(id ORDER BY id) FROM t)], [if(x > 1, x, 0) for x in [n] if if(n > 10, 1, 0)] FROM t
SELECT t.id, v.k FROM t POSITIONAL JOIN (VALUES (1), (2), (3), (4)) AS v(k)
SELECT s, count(*) FROM t GROUP BY ALL UNION (SELECT s, id FROM t)
SELECT 0B11, 0X1f, list_distinct(list_filter([n, id], lambda x: x > t.id)).list_sort() FROM t
""",
    "postgres": UNQUOTED
    + """
SELECT date_part('year', d), date_part('epoch', ts), 1 / date_part('day', d) FROM t
SELECT to_hex(255), regexp_like('aBc', 'B', 'i'), regexp_like('a', 'a.d', 'n')
SELECT g FROM generate_series('2026-01-01'::date, '2026-01-05', '1 day') g
SELECT g FROM generate_series('2026-01-01'::timestamp, '2026-01-05'::timestamp, '36 hours') g
SELECT INTERVAL '1-2' YEAR TO MONTH, INTERVAL '2' HOUR, INTERVAL '1.5 hours', INTERVAL '90' MINUTE
SELECT ts - INTERVAL '1.5' HOUR, INTERVAL '3 months ago' FROM t
SELECT b'101', x'1F', '\\x41'::bytea
SELECT id, x FROM t, unnest(ARRAY[t.id, n]) AS u(x)
SELECT t.id, x FROM t CROSS JOIN unnest(ARRAY[id, 2]) x WHERE x > .5
SELECT id, x, o FROM t, unnest(ARRAY[id, 2]) WITH ORDINALITY AS u(x, o)
SELECT id, x FROM t LEFT JOIN unnest(string_to_array(s, 'n')) AS x ON TRUE
SELECT id, e.key, e.value FROM t, json_each(t.j) AS e
SELECT id, e FROM t, json_array_elements(j->'a') AS e
SELECT id, w FROM t, regexp_split_to_table(t.s, 'n') AS w
SELECT g.g FROM generate_series(1, 3) AS g
SELECT * FROM generate_series(1, 3)
SELECT *, unnest.* FROM t, unnest(ARRAY[id, 7])
SELECT * FROM unnest(ARRAY[1, 2]) WITH ORDINALITY
SELECT n FROM t ORDER BY n FETCH FIRST 1 ROWS WITH TIES
SELECT s IS NORMALIZED, s IS NOT NORMALIZED, s IS NFC NORMALIZED, s IS NOT NFKD NORMALIZED, s IS NOT NULL FROM t
SELECT $a1$it's $a$ $$ b$a1$, $_9$--$_9$
SELECT @ n, @n, @ -5 + 3, 1 + @ (-3), @ t.n * 2 FROM t WHERE @ id < 3
SELECT id OPERATOR(pg_catalog.<) 3, 2 OPERATOR( pg_catalog . * ) 3 + 1, s operator(~~) 'a%', 2 OPERATOR(*) id FROM t
SELECT @1.50 * 2, @5. - 7, @.5, @ -1.5, @(-id), @ 5.e0, @ 1E3 + 1, @2e-1, @ 7 FROM t
SELECT u.x, t.n FROM (unnest(ARRAY[1, 9]) AS u(x) LEFT JOIN t ON t.id = u.x) FULL JOIN t b ON b.id = t.id
SELECT U&'d!0061t' UESCAPE '!', u&'\\0041' || s, U&'it''s *0041' uescape '*' FROM t
SELECT s::bpchar, CAST(s AS bpchar(2)) FROM t
SELECT host('192.168.1.5/24'::inet), gen_random_uuid() IS NOT NULL, jsonb_path_query_first_tz('{"a": 1}', '$.a')
""",
    "mysql": """
SELECT 1, 'x' FROM DUAL
SELECT 2 AS a FROM dual WHERE 1 = 1 UNION SELECT id FROM t
SELECT DISTINCTROW s FROM t
SELECT a.id FROM t a STRAIGHT_JOIN t b ON a.id = b.id
SELECT sysdate() > ts FROM t
SELECT 3 NOT IN (5, 2) <> 4 AS x
SELECT name FROM (SELECT 'Bob' AS name) a RIGHT JOIN (SELECT 'bob' AS name) b USING (name)
SELECT id, -n AS n, RANK() OVER (ORDER BY n) AS r FROM t
SELECT s AS label, SUM(n) FROM t GROUP BY label WITH ROLLUP
SELECT id AS label, SIGN(n), SUM(n) FROM t GROUP BY label, SIGN(n) WITH ROLLUP
SELECT id, MAX(id) OVER (PARTITION BY id) FROM t WHERE id NOT IN (SELECT n FROM t x WHERE n IS NOT NULL)
SELECT id + 1, 'it''s', TRUE, -1, (id), +n, ID, t.N FROM t
SELECT * FROM (SELECT id + 1000000000 + 1000000000 + 1000000000 + 1000000000 + 1000000000 + 1000000000, n FROM t) q
WITH q AS (SELECT n, id + 1000000000 + 1000000000 + 1000000000 + 1000000000 + 1000000000 + 1 FROM t) SELECT * FROM q
SELECT 0x02 + 0, 0x0A + n, 0x5 + 0, n & 0x04, 0x41, x'41', HEX(0x05) FROM t
SELECT id FROM t WHERE id > 0x02 OR id IN (0x01, x'03')
SELECT b'101' + 0, 0b101 + 0, HEX(b'101')
SELECT ts + INTERVAL 1.5 HOUR, ts - INTERVAL -1.5 DAY, ts + INTERVAL '1.5' HOUR, ts + INTERVAL 1.5 SECOND FROM t
SELECT DATE_ADD(ts, INTERVAL 2.5 HOUR), DATE_SUB(ts, INTERVAL 1.9 DAY), d + INTERVAL 0x02 DAY FROM t
SELECT TIMESTAMPADD(MINUTE, 5, ts), TIMESTAMPADD(SQL_TSI_DAY, 1, d), TIMESTAMPDIFF(MONTH, d, '2026-12-31') FROM t
SELECT DATE_FORMAT(ts, '%Y-%m-%d %H:%i:%s'), DATE_FORMAT(ts, '%H:%i:%S'), DATE_FORMAT(ts, '%T %e %k %D') FROM t
SELECT STR_TO_DATE('2026-01-01 10:11:12', '%Y-%m-%d %H:%i:%s'), FROM_UNIXTIME(0, '%Y-%m-%d %H:%i:%s')
SELECT TIME_FORMAT('100:00:00', '%H %k %h %I %l'), TO_DAYS(d), TO_DAYS(DATE(ts)), ASCII(s) FROM t
SELECT UTC_DATE() = UTC_DATE, UTC_DATE = DATE(UTC_TIMESTAMP), UTC_TIME() IS NULL
SELECT INTERVAL(5, 1, 10), INSERT('Quadratic', 3, 4, 'What'), GET_FORMAT(DATE, 'EUR')
SELECT MEDIAN(n) OVER (PARTITION BY s) FROM t
SELECT COUNT(*) AS 'n' FROM t
SELECT s AS "x y", COUNT(*) 'how many' FROM t GROUP BY s
SELECT CONVERT(n, DECIMAL(10, 2)), CONVERT(CONVERT(s, CHAR(2)), BINARY(1)) FROM t
SELECT S, N FROM (SELECT s, n FROM t) q
SELECT s, COUNT(*) FROM t GROUP BY s WITH ROLLUP UNION (SELECT s, id FROM t)
SELECT s, COUNT(*) FROM t GROUP BY s WITH ROLLUP EXCEPT (SELECT s, id FROM t)
SELECT S, Id, t.N FROM (SELECT s, id FROM t) q JOIN t USING (id, s)
SELECT N FROM (SELECT s, COUNT(*) AS n FROM t GROUP BY s) q
SELECT 1, /* a */ 2 + 3, id /* b */, (/* c */ id) FROM t
SELECT 1, /* a */ .5, /* b */ (.5e1), /* c */ .5 + 1, /* d */ -.5, /* e */ 0.5 FROM t
SELECT 1, /* f */ 'x', /* g */ NULL, /* h */ 0x41 FROM t
WITH q AS (SELECT n FROM t) SELECT N, Q.n FROM q AS Q
SELECT CONVERT_TZ(ts, '+00:00', '+05:30') FROM t
SELECT n FROM t ORDER BY n FETCH FIRST 1 ROWS WITH TIES
SELECT CHAR(77 USING utf8mb4), CHARSET(s), s SOUNDS LIKE 'an' FROM t
""",
}


@pytest.fixture(scope="module", params=("duckdb", "postgres", "mysql"))
def engine(request: pytest.FixtureRequest) -> Iterator[Meaning]:
    """Each engine with its table."""
    with meaning(request.param) as found:
        yield found


def test_the_written_text_means_what_was_sent(engine: Meaning) -> None:
    """Row for row the same."""
    texts = [text for text in (EVERYWHERE + TEXTS[engine.dialect]).splitlines() if text]
    assert len(texts) > 12
    for sql in texts:
        guarded = engine.guarded(sql)
        assert not isinstance(guarded, Problems), f"{sql}: {guarded}"
        assert engine.run(guarded) == engine.run(sql), f"{sql} became {guarded}"


@pytest.mark.parametrize(
    ("dialect", "sql", "hint"),
    [
        ("postgres", "SELECT sum(n) / 1_000 FROM t", "Write the digits alone; before a name, put a space."),
        ("postgres", "SELECT n/2x FROM t", "Write the digits alone; before a name, put a space."),
        ("postgres", "SELECT 0x1F", "Write the digits alone; before a name, put a space."),
        ("mysql", "SELECT 1 /*! + 1 */", "Write its words outside of comments, or leave them out."),
    ],
)
def test_what_would_change_is_refused_with_the_form_that_works(dialect: str, sql: str, hint: str) -> None:
    """The engine reads these otherwise than the parser does, or not at all."""
    answer = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect))
    assert isinstance(answer, Problems)
    assert answer.first.code.name == "E_SQL_UNFAITHFUL"
    assert answer.first.hint == hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM t JOIN (t x JOIN (SELECT t.n FROM t y) q ON TRUE) ON TRUE",
        "SELECT 1 FROM t JOIN ((SELECT t.n FROM t y) q JOIN t x ON TRUE) ON TRUE",
    ],
)
def test_brackets_around_joins_let_nobody_see_more(engine: Meaning, sql: str) -> None:
    """A derived table in them sees nothing beside it; the engines say the same."""
    guarded = engine.guarded(sql)
    assert isinstance(guarded, Problems) or engine.dialect == "duckdb", guarded


def test_a_field_is_traced_to_its_column() -> None:
    """What policy says of the struct holds for what is in it."""
    reading = guarding.read(
        "SELECT t.s.f, (t.s).f AS g FROM t WHERE t.s.f.h = 1 ORDER BY s.k",
        dialect="duckdb",
        functions=FunctionAllowlist.all_reviewed("duckdb"),
    )
    assert not isinstance(reading, Problems), reading
    column = Column(name="s", type=DataType.STRUCT)
    bound = guarding.bind(reading, (GovernedTable(dataset="t", source=("main", "t"), columns=(column,)),))
    assert not isinstance(bound, Problems), bound
    assert bound.columns["t"] == {"s": frozenset({Use.FILTER, Use.ORDER})}


@pytest.mark.parametrize(
    ("dialect", "sql", "code"),
    [
        ("duckdb", "SELECT (t).s FROM t", "E_SQL_UNBOUND"),
        ("duckdb", "SELECT (q).s FROM (SELECT t AS q FROM t) r", "E_SQL_UNBOUND"),
        ("duckdb", "SELECT s.upper() FROM t", "E_SQL_CONSTRUCT"),
        ("duckdb", "SELECT main.lower(s) FROM t", "E_SQL_CONSTRUCT"),
        ("postgres", "SELECT (t).s FROM t", "E_SQL_CONSTRUCT"),
        ("duckdb", "SELECT s FROM t LIMIT (SELECT 1)", "E_SQL_CONSTRUCT"),
        ("postgres", "SELECT s FROM t LIMIT length('a')", "E_SQL_CONSTRUCT"),
    ],
)
def test_what_looks_like_a_field_or_a_number_and_is_none(dialect: str, sql: str, code: str) -> None:
    """Whole rows, calls after a point, and limits that are computed."""
    reading = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect))
    answer = reading
    if not isinstance(reading, Problems):
        column = Column(name="s", type=DataType.STRING)
        answer = guarding.bind(reading, (GovernedTable(dataset="t", source=("main", "t"), columns=(column,)),))
    assert isinstance(answer, Problems), answer
    assert answer.first.code.name == code


def test_what_a_call_after_a_point_reads_is_traced() -> None:
    """The parser makes plain names of the columns before the point; they are columns again before anybody decides."""
    reading = guarding.read(
        "SELECT ('x' || s).lower(), [(t.s)].list_sort() FROM t WHERE ({'f': t.s}).f.upper().lower() = 'x'",
        dialect="duckdb",
        functions=FunctionAllowlist.all_reviewed("duckdb"),
    )
    assert not isinstance(reading, Problems), reading
    assert set(reading.functions) >= {"lower", "list_sort", "upper"}
    column = Column(name="s", type=DataType.STRING)
    bound = guarding.bind(reading, (GovernedTable(dataset="t", source=("main", "t"), columns=(column,)),))
    assert not isinstance(bound, Problems), bound
    assert bound.columns["t"] == {"s": frozenset({Use.FILTER})}
    hidden = guarding.bind(reading, (GovernedTable(dataset="t", source=("main", "t"), columns=()),))
    assert isinstance(hidden, Problems)


@pytest.mark.parametrize(
    "sql", ["SELECT main.lower(s) FROM t", "SELECT (s).read_csv() FROM t", "SELECT s.lower() FROM t"]
)
def test_a_call_after_a_point_is_of_the_list(sql: str) -> None:
    """A schema's function, one that is not on the list, and what might be the one or the other."""
    reading = guarding.read(sql, dialect="duckdb", functions=FunctionAllowlist.all_reviewed("duckdb"))
    assert isinstance(reading, Problems), reading
