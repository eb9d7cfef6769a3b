"""What the warehouses that are written for, but not connected to, cannot say: passes over a finished tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.adaptation import with_percentiles_inside
from metricgate.dialects.dialect import call
from metricgate.dialects.names import column, identifier, unused_name, with_alias
from metricgate.dialects.trees import double, literal
from metricgate.vocabulary.predicate import Scalar

_MARK = re.compile(r"('(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"|`(?:[^`]|``)*`)|[@$](\d+)\b", re.DOTALL)
_EVERY_ROW = 9_223_372_036_854_775_807
_CLICKHOUSE_SETTINGS = ("aggregate_functions_null_for_empty", "join_use_nulls", "prefer_column_name_to_alias")

Pass = Callable[[exp.Expr], exp.Expr]


def percentiles_as_ranks(tree: exp.Expr) -> exp.Expr:
    """Compute percentiles from numbered rows, in words that every engine with windows knows.

    >>> import sqlglot
    >>> text = "SELECT k AS k, PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY v) AS p FROM t GROUP BY 1"
    >>> print(percentiles_as_ranks(sqlglot.parse_one(text)).sql("trino"))
    SELECT k, MAX(CASE WHEN value_1_place = GREATEST(1, CEIL(0.5 * value_1_count)) THEN value_1 END) AS p \
