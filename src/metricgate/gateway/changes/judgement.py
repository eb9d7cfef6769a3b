"""What a rehearsed change is judged on: facts about it and about its proposer, gathered for policy."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from metricgate.approvals.preview import ConsideredRule, RiskContribution, RiskSummary
from metricgate.approvals.proposal import Requirement, State
from metricgate.changing.change import RowChangeKind
from metricgate.changing.effect import Cause, ChangeEffect
from metricgate.changing.fabricated_rows import FEWEST_INSERTED, made_up
from metricgate.compiling.relations import confined_statement, relation_of
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes.decision_basis import DecisionBasis, bind_basis, holding_rules
from metricgate.gateway.changes.plan import PlannedChange
from metricgate.gateway.changes.ports import Rehearsal
from metricgate.gateway.changes.preview import RehearsalPreview, build_preview, count_rows, describe_structure
from metricgate.gateway.changes.proposal_call import ProposalCall
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.ports import ReleasedStatement, WarehouseError
from metricgate.policy.change_profile import ChangeProfile, RecentActivity
from metricgate.policy.judging_changes import ChangeVerdict, judge_change
from metricgate.policy.verdict import Decision
from metricgate.state.actions import ActionFilter
from metricgate.state.record import AppendReceipt
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.obligation import NO_OBLIGATIONS
from metricgate.vocabulary.problem import Problems

_LOOK_BACK = timedelta(hours=24)
_BURST = timedelta(minutes=10)
_SAMPLE = 1_000
_SHOWN = 3
_EFFECTIVE = frozenset({State.EXECUTED, State.UNDONE, State.EXECUTING, State.APPROVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedChange:
    """A change that was planned, rehearsed, shown and judged: all that an action is made from.

    Attributes:
        planned: what its proposer may propose.
        rehearsal: what it does.
        preview: what is shown of that.
        verdict: allowed, held for people, or denied.
        basis: on what that was judged, so that it can be judged again.
    """

    planned: PlannedChange
    rehearsal: Rehearsal
    preview: RehearsalPreview
    verdict: ChangeVerdict
    basis: DecisionBasis

    @property
    def held(self) -> bool:
        """Whether it waits for people."""
        return self.verdict.decision is Decision.HOLD

    @property
    def risk(self) -> RiskSummary:
        """The risk as people are shown it: with the three largest contributions."""
        risk = self.verdict.risk
        return RiskSummary(
            score=risk.score,
            likelihood=risk.likelihood,
            impact=risk.impact,
            contributions=tuple(
                RiskContribution(signal=each.signal, side=str(each.side), points=each.points, because=each.message)
                for each in risk.contributions[:_SHOWN]
            ),
        )

    @property
    def considered(self) -> tuple[ConsideredRule, ...]:
        """Every rule that was considered, in order, as people are shown it."""
        return tuple(
            ConsideredRule(rule=each.rule, decision=str(each.decision), message=each.message)
            for each in self.verdict.considered
        )


async def judge_rehearsal(
    call: ProposalCall, planned: PlannedChange, rehearsal: Rehearsal, intent: AppendReceipt
) -> JudgedChange:
    """Return what people are shown of a rehearsed change, and what policy says of it.

    Args:
        call: that proposes it.
        planned: what was rehearsed.
        rehearsal: what it does.
        intent: the entry under which it was rehearsed, and under which a sample of rows may be read.
    """
    context, services, effect = call.context, call.services, rehearsal.effect
    preview = build_preview(planned, rehearsal, sample_rows=services.settings.sample_rows)
    share, because = await _measure_made_up(context, planned, rehearsal, intent)
    stakes = ChangeProfile(
        verbs=tuple(str(verb) for verb in planned.write.verbs),
        targets=tuple(str(each) for each in planned.resources),
        labels=preview.labels,
        columns=preview.columns,
        inserted=_count_kind(effect, RowChangeKind.INSERT),
        updated=_count_kind(effect, RowChangeKind.UPDATE),
        deleted=_count_kind(effect, RowChangeKind.DELETE),
        cascaded=sum(len(each.rows) for each in effect.of(Cause.CASCADE)),
        most_rows=planned.most_rows,
        reversibility=str(preview.reversibility),
        unknown=effect.unknown,
        no_where=planned.write.no_where,
        structure="" if effect.structure is None else describe_structure(effect.structure),
        environment=services.settings.environment,
        now=services.now(),
        risk_class=None if planned.action is None else str(services.actions()[planned.action].risk),
        made_up=share,
        made_up_because=because,
        past=await find_recent_activity(services, context.call.principal.agent.id, planned.target.model.name),
    )
    verdict = judge_change(
        context.governance.judge,
        context.call.principal,
        planned.verdict,
        stakes,
        planned.resources,
        circumstances=context.circumstances,
    )
    basis = DecisionBasis(
        principal=context.call.principal,
        purpose=context.circumstances.purpose,
        asks=tuple(ask for ask, _verdict in planned.asks),
        stakes=stakes,
        resources=planned.resources,
        datasets=planned.datasets,
        action=planned.action,
    )
    verdicts = [each for _ask, each in planned.asks]
    return JudgedChange(
        planned=planned,
        rehearsal=rehearsal,
        preview=preview,
        verdict=verdict,
        basis=bind_basis(basis, context.governance, verdicts, holding_rules(verdict)),
    )


async def _measure_made_up(
    context: CallContext, planned: PlannedChange, rehearsal: Rehearsal, intent: AppendReceipt
) -> tuple[float, str]:
    """Return how far inserted rows look made up beside a sample of those that are there, and why."""
    inserted = next((each for each in rehearsal.changes if each.kind is RowChangeKind.INSERT and each.columns), None)
    if inserted is None or len(inserted.rows) < FEWEST_INSERTED:
        return 0.0, ""
    dialect = planned.target.engine.dialect
    relation = relation_of(
        planned.target.model,
        planned.target.found.location,
        inserted.columns,
        NO_OBLIGATIONS,
        dialect,
        mask_key=context.governance.mask_key,
    )
    if isinstance(relation, Problems):
        return 0.0, ""
    # The rows stay in the gateway: only how alike they are is told.
    sql = f"{relation.sql} LIMIT {_SAMPLE}"
    statement = confined_statement(sql, relation.parameters, inserted.columns, dialect, row_limit=_SAMPLE)
    released = ReleasedStatement(statement=statement, verdict=planned.verdict, intent=intent)
    try:
        rows = await planned.target.engine.warehouse.run(released)
    except WarehouseError:
        return 0.0, ""
    existing = [tuple(None if value is None else _attribute_text(value) for value in row) for row in rows.values]
    return made_up(inserted.columns, existing, inserted.targets.values)


def _attribute_text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _count_kind(effect: ChangeEffect, kind: RowChangeKind) -> int:
    if effect.structure is not None:
        rows = count_rows(effect)
        return {
            RowChangeKind.INSERT: rows.insert,
            RowChangeKind.UPDATE: rows.update,
            RowChangeKind.DELETE: rows.delete,
        }[kind] or 0
    return sum(each.count(kind) for each in effect.of(Cause.STATEMENT))


async def find_recent_activity(services: ChangeServices, agent: str, dataset: str) -> RecentActivity:
    """Return what the agent did in the last 24 hours and the last 10 minutes, at its newest 500 actions.

    Args:
        services: of changes.
        agent: whose actions; those that people take back are theirs.
        dataset: name of the semantic model: whether it was changed before, and rows of it deleted lately.

    Raises:
        StoreUnavailable, Unsealable: the actions cannot be read.
    """
    since = services.now() - _LOOK_BACK
    found = await asyncio.to_thread(services.store.glances, ActionFilter(agent=agent, since=since, limit=500))
    done = [each for each in found if each.state in _EFFECTIVE]
    recent = [each for each in done if each.proposed_at >= services.now() - _BURST]
    target = f"dataset:{dataset}"
    return RecentActivity(
        changes_today=len(done),
        changes_lately=len(recent),
        rows_lately=sum(each.rows for each in recent),
        denied_today=sum(1 for each in found if each.state is State.DENIED),
        deleted_here_lately=any(target in each.targets and each.deletes for each in recent),
        first_on_target=not any(target in each.targets for each in done),
    )


def requirement_of(verdict: ChangeVerdict) -> Requirement:
    """Return what it takes, in the words of the approvals room."""
    demand = verdict.demand
    return Requirement(
        approvals=demand.approvals,
        roles=demand.roles,
        apart=demand.apart,
        rules=demand.rules,
        quorums=demand.quorums,
        seconds=demand.seconds,
    )
