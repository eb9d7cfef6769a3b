"""In the moment of the effect everything is judged again: by the clock, the switches and the rules of then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.gateway.changes.shop import AUDRA, OLAF, POLICY, STELLA, STEN, Shop, opened, write_shop
from tests.gateway.conduct.test_at_the_gate import project_of

from metricgate.approvals.proposal import ProposedAction, State
from metricgate.bootstrap.project import open_project
from metricgate.gateway.outcome import Answered, Held
from metricgate.gateway.people_service import ActionView, Person
from metricgate.state.people import PASSWORD
from metricgate.state.record import EntryFilter
from metricgate.vocabulary.problem import Problems

DELETE = {"sql": "DELETE FROM orders WHERE id = 3", "dry_run": False}
UPDATE = {"sql": "UPDATE customers SET segment = 'lead' WHERE id = 4", "dry_run": False}


@dataclass
class Later:
    """The clock, so much later."""

    by: timedelta

    def unix_nano(self) -> int:
        """Return nanoseconds since 1970."""
        return int((datetime.now(UTC) + self.by).timestamp() * 1e9)

    def monotonic(self) -> float:
        """Return seconds."""
        return 0.0


async def held(shop: Shop, number: int = 1) -> str:
    """Propose what waits; return its id."""
    outcome = await shop.call("propose_write", **DELETE, idempotency_key=f"delete-{number:04}")
    assert isinstance(outcome, Held)
    return outcome.action_id


async def shown(shop: Shop, person: Person, action_id: str) -> ActionView:
    """Open an action."""
    view = await shop.office.action(person, action_id)
    assert isinstance(view, ActionView), view
    return view


async def approved(shop: Shop, person: Person, view: ActionView) -> ProposedAction | Problems:
    """Approve what was shown."""
    return await shop.office.decide(
        person,
        view.action.id,
        approves=True,
        reason="It is fine.",
        shown_digest=view.shown_digest,
        bound_to=view.action.proposal.digest,
    )


def told(done: ProposedAction | Problems) -> str:
    """Return why it was not carried out."""
    if isinstance(done, Problems):
        return str(done.first)
    assert done.state is State.FAILED, done.state
    return f"{done.outcome.code} {done.outcome.message}"


def edited(shop: Shop, old: str, new: str, folder: str = "policies") -> None:
    """Edit a rule or a model, and have it come into force."""
    file = shop.folder / folder / "all.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    assert not isinstance(shop.parts.governance.reload(), Problems)


def in_shop(story: Callable[[Shop], Awaitable[None]], folder: Path, policy: str = POLICY) -> None:
    """Run a story in a shop."""

    async def main() -> None:
        async with opened(write_shop(folder / "shop", policy=policy)) as shop:
            await story(shop)

    asyncio.run(main())


def test_switches_thrown_after_the_hold_stop_the_effect(tmp_path: Path) -> None:
    """A freeze, and a stop of the agent: what was approved is not carried out, and nothing is changed."""

    async def story(shop: Shop) -> None:
        for number, kind in enumerate(("freeze", "stop")):
            view = await shown(shop, STEN, await held(shop, number))
            project_of(shop.folder).throw_switch(kind, "agent:desk", "month end")
            assert "E_FROZEN" in told(await approved(shop, STEN, view))
            project_of(shop.folder).take_back_switches("agent:desk", "over")
        assert await shop.rows("SELECT count(*) FROM orders") == [[40]]

    in_shop(story, tmp_path)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("{id: writes, roles: [desk], when: {not_after: MOMENT},", "No rule allows"),
        ("FREEZE", "The freeze 'quarter' forbids"),
        ("STOP", "The stop 'halt' serves no call"),
        ("HOLD", "2 people must approve now"),
    ],
)
def test_what_comes_into_force_with_time_counts_at_the_effect(tmp_path: Path, rule: str, says: str) -> None:
    """A grant that ends, a freeze, a stop and a stricter hold that begin between the hold and the approval."""
    moment = (datetime.now(UTC) + timedelta(minutes=5)).replace(second=0, microsecond=0).isoformat()
    when = f"when: {{not_before: '{moment}'}}"
    bound = "roles: [everyone], on: ['dataset:*'], actions: [delete], approvals: {count: 2}"
    policy = {
        "FREEZE": POLICY + f"freezes:\n  - {{id: quarter, targets: [all], because: It is closed., {when}}}\n",
        "STOP": POLICY + f"stops:\n  - {{id: halt, targets: ['agent:desk'], because: Wild., {when}}}\n",
        "HOLD": POLICY + f"  - {{id: two, {bound}, {when}}}\n",
    }.get(rule) or POLICY.replace("{id: writes, roles: [desk],", rule.replace("MOMENT", f"'{moment}'"))

    async def story(shop: Shop) -> None:
        view = await shown(shop, STEN, await held(shop))
        shop.parts.changes.clock = Later(timedelta(minutes=6))
        found = told(await approved(shop, STEN, view))
        assert "E_GOVERNANCE_CHANGED" in found
        assert says in found
        shop.parts.changes.clock = Later(timedelta(0))
        assert await shop.rows("SELECT count(*) FROM orders") == [[40]]

    in_shop(story, tmp_path, policy)


def test_an_edit_elsewhere_leaves_an_approval_valid_and_one_that_took_part_does_not(tmp_path: Path) -> None:
    """Bound are the rules that decided, the holds, and the models that were changed or read; nothing else."""
    elsewhere = (
        ("roles:\n", "roles:\n  - {name: others, members: ['user:nina']}\n", "policies"),
        ("grants:\n", "grants:\n  - {id: more, roles: [others], actions: [read], on: ['dataset:*']}\n", "policies"),
        (
            "{name: region, type: categorical, expr: region}",
            "{name: region, type: categorical, expr: region, description: Where.}",
            "semantic_models",
        ),
    )
    took_part = (
        ("because: What is deleted is looked at first.", "because: Look twice.", "policies", "the rule 'deletes-wait'"),
        (
            '{id: deletes-wait, roles: [everyone], on: ["dataset:*"],',
            '{id: deletes-wait, roles: [everyone], on: ["dataset:orders"],',
            "policies",
            "the rule 'deletes-wait'",
        ),
        (
            "{id: writes, roles: [desk], actions: [insert, update, delete],",
            "{id: writes, roles: [desk], actions: [insert, delete],",
            "policies",
            "the rule 'writes'",
        ),
        (
            "source: main.orders",
            "source: main.orders\n    description: All of them.",
            "semantic_models",
            "the definition 'model orders'",
        ),
    )

    async def story(shop: Shop) -> None:
        view = await shown(shop, STEN, await held(shop))
        for old, new, folder in elsewhere:
            edited(shop, old, new, folder)
        done = await approved(shop, STEN, view)
        assert isinstance(done, ProposedAction)
        assert done.state is State.EXECUTED, done.outcome
        for number, (old, new, folder, named) in enumerate(took_part, 2):
            sql = f"DELETE FROM orders WHERE id = {number + 10}"
            outcome = await shop.call("propose_write", sql=sql, dry_run=False, idempotency_key=f"delete-{number:04}")
            view = await shown(shop, STEN, outcome.action_id)
            edited(shop, old, new, folder)
            found = told(await approved(shop, STEN, view))
            assert "E_GOVERNANCE_CHANGED" in found
            assert named in found
        assert await shop.rows("SELECT count(*) FROM orders") == [[39]]

    in_shop(story, tmp_path)


def test_an_approver_who_lost_the_right_before_the_effect_does_not_count(tmp_path: Path) -> None:
    """The first of two approves and is stopped, or leaves the role: the second's approval carries nothing out."""
    policy = POLICY.replace("actions: [delete, truncate],", "actions: [delete, truncate], approvals: {count: 2},")

    async def story(shop: Shop) -> None:
        for number in (1, 2):
            action_id = await held(shop, number)
            assert not isinstance(await approved(shop, STEN, await shown(shop, STEN, action_id)), Problems)
            if number == 1:
                project_of(shop.folder).throw_switch("stop", "user:sten", "left")
            else:
                edited(shop, '"user:sten", ', "")
            found = told(await approved(shop, STELLA, await shown(shop, STELLA, action_id)))
            assert "E_GOVERNANCE_CHANGED sten, who approved it, may" in found
            project_of(shop.folder).take_back_switches("user:sten", "back")
        assert await shop.rows("SELECT count(*) FROM orders") == [[40]]

    in_shop(story, tmp_path, policy)