FROM (SELECT k AS k, v AS value_1, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v) AS value_1_place, \
COUNT(v) OVER (PARTITION BY k) AS value_1_count FROM t) AS rows_found GROUP BY 1
    """
    return with_percentiles_inside(tree, _ranked)


def _ranked(inner: exp.Select, within: exp.WithinGroup, partition: list[exp.Expr], name: str) -> exp.Expr:
    fraction, value = within.this.this, within.expression.expressions[0].this
    place, count = f"{name}_place", f"{name}_count"
    # NULLs stand behind all values, where no rank of a value is.
    order = exp.Order(expressions=[exp.Ordered(this=value.copy(), nulls_first=False)])
    inner.append("expressions", with_alias(value.copy(), name))
    inner.append(
        "expressions", with_alias(exp.Window(this=exp.RowNumber(), partition_by=partition, order=order), place)
    )
    counted = exp.Window(this=exp.Count(this=value.copy()), partition_by=[key.copy() for key in partition])
    inner.append("expressions", with_alias(counted, count))
    if isinstance(within.this, exp.PercentileDisc):
        wanted = exp.Greatest(
            this=literal(1),
            expressions=[exp.Ceil(this=exp.Mul(this=fraction.copy(), expression=column(count)))],
        )
        return _value_at(place, wanted, name)
    steps = exp.Sub(this=column(count), expression=literal(1))
    at = exp.Mul(this=fraction.copy(), expression=exp.Paren(this=steps))
    low, high = (
        _value_at(place, exp.Add(this=kind(this=at.copy()), expression=literal(1)), name)
        for kind in (exp.Floor, exp.Ceil)
    )
    between = exp.Sub(this=at, expression=exp.Floor(this=at.copy()))
    rise = exp.Paren(this=exp.Sub(this=high, expression=low.copy()))
    part = exp.Max(this=double(exp.Paren(this=between)))
    return exp.Add(this=low, expression=exp.Mul(this=rise, expression=part))


def _value_at(place: str, wanted: exp.Expr, name: str) -> exp.Expr:
    found = exp.EQ(this=column(place), expression=wanted)
    return exp.Max(this=exp.Case(ifs=[exp.If(this=found, true=column(name))]))


def bigquery_percentiles(tree: exp.Expr) -> exp.Expr:
    """BigQuery has percentiles over windows only, with the value first: ``PERCENTILE_CONT(v, 0.5) OVER (...)``."""

    def over(inner: exp.Select, within: exp.WithinGroup, partition: list[exp.Expr], name: str) -> exp.Expr:
        word = "PERCENTILE_DISC" if isinstance(within.this, exp.PercentileDisc) else "PERCENTILE_CONT"
        said = call(word, within.expression.expressions[0].this, within.this.this)
        inner.append("expressions", with_alias(exp.Window(this=said, partition_by=partition), name))
        return exp.Max(this=column(name))

    return with_percentiles_inside(tree, over)


def plain_percentile_order(tree: exp.Expr) -> exp.Expr:
    """Redshift takes no place for NULLs inside WITHIN GROUP; percentiles leave NULLs out anyway."""
    for found in tree.find_all(exp.WithinGroup):
        for ordered in found.find_all(exp.Ordered):
            ordered.set("nulls_first", False)
    return tree


def databricks_percentiles(tree: exp.Expr) -> exp.Expr:
    """Keep percentiles exact: sqlglot would write PERCENTILE_APPROX, and Databricks takes no place for NULLs there.

    >>> import sqlglot
    >>> text = "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY v NULLS LAST)"
    >>> databricks_percentiles(sqlglot.parse_one(text)).sql("databricks")
    'SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY v)'
    """
    for found in tree.find_all(exp.WithinGroup):
        word = "PERCENTILE_DISC" if isinstance(found.this, exp.PercentileDisc) else "PERCENTILE_CONT"
        found.set("this", exp.Anonymous(this=word, expressions=[found.this.this]))
        for ordered in found.find_all(exp.Ordered):
            ordered.set("nulls_first", True)
    return tree


def null_safe_by_or(tree: exp.Expr) -> exp.Expr:
    """Say ``a IS NOT DISTINCT FROM b`` as ``(a = b OR a IS NULL AND b IS NULL)``.

    >>> import sqlglot
    >>> null_safe_by_or(sqlglot.parse_one("SELECT a IS NOT DISTINCT FROM b")).sql("redshift")
    'SELECT (a = b OR (a IS NULL AND b IS NULL))'
    """
    for found in list(tree.find_all(exp.NullSafeEQ)):
        left, right = found.this, found.expression
        both = exp.And(
            this=exp.Is(this=left.copy(), expression=exp.Null()),
            expression=exp.Is(this=right.copy(), expression=exp.Null()),
        )
        either = exp.Or(this=exp.EQ(this=left.copy(), expression=right.copy()), expression=exp.Paren(this=both))
        found.replace(exp.Paren(this=either))
    return tree


def null_safe_by_json(tree: exp.Expr) -> exp.Expr:
    """BigQuery's LEFT JOIN wants an equality: of the values as JSON, in which NULL is ``null`` and a text has quotes.

    >>> import sqlglot
    >>> null_safe_by_json(sqlglot.parse_one("SELECT a IS NOT DISTINCT FROM b")).sql("bigquery")
    'SELECT TO_JSON_STRING(a) = TO_JSON_STRING(b)'
    """
    for found in list(tree.find_all(exp.NullSafeEQ)):
        sides = [call("TO_JSON_STRING", each.copy()) for each in (found.this, found.expression)]
        found.replace(exp.EQ(this=sides[0], expression=sides[1]))
    return tree


def whole_intervals(tree: exp.Expr) -> exp.Expr:
    """Write counts of intervals as numbers, and weeks as days: BigQuery and ClickHouse take no text there.

    >>> import sqlglot
    >>> whole_intervals(sqlglot.parse_one("a - INTERVAL '2' WEEK")).sql("bigquery")
    'a - INTERVAL 14 DAY'
    """
    for found in tree.find_all(exp.Interval):
        if isinstance(found.this, exp.Literal) and found.unit is not None:
            weeks = found.unit.name.upper() == "WEEK"
            found.set("this", literal(int(found.this.name) * (7 if weeks else 1)))
            if weeks:
                found.set("unit", exp.Var(this="DAY"))
    return tree


def trino_intervals(tree: exp.Expr) -> exp.Expr:
    """Trino knows no weeks and no milliseconds in an interval.

    >>> import sqlglot
    >>> trino_intervals(sqlglot.parse_one("a - INTERVAL '5' MILLISECOND")).sql("trino")
    "a - INTERVAL '0.005' SECOND"
    """
    for found in tree.find_all(exp.Interval):
        unit = found.unit.name.upper() if found.unit is not None else ""
        if unit == "WEEK":
            found.set("this", literal(str(7 * int(found.this.name))))
            found.set("unit", exp.Var(this="DAY"))
        elif unit == "MILLISECOND":
            found.set("this", literal(f"{int(found.this.name) / 1_000:.3f}"))
            found.set("unit", exp.Var(this="SECOND"))
    return tree


def offset_under_limit(tree: exp.Expr) -> exp.Expr:
    """Give OFFSET the LIMIT that BigQuery and MySQL want before it.

    >>> import sqlglot
    >>> offset_under_limit(sqlglot.parse_one("SELECT a FROM t OFFSET 2")).sql("bigquery")
    'SELECT a FROM t LIMIT 9223372036854775807 OFFSET 2'
    """
    for found in tree.find_all(exp.Query):
        if found.args.get("offset") is not None and found.args.get("limit") is None:
            found.set("limit", exp.Limit(expression=literal(_EVERY_ROW)))
    return tree


def names_without_dots(tree: exp.Expr) -> exp.Expr:
    """BigQuery's columns have no dots in their names: ``finance.revenue`` comes back as ``finance__revenue``.

    Raises:
        UnsupportedError: two names would be one.
    """
    named: dict[str, str] = {}
    for found in tree.find_all(exp.Identifier):
        if "." in found.name and not isinstance(found.parent, exp.Table):
            plain = found.name.replace(".", "__")
            if named.setdefault(plain.lower(), found.name) != found.name:
                raise UnsupportedError(f"{found.name!r} and another column would both be {plain!r}; ask one by one")
            found.set("this", plain)
    return tree


def clickhouse_settings(sql: str) -> str:
    """Ask ClickHouse for SQL's own ways: NULL where a join or an aggregate finds nothing, columns before aliases.

    What follows the last SELECT holds for the whole statement; inside a derived table it would hold for that alone.

    >>> print(clickhouse_settings("SELECT a FROM t"))
    SELECT a FROM t
    SETTINGS aggregate_functions_null_for_empty = 1, join_use_nulls = 1, prefer_column_name_to_alias = 1
    """
    return f"{sql}\nSETTINGS {', '.join(f'{name} = 1' for name in _CLICKHOUSE_SETTINGS)}"


def clickhouse_names(tree: exp.Expr) -> exp.Expr:
    """Name the columns of a SELECT that joins, and tables otherwise than schemas: ClickHouse finds them only so.

    >>> import sqlglot
    >>> text = "SELECT a.k FROM shop.shop AS shop JOIN shop.a AS a ON a.k = shop.k ORDER BY k"
    >>> clickhouse_names(sqlglot.parse_one(text)).sql()
    'SELECT a.k AS k FROM shop.shop AS shop_2 JOIN shop.a AS a ON a.k = shop_2.k ORDER BY k'
    """
    for select in tree.find_all(exp.Select):
        shown = [with_alias(each, each.name) if _of_a_table(each) else each for each in select.expressions]
        select.set("expressions", shown)
    schemas = {each.db.lower() for each in tree.find_all(exp.Table) if each.db}
    named = [each for each in tree.find_all(exp.Table, exp.Subquery) if each.alias]
    taken = {each.alias.lower() for each in (*named, *tree.find_all(exp.CTE))}
    for alias in sorted(taken & schemas):
        name = unused_name(alias, taken | schemas)
        for found in named:
            if found.alias.lower() == alias:
                found.args["alias"].set("this", identifier(name))
        for column_of in tree.find_all(exp.Column):
            if column_of.table.lower() == alias:
                column_of.set("table", identifier(name))
    return tree


def _of_a_table(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Column) and bool(tree.table) and not isinstance(tree.this, exp.Star)


def clickhouse_joins(tree: exp.Expr) -> exp.Expr:
    """ClickHouse joins on an equality of both sides at least; inner joins without one are a CROSS JOIN and a WHERE.

    Raises:
        UnsupportedError: an outer join without an equality.
    """
    for join in list(tree.find_all(exp.Join)):
        on = join.args.get("on")
        if on is None or any(_of_both(each) for each in on.find_all(exp.EQ, exp.NullSafeEQ)):
            continue
        if join.side:
            raise UnsupportedError("an outer join on ranges alone; leave out the dimension or the empty periods")
        select = join.parent
        if not isinstance(select, exp.Select):
            raise UnsupportedError("a join on ranges alone")
        join.set("on", None)
        join.set("kind", "CROSS")
        where = select.args.get("where")
        both = (
            on.copy()
            if where is None
            else exp.And(this=exp.Paren(this=on.copy()), expression=exp.Paren(this=where.this))
        )
        select.set("where", exp.Where(this=both))
    return tree


def _of_both(equal: exp.Expr) -> bool:
    sides = [{each.table for each in side.find_all(exp.Column)} for side in (equal.this, equal.expression)]
    return all(sides) and sides[0].isdisjoint(sides[1])


def refuse_nodes(kinds: tuple[type[exp.Expr], ...], reason: str) -> Pass:
    """Return a pass that refuses a tree with any of these in it.

    >>> import sqlglot
    >>> refuse_nodes((exp.Escape,), "no ESCAPE")(sqlglot.parse_one("SELECT 1")).sql()
    'SELECT 1'
    """

    def checked(tree: exp.Expr) -> exp.Expr:
        if tree.find(*kinds) is not None:
            raise UnsupportedError(reason)
        return tree

    return checked


def quote_names(words: str) -> Pass:
    """Return a pass that quotes names which are words of this engine's own.

    >>> import sqlglot
    >>> quote_names("start")(sqlglot.parse_one("SELECT t.start FROM t")).sql("snowflake")
    'SELECT t."start" FROM t'
    """
    kept = frozenset(words.split())

    def quoted(tree: exp.Expr) -> exp.Expr:
        for found in tree.find_all(exp.Identifier):
            if found.name.lower() in kept:
                found.set("quoted", True)
        return tree

    return quoted


def question_marks(text: str, parameters: tuple[Scalar, ...]) -> tuple[str, tuple[Scalar, ...]]:
    """Return the text with ``?`` for each number, and the values in the order of the text.

    >>> question_marks("SELECT '$1', $2, $1", ("a", "b"))
    ("SELECT '$1', ?, ?", ('b', 'a'))
    """
    found: list[Scalar] = []

    def marked(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[1]
        found.append(parameters[int(match[2]) - 1])
        return "?"

    return _MARK.sub(marked, text), tuple(found)


def clickhouse_marks(text: str, parameters: tuple[Scalar, ...]) -> tuple[str, tuple[Scalar, ...]]:
    """Return the text with ``{p1: Type}`` for each number; the values stay in their order.

    >>> clickhouse_marks("SELECT @1, @2", ("a", 2))
    ('SELECT {p1: String}, {p2: Int64}', ('a', 2))
    """

    def marked(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[1]
        number = int(match[2])
        return f"{{p{number}: {_clickhouse_type(parameters[number - 1])}}}"

    return _MARK.sub(marked, text), parameters


def _clickhouse_type(value: object) -> str:
    if isinstance(value, datetime):
        return "DateTime64(6)"
    for kind, name in ((bool, "Bool"), (int, "Int64"), (float, "Float64"), (date, "Date32")):
        if isinstance(value, kind):
            return name
    return "String"
