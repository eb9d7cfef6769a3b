"""Governed actions held against the catalog: their targets are there, and their statements can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metricgate.actions import ActionDefinition, codes
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.warehouse_check import Described
from metricgate.gateway.changes import codes as writing_codes
from metricgate.guarding.writes import WriteText, fill, parameters_in
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Code, Problem, Problems


def check_actions(
    actions: Mapping[str, ActionDefinition], catalog: Catalog, dialects: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Return everything that is wrong between actions and catalog.

    Args:
        actions: by name.
        catalog: with its models placed in warehouses.
        dialects: name of a warehouse -> how it is spoken to; the default one first.
    """
    return tuple(problem for each in actions.values() for problem in _problems_of(each, catalog, dialects))


def check_tables_of_actions(
    actions: Mapping[str, ActionDefinition], catalog: Catalog, described: Described, *, dialect: str, writable: bool
) -> tuple[Problem, ...]:
    """Return everything that is wrong between actions and the tables of one warehouse.

    Args:
        actions: without problems of ``check_actions``.
        catalog: the part of it that lies in the warehouse; actions on other models are left alone.
        described: the columns of each relation; None where there is none, which is a problem of its model.
        dialect: how the warehouse is spoken to.
        writable: whether it is opened for changes.
    """
    problems: list[Problem] = []
    for action in actions.values():
        model = catalog.models.get(action.target)
        if model is None:
            continue
        if not writable:
            message = f"The action {action.name!r} changes {model.name!r}, whose warehouse is not opened for changes."
            problems.append(_action_problem(action, writing_codes.NOT_WRITABLE, message))
        known = {each.name.lower(): each.name for each in described.get(model.source) or ()}
        write = _parse_statement(action, dialect)
        if not known or isinstance(write, Problems):
            continue
        for name in write.columns:
            if name.lower() not in known:
                message = f"The statement of {action.name!r} sets {name!r}, which is no column of {model.name!r}."
                hint = did_you_mean(name, known.values())
                problems.append(_action_problem(action, writing_codes.UNKNOWN_COLUMN, message, hint))
    return tuple(problems)


def _parse_statement(action: ActionDefinition, dialect: str) -> WriteText | Problems:
    """Take the statement apart, with any values: what is wrong with its form is wrong with all of them."""
    values = {each.name: 1 for each in action.parameters}
    return fill(action.statement, dialect=dialect, values=values)


def _problems_of(action: ActionDefinition, catalog: Catalog, dialects: Mapping[str, str]) -> Iterator[Problem]:
    model = catalog.models.get(action.target)
    if model is None:
        message = f"The action {action.name!r} changes {action.target!r}, which is no semantic model."
        yield _action_problem(action, codes.UNKNOWN_TARGET, message, did_you_mean(action.target, catalog.models))
        return
    dialect = dialects[model.warehouse or next(iter(dialects))]
    used = parameters_in(action.statement, dialect=dialect)
    if isinstance(used, Problems):
        yield from _unreadable_problems(action, used)
        return
    known = {each.name for each in action.parameters}
    for name in sorted(used - known):
        message = f"The statement of {action.name!r} uses :{name}, which is no parameter."
        yield _action_problem(action, codes.UNKNOWN_PARAMETER, message, did_you_mean(name, known))
    for name in sorted(known - used):
        message = f"The statement of {action.name!r} does not use its parameter {name!r}."
        yield _action_problem(action, codes.UNUSED_PARAMETER, message)
    if used - known:
        return
    write = _parse_statement(action, dialect)
    if isinstance(write, Problems):
        yield from _unreadable_problems(action, write)
        return
    written = tuple(part.lower() for part in write.target)
    source = tuple(part.lower() for part in model.source)
    if written not in {source[start:] for start in range(len(source))} | {(model.name.lower(),)}:
        message = f"The statement of {action.name!r} changes {'.'.join(write.target)}, not its target {model.name}."
        yield _action_problem(action, codes.BAD_STATEMENT, message)


def _unreadable_problems(action: ActionDefinition, problems: Problems) -> Iterator[Problem]:
    for each in problems:
        message = f"The statement of {action.name!r} cannot be used: {each.message}"
        yield _action_problem(action, codes.BAD_STATEMENT, message, each.hint)


def _action_problem(action: ActionDefinition, code: Code, message: str, hint: str | None = None) -> Problem:
    return Problem(code=code, message=message, where=action.place, hint=hint or code.cure)
