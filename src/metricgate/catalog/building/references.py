"""Names of metrics -> full names: bare inside the own domain, full across domains."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from metricgate.catalog import codes
from metricgate.catalog.building.origin import Findings
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Place


def full_name(domain: str | None, name: str) -> str:
    """Return ``<domain>.<name>``, or just the name where there is no domain."""
    return f"{domain}.{name}" if domain else name


@dataclass(frozen=True, slots=True)
class MetricNames:
    """Every full name that is defined."""

    defined: Collection[str]

    def resolve(self, name: str, domain: str | None, where: Place, findings: Findings) -> str | None:
        """Return the full name that ``name`` means for a metric of ``domain``, or note that there is none."""
        if domain is not None and full_name(domain, name) in self.defined:
            return full_name(domain, name)
        if name in self.defined:
            return name
        elsewhere = sorted(each for each in self.defined if each.rpartition(".")[2] == name)
        hint = f"Write its full name: {' or '.join(elsewhere)}." if elsewhere else did_you_mean(name, self.defined)
        findings.add(codes.DANGLING_REFERENCE, f"there is no metric {name[:120]!r}", where, hint)
        return None

    def resolve_free(self, name: str, where: Place, findings: Findings) -> str | None:
        """Return the one full name that ``name`` means outside any domain, or note that there is none or several."""
        if name in self.defined:
            return name
        fitting = sorted(each for each in self.defined if each.rpartition(".")[2] == name)
        if len(fitting) == 1:
            return fitting[0]
        message = f"{name!r} may mean {' or '.join(fitting)}" if fitting else f"there is no metric {name[:120]!r}"
        hint = "Write the full name." if fitting else did_you_mean(name, self.defined)
        findings.add(codes.DANGLING_REFERENCE, message, where, hint)
        return None


def cycle_from(start: str, inputs: dict[str, tuple[str, ...]], done: set[str]) -> Sequence[str] | None:
    """Return the first circle of metrics reachable from ``start``, as names with the first repeated at the end.

    ``done`` collects the metrics that are known to lead into no circle. Iterative: chains may be long.
    """
    path: list[str] = []
    on_path: set[str] = set()
    stack: list[tuple[str, bool]] = [(start, False)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            path.pop()
            on_path.discard(name)
            done.add(name)
            continue
        if name in on_path:
            return [*path[path.index(name) :], name]
        if name in done:
            continue
        path.append(name)
        on_path.add(name)
        stack.append((name, True))
        stack.extend((inner, False) for inner in reversed(inputs.get(name, ())))
    return None
