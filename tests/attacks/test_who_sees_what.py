"""What somebody may not know of looks, from outside, like what is not there."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from tests.faults.test_attacks_on_the_gate import HIDING_MODELS, HIDING_POLICY
from tests.gateway.changes.shop import ACTIONS, POLICY, STELLA, Shop, opened, write_shop
from tests.gateway.conftest import POLICY as POLICY_OF_NUMBERS
from tests.gateway.conftest import ask, write_project
from tests.gateway.conftest import opened as gateway_opened
from tests.surfaces.echo import keeper
from tests.surfaces.serving import make_app, served

from metricgate.gateway.outcome import Answered, RefusedCall
from metricgate.gateway.people_service import Person
from metricgate.state.actions import ActionFilter
from metricgate.surfaces.human.responses import action_document, view_document
from metricgate.surfaces.problem_document import document_of, to_bytes
from metricgate.vocabulary.json import canonical_json

ORDERS = {"metrics": ["sales.orders"]}
OF_THE_PROJECT = ("pause_customer", "Put one customer on hold", "paused", "The customer.")
"""Words of the governed action: its name, description, an allowed value, a parameter."""


async def described(url: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        return await client.get(f"{url}/openapi.json", headers=headers)


def test_a_stranger_is_told_of_routes_that_every_gateway_has(tmp_path):
    """Without a credential the document has nothing of the project; with a bad one, it is refused."""
    policy = POLICY.replace('members: ["agent:desk", "user:dora"]', 'members: ["agent:copilot", "user:dora"]')

    async def story():
        for agent_may in (True, False):
            folder = write_shop(tmp_path / str(agent_may), policy=policy if agent_may else POLICY)
            async with opened(folder) as shop, served(make_app(shop.parts.gateway, keeper())) as url:
                open_to_all = await described(url)
                assert open_to_all.status_code == 200
                assert not [word for word in OF_THE_PROJECT if word in open_to_all.text]
                assert "/v1/tools/query_metrics" in open_to_all.json()["paths"]
                own = await described(url, authorization="Bearer mg_good")
                found = [word for word in OF_THE_PROJECT if word in own.text]
                assert found == (list(OF_THE_PROJECT) if agent_may else [])
                for wrong in (
                    {"authorization": "Bearer mg_bad"},
                    {"x-api-key": "no key"},
                    {"authorization": "Basic x"},
                ):
                    refused = await described(url, **wrong)
                    assert refused.status_code == 401
                    assert "paths" not in refused.text

    asyncio.run(story())


def test_counters_are_open_and_name_nothing_of_the_project(tmp_path):
    """A call of a governed action is counted as one of an action."""

    async def story():
        async with opened(write_shop(tmp_path / "shop")) as shop:
            await shop.call("action_pause_customer", id=1)
            text = shop.parts.telemetry.exposition().decode()
            assert 'tool="action"' in text
            assert "pause" not in text

    asyncio.run(story())


SECRETS = ("ana@x.example", "ben@x.example", "dee@x.example")
"""Addresses: a column that some are denied."""
WHOSE = """
  - {id: no-addresses, roles: [desk, blind], actions: [read, describe], on: ["column:customers.email"], effect: deny}
  - {id: sees-anyway, roles: [stewards], actions: [read], on: ["column:customers.*"]}
masks:
  - {id: credit-hidden, roles: [desk, blind], on: ["column:customers.credit"], method: null}
"""
GROUPS = """  - {name: blind, members: ["user:bert"]}
  - {name: stewards, members: ["user:sten", "user:stella", "user:olaf", "user:bert"]}
