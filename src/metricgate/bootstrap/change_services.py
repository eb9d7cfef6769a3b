"""Changes put together: the store of actions, the journal, ids, who is told."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from ulid import ULID

from metricgate.approvals.proposal import ProposedAction
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.settings import ChangeSettings
from metricgate.gateway.engine import Engines
from metricgate.gateway.governance import GovernanceSource
from metricgate.gateway.ports import Warehouse
from metricgate.operations.accounts import account_is_gone
from metricgate.operations.action_notices import notice_of_action
from metricgate.settings.settings import Settings
from metricgate.state.record import RecordStore
from metricgate.state.state import ProjectState
from metricgate.state.switches import SwitchBoard
from metricgate.surfaces.console.addresses import approval_page
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.notice import NoticeNotKept, Notifier


class OpenedChanges:
    """The services of changes and their stores.

    Raises:
        StateUnavailable: they cannot be opened.
    """

    def __init__(
        self,
        state: ProjectState,
        settings: Settings,
        *,
        governance: GovernanceSource,
        warehouses: Mapping[str, Warehouse],
        ledger: RecordStore,
        board: SwitchBoard,
        clock: Clock,
        notifier: Notifier,
        url: str,
    ) -> None:
        self._stores = state.changes(ledger)
        section = settings.document.writes

        def tell(kind: str, action: ProposedAction, facts: Mapping[str, Json]) -> None:
            with suppress(NoticeNotKept):
                notifier.tell(notice_of_action(kind, action, facts, approval_page(url, action.id)))

        self.changes = ChangeServices(
            governance=governance,
            engines=Engines(warehouses, clock),
            ledger=ledger,
            clock=clock,
            board=board,
            store=self._stores.actions,
            steps=self._stores.steps,
            recorded=state.recorded_steps(),
            journal=self._stores.journal,
            settings=ChangeSettings(
                environment=section.environment,
                tenant=settings.document.project,
                most_rows=section.most_rows,
                seconds=section.seconds,
                sample_rows=section.sample_rows,
                undo_days=section.undo_days,
            ),
            instance=ledger.instance,
            alive=ledger.alive,
            new_id=new_id,
            new_nonce=lambda: secrets.token_hex(16),
            actions=lambda: governance.current.actions,
            tell=tell,
            left=partial(account_is_gone, state),
        )

    def close(self) -> None:
        """Close the files."""
        self._stores.close()


def new_id() -> str:
    """Return ``act_`` and a ULID: 26 characters that sort by time, with 80 random bits."""
    return f"act_{ULID()}"