@pytest.mark.parametrize("how", ["switch", "group", "policy"])
def test_a_stopped_person_does_nothing_at_any_door(tmp_path: Path, how: str) -> None:
    """Neither sees, nor approves, denies, takes back, reviews; a stop of all leaves people be, who clean up then."""
    sten = replace(STEN, groups=("night",))
    stop = "stops:\n  - {id: sten-stops, targets: ['user:sten'], because: Left.}\n"

    async def story(shop: Shop) -> None:
        done = await shop.call("propose_write", **UPDATE, idempotency_key="update-0001")
        view = await shown(shop, sten, await held(shop))
        project_of(shop.folder).throw_switch("stop", "all", "drill")
        assert isinstance(await shop.office.action(sten, view.action.id), ActionView)
        project_of(shop.folder).take_back_switches("all", "over")
        if how == "policy":
            edited(shop, "row_filters:\n", stop + "row_filters:\n")
        else:
            target = "user:sten" if how == "switch" else "group:night"
            project_of(shop.folder).throw_switch("stop", target, "left")
        action_id = done.answer["action_id"]
        tried = [
            await shop.office.action(sten, view.action.id),
            await approved(shop, sten, view),
            await shop.office.undo(sten, action_id, reason="No."),
            await shop.office.review(sten, action_id, reason="No."),
            await shop.office.throw_switch(sten, "freeze", "all", "No."),
            await shop.office.take_back_switches(sten, "user:sten", "No."),
            await shop.office.entries(sten),
            await shop.office.agents(sten),
            await shop.office.switches(sten),
            await shop.office.catalog(sten),
        ]
        assert [each.first.code.name for each in tried if isinstance(each, Problems)] == ["E_PERSON_STOPPED"] * 10
        assert await shop.rows("SELECT segment FROM customers WHERE id = 4") == [["lead"]]
        assert isinstance(await shown(shop, STELLA, view.action.id), ActionView)

    in_shop(story, tmp_path)


