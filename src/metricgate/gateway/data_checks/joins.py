"""Before an answer: is every key that it joins by the key of one row, in the rows that this caller's joins read?

What a caller may not see is not counted: rows behind a row filter double nothing in its answer, and nothing tells of
them. A refusal says how many keys stand too often, never which; not even that to who may not see small groups.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from metricgate.compiling.statement import Statement
from metricgate.gateway import codes
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.data_checks.check_results import counts_told, many
from metricgate.gateway.data_checks.counts import MOST_ROWS, UNCHECKED, KeyCounts
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.entries import plan_subject
from metricgate.gateway.metric_query import PreparedQuery
from metricgate.gateway.ports import WarehouseError
from metricgate.planning.data_checks import KeyCheck
from metricgate.vocabulary.problem import Problem, Problems


async def check_joins(context: CallContext, prepared: PreparedQuery) -> tuple[str, ...] | Ending:
    """Return notes for the answer, or the refusal where a key is broken.

    Raises:
        TypeError: another check's result was remembered as a key's: a programming error.
    """
    notes: list[str] = []
    broken: list[Problem] = []
    engine = prepared.engine
    changes = 0 if context.changes is None else context.changes.carried_out[engine.name]
    for check, statement in prepared.checks:
        counts = context.keys.find_known(engine, statement, changes)
        if counts is None:
            spent = await context.charge(prepared.verdict)
            if spent is not None:
                return CallRefusal(Problems((spent,)), verdict=prepared.verdict, facts=plan_subject(prepared.plan))
            look = partial(_look_at_key, context, prepared, check, statement)
            found = await context.keys.learn(engine, statement, changes, look)
            if isinstance(found, Ending):
                return found
            counts = found
        if not isinstance(counts, KeyCounts):
            raise TypeError(f"a key's check found {counts}")
        if not counts.complete and not counts.is_broken:
            counts = context.keys.find_surveyed(engine, check, prepared.verdict.obligations, changes) or counts
        if counts.is_broken:
            broken.append(_key_problem(check, counts, counted=counts_told(prepared.verdict, (check.dataset,))))
        elif not counts.complete:
            notes.append(_unchecked_note(check))
    if broken:
        return CallRefusal(Problems(tuple(broken)), verdict=prepared.verdict, facts=plan_subject(prepared.plan))
    return tuple(notes)


async def _look_at_key(
    context: CallContext, prepared: PreparedQuery, check: KeyCheck, statement: Statement
) -> KeyCounts | Ending:
    facts = replace(plan_subject(prepared.plan), check=f"key {check.dataset}.{check.key}")
    rows = await context.look(prepared.engine, statement, prepared.verdict, facts)
    if isinstance(rows, WarehouseError):
        return UNCHECKED  # the question itself will tell what is wrong with the engine, or that nothing is
    return rows if isinstance(rows, Ending) else KeyCounts.of(rows)


def _key_problem(check: KeyCheck, counts: KeyCounts, *, counted: bool) -> Problem:
    keys = many(counts.repeated_keys, "key") if counted else "keys"
    if check.history:
        code, what = codes.HISTORY_OVERLAPS, f"windows that overlap, for {keys}"
    else:
        code, what = codes.KEY_NOT_UNIQUE, f"{keys} in more than one row"
        what += f" ({many(counts.repeated_rows, 'row')})" if counted else ""
    told = {"repeated_keys": counts.repeated_keys, "repeated_rows": counts.repeated_rows} if counted else {}
    return Problem(
        code=code,
        message=f"The question joins {check.dataset} by {check.key}, which has {what}: rows would count repeatedly.",
        hint=f"Ask without members of {check.dataset} until it is mended; see `metricgate validate --data`.",
        details={"dataset": check.dataset, "key": check.key, **told},
    )


def _unchecked_note(check: KeyCheck) -> str:
    return (
        f"The key {check.key} of {check.dataset} was not checked: the table has more than {MOST_ROWS:,} rows, or gave "
        "no answer; `metricgate validate --data` checks it."
    )
