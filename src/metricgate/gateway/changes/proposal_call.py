"""One call that proposes a change: whose it is, how it was asked for, and what it may use."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes.services import ChangeServices
from metricgate.vocabulary.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRequest:
    """How a change was asked for.

    Attributes:
        dry_run: show what it would do and what would be decided; nothing runs.
        idempotency_key: the same key never runs twice.
        arguments_digest: of the call's arguments.
        because: what the agent says it is for; untrusted.
    """

    dry_run: bool
    idempotency_key: str | None
    arguments_digest: str
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalCall:
    """What every stage of a proposal may use.

    Attributes:
        context: the call's: who calls, the definitions in force, the record.
        services: of changes: what is kept, switches, clock, settings.
        request: how it was asked for.
    """

    context: CallContext
    services: ChangeServices
    request: ProposalRequest

    @property
    def principal(self) -> Principal:
        """Who proposes."""
        return self.context.call.principal

    @property
    def user(self) -> str | None:
        """Id of the user on whose behalf, or None."""
        return None if self.principal.user is None else self.principal.user.id

    def lock_name(self, key: str) -> str:
        """Return the name of the lock under which calls with this idempotency key of this proposer wait."""
        return f"key {orjson.dumps([self.principal.agent.id, self.user, key]).decode()}"
