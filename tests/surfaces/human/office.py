"""An office that keeps everything in memory: the real transitions, made-up effects. For the doors of people only."""
# ruff: noqa: ARG002, D102 - the methods and their arguments are those of the protocol

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from metricgate.approvals import lifecycle
from metricgate.approvals.documents import preview_to_json
from metricgate.approvals.outcome import RowsChanged
from metricgate.approvals.preview import (
    ConsideredRule,
    Preview,
    RiskContribution,
    RiskSummary,
    RowCounts,
    SampleRow,
    StructurePreview,
    TableCounts,
    TablePreview,
)
from metricgate.approvals.proposal import (
    HumanDecision,
    Proposal,
    ProposedAction,
    Requirement,
    Reversibility,
    Review,
    State,
)
from metricgate.gateway.changes import codes
from metricgate.gateway.people_service import ActionView, AgentView, EntryExport
from metricgate.state.record import EVERY_ENTRY
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.problem import Problem, Problems

TABLE = "shop.main.customers"
COLUMNS = ("id", "name", "segment", "email", "credit_limit", "updated_at")

STRUCTURE = StructurePreview(
    says=f"drops {TABLE} with its 40 rows",
    table=TABLE,
    rows=40,
    values=0,
    columns=("id INTEGER", "name VARCHAR"),
    indexes=("by_name",),
    not_restored=("NOT NULL of name",),
    notes=("Set aside <b>until the undo ends</b>.",),
    metrics=("finance.revenue", "finance.margin"),
)


def refusal(code, message=None):
    return Problems((Problem(code=code, message=message or code.cause, hint=code.cure),))


