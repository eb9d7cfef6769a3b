"""Before an answer by a declared time spine: is each moment there once, and are the periods asked there whole?

A spine's own rows are counted once for each state of the data. Where it ends inside a period that is asked, rows that
belong to the other part are looked for under the caller's row filters, so that nothing is told of others.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from metricgate.compiling.data_check_sql import compile_check
from metricgate.compiling.statement import Statement
from metricgate.gateway import codes
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.data_checks.counts import counts_of
from metricgate.gateway.data_checks.memory import Known
from metricgate.gateway.data_checks.spine_counts import ROWS_UNKNOWN, UNKNOWN, RowsFound, SpineFound
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.entries import plan_subject
from metricgate.gateway.metric_query import PreparedQuery
from metricgate.gateway.ports import Rows, WarehouseError
from metricgate.planning.data_checks import RowsCheck, SpineCheck
from metricgate.planning.spine_reach import SpineRead, rows_beyond, spines_read
from metricgate.vocabulary.problem import Problem, Problems

_CHECKED = "`metricgate validate --data` checks it"


async def check_spines(context: CallContext, prepared: PreparedQuery) -> tuple[str, ...] | Ending:
    """Return notes for the answer, or the refusal where a spine would cut, drop or double numbers.

    Raises:
        TypeError: another check's result was remembered as a spine's: a programming error.
    """
    notes: list[str] = []
    for read in spines_read(prepared.plan):
        spine = await _looked(context, prepared, read.check)
        if isinstance(spine, Ending):
            return spine
        if not isinstance(spine, SpineFound):
            raise TypeError(f"a time spine's check found {spine}")
        found = _broken(read, spine) or await _too_short(context, prepared, read.check, spine)
        if isinstance(found, Problem):
            return CallRefusal(Problems((found,)), verdict=prepared.verdict, facts=plan_subject(prepared.plan))
        if isinstance(found, str):
            notes.append(found)
        elif found is not None:
            return found
    return tuple(notes)


async def _too_short(
    context: CallContext, prepared: PreparedQuery, check: SpineCheck, spine: SpineFound
) -> Problem | Ending | str | None:
    """Return what is wrong; a note where the engine did not tell."""
    if not spine.answered:
        return _unchecked_note(check)
    if spine.ends is None:
        return None
    first, last = spine.ends
    unknown = False
    for beyond in rows_beyond(prepared.plan, check, first, last):
        found: Known | Ending = UNKNOWN
        for each in beyond:
            found = await _looked(context, prepared, each)
            if isinstance(found, Ending):
                return found
            unknown |= found is ROWS_UNKNOWN
            if not found.is_broken:
                break
        if not isinstance(found, Ending) and found.is_broken:
            reaches = f"from {spine.first} to {spine.last}"
            return Problem(
                code=codes.SPINE_TOO_SHORT,
                message=f"The time spine {check.dataset} reaches {reaches}, and the question asks for periods that it "
                "has in part, or not at all: rows would be cut.",
                hint=f"Ask for whole periods {reaches}, or by day. Its owner makes it longer; {_CHECKED}.",
                details={"spine": check.dataset, "first": spine.first, "last": spine.last},
            )
    return _unchecked_note(check) if unknown else None


def _unchecked_note(check: SpineCheck) -> str:
    return (
        f"The time spine {check.dataset} was not checked, as the engine gave no answer: where it ends early, lacks "
        f"moments or has one twice, numbers are cut or doubled; {_CHECKED}."
    )


def _broken(read: SpineRead, spine: SpineFound) -> Problem | None:
    if spine.answered and spine.ends is None and read.whole:
        return Problem(
            code=codes.SPINE_BROKEN,
            message=f"The time spine {read.check.dataset} has no moment at all: no period would be shown.",
            hint=f"Its owner fills it, or takes it out of the definitions; {_CHECKED}.",
            details={"spine": read.check.dataset, "first": None, "last": None, "twice": 0, "missing": 0},
        )
    wrong = [
        *([f"{spine.twice:,} too many"] if spine.twice else []),
        *([f"{spine.missing:,} missing"] if spine.missing and read.whole else []),
    ]
    if not wrong:
        return None
    told = f"The time spine {read.check.dataset} reaches from {spine.first} to {spine.last} by {read.check.granularity}"
    return Problem(
        code=codes.SPINE_BROKEN,
        message=f"{told}, with {' and '.join(wrong)}: numbers would be dropped or doubled.",
        hint=f"Its owner mends it, or takes it out of the definitions; {_CHECKED}.",
        details={
            "spine": read.check.dataset,
            "first": spine.first,
            "last": spine.last,
            "twice": spine.twice,
            "missing": spine.missing,
        },
    )


async def _looked(context: CallContext, prepared: PreparedQuery, check: SpineCheck | RowsCheck) -> Known | Ending:
    """Return what is known by now, or what is found."""
    plan, engine, verdict = prepared.plan, prepared.engine, prepared.verdict
    mask_key = context.governance.mask_key
    statement = compile_check(check, plan.models, verdict.obligations, engine.dialect, mask_key=mask_key)
    if not isinstance(statement, Statement):
        return CallRefusal(statement, verdict=verdict, facts=plan_subject(plan))
    changes = 0 if context.changes is None else context.changes.carried_out[engine.name]
    lasting = isinstance(check, SpineCheck) or bool(engine.warehouse.data_state)
    known = context.keys.find_known(engine, statement, changes) if lasting else None
    if known is not None:
        return known
    spent = await context.charge(verdict)
    if spent is not None:
        return CallRefusal(Problems((spent,)), verdict=verdict, facts=plan_subject(plan))
    look = partial(_look_at_spine, context, prepared, check, statement)
    return await context.keys.learn(engine, statement, changes, look) if lasting else await look()


async def _look_at_spine(
    context: CallContext, prepared: PreparedQuery, check: SpineCheck | RowsCheck, statement: Statement
) -> SpineFound | RowsFound | Ending:
    facts = replace(plan_subject(prepared.plan), check=f"spine {check.dataset}")
    rows = await context.look(prepared.engine, statement, prepared.verdict, facts)
    if isinstance(rows, WarehouseError):
        return UNKNOWN if isinstance(check, SpineCheck) else ROWS_UNKNOWN
    if not isinstance(rows, Rows):
        return rows
    counts = counts_of(rows)
    return (
        RowsFound(any=counts["rows_read"] > 0) if isinstance(check, RowsCheck) else SpineFound.of(check, rows, counts)
    )
