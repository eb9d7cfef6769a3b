"""Checks of data as statements of one row of counts: nothing that a row holds is in their answer, but a spine's ends.

The rows are read as questions read them, under row filters and masks. Their names in the answer are in ``COUNTS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from sqlglot import exp
from sqlglot.errors import SqlglotError, UnsupportedError

from metricgate.catalog.model import SemanticModel
from metricgate.compiling import codes
from metricgate.compiling.column_kinds import ColumnKinds, Types
from metricgate.compiling.compiler import masks_of
from metricgate.compiling.context import Context
from metricgate.compiling.row_filters import bound_row_filters
from metricgate.compiling.scan_combination import scan_select
from metricgate.compiling.sql_writer import write_sql
from metricgate.compiling.statement import ExpectedColumn, Statement
from metricgate.dialects.engines import dialect_for
from metricgate.dialects.names import column, identifier, with_alias
from metricgate.dialects.trees import all_of, any_of, literal
from metricgate.planning.data_checks import (
    Check,
    KeyCheck,
    ReferenceCheck,
    RowsCheck,
    SpineCheck,
    WindowCheck,
    checks_before,
)
from metricgate.planning.plan import Plan
from metricgate.planning.scan import Computation, Scan
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.obligation import Obligations
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.result import DataType

COUNTS: Mapping[type, tuple[str, ...]] = MappingProxyType(
    {
        KeyCheck: ("rows_read", "without_key", "repeated_keys", "repeated_rows"),
        WindowCheck: ("rows_read", "inverted", "without_start"),
        ReferenceCheck: ("rows_read", "orphans"),
        SpineCheck: ("rows_read", "moments", "without_time", "first_moment", "last_moment"),
    }
)
"""Names of the columns by kind of check, in order."""
_ROWS = ("rows_read",)


def compile_checks(
    plan: Plan, obligations: Obligations, dialect: str, mask_key: str = "", types: Types = (), *, most_rows: int
) -> tuple[tuple[KeyCheck, Statement], ...] | Problems:
    """Return the checks of the keys that a plan joins by, each with its statement as ``compile_check`` writes it."""
    found: list[tuple[KeyCheck, Statement]] = []
    for check in checks_before(plan):
        statement = compile_check(
            check, plan.models, obligations, dialect, mask_key=mask_key, types=types, most_rows=most_rows
        )
        if isinstance(statement, Problems):
            return statement
        found.append((check, statement))
    return tuple(found)


def compile_check(
    check: Check | RowsCheck,
    models: tuple[SemanticModel, ...],
    obligations: Obligations,
    dialect: str,
    *,
    mask_key: str = "",
    types: Types = (),
    most_rows: int | None = None,
) -> Statement | Problems:
    """Return the statement of a check.

    Args:
        check: what is to be checked.
        models: those that it reads.
        obligations: row filters and masks of the caller whose view of the data is checked.
        dialect: a sqlglot name.
        mask_key: the key of ``hash`` masks.
        types: what the engine said of columns.
        most_rows: of a key check: read at most so many rows; where ``rows_read`` is as many, there may be more.
    """
    problems: list[Problem] = []
    masks = masks_of(obligations, [model.name for model in models])
    kinds = ColumnKinds(types=dict(types), masks=masks)
    filters = bound_row_filters(obligations.row_filters, models, problems, kinds)
    if problems:
        return Problems(tuple(problems))
    context = Context(
        dialect=dialect_for(dialect, models),
        row_filters=filters,
        masks=masks,
        kinds=kinds,
        mask_key=mask_key,
        answered=_no_plan,
    )
    try:
        sql, parameters = write_sql(_check_tree(check, context, most_rows), context)
    except UnsupportedError as error:
        return Problems((Problem(code=codes.DIALECT_CANNOT, message=f"{dialect} cannot check this: {error}"),))
    except SqlglotError as error:
        text = str(error).split("\n", 1)[0]
        return Problems((Problem(code=codes.UNREADABLE_EXPRESSION, message=f"Not to be written in {dialect}: {text}"),))
    return Statement(
        sql=sql,
        parameters=parameters,
        dialect=dialect,
        columns=tuple(ExpectedColumn(name=name, type=_result_type(name)) for name in COUNTS.get(type(check), _ROWS)),
        digest=digest_of_bytes(f"{dialect}\n{sql}".encode()),
        row_limit=None,
    )


def _result_type(name: str) -> DataType | None:
    return None if name.endswith("_moment") else DataType.INTEGER


def _no_plan(_asked: Computation) -> exp.Select:
    raise ValueError("a check asks no other question")


def _check_tree(check: Check | RowsCheck, context: Context, most_rows: int | None) -> exp.Select:
    match check:
        case KeyCheck():
            return _select_key_counts(check, context, most_rows)
        case WindowCheck():
            return _select_window_counts(check, context)
        case ReferenceCheck():
            return _select_reference_counts(check, context)
        case SpineCheck():
            return _select_spine_counts(check, context)
        case RowsCheck():
            return _select_any_row(check, context)
        case _:
            assert_never(check)


def _select_key_counts(check: KeyCheck, context: Context, most_rows: int | None) -> exp.Select:
    """Count the rows of each key; in a history, those that start before the one before them has ended."""
    rows = scan_select(check.scan, context, {})
    if most_rows is not None:
        rows.set("limit", exp.Limit(expression=literal(most_rows)))
    keys = _key_names(check.scan)[: check.parts]
    counted = exp.Count(this=exp.Star())
    if check.history:
        rows = _with_next(rows, keys, *_key_names(check.scan)[check.parts :])
        broken = _sum_where(column("doubled"), exp.EQ(this=column("doubled"), expression=literal(1)))
    else:
        broken = counted.copy()
    per_key = exp.Select(
        expressions=[
            *(column(name) for name in keys),
            with_alias(counted, "of_key"),
            with_alias(broken, "repeated"),
        ],
        from_=_from(rows, "rows_read"),
        group=exp.Group(expressions=[literal(at) for at in range(1, len(keys) + 1)]),
    )
    known = all_of([_is_known(name) for name in keys])
    missing = any_of([exp.Is(this=column(name), expression=exp.Null()) for name in keys])
    repeated = all_of([known, exp.GT(this=column("repeated"), expression=literal(0 if check.history else 1))])
    selected = {
        "rows_read": _sum_where(column("of_key"), None),
        "without_key": _sum_where(column("of_key"), missing),
        "repeated_keys": _count_where(repeated),
        "repeated_rows": _sum_where(column("repeated"), repeated.copy()),
    }
    return _one_row(selected, per_key, "keys_found")


def _with_next(rows: exp.Select, keys: list[str], start: str, end: str) -> exp.Select:
    """Beside each row: whether the next of its key starts before it ends. Rows that never hold are apart."""
    is_open = exp.Is(this=column(end), expression=exp.Null())
    holds = all_of([_is_known(start), any_of([is_open, exp.LT(this=column(start), expression=column(end))])])
    flagged = exp.Select(
        expressions=[*(column(each) for each in (*keys, start, end)), with_alias(_flag(holds), "holds")],
        from_=_from(rows, "rows_stored"),
    )
    following = exp.Window(
        this=exp.Lead(this=column(start)),
        partition_by=[column(each) for each in (*keys, "holds")],
        order=exp.Order(expressions=[exp.Ordered(this=column(start), nulls_first=True)]),
    )
    ordered = exp.Select(
        expressions=[*(column(each) for each in (*keys, end, "holds")), with_alias(following, "next_start")],
        from_=_from(flagged, "windows"),
    )
    doubled = all_of(
        [
            exp.EQ(this=column("holds"), expression=literal(1)),
            _is_known("next_start"),
            any_of([is_open.copy(), exp.LT(this=column("next_start"), expression=column(end))]),
        ]
    )
    return exp.Select(
        expressions=[*(column(each) for each in keys), with_alias(_flag(doubled), "doubled")],
        from_=_from(ordered, "windows_in_order"),
    )


def _select_window_counts(check: WindowCheck, context: Context) -> exp.Select:
    start, end = _key_names(check.scan)
    selected = {
        "rows_read": exp.Count(this=exp.Star()),
        "inverted": _count_where(exp.LT(this=column(end), expression=column(start))),
        "without_start": _count_where(exp.Is(this=column(start), expression=exp.Null())),
    }
    return _one_row(selected, scan_select(check.scan, context, {}), "windows")


def _select_reference_counts(check: ReferenceCheck, context: Context) -> exp.Select:
    """Rows with a whole key, and those of them that find no partner."""
    names = _key_names(check.scan)
    rows = scan_select(check.scan, context, {})
    partners = scan_select(check.partners, context, {})
    each_once = exp.Select(
        expressions=[*(column(name) for name in names), with_alias(literal(1), "found")],
        from_=_from(partners, "partner_rows"),
        distinct=exp.Distinct(),
    )
    selected = {"rows_read": exp.Count(this=exp.Star()), "orphans": _count_where(_is_missing("found", "partners"))}
    select = _one_row(selected, rows, "rows_stored")
    on = [exp.EQ(this=column(name, "rows_stored"), expression=column(name, "partners")) for name in names]
    select.append("joins", exp.Join(this=_as_subquery(each_once, "partners"), side="LEFT", on=all_of(list(on))))
    select.set("where", exp.Where(this=all_of([_is_known(name, "rows_stored") for name in names])))
    return select


def _select_spine_counts(check: SpineCheck, context: Context) -> exp.Select:
    (moment,) = _key_names(check.scan)
    selected = {
        "rows_read": exp.Count(this=exp.Star()),
        "moments": exp.Count(this=exp.Distinct(expressions=[column(moment)])),
        "without_time": _count_where(exp.Is(this=column(moment), expression=exp.Null())),
        "first_moment": exp.Min(this=column(moment)),
        "last_moment": exp.Max(this=column(moment)),
    }
    return _one_row(selected, scan_select(check.scan, context, {}), "moments_stored")


def _select_any_row(check: RowsCheck, context: Context) -> exp.Select:
    """One row is enough."""
    rows = scan_select(check.scan, context, {})
    rows.set("limit", exp.Limit(expression=literal(1)))
    return _one_row({"rows_read": exp.Count(this=exp.Star())}, rows, "rows_found")


def _one_row(selected: Mapping[str, exp.Expr], rows: exp.Select, name: str) -> exp.Select:
    return exp.Select(expressions=[with_alias(tree, each) for each, tree in selected.items()], from_=_from(rows, name))


def _from(rows: exp.Select, name: str) -> exp.From:
    return exp.From(this=_as_subquery(rows, name))


def _as_subquery(rows: exp.Select, name: str) -> exp.Subquery:
    return exp.Subquery(this=rows, alias=exp.TableAlias(this=identifier(name)))


def _key_names(scan: Scan) -> list[str]:
    return [key.name for key in scan.keys]


def _is_missing(name: str, table: str | None = None) -> exp.Expr:
    return exp.Is(this=column(name, table), expression=exp.Null())


def _is_known(name: str, table: str | None = None) -> exp.Expr:
    return exp.Not(this=_is_missing(name, table))


def _flag(condition: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=literal(1))], default=literal(0))


def _count_where(condition: exp.Expr) -> exp.Expr:
    return exp.Count(this=exp.Case(ifs=[exp.If(this=condition, true=literal(1))]))


def _sum_where(tree: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    value = tree if condition is None else exp.Case(ifs=[exp.If(this=condition, true=tree)])
    return exp.Coalesce(this=exp.Sum(this=value), expressions=[literal(0)])
