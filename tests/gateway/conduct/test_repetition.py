"""Loops are seen, and what only looks like one is left alone."""

from __future__ import annotations

import pytest

from metricgate.gateway.conduct.repetition import History, Loop, LoopLimits

PATIENCE = LoopLimits(seconds=60, repeats=5, errors=3, rounds=3)


def told(calls: list[tuple[str, str]], *, every: float = 1.0, failed: bool = False) -> tuple[History, float]:
    history, now = History(PATIENCE), 100.0
    for call, result in calls:
        history.add(now, call, result, failed=failed)
        now += every
    return history, now


def test_the_same_with_the_same_answer() -> None:
    """One less than is borne is no loop; another call in between breaks nothing."""
    history, now = told([("a", "1")] * 4)
    assert history.loop(now, "a") is None
    history, now = told([("a", "1"), ("a", "1"), ("b", "2"), ("a", "1"), ("a", "1"), ("a", "1")])
    assert history.loop(now, "a") == Loop(kind="repeat", calls=1, times=5)
    assert history.loop(now, "b") is None


def test_waiting_for_something_new_is_no_loop() -> None:
    """Polling whose answer changed counts from the change."""
    history, now = told([("a", "1")] * 4 + [("a", "2")] * 4)
    assert history.loop(now, "a") is None


def test_the_same_refusal() -> None:
    """Refusals are borne less often; another reason begins anew."""
    history, now = told([("a", "refused E_X")] * 3, failed=True)
    assert history.loop(now, "a") == Loop(kind="error", calls=1, times=3)
    history, now = told([("a", "refused E_X")] * 2 + [("a", "refused E_Y")] * 2, failed=True)
    assert history.loop(now, "a") is None


@pytest.mark.parametrize("length", [2, 3, 4, 5, 6])
def test_circles(length: int) -> None:
    """Three rounds of the same calls: the next call of the circle is refused, a different one is not."""
    circle = [(f"call {at}", f"answer {at}") for at in range(length)]
    history, now = told(circle * 3)
    loop = history.loop(now, "call 0")
    assert loop == Loop(kind="circle", calls=length, times=3)
    assert history.loop(now, "something else") is None
    history, now = told(circle * 2)
    assert history.loop(now, "call 0") is None


def test_a_circle_with_a_new_answer_is_none() -> None:
    """One answer that differs shows that something moves."""
    history, now = told([("a", "1"), ("b", "1"), ("a", "1"), ("b", "2"), ("a", "1"), ("b", "1")])
    assert history.loop(now, "a") is None


def test_slow_calls_are_left_alone() -> None:
    """A dashboard that asks every twenty seconds never has five within a minute."""
    history, now = told([("a", "1")] * 50, every=20.0)
    assert history.loop(now, "a") is None
    history, now = told([("a", "1"), ("b", "2")] * 50, every=20.0)
    assert history.loop(now, "a") is None