def test_an_approval_counts_with_the_digest_that_this_person_was_shown(tmp_path: Path) -> None:
    """What somebody else was shown is no ground to decide on."""

    async def story(shop: Shop) -> None:
        view = await shown(shop, STEN, await held(shop))
        found = told(await approved(shop, STELLA, view))
        assert "shown to somebody else" in found
        own = await shown(shop, STELLA, view.action.id)
        assert own.shown_digest != view.shown_digest
        assert isinstance(await approved(shop, STELLA, own), ProposedAction)

    in_shop(story, tmp_path)


def test_a_persons_undo_passes_a_freeze_and_says_so(tmp_path: Path) -> None:
    """That is how one cleans up; the record names the freeze that was passed."""

    async def story(shop: Shop) -> None:
        done = await shop.call("propose_write", **UPDATE, idempotency_key="update-0001")
        project_of(shop.folder).throw_switch("freeze", "all", "month end")
        undo = await shop.office.undo(STEN, done.answer["action_id"], reason="It was wrong.")
        assert isinstance(undo, ProposedAction)
        assert undo.state is State.EXECUTED, undo.outcome
        entries = await shop.office.entries(AUDRA, EntryFilter(action=undo.id))
        [proposed] = [each for each in entries if each["event"] == "gov.action.proposed"]
        assert proposed["fields"]["gov.freeze.passed"] == ["all: month end"]
        assert await shop.rows("SELECT segment FROM customers WHERE id = 4") == [["iron"]]

    in_shop(story, tmp_path)


