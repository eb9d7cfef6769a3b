"""Broken glass, and what was shown: through the office's own doors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
from jsonschema import validate
from tests.gateway.changes.shop import AUDRA, OLAF, POLICY, STELLA, STEN, opened, write_shop

from metricgate.approvals.proposal import ProposedAction, State
from metricgate.gateway.outcome import Held
from metricgate.state.actions import ActionFilter
from metricgate.surfaces.human import responses
from metricgate.surfaces.human.schemas import SCHEMAS
from metricgate.vocabulary.problem import Problems

_THREE = POLICY.replace("actions: [delete, truncate],", "actions: [delete, truncate], approvals: {count: 3},")


def _code(found: object) -> str:
    assert isinstance(found, Problems), found
    return next(iter(found)).code.name


def test_one_person_breaks_the_glass_and_two_others_look_at_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(write_shop(tmp_path / "shop", policy=_THREE)) as shop:
            held = []
            for number in (3, 6):
                outcome = await shop.call(
                    "propose_write", sql=f"DELETE FROM orders WHERE id = {number}", dry_run=False,
                    idempotency_key=f"delete-0{number}",
                )  # fmt: skip
                assert isinstance(outcome, Held), outcome
                held.append(outcome.action_id)
            first, second = [await shop.office.action(STEN, each) for each in held]
            assert not isinstance(first, Problems)
            assert not isinstance(second, Problems)
            decision = {"approves": True, "reason": "The outage will not wait.", "break_glass": True}
            bound_to = first.action.proposal.digest
            # What was shown of another action is not what was shown of this one.
            found = await shop.office.decide(
                STEN, held[0], shown_digest=second.shown_digest, bound_to=bound_to, **decision
            )
            assert _code(found) == "E_NOT_WHAT_WAS_SHOWN"
            # The owner stays apart, glass or not; a reader of the record decides nothing.
            for person in (OLAF, AUDRA):
                seen = await shop.office.action(person, held[0])
                assert not isinstance(seen, Problems)
                found = await shop.office.decide(
                    person, held[0], shown_digest=seen.shown_digest, bound_to=bound_to, **decision
                )
                assert _code(found) == "E_NOT_YOURS_TO_DECIDE"
            done = await shop.office.decide(
                STEN, held[0], shown_digest=first.shown_digest, bound_to=bound_to, **decision
            )
            assert isinstance(done, ProposedAction)
            assert done.state is State.EXECUTED, done.outcome
            assert await shop.rows("SELECT count(*) FROM orders") == [[39]]
            waiting = await shop.office.actions(STELLA, ActionFilter(to_review=True))
            assert [each.id for each in waiting] == held[:1]
            for person, reason, code in (
                (STEN, "It was right.", "E_NOT_YOURS_TO_DECIDE"),
                (OLAF, "It was right.", "E_NOT_YOURS_TO_DECIDE"),
                (STELLA, " ", "E_REASON_MISSING"),
                (STELLA, "The outage was real.", None),
                (STELLA, "Once more.", "E_NOT_YOURS_TO_DECIDE"),
                (AUDRA, "I agree.", None),
                (AUDRA, "Late.", "E_NOT_DECIDABLE"),
            ):
                found = await shop.office.review(person, held[0], reason=reason)
                assert (None if isinstance(found, ProposedAction) else _code(found)) == code, (person.id, reason)
            kept = await shop.office.action(STELLA, held[0])
            assert not isinstance(kept, Problems)
            assert [each.person for each in kept.action.reviews] == ["stella", "audra"]
            assert kept.may_review == "There is no broken glass in it that waits for a review."
            assert await shop.office.actions(STELLA, ActionFilter(to_review=True)) == []
            index = kept.action.records[-1]
            for name, document in (
                ("ActionView", responses.view_document(kept)),
                ("EntryView", await shop.office.entry(AUDRA, index)),
                ("Agents", {"agents": [responses.agent_document(each) for each in await shop.office.agents(AUDRA)]}),
            ):
                wanted = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
                validate(orjson.loads(responses.to_json(document)), wanted)
            # Nobody broke the other one's: nothing to review.
            assert _code(await shop.office.review(STELLA, held[1], reason="Why?")) == "E_NOT_DECIDABLE"

    asyncio.run(story())
