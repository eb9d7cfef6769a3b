"""What was erased is in no byte of the state folder, and every proof stays whole."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
from pathlib import Path

import pytest
from tests.adapters.state.sqlite.test_forms_of_entries import EARLIER
from tests.gateway.changes.shop import STEN, Shop, opened, write_shop
from tests.gateway.changes.test_changes import approved
from typer.testing import CliRunner

from metricgate.adapters.state.sqlite.ledger_files import verify_ledger
from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.bootstrap.project import open_project
from metricgate.bootstrap.states import state_of
from metricgate.gateway.outcome import Held
from metricgate.ledger.note import parse_key
from metricgate.ledger.receipt_check import check_receipt
from metricgate.settings.settings import load_settings
from metricgate.state.actions import ActionFilter
from metricgate.surfaces.cli import build_app

SECRET = 'zebra-4711 of "Ana" \u00e9'
USER = "dora"
NOTIFY = (
    "notifications:\n  - {name: chat, url: 'http://127.0.0.1:9/x', secret: ERASURE_TEST_SECRET,"
    " on: [action_held, action_decided, action_executed]}\n"
)


def run(folder: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(
        build_app(open_project, verify_ledger), ["audit", "erase", *words, "--project", str(folder)]
    )
    return done.exit_code, done.output


def copies(folder: Path, *words: str) -> dict:
    _status, output = run(folder, *words, "--dry-run", "--json")
    return json.loads(output)


def state(folder: Path) -> dict[str, bytes]:
    files = [path for path in (folder / ".metricgate").iterdir() if path.is_file()]
    return {path.name: path.read_bytes() for path in files if not path.name.endswith("-shm")}


async def told(shop: Shop) -> list[int]:
    """Calls, refusals, a change that was carried out and one that was denied, all with the secret; entries of them."""
    found = []
    for sql in (
        "SELECT name FROM customers WHERE name = 'zebra-4711 of \"Ana\" \u00e9'",
        "SELECT nothing FROM customers WHERE name = 'zebra-4711 of \"Ana\" \u00e9'",
    ):
        outcome = await shop.call("query_sql", user=USER, sql=sql)
        found.append(outcome.record.index)
    # Rows of three customers wait for people; the secret is in the statement, the rows shown, the reasons, the images.
    sql = "UPDATE customers SET name = 'zebra-4711 of \"Ana\" \u00e9' WHERE id <= 3"
    held = await shop.call("propose_write", sql=sql, dry_run=False, idempotency_key="first-key", because=SECRET)
    assert isinstance(held, Held), held
    done = await approved(shop, held.action_id, reason=f"they asked: {SECRET}")
    assert str(done.state) == "executed"
    held = await shop.call(
        "propose_write",
        sql="DELETE FROM customers WHERE name = 'zebra-4711 of \"Ana\" \u00e9'",
        dry_run=False,
        idempotency_key="other-key",
    )
    view = await shop.office.action(STEN, held.action_id)
    await shop.office.decide(
        STEN,
        held.action_id,
        approves=False,
        reason=SECRET,
        shown_digest=view.shown_digest,
        bound_to=view.action.proposal.digest,
    )
    return found


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """A state folder that a gateway left, as bytes, and entries in it."""
    folder = write_shop(tmp_path_factory.mktemp("erasure") / "shop")
    settings = folder / "metricgate.yaml"
    settings.write_text(settings.read_text() + NOTIFY)

    os.environ["ERASURE_TEST_SECRET"] = "whsec_" + base64.b64encode(bytes(32)).decode()

    async def play() -> list[int]:
        async with opened(folder) as shop:
            return await told(shop)

    return folder, asyncio.run(play())


@pytest.fixture
def shop(left, tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(left[0], folder)
    return folder, left[1]


WHY = ("--reason", "asked to be forgotten", "--basis", "GDPR Art. 17")


def whole(folder: Path) -> None:
    """The ledger verifies, and the receipt of every entry."""
    assert open_project(folder).verify(None).findings == ()
    paths = state_of(folder, load_settings(folder)).paths
    key = parse_key(paths.public_key.read_text())
    with LedgerReader(paths.ledger) as reader:
        size = next(iter(reader.entries())).index + 1
        for index in range(size):
            receipt = reader.receipt(index, key)
            assert check_receipt(json.dumps(receipt.as_json()), key).faults == ()


def test_a_value_is_in_no_byte_afterwards(shop):
    folder, _entries = shop
    before = {name: content for name, content in state(folder).items() if content}
    needle = "zebra-4711"
    assert {name for name, content in before.items() if needle.encode() in content} >= {"ledger.db", "outbox.db"}
    listed = copies(folder, "--value", needle)
    assert {each["kind"] for each in listed["copies"]} == {"body", "action", "shown", "image", "notice"}
    assert {name: content for name, content in state(folder).items() if content} == before
    assert listed["blocked"] == 0
    status, output = run(folder, "--value", needle, *WHY)
    assert (status, "erased:" in output) == (0, True), output
    assert "exports of the record" in " ".join(output.split())
    after = state(folder)
    assert [name for name, content in after.items() if needle.encode() in content] == []
    assert not [name for name, content in after.items() if name.endswith("-wal") and content]
    assert copies(folder, "--value", needle)["copies"] == []
    whole(folder)

    async def look() -> None:
        async with opened(folder) as again:
            actions = again.parts.changes.store.list(ActionFilter())
            assert len(actions) == 2
            assert {str(each.state) for each in actions} == {"executed", "denied"}
            assert needle not in str(actions)

    asyncio.run(look())
    with LedgerReader(folder / ".metricgate" / "ledger.db") as reader:
        [entry] = [each for each in reader.entries() if each.event == "gov.redaction.performed"]
    assert entry.fields["gov.redaction.basis"] == "GDPR Art. 17"
    assert entry.bodies["gov.redaction.reason"] == "asked to be forgotten"
    assert entry.fields["gov.redaction.copies"]["image"] == 1


def test_a_user_is_in_no_byte_afterwards(shop):
    folder, entries = shop
    status, output = run(folder, "--user", USER, *WHY, "--json")
    assert status == 0, output
    found = json.loads(output)
    assert any("all.yaml" in place for place in found["out_of_reach"])
    assert [name for name, content in state(folder).items() if USER.encode() in content] == []
    with LedgerReader(folder / ".metricgate" / "ledger.db") as reader:
        for index in entries:
            assert all(value is None for value in reader.entry(index).bodies.values())
    whole(folder)


def test_a_record_with_its_call_and_its_action(shop):
    folder, entries = shop
    ledger = folder / ".metricgate" / "ledger.db"
    with LedgerReader(ledger) as reader:
        [executed] = [each for each in reader.entries() if each.event == "gov.action.executed"]
        intent = reader.entry(entries[0]).fields["gov.links"][0]["index"]
    status, output = run(folder, "--record", str(entries[0]), *WHY, "--json")
    assert status == 0, output
    status, output = run(folder, "--record", str(executed.index), *WHY, "--json")
    assert {each["kind"] for each in json.loads(output)["copies"]} >= {"body", "action", "shown", "image"}
    with LedgerReader(ledger) as reader:
        for index in (intent, entries[0], executed.index):
            assert set(reader.entry(index).bodies.values()) == {None}
    whole(folder)


def test_what_waits_blocks_and_then_nothing_is_erased(shop):
    folder, _entries = shop

    async def wait() -> str:
        async with opened(folder) as again:
            held = await again.call(
                "propose_write",
                sql="DELETE FROM customers WHERE name = 'zebra-4711'",
                dry_run=False,
                idempotency_key="third-key",
            )
            return held.action_id

    action = asyncio.run(wait())
    project = open_project(folder)
    project.create_key("desk", users=["zebra-4711"], expires_in=None)
    project.throw_switch("freeze", "user:zebra-4711", "so that it blocks")
    project.people().add("zebra-4711", [])
    before = {name: content for name, content in state(folder).items() if content}
    status, output = run(folder, "--value", "zebra-4711", *WHY, "--json")
    found = json.loads(output)
    assert (status, found["record"]) == (3, None)
    blocking = {each["kind"]: each for each in found["copies"] if each["blocks"]}
    assert blocking.keys() >= {"action", "key", "switch", "person"}
    assert blocking["action"]["where"] == action
    assert {name: content for name, content in state(folder).items() if content} == before


def test_a_leaf_of_an_earlier_release_blocks_unless_the_rest_is_meant(tmp_path):
    folder = write_shop(tmp_path / "shop")
    (folder / ".metricgate").mkdir()
    for file in EARLIER.iterdir():
        (folder / ".metricgate" / file.name).write_bytes(file.read_bytes())
    settings = folder / "metricgate.yaml"
    settings.write_text(settings.read_text() + "ledger: {origin: metricgate/test}\n")
    status, output = run(folder, "--value", "literal 2", *WHY)
    assert (status, "BLOCKS: a signed leaf cannot be changed" in output) == (3, True), output
    status, output = run(folder, "--user", "ana", *WHY)
    assert status == 0, output
    assert b'"ana"' not in (folder / ".metricgate" / "ledger.db").read_bytes()
    assert open_project(folder).verify(None).findings == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "One thing is erased at a time"),
        (("--user", "ana", "--value", "ana"), "One thing is erased at a time"),
        (("--user", "ana"), "with its reason and its legal basis"),
        (("--user", "ana", "--reason", "for ana", "--basis", "Art. 17"), "repeats what is to be erased"),
    ],
)
def test_what_is_asked_wrong(shop, words, said):
    status, output = run(shop[0], *words)
    assert status == 2
    assert said in " ".join(output.split())


def test_what_cannot_be(shop):
    folder, _entries = shop
    assert run(folder, "--value", "an", *WHY)[0] == 3
    assert "no entry 99999" in run(folder, "--record", "99999", *WHY)[1]

    async def beside() -> tuple[int, str]:
        async with opened(folder):
            return await asyncio.to_thread(run, folder, "--value", "zebra-4711", *WHY)

    status, output = asyncio.run(beside())
    assert (status, "stop the gateway first" in " ".join(output.split())) == (3, True)
