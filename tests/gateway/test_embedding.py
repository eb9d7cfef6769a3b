"""`metricgate.Gateway.open(path)`: the same flow inside a Python program."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

import metricgate
from metricgate.bootstrap.project import open_project
from metricgate.operations.start_refusal import StartRefused


def test_an_embedded_gateway_answers_and_refuses_like_every_door(project: Path) -> None:
    """Keys of the project, answers as envelopes, refusals as exceptions with the problem document."""
    opened = open_project(project)
    key = opened.create_key("seller", users=["sam"], expires_in=timedelta(days=1)).secret

    async def story() -> None:
        async with metricgate.Gateway.open(project) as gateway:
            answered = await gateway.query(["revenue"], key=key, user="sam")
            assert answered["answer"]["rows"] == [["30.00"]]
            with pytest.raises(metricgate.Refused) as refused:
                await gateway.query(["finance.revenue"], key=key, user="sam")
            assert refused.value.code == "E_NOT_GRANTED"
            with pytest.raises(metricgate.Refused) as unnamed:
                await gateway.query(["revenue"], key=key)
            assert unnamed.value.code == "E_MUST_NAME_USER"
            with pytest.raises(metricgate.Refused) as unknown:
                await gateway.query(["revenue"], key="mg_0000000000000000_" + "x" * 43)
            assert unknown.value.code == "E_UNAUTHENTICATED"

    asyncio.run(story())


def test_what_does_not_start_says_why(project: Path) -> None:
    """A broken model is named with its place; a project that is not there is a missing file."""
    (project / "semantic_models" / "models.yaml").write_text("metrics: [{name: 5}]")

    async def start() -> None:
        async with metricgate.Gateway.open(project):
            pass

    with pytest.raises(StartRefused) as refused:
        asyncio.run(start())
    assert refused.value.problems is not None
    assert "models.yaml:1" in str(refused.value.problems)
    with pytest.raises(FileNotFoundError):
        metricgate.Gateway.open(project / "nowhere")


def test_public_names_are_there(project: Path) -> None:
    """Every name in `__all__` can be imported; others are not there."""
    for name in metricgate.__all__:
        assert getattr(metricgate, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = metricgate.nothing