class MemoryOffice:
    """Stewards decide, everybody reads."""

    def __init__(self, stewards=("ana@acme.example", "bo@acme.example")):
        self.stewards = frozenset(stewards)
        self.roles = frozenset({"stewards"})
        self.kept: dict[str, ProposedAction] = {}
        self.log: list[dict] = []
        self.thrown: list[dict] = []
        self.persons = []
        self.metrics = [
            {
                "name": "finance.revenue",
                "owner": "finance@acme.example",
                "status": "active",
                "certification": "gold",
                "version": "sha256:" + "a1" * 32,
                "description": "What customers paid.",
            },
            {
                "name": "finance.margin",
                "owner": "finance@acme.example",
                "status": "draft",
                "certification": None,
                "version": "sha256:" + "b2" * 32,
            },
        ]
        self.edges = [
            ["orders", "finance.revenue"],
            ["order_items", "finance.cost"],
            ["finance.revenue", "finance.margin"],
            ["finance.cost", "finance.margin"],
            ["products", "order_items"],
        ]
        self._version = itertools.count(1)
        self._seen = 0
        self._names = itertools.count(1)

    def _changed(self, event, action=None, **fields):
        self._seen = next(self._version)
        facts = {} if action is None else {"gov.action.id": action.id, "gen_ai.agent.id": action.proposal.agent}
        if action is not None:
            facts |= {"gen_ai.tool.name": action.proposal.tool, "gov.targets": list(action.proposal.targets)}
        at = datetime.now(UTC).isoformat()
        self.log.append(
            {
                "index": len(self.log),
                "at": at,
                "time": at,
                "time_unix_nano": "0",
                "id": "0" * 26,
                "schema": "metricgate.record/2",
                "commitments": {},
                "event_name": event,
                "event": event,
                "actor": "gateway" if action is None else str(action.actor),
                "fields": facts | fields,
                "bodies": {},
                "leaf_hash": "00",
            }
        )
        return len(self.log) - 1

    def note(self, event, **fields):
        """Add an entry to the record."""
        return self._changed(event, **fields)

    def propose(self, *, agent="crm-agent", user="sam@acme.example", kind="update", text="enterprise", **more):
        """Add a held action."""
        now = datetime.now(UTC)
        sample = [
            SampleRow(
                kind=kind,
                key=(str(at),),
                before=None
                if kind == "insert"
                else (str(at), f"Customer {at}", "small", None, "1000.00", "2026-11-01"),
                after=None if kind == "delete" else (str(at), f"Customer {at}", text, None, "1000.00", "2026-11-01"),
            )
            for at in range(1, 4)
            if "structure" not in more
        ]
        proposal = Proposal(
            action_id=f"act_{next(self._names):026d}",
            tenant="acme",
            agent=agent,
            user=user,
            owner="olga@acme.example",
            tool="propose_write",
            action=None,
            statement=more.get(
                "statement", f"UPDATE shop.main.customers SET segment = '{text[:60]}' WHERE region = 'EU'"
            ),
            parameters_digest=digest_of([]),
            targets=("column:customers.segment", "dataset:customers"),
            warehouse="duckdb",
            changes_digest=digest_of(text),
            preview_digest=digest_of([text]),
            row_ceiling=100,
            policy_digest=digest_of("policy"),
            catalog_version=digest_of("catalog"),
            reversibility=Reversibility.R0,
            proposed_at=now,
            expires_at=now + timedelta(minutes=more.get("minutes", 15)),
            nonce="0" * 32,
        )
        table = TablePreview(
            table=TABLE,
            cause="statement",
            columns=COLUMNS,
            key=("id",),
            assigned=("segment",),
            rows=TableCounts(**{kind: 12}),
            sample=tuple(sample),
        )
        preview = Preview(
            dataset="customers",
            rows=RowCounts(**{kind: 12}, cascaded=2, total=14),
            tables=(table,) if sample else (),
            columns=("segment",),
            labels=("pii",),
            unknown=tuple(more.get("unknown", ())),
            reversibility="R0",
            not_back=(),
            definitions=None,
            undo="can be taken back exactly",
            structure=more.get("structure"),
            because=f"It was agreed: {text}",
            considered=(
                ConsideredRule(rule="crm-may-write", decision="allow", message="the agent holds the grant"),
                ConsideredRule(rule="hold-many-rows", decision="hold", message="more than 10 rows"),
            ),
        )
        contributions = (
            RiskContribution(signal="rows", side="impact", points=21, because="12 rows of 40 change"),
            RiskContribution(signal="sensitive_columns", side="impact", points=18, because=text),
            RiskContribution(signal="unusual_hour", side="likelihood", points=6, because="nobody is at work"),
            RiskContribution(signal="small", side="impact", points=1, because="not among the three largest"),
        )
        action = ProposedAction(
            proposal=proposal,
            state=State.PREVIEWED,
            preview=preview,
            risk=RiskSummary(score=46, likelihood=0.6, impact=77, contributions=contributions),
        )
        wanted = {"rules": ("hold-many-rows",), "quorums": more.get("quorums", ()), "roles": more.get("roles", ())}
        requirement = Requirement(approvals=more.get("approvals", 1), **wanted)
        action = lifecycle.hold(action, requirement)
        self.kept[action.id] = lifecycle.add_record(action, self._changed("gov.action.proposed", action))
        return self.kept[action.id]

    async def actions(self, person, wanted):
        self.persons.append(person)
        found = sorted(self.kept.values(), key=lambda each: each.id, reverse=True)
        found = [each for each in found if not wanted.states or each.state in wanted.states]
        found = [each for each in found if wanted.agent is None or each.proposal.agent == wanted.agent]
        found = [each for each in found if wanted.before is None or each.id < wanted.before]
        found = [each for each in found if not wanted.to_review or lifecycle.count_missing_reviews(each)]
        found = [each for each in found if wanted.text is None or wanted.text in each.proposal.statement]
        return found[: wanted.limit]

    async def action(self, person, action_id):
        action = self.kept.get(action_id)
        if action is None:
            return refusal(codes.NO_SUCH_ACTION)
        wrong = lifecycle.why_not(action, person.id, datetime.now(UTC), roles=self.roles)
        shown = {"proposal": action.proposal.as_json(), "preview": preview_to_json(action.preview)}
        steward = person.id in self.stewards
        return ActionView(
            action=action,
            may_decide="Only stewards decide." if not steward else None if wrong is None else wrong.message,
            may_undo=None if steward and action.state is State.EXECUTED else "It was not carried out.",
            may_review=None if (no := lifecycle.why_not_review(action, person.id)) is None else no.message,
            shown=shown,
            shown_digest=digest_of(shown),
            history=[each for each in self.kept.values() if each.id < action_id][-5:],
        )

    async def decide(self, person, action_id, *, approves, reason, shown_digest, bound_to, break_glass=False):
        view = await self.action(person, action_id)
        if isinstance(view, Problems):
            return view
        if view.may_decide is not None:
            return refusal(codes.NOT_YOURS_TO_DECIDE, view.may_decide)
        if shown_digest != view.shown_digest:
            return refusal(codes.NOT_THE_SAME)
        now = datetime.now(UTC)
        decision = HumanDecision(
            person=person.id,
            approves=approves,
            reason=reason,
            at=now,
            shown_digest=shown_digest,
            bound_to=bound_to,
            channel=person.channel,
            break_glass=break_glass,
        )
        action = lifecycle.decide(view.action, decision, roles=self.roles)
        if isinstance(action, lifecycle.Refusal):
            return refusal(codes.NOT_THE_SAME, action.message)
        action = lifecycle.add_record(action, self._changed("gov.action.decided", action))
        if action.state is State.APPROVED:
            begun = lifecycle.begin(action, now)
            action = lifecycle.finish(
                begun, RowsChanged(rows=RowCounts(update=12, cascaded=2, total=14)), now, now + timedelta(days=7)
            )
            action = lifecycle.add_record(action, self._changed("gov.action.executed", action))
        self.kept[action_id] = action
        return action

    async def undo(self, person, action_id, *, reason, partial=False):
        view = await self.action(person, action_id)
        if isinstance(view, Problems) or view.may_undo is not None:
            return refusal(codes.NOTHING_TO_UNDO)
        new = self.propose(agent=view.action.proposal.agent, user=person.id, text="small")
        self.kept[new.id] = new = replace(new, undoes=action_id)
        return new

    async def review(self, person, action_id, *, reason):
        review = Review(person=person.id, at=datetime.now(UTC), reason=reason)
        action = lifecycle.add_review(self.kept[action_id], review)
        if isinstance(action, lifecycle.Refusal):
            return refusal(codes.NOT_YOURS_TO_DECIDE, action.message)
        self._changed("gov.action.reviewed", action)
        self.kept[action_id] = action
        return action

    async def entries(self, person, wanted=EVERY_ENTRY, *, limit=50):
        found = [each for each in reversed(self.log) if wanted.before is None or each["index"] < wanted.before]
        found = [each for each in found if wanted.event in {None, each["event"]}]
        found = [each for each in found if wanted.action in {None, each["fields"].get("gov.action.id")}]
        return found[:limit]

    async def export(self, person, wanted, form):
        """Every entry as a line of JSON, whatever the form."""
        chunks = [f"{each['index']},{each['event']}\n".encode() for each in self.log]
        return EntryExport(
            manifest={"format": form, "count": len(self.log), "size": len(self.log)}, chunks=iter(chunks)
        )

    async def entry(self, person, index):
        if index >= len(self.log):
            return refusal(codes.NO_SUCH_ACTION, "There is no such entry.")
        return {**self.log[index], "receipt": {"index": index, "leaf": "..."}, "related": []}

    async def agents(self, person):
        return [
            AgentView(
                id=name,
                last_seen=datetime.now(UTC) - timedelta(minutes=3),
                calls={"answered": 120, "refused": 14, "failed": 2, "held": 5},
                switches=[each for each in self.thrown if each["target"] in {"all", f"agent:{name}"}],
                budgets=[{"rule": "daily", "measure": "rows per day", "used": 9_000, "value": 10_000}],
                actions={"held": 1, "executed": 4},
            )
            for name in dict.fromkeys(each.proposal.agent for each in self.kept.values())
        ]

    async def switches(self, person):
        return list(self.thrown)

    async def throw_switch(self, person, kind, target, because):
        if person.id not in self.stewards:
            return refusal(codes.NOT_YOURS_TO_DECIDE)
        at = datetime.now(UTC).isoformat()
        self.thrown.append({"kind": kind, "target": target, "because": because, "by": person.id, "at": at})
        self._changed("gov.switch.thrown", **{"gov.switch.target": target})
        return None

    async def take_back_switches(self, person, target, because):
        self.thrown = [each for each in self.thrown if each["target"] != target]
        self._changed("gov.switch.taken_back")

    async def catalog(self, person):
        return {"metrics": self.metrics, "models": [{"name": "orders", "description": "Orders."}], "edges": self.edges}

    def change_count(self):
        return self._seen
