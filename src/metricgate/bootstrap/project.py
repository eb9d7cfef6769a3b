"""A project folder as the command line sees it: asking, serving, checking, keys, the record."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from metricgate.bootstrap.states import state_of
from metricgate.settings.settings import FILE_NAME, Settings, load_settings
from metricgate.vocabulary.collector import pause_collector_for_imports
from metricgate.vocabulary.problem import Problems

if TYPE_CHECKING:
    from metricgate.catalog.metric_types import MetricTypes
    from metricgate.gateway.data_checks.result import CheckResult
    from metricgate.gateway.gateway import Gateway
    from metricgate.ledger.verification import Report
    from metricgate.operations.agent_keys import AgentKeys, KeyFacts, NewKey
    from metricgate.operations.erasure import ErasureAsked, ErasureFound
    from metricgate.operations.import_trial import Attempt
    from metricgate.operations.notification_queue import DeliveryFacts, DeliveryFilter, NotificationQueue
    from metricgate.operations.policy_question import PolicyQuestion
    from metricgate.operations.published_definitions import FoundPublication
    from metricgate.operations.switches import SwitchFacts
    from metricgate.operations.user_admin import UserAdmin
    from metricgate.operations.validate import Validation
    from metricgate.policy.explanation import PolicyExplanation
    from metricgate.policy.policy_tests import TestResult
    from metricgate.policy.rule_kinds import RuleKinds
    from metricgate.state.definitions import Publication
    from metricgate.state.outbox import Outbox
    from metricgate.state.record import EntryFilter, RecordStore
    from metricgate.state.switches import SwitchStore
    from metricgate.surfaces.cli.project import (
        Reply,
    )
    from metricgate.surfaces.cli.session_client import SessionClient
    from metricgate.vocabulary.account_finding import AccountFinding
    from metricgate.vocabulary.json import Json


def open_project(folder: Path) -> OpenedProject | Problems:
    """Open the project in ``folder``.

    Raises:
        FileNotFoundError: it has no ``metricgate.yaml``.
    """
    settings = load_settings(folder)
    return settings if isinstance(settings, Problems) else OpenedProject(folder, settings)


class OpenedProject:
    """Implements ``surfaces.cli.project.Project``."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._state = state_of(folder, settings)

    # What one command alone needs is imported where it runs: most commands start in a third of the time. Where that is
    # much, the collector waits: what is imported stays, and looking through it would be a fifth of the start.

    def ask(
        self, tool: str, arguments: Mapping[str, Json], key: str, user: str | None, purpose: str | None = None
    ) -> Reply:
        """Call a tool, at the running gateway where there is one, else in this process."""
        from metricgate.surfaces.remote.address import running_at

        url = running_at(self._state)
        if url is not None:
            from metricgate.surfaces.cli.remote_call import ask_over_http

            return ask_over_http(url, tool, arguments, key, user, purpose)
        with pause_collector_for_imports():
            from metricgate.bootstrap.local_call import call_here

        return call_here(self._folder, self._settings, tool, arguments, key=key, user=user, purpose=purpose)

    def serve(self, host: str | None, port: int | None, accept_loss: int | None = None) -> int:
        """Run the doors until stopped."""
        with pause_collector_for_imports():
            from metricgate.adapters.observers import configure_logs
            from metricgate.bootstrap.server import say_serving, serve
            from metricgate.operations.start_refusal import StartRefused
            from metricgate.surfaces.cli.door_runner import run_until_stopped, tell_refusal

        listen = self._settings.document.listen
        address = listen.host if host is None else host
        number = listen.port if port is None else port
        configure_logs(self._settings.document.telemetry.logs)
        try:
            return run_until_stopped(
                serve(
                    self._folder,
                    self._settings,
                    host=address,
                    port=number,
                    told=say_serving,
                    accept_loss=accept_loss,
                )
            )
        except OSError as error:
            return tell_refusal(StartRefused(f"{address}:{number} cannot be bound: {error}"))

    def mcp(self, key: str, user: str | None) -> int:
        """Serve MCP on standard input and output, through the running gateway where there is one."""
        with pause_collector_for_imports():
            from metricgate.adapters.observers import configure_logs
            from metricgate.bootstrap.stdio import speak
            from metricgate.surfaces.cli.door_runner import run_until_stopped

        configure_logs(self._settings.document.telemetry.logs)
        return run_until_stopped(speak(self._folder, self._settings, key, user))

    def metric_types(self) -> MetricTypes:
        """Return the built-in types of metrics and the installed ones."""
        from metricgate.settings.installed_kinds import metric_types

        return metric_types()

    def rule_kinds(self) -> RuleKinds:
        """Return the built-in kinds of policy rules and the installed ones."""
        from metricgate.settings.installed_kinds import rule_kinds

        return rule_kinds()

    def documents(self, revision: str | None = None) -> Sequence[tuple[str, str]] | Problems:
        """Return the semantic models at a git revision, by the paths that its own settings name; or as they stand."""
        from metricgate.bootstrap.revisions import documents_at

        return documents_at(self._folder, self._settings, lambda paths: paths.semantic_models, revision)

    def rewrite(self, file: str, text: str) -> Problems | None:
        """Replace a file of the project by way of a new one beside it."""
        from metricgate.definitions.files import rewrite_file

        return rewrite_file(self._folder / file, text)

    def validate(self) -> Validation:
        """Check models, policies, and the warehouses' tables."""
        with pause_collector_for_imports():
            from metricgate.bootstrap.definition_source import definition_source
            from metricgate.operations.validate import validate

        source = definition_source(self._folder, self._settings)
        return validate(source, self._settings.warehouse_sources(self._folder))

    def check_data(
        self, parties: tuple[str, str | None] | None, told: Callable[[CheckResult, int, int], None]
    ) -> Sequence[CheckResult] | Problems:
        """Check keys, histories, references and time spines in the warehouses."""
        with pause_collector_for_imports():
            from metricgate.adapters.files.check_requests import ask_running
            from metricgate.bootstrap.running_gateway import open_gateway
            from metricgate.operations.data_checks import check_data

        return check_data(self._state, lambda: open_gateway(self._folder, self._settings), ask_running, parties, told)

    def ask_imported(
        self, texts: Mapping[str, str], metrics: Sequence[str], told: Callable[[Attempt], None]
    ) -> Sequence[Attempt] | Problems:
        """Ask imported metrics beside the project, in its warehouses."""
        from metricgate.bootstrap.running_gateway import open_gateway
        from metricgate.bootstrap.scratch_settings import scratch_settings
        from metricgate.operations.import_trial import ask_imported

        def opened(scratch: Path) -> AbstractAsyncContextManager[Gateway]:
            return open_gateway(self._folder, scratch_settings(self._settings, scratch))

        return ask_imported(opened, texts, metrics, told)

    def doctor(self) -> Sequence[tuple[str, AccountFinding]] | Problems:
        """Look at the warehouses' accounts and the state folder."""
        from metricgate.bootstrap.definition_source import definition_source
        from metricgate.operations.doctor import run_checks

        source = definition_source(self._folder, self._settings)
        return run_checks(source, self._settings.warehouse_sources(self._folder), self._state)

    def policy_tests(self) -> Sequence[TestResult] | Problems:
        """Run the tests beside the rules."""
        from metricgate.adapters.roles.casbin_roles import casbin_judge
        from metricgate.bootstrap.definition_source import definition_source
        from metricgate.operations.policy_checks import run_policy_tests

        return run_policy_tests(definition_source(self._folder, self._settings), casbin_judge)

    def policy_explain(self, asked: PolicyQuestion) -> PolicyExplanation | Problems:
        """Judge as if these parties had asked."""
        from metricgate.adapters.roles.casbin_roles import casbin_judge
        from metricgate.bootstrap.definition_source import definition_source
        from metricgate.operations.policy_checks import explain_policy

        return explain_policy(definition_source(self._folder, self._settings), casbin_judge, asked)

    def policy_documents(self, revision: str | None = None) -> Sequence[tuple[str, str]] | Problems:
        """Return the policies at a git revision, or as they stand."""
        from metricgate.bootstrap.revisions import documents_at

        return documents_at(self._folder, self._settings, lambda paths: paths.policies, revision)

    def create_key(
        self, agent: str, *, users: Sequence[str], expires_in: timedelta | None, or_alone: bool = False
    ) -> NewKey | Problems:
        """Make a key; the ledger records it now, or a running gateway does within a second."""
        return self._keys().create(agent, users=users, expires_in=expires_in, or_alone=or_alone)

    def revoke_key(self, key_id: str) -> KeyFacts | Problems:
        """Revoke at once; recorded as a creation is."""
        return self._keys().revoke(key_id)

    def list_keys(self) -> Sequence[KeyFacts]:
        """Return all keys, oldest first."""
        return self._keys().list()

    def switches(self) -> Sequence[SwitchFacts] | Problems:
        """Return the switches that are thrown."""
        from metricgate.operations.switches import thrown_switches

        return thrown_switches(self._state.switches())

    def people(self) -> UserAdmin:
        """Return the operator's side of people."""
        from metricgate.adapters.identity.people import enroll
        from metricgate.adapters.system.clock import SystemClock
        from metricgate.operations.user_admin import UserAdmin

        project = self._settings.document.project
        return UserAdmin(self._state, project=project, enrol=enroll, clock=SystemClock())

    def human(self) -> SessionClient:
        """Return a person's side: the API for people at the running gateway."""
        from metricgate.surfaces.cli.session_client import SessionClient
        from metricgate.surfaces.remote.address import running_at

        named = os.environ.get("METRICGATE_URL")
        return SessionClient(url=running_at(self._state), name=named or str(self._state.folder.resolve()))

    def throw_switch(self, kind: str, target: str, because: str) -> SwitchFacts | Problems:
        """Throw a switch; recorded as a key's creation is."""
        from metricgate.operations.switches import throw_switch

        file = self._state.switches()
        thrown = throw_switch(file, kind, target, because)
        self._record_switches(file)
        return thrown

    def take_back_switches(self, target: str, because: str) -> Sequence[SwitchFacts] | Problems:
        """Take the target's switches back; recorded alike."""
        from metricgate.operations.switches import take_back_switches

        file = self._state.switches()
        gone = take_back_switches(file, target, because)
        self._record_switches(file)
        return gone

    def notifications(self, wanted: DeliveryFilter) -> Sequence[DeliveryFacts] | Problems:
        """Return deliveries of notifications."""
        return self._notifications().deliveries(wanted)

    def publications(self, kind: str | None) -> Sequence[Publication] | Problems:
        """Return definitions that came into force."""
        from metricgate.operations.published_definitions import list_publications

        return list_publications(self._state, kind)

    def publication(self, digest: str, kind: str | None) -> FoundPublication | Problems:
        """Return the files of a publication."""
        from metricgate.bootstrap.definition_source import definition_source
        from metricgate.definitions.loader import digest_of_files
        from metricgate.operations.published_definitions import find_publication

        source = definition_source(self._folder, self._settings)
        return find_publication(self._state, digest, kind, lambda of, texts: digest_of_files(of, texts, source))

    def retry_notifications(self, notification: str | None, sink: str | None) -> int | Problems:
        """Let what was not delivered be tried again."""
        return self._notifications().retry(notification, sink)

    def entries(self, wanted: EntryFilter, *, limit: int | None = None) -> Iterable[Mapping[str, Json]]:
        """Return ledger entries; none where there is no ledger yet."""
        from metricgate.operations.record_entries import list_entries

        return list_entries(self._state, wanted, limit)

    def entry(self, index: int) -> Mapping[str, Json] | None:
        """Return one entry with its bodies and its receipt."""
        from metricgate.operations.record_entries import read_entry

        return read_entry(self._state, index)

    def export_entries(self, file: Path, wanted: EntryFilter, *, limit: int | None = None) -> int | Problems:
        """Write entries to a file, with its manifest beside it."""
        from metricgate.operations.record_entries import export_entries

        return export_entries(self._state, file, wanted, limit)

    def erase(self, asked: ErasureAsked) -> ErasureFound | Problems:
        """Erase every copy of something from the state folder."""
        from metricgate.definitions.files import state_of_files
        from metricgate.definitions.loader import folders_of
        from metricgate.operations.erasure import erase

        folders = folders_of(self._settings.document.paths)
        definitions = [Path(name) for name, *_facts in state_of_files(self._folder, folders)]
        return erase(self._state, [self._folder / FILE_NAME, *definitions], asked)

    def verify(self, against: Path | None) -> Report | Problems:
        """Verify the project's own ledger with its own public key."""
        from metricgate.operations.record_entries import verify_record

        return verify_record(self._state, against)

    def _keys(self) -> AgentKeys:
        from metricgate.adapters.system.clock import SystemClock
        from metricgate.operations.agent_keys import AgentKeys

        return AgentKeys(self._state, SystemClock(), record=self._record)

    def _notifications(self) -> NotificationQueue:
        from metricgate.operations.notification_queue import NotificationQueue

        sinks = [each.section.name for each in self._settings.notifications]
        return NotificationQueue(self._state, sinks=sinks, open_outbox=self._outbox)

    def _outbox(self) -> Outbox:
        from metricgate.adapters.system.clock import SystemClock
        from metricgate.bootstrap.notifications import outbox_of

        return outbox_of(self._state, self._settings, SystemClock())

    def _record_switches(self, file: SwitchStore) -> None:
        from metricgate.operations.change_recorders import record_switches
        from metricgate.vocabulary.notice import NoticeNotKept

        def changes(ledger: RecordStore) -> None:
            with suppress(NoticeNotKept), closing(self._outbox()) as outbox:
                record_switches(file, ledger, outbox)

        self._record(changes)

    def _record(self, changes: Callable[[RecordStore], None]) -> None:
        from metricgate.operations.change_recorders import record_at_once

        record_at_once(self._state, changes)
