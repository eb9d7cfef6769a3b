"""What every rule does: one class a kind, and nothing else in the code needs to know which kinds there are.

A rule says whom and what it names, how it stands in the trace of a decision, and how it is told in a comparison of two
policies. What it leaves to ``RuleDefaults`` is what most kinds do. What rules of a kind do to calls is said for all of
them together, so that they can be indexed: see ``policy/enforcement.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from metricgate.catalog.catalog import Catalog
from metricgate.policy.decision_trace import Case, RuleEvaluation
from metricgate.policy.narrowings import Narrowed
from metricgate.policy.occasion import Terms
from metricgate.policy.patterns import LABEL
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource, ResourceKind

_OF_COLUMNS = (f"{ResourceKind.COLUMN.value}:", f"{LABEL}:")


class Rule(Protocol):
    """A rule of any kind. Frozen."""

    @property
    def id(self) -> str:
        """Its name, unlike any other rule's."""
        ...

    @property
    def roles(self) -> tuple[str, ...]:
        """Whose holders it binds."""
        ...

    @property
    def terms(self) -> Terms:
        """When it is in force."""
        ...

    @property
    def place(self) -> Place:
        """Where it stands."""
        ...

    @property
    def opens(self) -> bool:
        """Whether it allows something, so that it is not in force where that cannot be told."""
        ...

    @property
    def binds_by_column(self) -> bool:
        """Whether it may bind a question because of a column that a metric reads."""
        ...

    def named_roles(self) -> tuple[str, ...]:
        """Return every role that it names: each must be declared."""
        ...

    def named_targets(self) -> tuple[str, ...]:
        """Return the targets that it names beside roles, e.g. ``agent:copilot``."""
        ...

    def named_patterns(self) -> tuple[str, ...]:
        """Return the patterns of resources that it names: each must cover something in the catalog."""
        ...

    def check(self, catalog: Catalog) -> Iterable[tuple[str, str | None]]:
        """Yield (message, hint) of what else it names that the catalog does not have."""
        ...

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part in a call on one resource; on the call as a whole where its kind is traced so.

        None where rules of the kind are no matter there, whatever they say.
        """
        ...

    def narrowings(self) -> Iterable[Narrowed]:
        """Yield what it narrows, as two policies are compared by it: equal for rules that do the same."""
        ...


class RuleDefaults:
    """What most kinds do."""

    __slots__ = ()

    @property
    def opens(self) -> bool:
        """Whether it allows something: no."""
        return False

    @property
    def binds_by_column(self: Rule) -> bool:
        """Whether it may bind because of a column that a metric reads: where a pattern speaks of such."""
        return any(each.startswith(_OF_COLUMNS) for each in self.named_patterns())

    def named_roles(self: Rule) -> tuple[str, ...]:
        """Return every role that it names: those whose holders it binds."""
        return self.roles

    def named_targets(self) -> tuple[str, ...]:
        """Return the targets that it names: none."""
        return ()

    def named_patterns(self) -> tuple[str, ...]:
        """Return the patterns that it names: none."""
        return ()

    def check(self, catalog: Catalog) -> Iterable[tuple[str, str | None]]:  # noqa: ARG002 - kinds that name more use it
        """Yield what else it names that the catalog does not have: nothing."""
        return ()

    def narrowings(self) -> Iterable[Narrowed]:
        """Yield what it narrows: nothing."""
        return ()
