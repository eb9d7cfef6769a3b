"""Catalog and policy from a project's folders: loaded together, replaced together, never half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import structlog
from watchfiles import awatch

from metricgate.actions import load as load_actions
from metricgate.actions.loading import Actions
from metricgate.adapters.roles.casbin_roles import CasbinRoleBook
from metricgate.bootstrap import codes
from metricgate.bootstrap.metric_types import metric_types
from metricgate.bootstrap.settings import Settings
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.loading import load as load_catalog
from metricgate.catalog.placing import placed, within
from metricgate.compiling.expressible import inexpressible
from metricgate.gateway.actions import check_actions
from metricgate.gateway.governance import Governance, govern
from metricgate.policy.checking import check_against
from metricgate.policy.judge import Judge
from metricgate.policy.loading import load as load_policy
from metricgate.policy.policy import Policy
from metricgate.vocabulary.collector import collector_paused
from metricgate.vocabulary.problem import Place, Problem, Problems

Documents = Sequence[tuple[str, str]]
State = tuple[tuple[str, int, int, int], ...]
"""Path, inode, size and time of change of every definition file: differs whenever a file may have changed."""

_LOOK_MILLISECONDS = 500
_AGAIN_SECONDS = 1.0


def read_documents(folder: Path, name: str) -> Documents | Problems:
    """Return (name, text) of every YAML file under ``folder/name``, by path; names are relative to ``folder``.

    A file that cannot be read or is not UTF-8 is a problem.
    """
    found: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for path in _files(folder / name):
        place = (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()
        try:
            found.append((place, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError as error:
            message = f"The file is not UTF-8: {error.reason} at byte {error.start}."
            problems.append(_unreadable(place, message))
        except OSError as error:
            problems.append(_unreadable(place, f"The file cannot be read: {error.strerror}."))
    return Problems(tuple(problems)) if problems else found


def state_of_files(folder: Path, settings: Settings) -> State:
    """Return what tells whether definition files have changed since."""
    found: list[tuple[str, int, int, int]] = []
    for path in (path for name in _folders(settings) for path in _files(folder / name)):
        try:
            facts = path.stat()
        except OSError:  # it is just being replaced
            found.append((str(path), 0, 0, 0))
        else:
            found.append((str(path), facts.st_ino, facts.st_size, facts.st_mtime_ns))
    return tuple(found)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml"} and path.is_file())


def _folders(settings: Settings) -> tuple[str, str, str]:
    paths = settings.document.paths
    return paths.semantic_models, paths.policies, paths.actions


def _unreadable(place: str, message: str) -> Problem:
    return Problem(code=codes.UNREADABLE, message=message, where=Place(file=place), hint=codes.UNREADABLE.cure)


@collector_paused()
def load_definitions(folder: Path, settings: Settings) -> tuple[Catalog, Policy, Actions] | Problems:
    """Load catalog, policy and governed actions; all problems come at once. Each model names its warehouse.

    Expressions that the engine of their warehouse cannot give are problems too.
    """
    models, policies, written = (read_documents(folder, name) for name in _folders(settings))
    catalog = models if isinstance(models, Problems) else load_catalog(models, metric_types())
    if not isinstance(catalog, Problems):
        catalog = placed(catalog, list(settings.warehouses))
    policy = policies if isinstance(policies, Problems) else load_policy(policies)
    actions = written if isinstance(written, Problems) else load_actions(written)
    found = [problem for part in (catalog, policy, actions) if isinstance(part, Problems) for problem in part]
    if isinstance(catalog, Problems) or isinstance(policy, Problems) or isinstance(actions, Problems):
        return Problems(tuple(found))
    mismatches = (
        *check_against(policy, catalog),
        *check_actions(actions, catalog, settings.dialects),
        *(_unsaid(catalog, settings) if settings.all_said else ()),
    )
    return Problems(mismatches) if mismatches else (catalog, policy, actions)


def _unsaid(catalog: Catalog, settings: Settings) -> Iterator[Problem]:
    for name, dialect in settings.dialects.items():
        yield from inexpressible(within(catalog, name), dialect)


@collector_paused()
def load_policies(folder: Path, settings: Settings) -> Policy | Problems:
    """Load the policies alone."""
    documents = read_documents(folder, settings.document.paths.policies)
    return documents if isinstance(documents, Problems) else load_policy(documents)


@collector_paused()
def load_governance(folder: Path, settings: Settings, mask_key: str) -> Governance | Problems:
    """Load catalog and policy and make them ready to answer; ``mask_key`` is the key of hashed masks."""
    loaded = load_definitions(folder, settings)
    if isinstance(loaded, Problems):
        return loaded
    catalog, policy, actions = loaded
    judge = Judge(policy, CasbinRoleBook(policy.roles, policy.grants))
    return govern(catalog=catalog, judge=judge, dialects=settings.dialects, mask_key=mask_key, actions=actions)


class GovernanceHolder:
    """The state in force; ``reload`` swaps it whole or leaves it.

    Calls read ``current`` once, so a call sees one state from start to end.
    """

    def __init__(self, *, folder: Path, settings: Settings, first: Governance, seen: State) -> None:
        """Take the state in force and how the files stood before it was loaded from them."""
        self._folder = folder
        self._settings = settings
        self._current = first
        self._seen = seen

    @property
    def current(self) -> Governance:
        """The last state that loaded without problems."""
        return self._current

    def reload(self) -> Governance | Problems | None:
        """Load again. Returns the state now in force, the problems that kept the old one, or None without a change."""
        loaded = load_governance(self._folder, self._settings, self._current.mask_key)
        if isinstance(loaded, Problems):
            return loaded
        same = loaded.catalog.version == self._current.catalog.version
        same = same and loaded.actions == self._current.actions
        if same and loaded.judge.policy.digest == self._current.judge.policy.digest:
            return None
        self._current = loaded
        return loaded

    async def watch(self, told: Callable[[Governance | Problems], Awaitable[None]]) -> None:
        """Reload whenever a file changes, until cancelled; ``told`` hears of every new state and every refusal."""
        async for _ in self._moments():
            now = await asyncio.to_thread(state_of_files, self._folder, self._settings)
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
            folders = [each for name in _folders(self._settings) if (each := self._folder / name).is_dir()]
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
    return Problems((Problem(code=codes.UNREADABLE, message=message, hint=codes.UNREADABLE.cure),))
