"""A gateway put together and running: everything opened in order, everything closed in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from metricgate.adapters.files.check_requests import answer_requests
from metricgate.adapters.observers.logs import quiet_libraries
from metricgate.adapters.observers.telemetry import TelemetryObserver, TelemetryOptions
from metricgate.adapters.roles.casbin_roles import casbin_judge
from metricgate.adapters.system.clock import SystemClock
from metricgate.adapters.warehouses.warehouse_set import open_warehouses
from metricgate.bootstrap.change_services import OpenedChanges
from metricgate.bootstrap.definition_source import definition_source
from metricgate.bootstrap.notifications import courier_of, outbox_of
from metricgate.bootstrap.states import new_instance, state_of
from metricgate.definitions.hot_reload import HotReloader
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.conduct.conduct import Conduct, ConductSettings
from metricgate.gateway.conduct.repetition import LoopLimits
from metricgate.gateway.data_checks.memory import KeyMemory
from metricgate.gateway.gateway import Gateway
from metricgate.gateway.notifications import Sink, SinkUnusable
from metricgate.gateway.people_service import PeopleService
from metricgate.gateway.ports import Warehouse, WarehouseError
from metricgate.ledger.events.log import StateNarrowed
from metricgate.operations.background import run_beside
from metricgate.operations.change_recorders import watch_switches
from metricgate.operations.definition_publisher import Publisher
from metricgate.operations.maintenance import keep_anchored, keep_tidy
from metricgate.operations.people_service import ProjectPeopleService
from metricgate.operations.recovery import settle_earlier_run
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import Settings
from metricgate.settings.sinks import sinks_of
from metricgate.state.definitions import DefinitionsNotKept
from metricgate.state.observations import ObservationsNotKept
from metricgate.state.outbox import Outbox
from metricgate.state.record import LedgerUnavailable, RecordStore, record_event
from metricgate.state.state import ProjectState, StateUnavailable
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.collector import collector_paused
from metricgate.vocabulary.notice import NoticeNotKept, Notifier
from metricgate.vocabulary.problem import Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningGateway:
    """The parts that doors and operators need."""

    gateway: Gateway
    governance: HotReloader
    ledger: RecordStore
    warehouses: Mapping[str, Warehouse]
    """By their names in the settings, the default one first."""
    telemetry: TelemetryObserver
    conduct: Conduct
    changes: ChangeServices
    office: PeopleService | None = None
    """What people speak to; without one there are no doors for people."""


@asynccontextmanager
async def run_gateway(
    folder: Path,
    settings: Settings,
    *,
    watch: bool,
    logs: bool = True,
    clock: Clock | None = None,
    accept_loss: int | None = None,
) -> AsyncIterator[RunningGateway]:
    """Open everything, yield it, close everything.

    Args:
        folder: the project's.
        settings: as loaded.
        watch: reload definitions when their files change.
        logs: write a log line for each call.
        clock: the gateway's; default: the machine's.
        accept_loss: size of the record's head that is lost, as ``ProjectState.take`` has it.

    Raises:
        StartRefused: with what is wrong.
    """
    quiet_libraries()
    async with AsyncExitStack() as stack:
        with collector_paused():  # most of what a start makes stays
            parts = await _open_all(folder, settings, stack, clock or SystemClock(), watch, logs, accept_loss)
        yield parts


@asynccontextmanager
async def open_gateway(folder: Path, settings: Settings) -> AsyncIterator[Gateway]:
    """Open a gateway for one job of this process: nothing is watched, no calls are logged.

    Raises:
        StartRefused: with what is wrong.
    """
    async with run_gateway(folder, settings, watch=False, logs=False) as parts:
        yield parts.gateway


async def _open_all(
    folder: Path,
    settings: Settings,
    stack: AsyncExitStack,
    now: Clock,
    watch: bool,  # noqa: FBT001 - as ``running`` has them
    logs: bool,  # noqa: FBT001
    accept_loss: int | None,
) -> RunningGateway:
    state = state_of(folder, settings)
    warehouses = await _open_warehouses(folder, settings, stack, now)
    opened = await asyncio.to_thread(_closed_to_others, state)
    holder = _governance(folder, settings, state)
    ledger = await _ledger(state, stack, accept_loss)
    telemetry = _telemetry(settings, ledger, stack, logs=logs)
    outbox, sinks = _outbox(folder, settings, state, stack, now, sends=watch)
    publisher = Publisher(holder, state, ledger, now)
    await _record_start(ledger, opened, publisher)
    if watch:
        run_beside(stack, publisher.watch())
        run_beside(stack, watch_switches(state.switches(), ledger, outbox))
        run_beside(stack, courier_of(settings, outbox, sinks, now).run())
    conduct = await asyncio.to_thread(conduct_of, state, settings, now)
    services = await _book(state, settings, stack, holder, warehouses, ledger, now, outbox)
    if watch:
        await settle_earlier_run(services)
        run_beside(stack, keep_tidy(services))
        run_beside(stack, keep_anchored(state, ledger))
    keys = await asyncio.to_thread(_open_key_memory, state, stack, now)
    parts = _make_gateway(holder, warehouses, ledger, telemetry, now, conduct, outbox, services, state, keys)
    if watch:
        run_beside(stack, answer_requests(state, parts.gateway))
    return parts


def _make_gateway(
    holder: HotReloader,
    warehouses: Mapping[str, Warehouse],
    ledger: RecordStore,
    telemetry: TelemetryObserver,
    clock: Clock,
    conduct: Conduct,
    notifier: Notifier,
    services: ChangeServices,
    state: ProjectState,
    keys: KeyMemory,
) -> RunningGateway:
    gateway = Gateway(
        governance=holder,
        warehouses=warehouses,
        ledger=ledger,
        observer=telemetry,
        clock=clock,
        conduct=conduct,
        notifier=notifier,
        changes=services,
        keys=keys,
    )
    return RunningGateway(
        gateway=gateway,
        governance=holder,
        ledger=ledger,
        warehouses=warehouses,
        telemetry=telemetry,
        conduct=conduct,
        changes=services,
        office=ProjectPeopleService(services, holder, conduct, state),
    )


def _closed_to_others(state: ProjectState) -> StateNarrowed | None:
    try:
        return state.close_to_others()
    except StateUnavailable as error:
        raise StartRefused(str(error)) from error


async def _ledger(state: ProjectState, stack: AsyncExitStack, accept_loss: int | None) -> RecordStore:
    try:
        ledger = await asyncio.to_thread(
            lambda: state.take(instance=new_instance(), accept_loss=accept_loss, over_stopped=True)
        )
    except StateUnavailable as error:
        raise StartRefused(str(error)) from error
    stack.callback(state.tell_anchors, ledger)
    stack.callback(ledger.close)
    return ledger


async def _book(
    state: ProjectState,
    settings: Settings,
    stack: AsyncExitStack,
    holder: HotReloader,
    warehouses: Mapping[str, Warehouse],
    ledger: RecordStore,
    clock: Clock,
    notifier: Notifier,
) -> ChangeServices:
    try:
        opened = await asyncio.to_thread(
            lambda: OpenedChanges(
                state,
                settings,
                governance=holder,
                warehouses=warehouses,
                ledger=ledger,
                board=state.switches(),
                clock=clock,
                notifier=notifier,
                url=settings.public_url(settings.document.listen.port),
            )
        )
    except StateUnavailable as error:
        raise StartRefused(f"the actions cannot be opened: {error}") from error
    stack.callback(opened.close)
    return opened.changes


def conduct_of(state: ProjectState, settings: Settings, clock: Clock) -> Conduct:
    """Return how agents behave, as it was before a restart.

    Raises:
        LedgerUnavailable: it is told from the record, and that cannot be read.
    """
    section = settings.document.conduct
    patience = None
    if section.repeats is not None:
        patience = LoopLimits(repeats=section.repeats, errors=section.errors, rounds=section.rounds)
    kept = state.conduct(clock, pause_seconds=float(section.pause_seconds))
    return Conduct(
        clock=clock,
        board=state.switches(),
        budgets=kept.budgets,
        pauses=kept.pauses,
        settings=ConductSettings(
            patience=patience, refusals=section.refusals, pause_seconds=float(section.pause_seconds)
        ),
    )


def _mask_key(state: ProjectState) -> str:
    try:
        return state.mask_key()
    except StateUnavailable as error:
        raise StartRefused(str(error)) from error
    except (OSError, ValueError) as error:
        raise StartRefused(f"the key of masks cannot be read: {error}") from error


async def _open_warehouses(
    folder: Path, settings: Settings, stack: AsyncExitStack, clock: Clock
) -> Mapping[str, Warehouse]:
    try:
        return await open_warehouses(settings.warehouse_sources(folder), stack, clock)
    except WarehouseError as error:
        raise StartRefused(f"the warehouse cannot be opened: {error.engine_text}") from error


def _governance(folder: Path, settings: Settings, state: ProjectState) -> HotReloader:
    """Return what holds the definitions in force, those of the start at first."""
    holder = HotReloader.open(definition_source(folder, settings), casbin_judge, _mask_key(state))
    if isinstance(holder, Problems):
        raise StartRefused("the project's definitions have problems", holder)
    return holder


def _outbox(
    folder: Path, settings: Settings, state: ProjectState, stack: AsyncExitStack, clock: Clock, *, sends: bool
) -> tuple[Outbox, Mapping[str, Sink]]:
    try:
        outbox = outbox_of(state, settings, clock)
        stack.callback(outbox.close)
        return outbox, sinks_of(settings, folder) if sends else {}
    except (NoticeNotKept, SinkUnusable) as error:
        raise StartRefused(f"notifications cannot be sent: {error}") from error


def _open_key_memory(state: ProjectState, stack: AsyncExitStack, clock: Clock) -> KeyMemory:
    """Return what is known of the data's keys, from before a restart too."""
    try:
        observations = state.observations()
        stack.callback(observations.close)
        return KeyMemory(clock, observations)
    except ObservationsNotKept as error:
        raise StartRefused(str(error)) from error


def _telemetry(settings: Settings, ledger: RecordStore, stack: AsyncExitStack, *, logs: bool) -> TelemetryObserver:
    section = settings.document.telemetry
    telemetry = TelemetryObserver(
        TelemetryOptions(
            otlp_endpoint=section.otlp_endpoint,
            sample_ratio=section.sample_ratio,
            logs=section.logs if logs else None,
        )
    )
    stack.callback(telemetry.shutdown)
    telemetry.watch_ledger(
        queue_depth=lambda: float(ledger.waiting), checkpoint_age_seconds=lambda: ledger.checkpoint_age
    )
    return telemetry


async def _record_start(ledger: RecordStore, opened: StateNarrowed | None, published: Publisher) -> None:
    """Record what the start found open to others, and what is in force."""
    try:
        if opened is not None:
            structlog.get_logger("metricgate.start").warning(
                "state_narrowed", files=[asdict(each) for each in opened.files]
            )
            await record_event(ledger, opened)
        await published.begin()
    except LedgerUnavailable as error:
        raise StartRefused(f"the ledger cannot be written: {error}") from error
    except DefinitionsNotKept as error:
        raise StartRefused(str(error)) from error
