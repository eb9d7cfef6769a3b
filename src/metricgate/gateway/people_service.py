"""What people may do at the gateway: read, decide, take back, stop. No tool and no agent's key leads here.

``PeopleService`` is what the console, the human API and the command line speak to; each has proved who the person
is before it calls. Rights are checked here again, on every call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from metricgate.approvals.proposal import ProposedAction
from metricgate.state.actions import ActionFilter
from metricgate.state.record import EVERY_ENTRY, EntryFilter
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who proved who they are.

    Attributes:
        id: as policies name users, without ``user:``.
        method: ``password+totp``, ``oidc``, ...
        channel: ``console``, ``api`` or ``cli``.
        groups: that the login itself proves.
    """

    id: str
    method: str
    channel: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One action as a person may see it.

    Attributes:
        action: with the rows of its preview as this person may see them.
        may_decide: None where this person may decide now, else the reason why not, for people.
        may_undo: likewise.
        may_review: likewise, of broken glass in it.
        shown: what is shown, in a stable form; ``shown_digest`` is its digest and goes back with the decision, so that
            what the person saw is known. The gateway keeps ``shown``.
        history: earlier actions of the same agent, newest first (ids and states).
        doing: what is done for it this moment, in words; empty where it is not being carried out.
    """

    action: ProposedAction
    may_decide: str | None
    may_undo: str | None
    may_review: str | None
    shown: Mapping[str, Json]
    shown_digest: str
    history: Sequence[ProposedAction] = ()
    doing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryExport:
    """A file of everything that matches, oldest first, and what it is.

    Attributes:
        manifest: ``{format, columns, filter, order, count, first, last, size, root, checkpoint}``.
        chunks: the file's bytes as they are made; to be read once, in a thread.
    """

    manifest: Mapping[str, Json]
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """One agent and what it did lately.

    Attributes:
        paused_until: where the gate paused it, else None.
        switches: ``{kind, target, because, by, at}`` of the switches that bind it.
        calls: outcome -> number, over the last day.
        budgets: ``{rule, measure, used, value}``.
    """

    id: str
    last_seen: datetime | None
    calls: Mapping[str, int] = field(default_factory=dict)
    paused_until: datetime | None = None
    switches: Sequence[Mapping[str, Json]] = ()
    budgets: Sequence[Mapping[str, Json]] = ()
    actions: Mapping[str, int] = field(default_factory=dict)


class PeopleService(Protocol):
    """What people do: every method refuses with ``Problems`` what the person may not do; every decision is recorded."""

    async def actions(self, person: Person, wanted: ActionFilter) -> Sequence[ProposedAction] | Problems:
        """Return the actions that the person may see, newest first."""
        ...

    async def action(self, person: Person, action_id: str) -> ActionView | Problems:
        """Return one action with all that a decision needs; what is shown is kept, and that it was shown recorded."""
        ...

    async def decide(
        self,
        person: Person,
        action_id: str,
        *,
        approves: bool,
        reason: str,
        shown_digest: str,
        bound_to: str,
        break_glass: bool = False,
    ) -> ProposedAction | Problems:
        """Record a decision; the last one that is needed carries the action out before this returns.

        Args:
            person: who decides.
            action_id: on what.
            approves: False denies, which is final.
            reason: never empty.
            shown_digest: of what the person was shown, as ``action`` gave it.
            bound_to: the proposal's digest, as the person had it.
            break_glass: whether the person overrides who may approve.

        Returns:
            The action as it is then; problems where the decision does not count, which is recorded as well.
        """
        ...

    async def undo(
        self, person: Person, action_id: str, *, reason: str, partial: bool = False
    ) -> ProposedAction | Problems:
        """Propose that an executed action is taken back.

        Args:
            person: who takes it back; it is that person's act.
            action_id: what is taken back.
            reason: never empty.
            partial: also where only a part can be restored.

        Returns:
            The new action: held, or executed at once.
        """
        ...

    async def review(self, person: Person, action_id: str, *, reason: str) -> ProposedAction | Problems:
        """Sign the afterwards review of a break-glass approval; it takes two."""
        ...

    async def entries(
        self, person: Person, wanted: EntryFilter = EVERY_ENTRY, *, limit: int = 50
    ) -> Sequence[Mapping[str, Json]] | Problems:
        """Return entries of the record, newest first: ``{index, at, event, fields..., bodies}``."""
        ...

    async def export(self, person: Person, wanted: EntryFilter, form: str) -> EntryExport | Problems:
        """Return everything that matches as a file: ``csv``, ``jsonl``, ``parquet``, or its ``manifest`` alone."""
        ...

    async def entry(self, person: Person, index: int) -> Mapping[str, Json] | Problems:
        """Return one entry with bodies, receipt, and the entries that it is linked with (``related``)."""
        ...

    async def agents(self, person: Person) -> Sequence[AgentView] | Problems:
        """Return every agent that holds a key, is named in the policy or was seen lately."""
        ...

    async def switches(self, person: Person) -> Sequence[Mapping[str, Json]] | Problems:
        """Return the switches that are thrown."""
        ...

    async def throw_switch(self, person: Person, kind: str, target: str, because: str) -> Problems | None:
        """Throw ``stop`` or ``freeze`` on ``all`` or ``agent:NAME``, ``user:NAME``, ``group:NAME``, ``tenant:NAME``.

        Returns:
            None where it is thrown, which is noted for the record; otherwise why not.
        """
        ...

    async def take_back_switches(self, person: Person, target: str, because: str) -> Problems | None:
        """Take the target's switches back.

        Returns:
            None where there were some, which is noted for the record; otherwise why not.
        """
        ...

    async def catalog(self, person: Person) -> Mapping[str, Json] | Problems:
        """Return metrics with owner, status, certification, version and lineage.

        The form is ``{metrics: [...], models: [...], edges: [[from, to], ...]}``.
        """
        ...

    def change_count(self) -> int:
        """Return a number that grows whenever an action or the record changes, for live pages."""
        ...
