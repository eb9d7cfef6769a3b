"""``policy test`` and ``policy explain``: what the rules say, without asking anything of data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from metricgate.gateway.explanation import policy_applied
from metricgate.operations.policy_question import PolicyQuestion
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.policy_tests import TestResult
from metricgate.policy.verdict import Decision, Verdict
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.output import tell, tell_json, tell_table
from metricgate.surfaces.cli.parties import parties_of
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, fail_usage, open_project
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_STYLES = {Decision.ALLOW: "green", Decision.HOLD: "yellow", Decision.DENY: "red"}


def run_tests(context: typer.Context, *, as_json: JsonOption = False, project: ProjectOption = HERE) -> None:
    """Run the tests that stand beside the rules."""
    results = open_project(context, project, as_json=as_json).policy_tests()
    if isinstance(results, Problems):
        fail(results, Exit.REFUSED, as_json=as_json)
    failed = [result for result in results if not result.passed]
    if as_json:
        tell_json({"passed": not failed, "tests": [result.as_json() for result in results]})
    else:
        for result in results:
            _tell_result(result)
        tell(f"{len(results) - len(failed)} of {len(results)} policy tests passed", "red" if failed else "green")
    if failed:
        raise typer.Exit(Exit.REFUSED)


def explain(
    context: typer.Context,
    *,
    who: Annotated[
        str,
        typer.Option("--as", metavar="WHO", help="agent:sales-copilot or agent:sales-copilot,user:ana@acme.example"),
    ],
    do: Annotated[str, typer.Option("--do", metavar="ACTION", help=", ".join(Action))],
    on: Annotated[list[str], typer.Option("--on", metavar="RESOURCE", help="E.g. metric:finance.revenue; repeatable.")],
    touching: Annotated[
        list[str] | None,
        typer.Option("--touching", metavar="RESOURCE", help="What is touched without needing a grant; repeatable."),
    ] = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="The purpose that the caller states.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="MOMENT", help="With its offset, e.g. 2026-03-01T08:00+01:00; now.")
    ] = None,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Say how policy would decide, by which rules, and what would change it. Asks nothing and records nothing."""
    agent, user = parties_of(who, as_json=as_json)
    asked = PolicyQuestion(
        agent=agent,
        user=user,
        action=_parse_action(do, as_json=as_json),
        resources=tuple(_resource(text, "--on", as_json=as_json) for text in on),
        touching=tuple(_resource(text, "--touching", as_json=as_json) for text in touching or ()),
        circumstances=EvaluationContext(purpose=purpose, now=_parse_moment(at, as_json=as_json)),
    )
    explanation = open_project(context, project, as_json=as_json).policy_explain(asked)
    if isinstance(explanation, Problems):
        fail(explanation, Exit.REFUSED, as_json=as_json)
    verdict = explanation.verdict
    if as_json:
        laid_open = explanation.as_json()
        told = {name: laid_open[name] for name in ("roles", "considered", "changes")}
        tell_json({**asdict(policy_applied(verdict)), "reasons": _reasons(verdict), **told})
    else:
        _tell_verdict(verdict)
        for line in explanation.lines:
            tell(line)
    if verdict.decision is Decision.DENY:
        raise typer.Exit(Exit.REFUSED)
    if verdict.decision is Decision.HOLD:
        raise typer.Exit(Exit.HELD)


def _tell_result(result: TestResult) -> None:
    mark, style = ("passed", "green") if result.passed else ("FAILED", "red")
    tell(f"{mark}  {result.test.name}", style)
    for failure in result.failures:
        tell(f"        {result.test.place}: {failure}")


def _tell_verdict(verdict: Verdict) -> None:
    tell(str(verdict.decision), _STYLES[verdict.decision])
    columns = [("rule", False), ("party", False), ("resource", False), ("says", False), ("why", False)]
    tell_table(
        columns,
        [
            [
                reason.rule,
                reason.party,
                None if reason.resource is None else str(reason.resource),
                str(reason.decision),
                reason.message,
            ]
            for reason in verdict.reasons
        ],
    )


def _reasons(verdict: Verdict) -> list[dict[str, str | None]]:
    return [
        {
            "rule": reason.rule,
            "party": reason.party,
            "resource": None if reason.resource is None else str(reason.resource),
            "decision": str(reason.decision),
            "kind": str(reason.kind),
            "message": reason.message,
        }
        for reason in verdict.reasons
    ]


def _parse_action(text: str, *, as_json: bool) -> Action:
    if text not in set(Action):
        names = [action.value for action in Action]
        hint = did_you_mean(text, names) or f"The actions are: {', '.join(names)}."
        fail_usage(codes.BAD_OPTION, f"--do {text!r} is not an action.", hint, as_json=as_json)
    return Action(text)


def _parse_moment(text: str | None, *, as_json: bool) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        hint = "Write e.g. --at 2026-03-01T08:00+01:00."
        fail_usage(codes.BAD_OPTION, f"--at {text!r} is not a moment with its offset.", hint, as_json=as_json)
    return moment


def _resource(text: str, option: str, *, as_json: bool) -> Resource:
    kind, colon, name = text.partition(":")
    if not colon or not name or kind not in set(ResourceKind):
        fail_usage(
            codes.BAD_OPTION,
            f"{option} {text!r} is not a resource.",
            f"Write KIND:NAME with a kind of {', '.join(ResourceKind)}, e.g. metric:finance.revenue.",
            as_json=as_json,
        )
    return Resource(ResourceKind(kind), name)
