"""Every point at which a package of its own adds something, and the one way in which it is found.

The built-in ones of the last three come in by the same door. Tools for agents and what is added to every answer are not
among them: they are trusted with what policy has decided, so they come from inside only (``docs/architecture.md``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from metricgate.catalog.building.metrics import MetricType
    from metricgate.policy.rule_kind import AnyKind
    from metricgate.settings.plugins import SinkPlugin, WarehousePlugin
    from metricgate.state.state import StatePlugin

P = TypeVar("P")


class Plugins(Mapping[str, P]):
    """What is installed under one of our entry points, by name in order; each is imported when it is looked up."""

    def __init__(self, group: str) -> None:
        """Look up the names."""
        self._entries = {entry.name: entry for entry in sorted(entry_points(group=group), key=lambda each: each.name)}

    def __getitem__(self, name: str) -> P:
        """Import a plugin; the second time, return it."""
        plugin: P = self._entries[name].load()
        return plugin

    def __iter__(self) -> Iterator[str]:
        """Go through the names; nothing is imported."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionPoint(Generic[P]):
    """One point.

    Attributes:
        group: of entry points.
        brings: what a package brings there, for the docs.
        form: what an entry names, as ``module:Name``.
        contract: the tests that every entry must pass, or that show how one passes them.
        example: a package that another could begin with.
    """

    group: str
    brings: str
    form: str
    contract: str
    example: str

    def installed(self) -> Plugins[P]:
        """Return what is installed, by the entries' names."""
        return Plugins(self.group)


METRIC_TYPES: ExtensionPoint[MetricType] = ExtensionPoint(
    group="metricgate.metric_types",
    brings="a type of metric: its keys in YAML and all that it does",
    form="metricgate.catalog.building.metrics:MetricType",
    contract="tests/extensions/test_own_metric_type.py",
    example="tests/extensions/acme_difference.py",
)
RULE_KINDS: ExtensionPoint[AnyKind] = ExtensionPoint(
    group="metricgate.rule_kinds",
    brings="a kind of policy rule: its list in policy files and all that its rules do",
    form="metricgate.policy.rule_kind:RuleKind",
    contract="tests/extensions/test_own_rule_kind.py",
    example="tests/extensions/acme_shifts.py",
)
WAREHOUSES: ExtensionPoint[WarehousePlugin] = ExtensionPoint(
    group="metricgate.warehouses",
    brings="a warehouse, its dialect, and the rules by which agents may write SQL in it",
    form="metricgate.settings.plugins:WarehousePlugin",
    contract="tests/contracts/test_warehouse.py",
    example="tests/extensions/acme_sqlite.py",
)
STATES: ExtensionPoint[StatePlugin] = ExtensionPoint(
    group="metricgate.state",
    brings="where everything that is kept is kept",
    form="metricgate.state.state:StatePlugin",
    contract="tests/contracts/test_state.py",
    example="src/metricgate/adapters/state/sqlite/plugin.py",
)
SINKS: ExtensionPoint[SinkPlugin] = ExtensionPoint(
    group="metricgate.sinks",
    brings="a way in which people are told",
    form="metricgate.settings.plugins:SinkPlugin",
    contract="tests/contracts/test_sink.py",
    example="docs/notifications.md",
)
EXTENSION_POINTS: tuple[ExtensionPoint[Any], ...] = (METRIC_TYPES, RULE_KINDS, WAREHOUSES, STATES, SINKS)
