"""A running gateway over a world, asked again and again; and the clock that says what must come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from tests.gateway.conftest import ask, opened
from tests.zones.worlds import ENGINES, World, moments_of, world, write_project

from metricgate.bootstrap.running_gateway import RunningGateway
from metricgate.gateway.outcome import Answered, Outcome
from metricgate.vocabulary.json import Json

DAYS = ("date", "day", "day_cast")


class Asking:
    """Asks the running gateway, and says what must come."""

    def __init__(self, found: World, stored: str, parts: RunningGateway, runner: asyncio.Runner) -> None:
        self.world, self.stored, self._parts, self._runner = found, stored, parts, runner
        self.moments = moments_of(stored)

    def outcome(self, tool: str, **question: Json) -> Outcome:
        """Return what becomes of a call."""
        return self._runner.run(ask(self._parts, "reader", tool, question))

    def rows(self, **question: Json) -> list[tuple[Json, ...]]:
        """Return the rows that answer a question."""
        outcome = self.outcome("query_metrics", **question)
        assert isinstance(outcome, Answered), outcome
        return [tuple(row) for row in outcome.answer["rows"]]

    def clock(self, name: str, moment: datetime, zone: str | None) -> datetime:
        """The local time that a value of that moment is meant in; of a day, its midnight everywhere."""
        stored = moment.astimezone(ZoneInfo(self.stored)).replace(tzinfo=None)
        if name in DAYS:
            return datetime.combine(stored.date(), time())
        return moment.astimezone(ZoneInfo(zone or self.stored)).replace(tzinfo=None)


def asked_of(
    models: str, more: Callable[[str, str], Sequence[str]] = lambda _engine, _stored: ()
) -> Callable[..., Iterator[Asking]]:
    """Return a fixture of the module: each engine, without a stored zone and with one; ``{zone}`` stands for its key.

    ``more``: statements for an engine and a zone that are run first; ``{schema}`` in them names the tables' schema.
    """
    params = [(engine, stored) for engine in ENGINES for stored in (None, "Europe/Berlin")]

    @pytest.fixture(scope="module", params=params, ids=lambda each: f"{each[0]}, stored in {each[1]}")
    def asking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
        engine, stored = request.param
        folder = tmp_path_factory.mktemp("zones")
        zone = "" if stored is None else f"    time_zone: {stored}\n"
        with world(engine, folder, stored=stored or "UTC") as found, asyncio.Runner() as runner:
            found.execute(*(text.replace("{schema}", found.schema) for text in more(engine, stored or "UTC")))
            text = (
                models.replace("{zone}", zone)
                .replace("{{", "{")
                .replace("}}", "}")
                .replace("<<", "{{")
                .replace(">>", "}}")
            )
            project = opened(write_project(folder, found, text))
            parts = runner.run(project.__aenter__())
            try:
                yield Asking(found, stored or "UTC", parts, runner)
            finally:
                runner.run(project.__aexit__(None, None, None))

    return asking