"""


def with_secrets() -> str:
    policy = POLICY.replace('  - {name: stewards, members: ["user:sten", "user:stella", "user:olaf"]}\n', GROUPS)
    return policy.replace("row_filters:", f"{WHOSE.lstrip(chr(10))}row_filters:", 1)


DORA = Person(id="dora", method="oidc", channel="api")
BERT = Person(id="bert", method="oidc", channel="api")


def leaked(document: object) -> list[str]:
    """Return the secrets that a door shows."""
    text = canonical_json(document).decode() if not isinstance(document, str) else document
    return [each for each in (*SECRETS, "99999999.99", "10.50") if each in text]


async def held(shop: Shop, user: str | None, key: str, *, dry: bool = False) -> str:
    """Propose to delete the customers of the EU; people decide."""
    outcome = await shop.call(
        "propose_write",
        user=user,
        sql="DELETE FROM customers WHERE region = 'EU'",
        because="cleaning up",
        **({} if dry else {"dry_run": False, "idempotency_key": key}),
    )
    assert not leaked(outcome.body.decode() if isinstance(outcome, Answered) else outcome.answer)
    return outcome.answer["action_id"]


def test_images_are_shown_through_the_viewers_own_rights(tmp_path):
    """A requester, an approver under a rule and one under none look at one change, dry and held, at every method."""

    async def story():
        async with opened(write_shop(tmp_path / "shop", policy=with_secrets())) as shop:
            for dry in (True, False):
                action = await held(shop, "dora", "clean-0001", dry=dry)
                for person in (DORA, BERT):
                    view = await shop.office.action(person, action)
                    assert not leaked(view_document(view)), person.id
                    assert not leaked(dict(view.shown)), person.id
                    assert not leaked(
                        [action_document(each) for each in await shop.office.actions(person, ActionFilter())]
                    )
                    assert "gold" in canonical_json(view_document(view)).decode()
                    assert "(hidden)" in canonical_json(view_document(view)).decode()
                whole = await shop.office.action(STELLA, action)
                assert len(leaked(view_document(whole))) == 5
                assert whole.shown_digest != view.shown_digest
            polled = await shop.call("get_action", user="dora", action_id=action)
            assert not leaked(polled.body.decode())
            # What a person is answered who decides is theirs to see, too.
            denied = await shop.office.decide(
                BERT,
                action,
                approves=False,
                reason="no",
                shown_digest=view.shown_digest,
                bound_to=view.action.proposal.digest,
            )
            assert not leaked(action_document(denied))

    asyncio.run(story())


def test_an_action_shows_its_caller_what_it_sets_and_not_what_was_there(tmp_path):
    """A governed action that sets a column which its caller may not read is no way to read it."""
    actions = ACTIONS.replace("SET segment = :segment", "SET email = :segment").replace(
        "one_of: [paused, closed], required: false, default: paused", "max_length: 40, required: true"
    )
    policy = with_secrets()

    async def story():
        async with opened(write_shop(tmp_path / "shop", policy=policy, actions=actions)) as shop:
            for user in (None, "dora"):
                outcome = await shop.call("action_pause_customer", user=user, id=1, segment="new@x.example")
                assert isinstance(outcome, Answered), outcome
                text = outcome.body.decode()
                assert "new@x.example" in text
                assert not leaked(text)
            view = await shop.office.action(DORA, outcome.answer["action_id"])
            assert "new@x.example" in canonical_json(view_document(view)).decode()
            assert not leaked(view_document(view))

    asyncio.run(story())


@pytest.mark.parametrize(
    ("where", "seen"),
    [
        ('{member: region, op: "=", value: EU}', True),
        ("{member: region, op: in, value: [EU, ASIA]}", True),
        ('{member: region, op: "=", value: ASIA}', False),
        ('{not: {member: region, op: "=", value: ASIA}}', False),
        ('{member: region, op: ">", value: A}', False),
        ('{and: [{member: region, op: "=", value: EU}, {member: segment, op: is_not_null}]}', True),
    ],
)
def test_rows_that_a_filter_hides_from_an_approver_are_hidden(tmp_path, where, seen):
    """A row is shown where its filter surely lets it through; what texts alone cannot tell is hidden."""
    policy = POLICY.replace(
        "row_filters:", f"row_filters:\n  - {{id: his, roles: [stewards], dataset: customers, where: {where}}}"
    )

    async def story():
        async with opened(write_shop(tmp_path / "shop", policy=policy)) as shop:
            action = await held_by_all(shop)
            view = view_document(await shop.office.action(STELLA, action))
            assert bool(leaked(view)) is seen
            assert len(view["sample"]) == 3, "how many rows go is no secret of the rows"

    asyncio.run(story())


async def held_by_all(shop: Shop) -> str:
    outcome = await shop.call(
        "propose_write",
        sql="DELETE FROM customers WHERE region = 'EU'",
        because="cleaning up",
        dry_run=False,
        idempotency_key="clean-0009",
    )
    return outcome.answer["action_id"]


HIDDEN_AND_NOT = [
    # (tool, arguments with a name that is hidden, the same with one that is nowhere)
    ("describe_metric", {"metric": "hidden.payroll"}, {"metric": "hidden.psyroll"}),
    ("query_metrics", {"metrics": ["hidden.payroll"]}, {"metrics": ["hidden.psyroll"]}),
    ("explain_query", {"metrics": ["hidden.payroll"]}, {"metrics": ["hidden.psyroll"]}),
    ("query_metrics", ORDERS | {"group_by": ["secretive"]}, ORDERS | {"group_by": ["secretivo"]}),
    ("query_metrics", ORDERS | {"group_by": ["order__secretive"]}, ORDERS | {"group_by": ["order__secretivo"]}),
    ("query_metrics", ORDERS | {"group_by": ["customer__paygrade"]}, ORDERS | {"group_by": ["customer__paygrado"]}),
    ("query_metrics", ORDERS | {"group_by": ["employee__paygrade"]}, ORDERS | {"group_by": ["employee__paygrado"]}),
    ("query_metrics", ORDERS | {"group_by": ["employee"]}, ORDERS | {"group_by": ["employed"]}),
    (
        "query_metrics",
        ORDERS | {"where": {"member": "secretive", "op": "=", "value": "x"}},
        ORDERS | {"where": {"member": "secretivo", "op": "=", "value": "x"}},
    ),
    (
        "query_metrics",
        ORDERS | {"where": {"metric": "hidden.payroll", "group_by": ["order"], "op": ">", "value": 1}},
        ORDERS | {"where": {"metric": "hidden.psyroll", "group_by": ["order"], "op": ">", "value": 1}},
    ),
    ("query_metrics", ORDERS | {"pins": {"hidden.payroll": "x"}}, ORDERS | {"pins": {"hidden.psyroll": "x"}}),
    ("list_dimension_values", {"dimension": "secretive"}, {"dimension": "secretivo"}),
    ("list_dimension_values", {"dimension": "customer__paygrade"}, {"dimension": "customer__paygrado"}),
    (
        "list_dimension_values",
        {"dimension": "customer__segment", "metrics": ["hidden.payroll"]},
        {"dimension": "customer__segment", "metrics": ["hidden.psyroll"]},
    ),
    (
        "search_catalog",
        {"compose_with": {"metrics": ["hidden.payroll"]}},
        {"compose_with": {"metrics": ["hidden.psyroll"]}},
    ),
]


def test_what_is_hidden_answers_like_what_is_nowhere(tmp_path):
    """Status, code, place, hint and candidates are the same, and the words but for the name."""
    folder = write_project(tmp_path / "hiding", models=HIDING_MODELS, policy=HIDING_POLICY)

    async def story():
        async with gateway_opened(folder) as parts:
            for tool, hidden, nowhere in HIDDEN_AND_NOT:
                first, second = [await ask(parts, "small", tool, each) for each in (hidden, nowhere)]
                assert isinstance(first, RefusedCall), (tool, hidden, first)
                assert isinstance(second, RefusedCall), (tool, nowhere, second)
                assert plain(first) == plain(second), (tool, hidden)
                assert first.status == second.status != 403
                # It is there for who may know of it.
                assert plain(await ask(parts, "omni", tool, hidden)) != plain(first), (tool, hidden)

    asyncio.run(story())


def plain(outcome: object) -> str:
    """Return what a door sends, with the names that were asked made one."""
    if not isinstance(outcome, RefusedCall):
        return "answered"
    document = document_of(outcome)
    document.pop("record")
    text = to_bytes(document).decode()
    for name in ("payroll", "secretive", "paygrade", "employee"):
        text = text.replace(name, "NAME")
    for name in ("psyroll", "secretivo", "paygrado", "employed"):
        text = text.replace(name, "NAME")
    return text


def test_what_may_be_described_and_not_queried_is_refused_with_its_rule(tmp_path):
    """The name is no secret: the answer says which rule says no."""
    policy = POLICY_OF_NUMBERS.replace(
        "row_filters:",
        """  - {id: known, roles: [small], actions: [describe], on: ["metric:hidden.*", "dimension:*", "dataset:*"]}
  - {id: no-pay, roles: [small], actions: [query], on: ["metric:hidden.*", "dimension:orders.secretive"],
     effect: deny}
