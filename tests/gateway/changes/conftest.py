"""What these tests keep of previews, risks and outcomes, earlier releases' too, is written as it was read."""

from __future__ import annotations

import orjson
import pytest

from metricgate.adapters.state.sqlite import action_rows
from metricgate.adapters.state.sqlite.action_documents import from_document, to_document
from metricgate.approvals.proposal import ProposedAction

_PARTS = ("preview", "risk", "outcome")


def _parts(document: bytes) -> list[bytes]:
    raw = orjson.loads(document)
    return [orjson.dumps(raw[name]) for name in _PARTS]


def _written(action: ProposedAction) -> bytes:
    document = to_document(action)
    assert to_document(from_document(document)) == document
    return document


def _read(document: bytes) -> ProposedAction:
    action = from_document(document)
    # Of decisions, earlier releases knew less.
    assert _parts(to_document(action)) == _parts(document)
    return action


@pytest.fixture(autouse=True)
def _kept_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_rows, "to_document", _written)
    monkeypatch.setattr(action_rows, "from_document", _read)
