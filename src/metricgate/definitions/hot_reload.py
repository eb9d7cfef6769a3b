"""Definitions in force: made ready to answer together, replaced together, never half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from watchfiles import awatch

from metricgate.definitions.codes import UNREADABLE
from metricgate.definitions.files import State, state_of_files
from metricgate.definitions.kinds import Definitions
from metricgate.definitions.loader import DefinitionLoader
from metricgate.definitions.source import DefinitionSource
from metricgate.gateway.governance import Governance, govern
from metricgate.policy.judge import Judge
from metricgate.policy.policy import Policy
from metricgate.vocabulary.collector import collector_paused
from metricgate.vocabulary.problem import Problem, Problems

_LOOK_MILLISECONDS = 500
_AGAIN_SECONDS = 1.0

JudgeOf = Callable[[Policy], Judge]
"""Makes the judge of a policy, with the roles as it keeps them."""


def load_governance(source: DefinitionSource, judge_of: JudgeOf, mask_key: str) -> Governance | Problems:
    """Load the definitions and make them ready to answer; ``mask_key`` is the key of hashed masks."""
    loaded = DefinitionLoader(source).load()
    return loaded if isinstance(loaded, Problems) else _govern(loaded, source, judge_of, mask_key)


@collector_paused()
def _govern(loaded: Definitions, source: DefinitionSource, judge_of: JudgeOf, mask_key: str) -> Governance:
    return govern(
        catalog=loaded.catalog,
        judge=judge_of(loaded.policy),
        dialects=source.dialects,
        mask_key=mask_key,
        actions=loaded.actions,
    )


class HotReloader:
    """The state in force; ``reload`` swaps it whole or leaves it.

    Calls read ``current`` once, so a call sees one state from start to end.
    """

    def __init__(
        self, loader: DefinitionLoader, *, first: Definitions, judge_of: JudgeOf, mask_key: str, seen: State
    ) -> None:
        """Take what is in force, what loaded it, and how the files stood before."""
        self._loader = loader
        self._judge_of = judge_of
        self._mask_key = mask_key
        self._definitions = first
        self._current = self._governed(first)
        self._seen = seen

    @classmethod
    def open(cls, source: DefinitionSource, judge_of: JudgeOf, mask_key: str) -> HotReloader | Problems:
        """Load the definitions and put them in force; ``mask_key`` is the key of hashed masks."""
        loader = DefinitionLoader(source)
        # Looked at before they are read: what changes meanwhile is read again.
        seen = state_of_files(source.folder, loader.folders)
        first = loader.load()
        if isinstance(first, Problems):
            return first
        return cls(loader, first=first, judge_of=judge_of, mask_key=mask_key, seen=seen)

    @property
    def current(self) -> Governance:
        """The last state that loaded without problems."""
        return self._current

    @property
    def definitions(self) -> Definitions:
        """What ``current`` was made of."""
        return self._definitions

    def reload(self) -> Governance | Problems | None:
        """Load what changed. Returns the state now in force, the problems that kept the old one, or None.

        None: no kind's digest has changed, and the state in force stays as it is.
        """
        loaded = self._loader.load()
        if isinstance(loaded, Problems):
            return loaded
        if loaded.digests == self._definitions.digests:
            return None
        self._definitions = loaded
        self._current = self._governed(loaded)
        return self._current

    def _governed(self, loaded: Definitions) -> Governance:
        return _govern(loaded, self._loader.source, self._judge_of, self._mask_key)

    async def watch(self, told: Callable[[Governance | Problems], Awaitable[None]]) -> None:
        """Reload whenever a file changes, until cancelled; ``told`` hears of every new state and every refusal."""
        async for _ in self._moments():
            now = await asyncio.to_thread(state_of_files, self._loader.source.folder, self._loader.folders)
            if now == self._seen:
                continue
            self._seen = now
            try:
                result = await asyncio.to_thread(self.reload)
            except Exception:  # noqa: BLE001 - a file that the loader cannot bear must not end the watch
                structlog.get_logger("metricgate.definitions").exception("reload_fault")
                result = _fault()
            if result is not None:
                await told(result)

    async def _moments(self) -> AsyncIterator[None]:
        """Yield when a file may have changed: at once where the system tells, else within half a second."""
        while True:
            # A project need not have actions; a folder that comes later is found by looking again.
            folders = [each for name in self._loader.folders if (each := self._loader.source.folder / name).is_dir()]
            try:
                async for _changes in awatch(
                    *folders, debounce=200, step=50, rust_timeout=_LOOK_MILLISECONDS, yield_on_timeout=True
                ):
                    yield
            except OSError:  # a folder is missing now
                yield
            await asyncio.sleep(_AGAIN_SECONDS)


def _fault() -> Problems:
    message = "The files could not be loaded; the log has the reason."
    return Problems((Problem(code=UNREADABLE, message=message, hint=UNREADABLE.cure),))