row_filters:""",
        1,
    )
    folder = write_project(tmp_path / "known", models=HIDING_MODELS, policy=policy)

    async def story():
        async with gateway_opened(folder) as parts:
            for arguments in ({"metrics": ["hidden.payroll"]}, ORDERS | {"group_by": ["order__secretive"]}):
                outcome = await ask(parts, "small", "query_metrics", arguments)
                assert isinstance(outcome, RefusedCall)
                assert (outcome.status, outcome.problems.first.code.name) == (403, "E_DENIED")
                assert "no-pay" in to_bytes(document_of(outcome)).decode()
            described = await ask(parts, "small", "describe_metric", {"metric": "hidden.payroll"})
            assert isinstance(described, Answered)

    asyncio.run(story())


def test_the_tools_that_are_offered_instead_are_the_callers_own(tmp_path):
    """Who calls a tool that is not there is not told of governed actions that it may not call."""

    async def story():
        policy = POLICY.replace('on: ["action:pause_customer"]', 'on: ["action:other"]')
        async with opened(write_shop(tmp_path / "shop", policy=policy)) as shop:
            for name in ("action_pause_custome", "nope"):
                outcome = await shop.call(name)
                assert "pause_customer" not in to_bytes(document_of(outcome)).decode()

    asyncio.run(story())
