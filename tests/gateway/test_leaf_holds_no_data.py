"""What agents write in their own words stands in bodies, which can be erased, and never in the signed leaf."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.changes.shop import Shop
from tests.gateway.changes.test_changes import played

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.bootstrap.states import state_of
from metricgate.gateway.tool import ToolCall
from metricgate.ledger.entry import MOST_LEAF
from metricgate.state.record import Recorded
from metricgate.vocabulary.principal import Identity, Principal, Proof

SECRET = "zebra-4711"
_WORDS = f"for {SECRET} of the zoo"


def recorded(shop: Shop) -> list[Recorded]:
    with LedgerReader(state_of(shop.folder, shop.settings).paths.ledger) as reader:
        return list(reader.entries(newest_first=False))


def test_no_text_of_an_agent_stands_in_a_leaf(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        sqls = [
            f"SELECT name FROM customers WHERE name = '{SECRET}'",
            f'SELECT 1 AS "{SECRET} x" FROM customers WHERE id < 0 -- {SECRET}',
            f"SELECT nothing FROM customers WHERE name = '{SECRET}'",
            f"SELECT broken '{SECRET}",
        ]
        for sql in sqls:
            await shop.call("query_sql", sql=sql)
        writes = [
            f"UPDATE customers SET name = '{SECRET}' WHERE id = 1",
            f"DELETE FROM customers WHERE name = '{SECRET}'",
            f"UPDATE customers SET email = '{SECRET}' WHERE id = 1",
            f"INSERT INTO customers (id, name) VALUES (1, '{SECRET}')",
        ]
        for number, sql in enumerate(writes):
            await shop.call("propose_write", sql=sql, because=_WORDS)
            await shop.call("propose_write", sql=sql, dry_run=False, idempotency_key=f"{SECRET}-{number}")
        agent = Identity(id="desk", proof=Proof.VERIFIED, method="api_key")
        for tool in (_WORDS, "query_sql"):
            await shop.parts.gateway.call(
                ToolCall(
                    tool=tool,
                    arguments={"sql": "SELECT 1", _WORDS: _WORDS},
                    principal=Principal(agent=agent, user=None, credential="k"),
                    door="mcp",
                    purpose=_WORDS,
                    client={"mcp.client.name": _WORDS, "gov.clarified": [{"path": _WORDS, "metric": _WORDS}]},
                )
            )
        entries = recorded(shop)
        told = [each for each in entries if SECRET.encode() in each.leaf]
        assert told == [], told[0].leaf
        # It is not lost either: it stands where it can be erased.
        assert sum(SECRET in str(dict(each.bodies)) for each in entries) > len(sqls) + len(writes)
        assert any(each.text("gov.purpose") == _WORDS for each in entries)
        intents = [each for each in entries if "db.query.text" in each.fields]
        assert any("WHERE" in str(each.fields["db.query.text"]) for each in intents)

    played(tmp_path, story)


def test_the_longest_statement_makes_no_long_leaf(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        names = ", ".join(f"id AS a{number}" for number in range(4_000))
        await shop.call("query_sql", sql=f"SELECT {names} FROM customers")
        values = ", ".join(f"'{number}'" for number in range(7_000))
        await shop.call("query_sql", sql=f"SELECT id FROM customers WHERE name IN ({values})")
        assert max(len(each.leaf) for each in recorded(shop)) <= MOST_LEAF

    played(tmp_path, story)


def test_a_receipt_is_for_the_agent_and_the_user_whose_call_it_was(tmp_path: Path) -> None:
    """Another user's, nobody's, another agent's and a number that there is not are answered alike."""

    async def story(shop: Shop) -> None:
        record = {}
        for user in (None, "dora", "dan"):
            answered = await shop.call("query_sql", user=user, sql="SELECT count(*) FROM orders")
            record[user] = answered.record.index
        for user in (None, "dora", "dan"):
            for other, index in [*record.items(), ("nobody", 10**9), ("gateway", 0)]:
                outcome = await shop.call("get_receipt", user=user, index=index)
                if other == user:
                    assert outcome.answer["index"] == index
                    continue
                [problem] = outcome.problems
                assert problem.code.name == "E_NO_SUCH_RECORD"
                assert problem.message.replace(str(index), "N") == "There is no record N that you may read."
                assert not problem.details

    played(tmp_path, story)
