"""Action documents -> actions by name, or everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metricgate.actions import codes
from metricgate.actions.definition import ActionDefinition, Inverse, Parameter
from metricgate.actions.documents import ActionDocument, ActionsDocument, InverseDocument
from metricgate.actions.parameters import read_parameter
from metricgate.documents import Read, in_order
from metricgate.documents.memory import ReadMemory
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Code, Problem, Problems

Actions = Mapping[str, ActionDefinition]


def load(documents: Sequence[tuple[str, str]], *, memory: ReadMemory | None = None) -> Actions | Problems:
    """Return all actions by name.

    Args:
        documents: (file name as people should see it, YAML text), in any order.
        memory: files as they were read before.
    """
    memory = memory or ReadMemory()
    found: dict[str, ActionDefinition] = {}
    problems: list[Problem] = []
    for name, text in sorted(documents):
        document = memory.read(name, text, ActionsDocument)
        if isinstance(document, Problems):
            problems.extend(document)
            continue
        for index, each in enumerate(document.value.actions):
            action = _build_action(each, ("actions", index), document, problems)
            if action.name in found:
                problems.append(
                    _problem_at(
                        codes.DUPLICATE, document, ("actions", index), f"There are two actions {action.name!r}."
                    )
                )
            found[action.name] = action
    problems.extend(_inverse_problems(found))
    return Problems(in_order(problems)) if problems else found


def _build_action(
    document: ActionDocument, path: tuple[str | int, ...], file: Read[ActionsDocument], problems: list[Problem]
) -> ActionDefinition:
    parameters: list[Parameter] = []
    for index, each in enumerate(document.parameters):
        parameter, mistakes = read_parameter(each)
        where = (*path, "parameters", index)
        problems.extend(_problem_at(codes.BAD_PARAMETER, file, where, f"{mistake}.") for mistake in mistakes)
        if any(parameter.name == other.name for other in parameters):
            problems.append(_problem_at(codes.DUPLICATE, file, where, f"There are two parameters {parameter.name!r}."))
        parameters.append(parameter)
    return ActionDefinition(
        name=document.name,
        description=document.description,
        owner=document.owner,
        target=document.target,
        statement=document.statement.strip(),
        parameters=tuple(parameters),
        inverse=_inverse(document.inverse),
        risk=document.risk,
        most_rows=document.most_rows,
        place=file.place(path),
    )


def _inverse(written: InverseDocument | str) -> Inverse:
    if isinstance(written, str):
        return Inverse(kind=written)
    return Inverse(kind="action", action=written.action, parameters=tuple(written.parameters.items()))


def _inverse_problems(actions: Actions) -> list[Problem]:
    problems: list[Problem] = []
    for each in actions.values():
        name = each.inverse.action
        if name is None:
            continue
        other = actions.get(name)
        if other is None:
            message = f"The inverse of {each.name!r}, {name!r}, is no action."
            hint = did_you_mean(name, actions) or codes.UNKNOWN_TARGET.cure
            problems.append(Problem(code=codes.UNKNOWN_TARGET, message=message, where=each.place, hint=hint))
            continue
        theirs, ours = {one.name for one in other.parameters}, {one.name for one in each.parameters}
        for to, of in each.inverse.parameters:
            wrong = to if to not in theirs else of if of not in ours else None
            if wrong is not None:
                message = f"The inverse of {each.name!r} names the parameter {wrong!r}, which is not there."
                problems.append(
                    Problem(
                        code=codes.UNKNOWN_PARAMETER,
                        message=message,
                        where=each.place,
                        hint=did_you_mean(wrong, theirs | ours) or codes.UNKNOWN_PARAMETER.cure,
                    )
                )
    return problems


def _problem_at(code: Code, file: Read[ActionsDocument], path: tuple[str | int, ...], message: str) -> Problem:
    return Problem(code=code, message=message, where=file.place(path), hint=code.cure)
