"""The script that every client goes through. Each scenario says what a model has to see to get on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from conformance.clients.scene import Scene
from conformance.clients.talking import Talk

_QUESTION: Final[Mapping[str, object]] = {"metrics": ["sales.revenue"]}
_NUMBER: Final = "150.00"
_ACTION: Final = re.compile(r"act_[0-9A-Z]{26}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a model saw, and whether that is enough."""

    enough: bool
    shown: str
    word: str = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a scenario plays: a client, how to start another one of its kind, and the gateway."""

    talk: Talk
    again: Callable[[str], Talk]
    scene: Scene
    name: str

    def ask(self, arguments: Mapping[str, object]) -> str:
        """Ask for numbers."""
        return self.talk.call("query_metrics", arguments)


def _with(shown: str, *words: str) -> Seen:
    return Seen(enough=all(word in shown for word in words), shown=shown)


def _tools(stage: Stage) -> Seen:
    return _with(stage.talk.tools(), "query_metrics", "search_catalog", "propose_write", "get_action")


def _right(stage: Stage) -> Seen:
    return _with(stage.ask(_QUESTION), _NUMBER)


def _ambiguous(stage: Stage) -> Seen:
    return _with(stage.ask({"metrics": ["revenue"]}), "E_AMBIGUOUS_METRIC", "finance.revenue", "sales.revenue")


def _not_granted(stage: Stage) -> Seen:
    return _with(stage.ask({"metrics": ["hr.salaries"]}), "E_NOT_GRANTED", "hr.salaries", "search_catalog")


def _named(shown: str, argument: str, code: str) -> Seen:
    """Whether a wrong argument is named, by the gateway or by the client's own check of what it sends."""
    named = argument in shown and _NUMBER not in shown
    return Seen(enough=named, shown=shown, word="ok" if code in shown else "local")


def _wrong_type(stage: Stage) -> Seen:
    return _named(stage.ask({**_QUESTION, "limit": "ten"}), "limit", "E_INVALID_ARGUMENT")


def _null(stage: Stage) -> Seen:
    shown = stage.ask({**_QUESTION, "limit": None})
    return _with(shown, _NUMBER) if _NUMBER in shown else _named(shown, "limit", "E_")


def _unknown(stage: Stage) -> Seen:
    shown = stage.ask({**_QUESTION, "dimensions": ["metric_time__year"]})
    return _named(shown, "dimensions", "E_UNKNOWN_ARGUMENT")


def _held(stage: Stage) -> Seen:
    arguments = {
        "sql": "DELETE FROM orders WHERE id = 3",
        "dry_run": False,
        "idempotency_key": f"delete-{stage.name[:40].replace(' ', '-')}",
    }
    shown = stage.talk.call("propose_write", arguments)
    action = _ACTION.search(shown)
    if action is None or "held" not in shown or "get_action" not in shown:
        return Seen(enough=False, shown=shown)
    return _with(stage.talk.call("get_action", {"action_id": action[0]}), action[0], "held")


def _cancelled(stage: Stage) -> Seen:
    before = stage.scene.cancelled()
    stage.talk.cancel("query_metrics", {"metrics": ["sales.endless"]}, after=1.5)
    shown = stage.ask(_QUESTION)
    if _NUMBER not in shown:
        return Seen(enough=False, shown=shown)
    end = time.monotonic() + 5
    while stage.scene.cancelled() == before:
        if time.monotonic() > end:
            return Seen(enough=False, shown="the gateway was not told, and goes on with the query")
    return Seen(enough=True, shown=shown)


def _restart(stage: Stage) -> Seen:
    stage.scene.restart()
    shown = stage.ask(_QUESTION)
    if _NUMBER not in shown and "initialize" in shown:
        return Seen(enough=True, shown=shown, word="told")
    return _with(shown, _NUMBER)


def _expired(stage: Stage) -> Seen:
    key = stage.scene.key(1.0)
    time.sleep(1.5)
    with stage.again(key) as talk:
        shown = talk.opening if not talk.connected else talk.call("query_metrics", _QUESTION)
    return _with(shown, "E_KEY_EXPIRED")


SCENARIOS: Final[Mapping[str, Callable[[Stage], Seen]]] = {
    "tools": _tools,
    "answer": _right,
    "ambiguous": _ambiguous,
    "denied": _not_granted,
    "wrong type": _wrong_type,
    "null": _null,
    "unknown": _unknown,
    "held": _held,
    "cancelled": _cancelled,
    "expired": _expired,
    "restart": _restart,
}
"""By the heading of its column, in the order in which they are played."""
