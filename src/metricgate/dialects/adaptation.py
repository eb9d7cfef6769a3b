"""What a dialect cannot say, said otherwise: passes over a finished tree, before it is written.

MariaDB knows no FULL JOIN and percentiles only as window functions; its division of whole numbers keeps four digits.
PostgreSQL fails a whole question where one group divides by zero, and DuckDB answers that with Infinity.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.names import column, identifier, with_alias
from metricgate.dialects.trees import double, literal, operand
from metricgate.vocabulary.predicate import Scalar

_MARK = re.compile(r"('(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"|`(?:[^`]|``)*`)|@(\d+)\b", re.DOTALL)
_SETTLED = ("order", "limit", "offset", "with_")


def without_division_errors(tree: exp.Expr) -> exp.Expr:
    """Let a division by zero, and the remainder of one, give NULL: one group's zero takes no other's number away.

    >>> import sqlglot
    >>> without_division_errors(sqlglot.parse_one("a / b")).sql("postgres")
    'CAST(a AS DOUBLE PRECISION) / NULLIF(b, 0)'
    >>> without_division_errors(sqlglot.parse_one("a % (b + 1) / 2")).sql("duckdb")
    'a % NULLIF(b + 1, 0) / 2'
    """
    for found in list(tree.find_all(exp.Div, exp.Mod, exp.IntDiv)):
        divisor = found.expression
        if not _is_never_zero(divisor):
            found.set("expression", exp.Nullif(this=divisor.unnest(), expression=literal(0)))
    return tree


def _is_never_zero(divisor: exp.Expr) -> bool:
    if isinstance(divisor, exp.Nullif):
        return bool(divisor.expression == literal(0))
    while isinstance(divisor, (exp.Paren, exp.Neg, exp.Cast)):
        divisor = divisor.this
    return isinstance(divisor, exp.Literal) and _number_of(divisor) >= 1  # a cast may round less to zero


def _number_of(found: exp.Literal) -> float:
    return 0 if found.is_string else float(found.name)


def without_full_joins(tree: exp.Expr) -> exp.Expr:
    """Say FULL JOIN as a union: rows found from the root, and rows found from each table that may stand alone.

    Only for distinct rows, which is all that the planner asks of a FULL JOIN.

    >>> import sqlglot
    >>> without_full_joins(sqlglot.parse_one("SELECT a.x FROM a FULL JOIN b ON a.k = b.k GROUP BY 1")).sql()
    'SELECT a.x FROM a LEFT JOIN b ON a.k = b.k GROUP BY 1 UNION SELECT a.x FROM a RIGHT JOIN b ON a.k = b.k GROUP BY 1'

    Raises:
        UnsupportedError: the rows of a FULL JOIN are wanted with their repetitions.
    """
    for select in list(tree.find_all(exp.Select)):
        alone = [at for at, join in enumerate(select.args.get("joins") or ()) if join.side == "FULL"]
        if not alone:
            continue
        if select.args.get("group") is None and select.args.get("distinct") is None:
            raise UnsupportedError("the rows of several models without their aggregates: there is no FULL JOIN")
        settled = {key: select.args.pop(key) for key in _SETTLED if select.args.get(key) is not None}
        whole: exp.Expr = _sided(select, frozenset())
        for at in alone:
            whole = exp.Union(this=whole, expression=_sided(select, _chain(select, at)), distinct=True)
        for key, value in settled.items():
            whole.set(key, value)
        if select is tree:
            tree = whole
        else:
            select.replace(whole)
    return tree


def _sided(select: exp.Select, right: frozenset[int]) -> exp.Select:
    """Return a copy in which the joins at these places are RIGHT JOINs, and every other FULL one a LEFT JOIN."""
    copied = select.copy()
    for at, join in enumerate(copied.args["joins"]):
        if join.side == "FULL":
            join.set("side", "RIGHT" if at in right else "LEFT")
    return copied


def _chain(select: exp.Select, at: int) -> frozenset[int]:
    """Return the place of a join and of those between it and the root: rows of its own stay only if these let them."""
    joins = select.args["joins"]
    places = {join.alias_or_name: number for number, join in enumerate(joins)}
    found: set[int] = set()
    wanted = [at]
    while wanted:
        place = wanted.pop()
        found.add(place)
        condition = joins[place].args.get("on")
        for each in condition.find_all(exp.Column) if condition is not None else ():
            other = places.get(each.table)
            if other is not None and other < place and other not in found and joins[other].side == "FULL":
                wanted.append(other)
    return frozenset(found)


def same_by_arrays(tree: exp.Expr) -> exp.Expr:
    """Beside IS NOT DISTINCT FROM in a join, put an equality that PostgreSQL can hash: of arrays, NULL equals NULL.

    Without one it compares every row with every other. The comparison itself goes on to decide.

    >>> import sqlglot
    >>> text = "SELECT 1 FROM a LEFT JOIN b ON a.k IS NOT DISTINCT FROM b.k"
    >>> same_by_arrays(sqlglot.parse_one(text)).sql("postgres")
    'SELECT 1 FROM a LEFT JOIN b ON ARRAY[a.k] = ARRAY[b.k] AND a.k IS NOT DISTINCT FROM b.k'
    """
    for join in tree.find_all(exp.Join):
        condition = join.args.get("on")
        parts = [condition] if not isinstance(condition, exp.And) else list(condition.flatten())
        for each in parts:
            if isinstance(each, exp.NullSafeEQ):
                left, right = (exp.Array(expressions=[side.copy()]) for side in (each.this, each.expression))
                each.replace(exp.And(this=exp.EQ(this=left, expression=right), expression=each.copy()))
    return tree


def percentiles_as_windows(tree: exp.Expr) -> exp.Expr:
    """Compute percentiles over windows in an inner SELECT, and one of the equal values of each group outside.

    >>> import sqlglot
    >>> text = "SELECT k AS k, SUM(v) AS s, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY v) AS p FROM t GROUP BY 1"
    >>> print(percentiles_as_windows(sqlglot.parse_one(text)).sql("mysql"))
    SELECT k, SUM(value_1) AS s, MAX(value_2) AS p FROM (SELECT k AS k, v AS value_1, \
PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY v) OVER (PARTITION BY k) AS value_2 FROM t) AS rows_found GROUP BY 1
    """
    return with_percentiles_inside(tree, _window_over)


Said = Callable[[exp.Select, exp.WithinGroup, list[exp.Expr], str], exp.Expr]
"""Puts into the inner SELECT what a percentile takes, over the keys and under a name, and returns the outer value."""


def with_percentiles_inside(tree: exp.Expr, said: Said) -> exp.Expr:
    """Split each SELECT with percentiles in two: rows with their windows inside, the groups outside."""
    for select in list(tree.find_all(exp.Select)):
        if any(isinstance(each.unalias(), exp.WithinGroup) for each in select.expressions):
            _split_in_two(select, said)
    return tree


def _window_over(inner: exp.Select, within: exp.WithinGroup, partition: list[exp.Expr], name: str) -> exp.Expr:
    for ordered in within.find_all(exp.Ordered):
        ordered.set("nulls_first", True)  # NULLs do not count; said so, no CASE is written for their place
    inner.append("expressions", with_alias(exp.Window(this=within, partition_by=partition), name))
    return exp.Max(this=column(name))


def _split_in_two(select: exp.Select, said: Said) -> None:
    inner = exp.Select()
    for part in ("from_", "joins", "where"):
        value = select.args.get(part)
        if value is not None:
            inner.set(part, value)
            select.set(part, None)
    group = select.args.get("group")
    count = len(group.expressions) if group is not None else 0
    keys, aggregates = select.expressions[:count], select.expressions[count:]
    partition = [each.unalias() for each in keys]
    outer: list[exp.Expr] = [column(each.alias_or_name) for each in keys]
    for each in keys:
        inner.append("expressions", each)
    for number, each in enumerate(aggregates, 1):
        name = f"value_{number}"
        aggregate = each.unalias()
        if isinstance(aggregate, exp.WithinGroup):
            value = said(inner, aggregate, [key.copy() for key in partition], name)
            outer.append(with_alias(value, each.alias))
            continue
        within = aggregate.this
        place = within.expressions[0] if isinstance(within, exp.Distinct) else within
        if not isinstance(place, exp.Star):
            inner.append("expressions", with_alias(place.copy(), name))
            place.replace(column(name))
        outer.append(with_alias(aggregate, each.alias))
    select.set("expressions", outer)
    alias = exp.TableAlias(this=identifier("rows_found"))
    select.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))


def divisions_as_doubles(tree: exp.Expr) -> exp.Expr:
    """Divide as DuckDB does.

    >>> import sqlglot
    >>> divisions_as_doubles(sqlglot.parse_one("a / b")).sql("mysql")
    'CAST(a AS DOUBLE) / b'
    """
    for found in list(tree.find_all(exp.Div)):
        left = found.this
        if not (isinstance(left, exp.Cast) and left.to.this is exp.DType.DOUBLE):
            found.set("this", double(operand(left.copy())))
    return tree


def sorted_in_parens(tree: exp.Expr) -> exp.Expr:
    """Put outputs in parentheses that an order may be by: the writer sets them before ``IS NULL``, to sort NULLs last.

    >>> import sqlglot
    >>> text = "SELECT NOT a AS b FROM t ORDER BY b NULLS LAST"
    >>> sorted_in_parens(sqlglot.parse_one(text)).sql("mysql")
    'SELECT (NOT a) AS b FROM t ORDER BY CASE WHEN (NOT a) IS NULL THEN 1 ELSE 0 END, (NOT a)'
    """
    for select in tree.find_all(exp.Select):
        for each in select.expressions if select.args.get("order") is not None else ():
            if isinstance(each, exp.Alias) and isinstance(each.this, (exp.Not, exp.Connector, exp.Predicate)):
                each.set("this", exp.Paren(this=each.this))
    return tree


def milliseconds_as_microseconds(tree: exp.Expr) -> exp.Expr:
    """Write intervals of milliseconds in the smallest unit that MySQL has.

    >>> import sqlglot
    >>> milliseconds_as_microseconds(sqlglot.parse_one("a - INTERVAL '5' MILLISECOND")).sql("mysql")
    "a - INTERVAL '5000' MICROSECOND"
    """
    for found in tree.find_all(exp.Interval):
        if found.unit is not None and found.unit.name.upper() == "MILLISECOND":
            found.set("this", literal(str(1_000 * int(found.this.name))))
            found.set("unit", exp.Var(this="MICROSECOND"))
    return tree


def averages_as_doubles(tree: exp.Expr) -> exp.Expr:
    """Average as DuckDB does: MariaDB would keep four digits more than the column has, PostgreSQL give a NUMERIC.

    >>> import sqlglot
    >>> averages_as_doubles(sqlglot.parse_one("AVG(a)")).sql("postgres")
    'AVG(CAST(a AS DOUBLE PRECISION))'
    """
    for found in list(tree.find_all(exp.Avg)):
        value = found.this
        if not isinstance(value, exp.Distinct):
            found.set("this", double(value.copy()))
    return tree


def mysql_marks(text: str, parameters: tuple[Scalar, ...]) -> tuple[str, tuple[Scalar, ...]]:
    """Return the text with ``?`` for each ``@number``, and the values in the order of the text.

    >>> mysql_marks("SELECT '@1', @2, @1, @2", ("a", "b"))
    ("SELECT '@1', ?, ?, ?", ('b', 'a', 'b'))
    """
    found: list[Scalar] = []

    def marked(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[1]
        found.append(parameters[int(match[2]) - 1])
        return "?"

    return _MARK.sub(marked, text), tuple(found)