def test_budgets_are_charged_once(tmp_path: Path) -> None:
    """A budget that the proposal used up does not keep the approved change from being carried out."""
    policy = POLICY + "limits:\n  - {id: one-a-day, roles: [desk], on: ['tool:propose_write'], calls_per_day: 1}\n"

    async def story(shop: Shop) -> None:
        view = await shown(shop, STEN, await held(shop))
        again = await shop.call("propose_write", **DELETE, idempotency_key="delete-0002")
        assert again.problems.first.code.name == "E_BUDGET_SPENT"
        done = await approved(shop, STEN, view)
        assert isinstance(done, ProposedAction)
        assert done.state is State.EXECUTED, done.outcome

    in_shop(story, tmp_path, policy)


def test_whoever_was_removed_decided_nothing_and_takes_nothing_back(tmp_path: Path) -> None:
    """An approval counts while its giver's account stands; one made anew under the same name is another one."""
    steward = replace(STEN, method=PASSWORD)

    async def story(shop: Shop) -> None:
        people = open_project(shop.folder).people()
        edited(shop, "stakes: {rows_over: 2}}", "stakes: {rows_over: 2}, approvals: {count: 2}}")
        every = {"sql": "UPDATE orders SET status = 'void' WHERE id > 30", "dry_run": False}
        for number, again in enumerate((False, True)):
            people.add("sten", ())
            outcome = await shop.call("propose_write", **every, idempotency_key=f"every-{number:04}")
            assert isinstance(outcome, Held)
            first = await approved(shop, steward, await shown(shop, steward, outcome.action_id))
            assert isinstance(first, ProposedAction), first
            assert first.state is State.HELD
            assert people.remove("sten") is None
            if again:
                people.add("sten", ())
            found = told(await approved(shop, STELLA, await shown(shop, STELLA, outcome.action_id)))
            assert "E_GOVERNANCE_CHANGED" in found
            assert "sten, who approved it, is not among the people here any more" in found
            people.remove("sten")
        assert await shop.rows("SELECT count(*) FROM orders WHERE status = 'void'") == [[0]]

    in_shop(story, tmp_path)


def test_an_undo_of_somebody_who_was_removed_is_not_carried_out(tmp_path: Path) -> None:
    """Its hold was on others' word; that the proposer may still act is looked up when it runs."""
    held_undo = POLICY + (
        "  - {id: undo-waits, roles: [everyone], on: ['dataset:*'], actions: [undo],\n"
        "     because: Somebody else looks.}\n"
    )
    steward = replace(STEN, method=PASSWORD)

    async def story(shop: Shop) -> None:
        people = open_project(shop.folder).people()
        people.add("sten", ())
        done = await shop.call("propose_write", **UPDATE, idempotency_key="update-0001")
        assert isinstance(done, Answered), done
        undo = await shop.office.undo(steward, str(done.answer["action_id"]), reason="A mistake.")
        assert isinstance(undo, ProposedAction), undo
        assert undo.state is State.HELD
        people.remove("sten")
        found = told(await approved(shop, STELLA, await shown(shop, STELLA, undo.id)))
        assert "sten, who would take it back, is not among the people here any more" in found

    in_shop(story, tmp_path, held_undo)


def test_whose_decision_it_is_not_is_told_so_first(tmp_path: Path) -> None:
    """The owner of the agent, who may not decide, learns that; not that something else was shown to somebody."""

    async def story(shop: Shop) -> None:
        view = await shown(shop, STEN, await held(shop))
        for digest in (view.shown_digest, "sha256:never"):
            done = await approved(shop, OLAF, replace(view, shown_digest=digest))
            assert isinstance(done, Problems)
            assert done.first.code.name == "E_NOT_YOURS_TO_DECIDE"
        done = await approved(shop, STELLA, view)
        assert isinstance(done, Problems)
        assert done.first.code.name == "E_NOT_WHAT_WAS_SHOWN"

    in_shop(story, tmp_path)
