"""The contract of ``state.observations.Observations``, on every registered state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contracts.test_state import PLACES, again, opened

from metricgate.state.observations import Observation, Observations, ObservationsNotKept
from metricgate.state.state import ProjectState


@pytest.fixture(params=PLACES)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> ProjectState:
    return opened(request.param, tmp_path)


@pytest.fixture
def kept(state: ProjectState) -> Iterator[Observations]:
    store = state.observations()
    yield store
    store.close()


def seen(subject: str, at: float, *, kind: str = "key", warehouse: str = "main") -> Observation:
    state = {"as_of": f"{at}", "file": "\u00e9"}
    return Observation(
        kind=kind, warehouse=warehouse, subject=subject, at=at, data_state=state, value={"n": [at, None, True]}
    )


def test_the_newest_of_each_series_is_there_for_every_process(state: ProjectState, kept: Observations) -> None:
    first, second, other = seen("a", 1.0), seen("a", 2.0), seen("a", 1.5, warehouse="other")
    kept.keep([second, first, seen("b", 1.0, kind="rows"), other])
    beside = again(state).observations()
    assert list(beside.latest("key")) == [second, other]
    assert list(beside.latest("null_rate")) == []
    # Of one moment the later one counts.
    later = seen("a", 2.0)
    kept.keep([later])
    assert len(beside.series("key", "main", "a")) == 3
    beside.close()
    assert "observations" in state.existing_stores()


def test_a_series_is_read_from_its_end(kept: Observations) -> None:
    kept.keep([seen("a", float(at)) for at in range(10)])
    assert [each.at for each in kept.series("key", "main", "a", since=3.0, limit=4)] == [9.0, 8.0, 7.0, 6.0]
    assert [each.at for each in kept.series("key", "main", "a", since=8.0)] == [9.0, 8.0]
    assert list(kept.series("key", "main", "b")) == []


def test_the_newest_is_never_forgotten(kept: Observations) -> None:
    kept.keep([seen("old", 1.0), seen("old", 2.0), seen("new", 1.0), seen("new", 9.0)])
    assert kept.forget(5.0) == 2
    assert [(each.subject, each.at) for each in kept.latest("key")] == [("new", 9.0), ("old", 2.0)]
    assert kept.forget(5.0) == 0


def test_what_cannot_be_read_is_said(state: ProjectState) -> None:
    (state.folder / "observations.db").write_bytes(b"no database, but long enough to be looked at as one" * 20)
    with pytest.raises(ObservationsNotKept, match=r"observations\.db"):
        state.observations()
