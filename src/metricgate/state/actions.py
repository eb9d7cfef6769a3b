"""Actions that wait, run or are over, and the steps in which they go on together with the record: ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from metricgate.approvals.proposal import ProposedAction, State
from metricgate.vocabulary.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFilter:
    """Which actions to list; everything given must hold.

    Attributes:
        agent: that proposed them; what a person takes back is that person's.
        text: words found in the statement, action name, agent, targets.
        to_review: only those in which broken glass waits for a review.
        before: action id from which to go on (older ones), for pages.
    """

    states: tuple[State, ...] = ()
    agent: str | None = None
    user: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    to_review: bool = False
    before: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What is looked at of many actions at once: no samples, no statement.

    Attributes:
        rows: how many it changes, by its preview.
        deletes: whether some of them are deleted.
    """

    id: str
    state: State
    proposed_at: datetime
    expires_at: datetime
    targets: tuple[str, ...]
    rows: int
    deletes: bool


class ActionStore(Protocol):
    """Where actions are kept. Every method is durable when it returns; all are safe from several threads.

    Every method raises ``StoreUnavailable`` where the actions cannot be read or written, those that write ``LeaseLost``
    where another gateway took this one's place, and those that read ``Unsealable`` where something was altered behind
    its back.
    """

    def add(self, action: ProposedAction) -> ProposedAction:
        """Keep a new action.

        Returns:
            The action, or the one that its proposer's idempotency key stands for already; nothing is kept then.
        """
        ...

    def get(self, action_id: str) -> ProposedAction | None:
        """Return the action as it stands, None where there is none. Its time may be over: nothing expires here."""
        ...

    def by_key(self, agent: str, user: str | None, idempotency_key: str) -> ProposedAction | None:
        """Return the action that this proposer's key stands for; ``user`` None for an agent that acts for nobody."""
        ...

    def replace(self, action: ProposedAction) -> bool:
        """Keep ``action`` if the kept one's version is ``action.version - 1``; False where somebody was faster."""
        ...

    def list(self, wanted: ActionFilter) -> Sequence[ProposedAction]:
        """Return the actions that are wanted, the one proposed last first, at most ``wanted.limit``."""
        ...

    def glances(self, wanted: ActionFilter) -> Sequence[Glance]:
        """Return a glance at each of these actions, newest first; words and reviews are not asked for."""
        ...

    def keep_changes(self, action_id: str, changes: bytes) -> None:
        """Keep what an action changes row by row, sealed, until the action is settled.

        Args:
            action_id: of an action that there is.
            changes: its form is the caller's; what was kept before is replaced.
        """
        ...

    def changes(self, action_id: str) -> bytes | None:
        """Return what ``keep_changes`` kept; None where nothing is, or the action was settled."""
        ...

    def keep_shown(self, digest: str, shown: Mapping[str, Json]) -> None:
        """Keep what a person was shown, by its digest; for good."""
        ...

    def find_shown(self, digest: str) -> Mapping[str, Json] | None:
        """Return what was shown under a digest; None where nothing was."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionStep:
    """A new state of an action whose entry is on its way into the record.

    Attributes:
        id: stands in the entry as ``gov.action.step``, by which the record tells whether it has it.
        event: the entry's event.
        after: number of an entry that the record had before; -1 where none is known.
        owner: instance id of the gateway that takes it.
    """

    id: str
    action_id: str
    event: str
    after: int
    owner: str = ""


class Steps(Protocol):
    """How actions change: first here, then in the record, which decides whether a step counts.

    A step is open from ``begin`` to ``end`` or ``take_back``; meanwhile no other step of its action begins. So nothing
    is recorded that did not count, and what a crash left open is settled by what the record has. Durable when a method
    returns; safe from several threads and processes. What methods raise is as of ``ActionStore``.
    """

    def begin(self, step: ActionStep, action: ProposedAction, *, changes: bytes | None = None) -> ProposedAction | None:
        """Keep an action's new state: a new action with what it changes, or the next version of a kept one.

        Returns:
            The action; another one where its proposer's idempotency key stands for that already (nothing is kept
            then); None where somebody was faster.
        """
        ...

    def end(self, step: ActionStep, index: int) -> ProposedAction:
        """Say that the record has the step's entry under this number; return the action with it.

        What an action changes row by row is forgotten once it is settled.
        """
        ...

    def take_back(self, step: ActionStep) -> ProposedAction | None:
        """Let the action be as it was before the step.

        Returns:
            That action; None where the step would have made it, so that there is none now.
        """
        ...

    def open_steps(self) -> Sequence[ActionStep]:
        """Return the steps that are neither ended nor taken back, oldest first."""
        ...

    def owners(self) -> Mapping[str, str]:
        """Return action id -> instance id of the gateway that works on it, of those decided on and not settled."""
        ...

    def ownerless(self) -> Sequence[str]:
        """Return ids under which changes are kept though there is no such action."""
        ...

    def forget_changes(self, action_id: str) -> None:
        """Remove what is kept under such an id."""
        ...

    def looked_through(self) -> int:
        """Return the number of the entry up to which proposals were held against the actions; -1 for none."""
        ...

    def look_from(self, index: int) -> None:
        """Say that proposals were held against the actions up to this number of an entry."""
        ...


class RecordedSteps(Protocol):
    """What the record has of steps."""

    def indexes_of(self, steps: Sequence[ActionStep]) -> Mapping[str, int]:
        """Return step id -> number of its entry, for the steps whose entry the record has.

        Raises:
            LedgerUnavailable: the record cannot be read.
        """
        ...

    def proposals(self, after: int) -> Mapping[str, int]:
        """Return action id -> number of the entry by which it was proposed, of the entries after a number.

        Raises:
            LedgerUnavailable: the record cannot be read.
        """
        ...
