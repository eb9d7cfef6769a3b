"""The load itself: callers at the HTTP door, visitors at the others, what goes wrong, and who looks."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack

import httpx2
from tests.faults.served import Served

from bench.soak.asking import CALLERS, next_call
from bench.soak.doors import CLIENTS, McpClient, Person, client_of, code
from bench.soak.figures import Figures, OpenIntents, noted
from bench.soak.place import Place

_EVERY_SECONDS = 5.0
_AWAY_SECONDS = 0.1


class Load:
    """A run of so many seconds.

    Attributes:
        outcomes: what was asked and done and how it ended, counted.
        figures: a look every few seconds.
    """

    def __init__(self, gate: Served, place: Place, *, seconds: float, seed: int) -> None:
        self._gate = gate
        self._place = place
        self._seconds = seconds
        self._seed = seed
        self._begin = 0.0
        self._latencies: list[float] = []
        self.outcomes: Counter[str] = Counter()
        self.figures: Figures = []

    async def run(self) -> None:
        """Run to the end."""
        self._begin = time.monotonic()
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(client_of(self._gate, agent="omni", connections=CALLERS + 4))
            agents = [await stack.enter_async_context(client_of(self._gate, agent="omni")) for _ in range(CLIENTS)]
            person = Person(await stack.enter_async_context(client_of(self._gate, agent=None)), self._gate.folder)
            visitors = [*(McpClient(each, CALLERS + number) for number, each in enumerate(agents)), person]
            await asyncio.gather(
                *(self._call(client, number) for number in range(CALLERS)),
                *(self._visit(each, number) for number, each in enumerate(visitors)),
                self._disturb(),
                self._watch(client),
            )

    @property
    def _left(self) -> float:
        return max(0.0, self._begin + self._seconds - time.monotonic())

    async def _call(self, client: httpx2.AsyncClient, number: int) -> None:
        drawn = random.Random(f"{self._seed} {number}")  # noqa: S311 - questions, no secrets
        while self._left:
            tool, arguments = next_call(drawn, number)
            begin = time.monotonic()
            try:
                answer = await client.post(f"/v1/tools/{tool}", json=arguments)
                self.outcomes[f"{tool}: {answer.status_code} {code(answer)}".rstrip()] += 1
            except httpx2.TransportError as error:
                self.outcomes[f"{tool}: {type(error).__name__}"] += 1
                await asyncio.sleep(_AWAY_SECONDS)
            self._latencies.append((time.monotonic() - begin) * 1e3)

    async def _visit(self, visitor: McpClient | Person, number: int) -> None:
        drawn = random.Random(f"{self._seed} visitor {number}")  # noqa: S311 - questions, no secrets
        while self._left:
            try:
                self.outcomes[await visitor.step(drawn)] += 1
            except httpx2.TransportError as error:
                self.outcomes[f"{type(visitor).__name__}: {type(error).__name__}"] += 1
            await asyncio.sleep(_AWAY_SECONDS)

    async def _disturb(self) -> None:
        for number in range(sys.maxsize):
            await asyncio.sleep(min(self._place.every_seconds, self._left))
            if not self._left:
                return
            self.outcomes[await asyncio.to_thread(self._place.disturb, number, self._gate.process.pid)] += 1

    async def _watch(self, client: httpx2.AsyncClient) -> None:
        intents = OpenIntents(self._gate.ledger)
        while self._left:
            await asyncio.sleep(_EVERY_SECONDS)
            counters = (await client.get("/metrics")).text
            latencies, self._latencies = self._latencies, []
            found = await asyncio.to_thread(noted, self._gate, intents, counters, latencies)
            self.figures.append({"second": round(time.monotonic() - self._begin), **found})
