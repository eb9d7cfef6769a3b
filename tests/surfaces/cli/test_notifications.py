"""``notifications list|retry`` on a real outbox."""

import json
import sqlite3

import pytest

from metricgate.adapters.system.clock import SystemClock
from metricgate.bootstrap.notifications import outbox_of
from metricgate.bootstrap.states import state_of
from metricgate.settings.settings import load_settings
from metricgate.state.outbox import DELIVERED, PARKED
from metricgate.vocabulary.notice import Notice, NoticeKind

SINK = "  - {{name: {name}, url: 'https://hooks.example/x', secret: S, on: [agent_paused]}}\n"


@pytest.fixture(scope="module")
def told(run):
    """Notices n_1 (parked, delivered), n_2 (waiting twice), n_3 (parked for a sink that the settings lost)."""
    settings = run.folder / "metricgate.yaml"
    before = settings.read_text()
    sinks = "".join(SINK.format(name=name) for name in ("ops", "other"))
    settings.write_text(f"{before}\nnotifications:\n{sinks}")
    settings = load_settings(run.folder)
    outbox = outbox_of(state_of(run.folder, settings), settings, SystemClock())
    for number in (1, 2):
        at = f"2026-01-0{number}T00:00:00Z"
        outbox.tell(Notice(kind=NoticeKind.AGENT_PAUSED, id=f"n_{number}", at=at, title="Paused \x1b[31m", text="So."))
    ends = {("n_1", "ops"): (PARKED, "status 500"), ("n_1", "other"): (DELIVERED, "")}
    for each in outbox.list_undelivered():
        if (end := ends.get((each.notice.id, each.sink))) is not None:
            outbox.settle(each, state=end[0], first=1.0, due=2.0, failure=end[1])
    outbox.close()
    with sqlite3.connect(run.folder / ".metricgate" / "outbox.db") as connection:
        connection.execute(
            "INSERT INTO notices SELECT 'n_3', kind, replace(body, 'n_1', 'n_3') FROM notices WHERE id='n_1'"
        )
        connection.execute("INSERT INTO deliveries VALUES ('n_3', 'lost', 'parked', 9, 1.0, 2.0, 'timeout')")
    return run


def listed(told, *arguments):
    ended = told("notifications", "list", "--json", *arguments)
    assert ended.exit_code == 0, ended.output
    return [(each["id"], each["sink"], each["state"]) for each in json.loads(ended.stdout)["notifications"]]


def test_lists_what_is_not_delivered_and_filters(told):
    parked = [("n_1", "ops", "parked")]
    waiting = [("n_2", "other", "waiting"), ("n_2", "ops", "waiting")]
    assert [each for each in listed(told) if each[1] != "lost"] == [*waiting, *parked]
    assert listed(told, "--state", "delivered") == [("n_1", "other", "delivered")]
    assert listed(told, "--state", "parked", "--sink", "ops") == parked
    assert listed(told, "--since", "2026-01-02", "--sink", "ops") == [("n_2", "ops", "waiting")]
    assert listed(told, "--sink", "ops", "--limit", "1") == [("n_2", "ops", "waiting")]
    table = told("notifications", "list", "--sink", "ops", "--limit", "1")
    assert "n_2" in table.stdout
    assert "\x1b[31m" not in table.stdout
    assert "more than 1" in table.stderr


def test_retry_takes_one_or_all_and_leaves_what_nobody_would_try(told):
    ended = told("notifications", "retry", "n_1", "--json")
    assert json.loads(ended.stdout) == {"retried": 1}
    assert ("n_1", "ops", "waiting") in listed(told)
    assert json.loads(told("notifications", "retry", "--all", "--sink", "ops", "--json").stdout) == {"retried": 2}
    assert ("n_3", "lost", "parked") in listed(told)
    assert told("notifications", "retry", "--all").stdout == "3 deliveries will be tried again\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["list", "--state", "parkd"], 2, "parked"),
        (["list", "--since", "yesterday"], 2, "--since"),
        (["list", "--sink", "opps"], 1, "ops"),
        (["retry"], 2, "--all"),
        (["retry", "n_1", "--all"], 2, "--all"),
        (["retry", "n_9"], 3, "n_2"),
        (["retry", "n_3"], 3, "E_NO_SUCH_NOTIFICATION"),
    ],
)
def test_mistakes_are_told_with_what_is_meant(told, arguments, code, said):
    ended = told("notifications", *arguments)
    assert (ended.exit_code, said in ended.stderr) == (code, True), ended.stderr
