"""Fifty callers at once: every answer right, every call recorded, in an order that verifies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import httpx2
from tests.faults.served import PATIENCE, Served

QUESTIONS = [
    ("omni", "query_metrics", {"metrics": ["sales.orders"]}, 200, [[4]]),
    ("omni", "query_metrics", {"metrics": ["sales.revenue"]}, 200, [["150.00"]]),
    ("omni", "query_metrics", {"metrics": ["finance.revenue"]}, 200, [["130.00"]]),
    ("seller", "query_metrics", {"metrics": ["revenue"]}, 200, [["150.00"]]),
    (
        "omni",
        "query_metrics",
        {"metrics": ["sales.revenue"], "group_by": ["order__region"]},
        200,
        [["EU", "30.00"], ["US", "120.00"]],
    ),
    ("small", "query_metrics", {"metrics": ["finance.revenue"]}, 404, None),
    ("omni", "query_metrics", {"metrics": ["revenue"]}, 409, None),
    ("omni", "query_metrics", {"metrics": ["sales.orders"], "colour": "red"}, 422, None),
    ("omni", "list_dimension_values", {"dimension": "order__status"}, 200, [["open"], ["paid"]]),
    ("omni", "explain_query", {"metrics": ["sales.orders"]}, 200, None),
    ("nobody", "query_metrics", {"metrics": ["sales.orders"]}, 401, None),
]
CALLERS = 50
EACH = 6


def test_fifty_callers_with_mixed_questions(gate: Served) -> None:
    """Rows belong to the question that was asked; one outcome for each call, one intent for each query that ran."""
    keys = {agent: gate.keys.get(agent, f"mg_{agent}") for agent in ("omni", "seller", "small", "nobody")}

    def caller(number: int) -> list[tuple[int, int, object]]:
        out = []
        with httpx2.Client(timeout=PATIENCE) as client:
            for turn in range(EACH):
                at = (number * 7 + turn) % len(QUESTIONS)
                agent, tool, arguments, _status, _rows = QUESTIONS[at]
                headers = {"Authorization": f"Bearer {keys[agent]}"}
                reply = client.post(f"{gate.url}/v1/tools/{tool}", json=arguments, headers=headers)
                body = reply.json()
                out.append((at, reply.status_code, body.get("answer", {}).get("rows"), body.get("record")))
        return out

    with ThreadPoolExecutor(CALLERS) as pool:
        replies = [each for part in pool.map(caller, range(CALLERS)) for each in part]
    assert len(replies) == CALLERS * EACH
    for at, status, rows, _record in replies:
        assert status == QUESTIONS[at][3], QUESTIONS[at]
        assert rows == QUESTIONS[at][4], QUESTIONS[at]
    indexes = [record["index"] for _at, _status, _rows, record in replies if record is not None]
    let_in = [at for at, *_rest in replies if QUESTIONS[at][0] != "nobody"]
    assert len(indexes) == len(set(indexes)) == len(let_in)
    entries = gate.entries()
    assert [each.index for each in entries] == list(range(len(entries)))
    outcomes = {each.index: each for each in entries if each.event in {"gov.call.completed", "gov.call.refused"}}
    assert set(outcomes) == set(indexes)
    ran = [at for at in let_in if QUESTIONS[at][4] is not None]
    intents = {each.index for each in entries if each.event == "gov.call.released"}
    linked = [link for each in outcomes.values() for link in each.fields.get("gov.links", [])]
    assert {link["index"] for link in linked} == intents
    assert len(intents) == len(linked) == len(ran)
    assert all(link["index"] < each.index for each in outcomes.values() for link in each.fields.get("gov.links", []))
    assert all(one.time_unix_nano <= other.time_unix_nano + 5e9 for one, other in pairwise(entries))
    assert gate.stop() == 0
    gate.verified()
