"""The door of the room: a plan under obligations to a statement."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.errors import SqlglotError, UnsupportedError

from metricgate.compiling import codes
from metricgate.compiling.column_kinds import ColumnKinds, Types
from metricgate.compiling.context import Context
from metricgate.compiling.row_filters import bound_row_filters
from metricgate.compiling.row_order import limit_rows, order
from metricgate.compiling.scan_combination import combine_scans, extremes
from metricgate.compiling.sql_writer import write_sql
from metricgate.compiling.statement import ExpectedColumn, Statement
from metricgate.compiling.type_probes import type_checks
from metricgate.dialects.engines import dialect_for
from metricgate.dialects.meanings.compared import OtherKind
from metricgate.planning.plan import Plan
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.obligation import Mask, Obligations
from metricgate.vocabulary.problem import Problem, Problems


def compile_plan(
    plan: Plan, obligations: Obligations, dialect: str, mask_key: str = "", types: Types = ()
) -> Statement | Problems:
    """Return the statement in ``dialect`` (a sqlglot name); ``mask_key`` is the key of ``hash`` masks.

    ``types`` are what the engine said of columns. Where a word depends on the type of one that is not among them, it is
    written so that it fits any, as far as that goes, and the column is in ``Statement.wanted``.

    The same plan, obligations and dialect give the same bytes. Problems only where a row filter does not fit its
    dataset, or an expression cannot be written: then nothing of it may be read.
    """
    problems: list[Problem] = []
    masks = masks_of(obligations, plan.datasets)
    known = dict((*types, *plan.types))
    kinds = ColumnKinds(types=known, masks=masks)
    filters = bound_row_filters(obligations.row_filters, plan.models, problems, kinds)
    if problems:
        return Problems(tuple(problems))
    context = Context(
        dialect=dialect_for(dialect, plan.models),
        row_filters=filters,
        masks=masks,
        kinds=kinds,
        minimum_groups=_minimum_groups(obligations),
        all_or_nothing=obligations.refuses_small_groups(plan.datasets),
        mask_key=mask_key,
        answered=lambda inner: combine_scans(inner, context),
    )
    try:
        select = combine_scans(plan.computation, context)
        if plan.extremes:
            select = extremes(plan, select, context)
        order(select, plan.sorting)
        limit, tightest = _row_limits(plan.limit, obligations)
        limit_rows(select, limit, plan.offset)
        sql, parameters = write_sql(select, context)
    except OtherKind as error:
        return Problems((Problem(code=codes.COMPARED_KINDS, message=str(error)),))
    except UnsupportedError as error:
        return Problems((Problem(code=codes.DIALECT_CANNOT, message=f"{dialect} cannot answer this: {error}"),))
    except SqlglotError as error:
        text = str(error).split("\n", 1)[0]
        return Problems((Problem(code=codes.UNREADABLE_EXPRESSION, message=f"Not to be written in {dialect}: {text}"),))
    return Statement(
        sql=sql,
        parameters=parameters,
        dialect=dialect,
        columns=tuple(ExpectedColumn(name=each.name, type=each.type) for each in plan.columns),
        digest=digest_of_bytes(f"{dialect}\n{sql}".encode()),
        row_limit=tightest,
        refuses_when_empty=context.all_or_nothing,
        checks=type_checks({asked: found for asked, found in known.items() if found is not None}, plan.models, dialect),
        wanted=tuple(kinds.wanted),
    )


def masks_of(obligations: Obligations, datasets: Sequence[str]) -> dict[str, dict[str, Mask]]:
    """Return dataset -> column -> mask for these datasets."""
    found: dict[str, dict[str, Mask]] = {}
    for mask in obligations.masks:
        if mask.dataset in datasets:
            found.setdefault(mask.dataset, {})[mask.column] = mask
    return found


def _minimum_groups(obligations: Obligations) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in obligations.minimum_groups:
        found[each.dataset] = max(each.size, found.get(each.dataset, 0))
    return found


def _row_limits(asked: int | None, obligations: Obligations) -> tuple[int | None, int | None]:
    """Return (rows to ask for, rows to answer): one row more than policy allows is asked for, to tell of the cut."""
    if obligations.rows is None:
        return asked, asked
    allowed = int(obligations.rows.value)
    if asked is not None and asked <= allowed:
        return asked, asked
    return allowed + 1, allowed
