"""Whatever is sent in: an answer and no exception, and nothing in the written text that the binding did not name."""

from __future__ import annotations

import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp
from tests.attacks.attempts import attempts
from tests.attacks.confined import tables, through

from metricgate.guarding import GuardedQuery
from metricgate.guarding.table_positions import strays
from metricgate.vocabulary.problem import Problems

DIALECTS = st.sampled_from(["duckdb", "postgres", "mysql"])
WORDS = """
    SELECT FROM WHERE AND OR NOT IN ( ) ( ) , , * . ; ' " ` -- /* */ /*! = < > + - :: [ ] { } $1 @x ? % || -> ~ #
    WITH AS x AS ( UNION ALL EXCEPT JOIN ON USING LATERAL GROUP BY HAVING ORDER LIMIT OFFSET DISTINCT CASE WHEN THEN END
    orders customers secrets o c id name email region ssn amount v k main public memory count(*) sum( max( lower( row(
    pg_sleep( query( read_csv( repeat( 'a' 1 2 100 NULL TRUE INTERVAL DATE INTO FOR UPDATE VALUES TABLE EXISTS OVER (
    PARTITION FILTER WITHIN PIVOT COLUMNS RECURSIVE DELETE INSERT RETURNING metricgate_r0 \\ \x00 \u00e9 \u017fsn
"""
PIECES = st.sampled_from(WORDS.split())
TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(PIECES, max_size=25).map(lambda parts: "SELECT " + " ".join(parts)),
    st.lists(PIECES, max_size=25).map(" ".join),
)
KNOWN = [attempt.sql for attempt in attempts() if len(attempt.sql) < 400]
"""Real attempts, from which pieces are cut and put together."""


@st.composite
def spliced(draw: st.DrawFn) -> str:
    """Parts of two attempts, cut anywhere."""
    first, second = draw(st.sampled_from(KNOWN)), draw(st.sampled_from(KNOWN))
    return (
        first[: draw(st.integers(0, len(first)))]
        + draw(st.sampled_from(["", " ", "\n", ";", "'", ")"]))
        + second[draw(st.integers(0, len(second))) :]
    )


def check(sql: str, dialect: str) -> None:
    """The property: an accepted text's own reading shows nothing beside what the guard says of it."""
    answer = through(sql, dialect)
    if isinstance(answer, Problems):
        return
    assert isinstance(answer, GuardedQuery)
    parsed = [tree for tree in sqlglot.parse(answer.sql, read=dialect) if tree is not None]
    assert len(parsed) == 1
    tree = parsed[0]
    assert isinstance(tree, exp.Query)
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    physical = {table.source for table in tables(dialect)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier):
            path = tuple(part.name for part in table.parts)
            assert path in physical or (len(path) == 1 and path[0].lower() in ctes)
    assert not list(tree.find_all(exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Hint))
    names = {str(call.this).lower() for call in tree.find_all(exp.Anonymous)}
    assert names <= answer.functions
    tokens = sqlglot.tokenize(answer.sql, read=dialect)
    assert not strays(tokens, ctes, physical)
    assert not any(token.comments for token in tokens)


@given(sql=TEXTS, dialect=DIALECTS)
def test_no_text_raises_and_none_hides_anything(sql: str, dialect: str) -> None:
    """Random text and random SQL words."""
    check(sql, dialect)


@given(sql=spliced(), dialect=DIALECTS)
def test_no_splice_of_attempts_gets_through(sql: str, dialect: str) -> None:
    """Cut and joined attempts."""
    check(sql, dialect)


IDENTIFIERS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), min_size=1, max_size=12
)


@given(
    name=IDENTIFIERS,
    value=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn"))),
    dialect=DIALECTS,
)
def test_hostile_names_and_literals_stay_what_they_are(name: str, value: str, dialect: str) -> None:
    """Quoted by the dialect's own rules, read back as the same name and the same value."""
    quote = "`" if dialect == "mysql" else '"'
    literal = value.replace("'", "''").replace("\\", "\\\\" if dialect == "mysql" else "\\")
    answer = through(f"SELECT '{literal}' AS {quote}{name.replace(quote, quote * 2)}{quote} FROM orders", dialect)
    if isinstance(answer, Problems):
        assert {problem.code.name for problem in answer} <= {
            "E_SQL_CONSTRUCT",
            "E_SQL_RESERVED_NAME",
            "E_SQL_UNFAITHFUL",
        }
        return
    assert isinstance(answer, GuardedQuery)
    assert answer.columns == (name,)
    output = sqlglot.parse_one(answer.sql, read=dialect).selects[0]
    assert output.alias == name
    assert output.this.name == value
