"""Policy decisions: cold (nothing remembered) and warm, at 10, 1,000 and 10,000 rules; and the load of 10,000.

The floor is a lookup in a plain dictionary keyed by role, action and resource: what a decision would cost if it needed
no roles, patterns, reasons or intersection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle

from bench.timing import Figure, median_us
from metricgate.adapters.roles.casbin_roles import CasbinRoleBook
from metricgate.policy.judge import Judge
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.policy import Policy
from metricgate.policy.policy_loader import load
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.collector import collector_paused
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_SIZES = (10, 1_000, 10_000)
_PER_FILE = 2_000
_PRINCIPAL = Principal(
    agent=Identity(id="copilot", proof=Proof.VERIFIED, method="api_key"),
    user=Identity(id="ana@acme.example", proof=Proof.VERIFIED, method="oidc", groups=("sales",)),
)
_CALL = (
    Resource(ResourceKind.TOOL, "query_metrics"),
    Resource(ResourceKind.METRIC, "d0.m0"),
    Resource(ResourceKind.DIMENSION, "customers.segment"),
    Resource(ResourceKind.DIMENSION, "orders.order_date"),
    Resource(ResourceKind.DATASET, "orders"),
    Resource(ResourceKind.DATASET, "customers"),
)
_COLUMNS = (
    Resource(ResourceKind.COLUMN, "orders.c1"),
    Resource(ResourceKind.COLUMN, "customers.email", ("personal",)),
    Resource(ResourceKind.COLUMN, "customers.segment"),
)
_NOW = EvaluationContext(purpose="review", now=datetime(2026, 1, 5, 12, tzinfo=UTC))
_HEAD = """version: 1
roles:
  - {name: analyst, members: ["agent:copilot", "group:sales"], inherits: [reader]}
  - {name: reader}
grants:
  - {id: reads, roles: [reader], actions: [call, query], on: ["tool:*", "dimension:*", "dataset:*"]}
  - {id: sales, roles: [analyst], actions: [query], on: ["metric:d0.*"]}
masks:
  - {id: mail, roles: [everyone], on: ["label:personal"], method: hash, usable_in: [group], unless: {purpose: [audit]}}
limits:
  - {id: rows, roles: [everyone], rows: 1000, calls_per_minute: 60}
"""


_WHEN = ', when: {days: [mon, fri], hours: {from: "08:00", to: "18:00"}, time_zone: Europe/Berlin}'
_UNLESS = ", unless: {purpose: [audit]}"


def _grant(number: int) -> str:
    effect = "deny" if number % 10 == 0 else "allow"
    when = _WHEN if number % 7 == 0 else ""
    on = f"metric:d{number % 100}.m{number}"
    return f"  - {{id: g{number}, roles: [r{number % 50}], actions: [query], on: [{on}], effect: {effect}{when}}}\n"


def _mask(number: int) -> str:
    on = f"column:orders.c{number % 400}" if number % 5 else f'"label:l{number % 40}"'
    unless = _UNLESS if number % 3 == 0 else ""
    return f"  - {{id: m{number}, roles: [r{number % 50}], on: [{on}], method: hash{unless}}}\n"


def _documents(rules: int) -> list[tuple[str, str]]:
    """Write that many rules over 50 roles: four grants for each mask, a tenth of them denying, a sixth conditional."""
    numbers = range(1, rules - 3)
    grants = [_grant(number) for number in numbers if number % 5]
    masks = [_mask(number) for number in numbers if number % 5 == 0]
    roles = "".join(f"  - {{name: r{number}, members: [user:u{number}@acme.example]}}\n" for number in range(50))
    documents = [("00.yaml", _HEAD), ("01.yaml", f"version: 1\nroles:\n{roles}")]
    for kind, lines in (("grants", grants), ("masks", masks)):
        for begin in range(0, len(lines), _PER_FILE):
            text = f"version: 1\n{kind}:\n" + "".join(lines[begin : begin + _PER_FILE])
            documents.append((f"{kind}{begin:05}.yaml", text))
    return documents


def _loaded(rules: int) -> tuple[Policy, float]:
    documents = _documents(rules)
    begin = time.perf_counter()
    with collector_paused():  # as the gateway loads
        policy = load(documents)
    seconds = time.perf_counter() - begin
    if isinstance(policy, Problems):
        raise TypeError(str(policy))
    return policy, seconds


def _fresh(resources: tuple[Resource, ...]) -> tuple[tuple[Resource, ...], ...]:
    """Variants of a call that no judgement and no ruling remembers: each names another metric of the same domain."""
    return tuple(
        tuple(Resource(each.kind, f"d0.n{number}") if each.kind is ResourceKind.METRIC else each for each in resources)
        for number in range(5_000)
    )


def _decision(
    judge: Judge, resources: tuple[Resource, ...], touched: tuple[Resource, ...] = ()
) -> Callable[[], object]:
    def decide() -> None:
        verdict = judge.judge(_PRINCIPAL, Action.QUERY, resources, unless_forbidden=touched, circumstances=_NOW)
        assert verdict.decision is Decision.ALLOW
        assert len(verdict.obligations.masks) == bool(touched)

    return decide


def _decisions(judge: Judge, several: tuple[tuple[Resource, ...], ...]) -> Callable[[], object]:
    calls = cycle(several)

    def decide() -> None:
        verdict = judge.judge(_PRINCIPAL, Action.QUERY, next(calls), circumstances=_NOW)
        assert verdict.decision is Decision.ALLOW

    return decide


def figures() -> list[Figure]:
    """Take all figures of this file."""
    found: list[Figure] = []
    for size in _SIZES:
        policy, load_seconds = _loaded(size)
        begin = time.perf_counter()
        book = CasbinRoleBook(policy.roles, policy.grants)
        index_ms = (time.perf_counter() - begin) * 1_000
        index = {("analyst", "query", f"metric:d0.m{number}"): True for number in range(size)}
        floor = median_us(lambda index=index: index[("analyst", "query", "metric:d0.m0")])  # type: ignore[misc]
        forgetful = Judge(policy, book, memory=0)
        single = (_CALL[1],)
        cases = (
            ("one metric, nothing remembered", _decision(forgetful, single), "< 100 us"),
            ("one metric, new to a known caller", _decisions(Judge(policy, book), _fresh(single)), "< 100 us"),
            ("call of 6 resources, nothing remembered", _decision(forgetful, _CALL), "< 100 us"),
            ("call of 6 resources and 3 columns, nothing remembered", _decision(forgetful, _CALL, _COLUMNS), ""),
            ("call of 6 resources, new metric", _decisions(Judge(policy, book), _fresh(_CALL)), "< 100 us"),
            ("call of 6 resources, repeated", _decision(Judge(policy, book), _CALL), "< 10 us"),
        )
        found += [
            Figure(
                subject="policy",
                name=f"{name}, agent and user, {size:,} rules",
                value=median_us(work),
                unit="us",
                floor_name="dictionary lookup",
                floor=floor,
                aim=aim,
            )
            for name, work, aim in cases
        ]
        found.append(
            Figure(
                subject="policy",
                name=f"load {size:,} rules from YAML",
                value=load_seconds * 1_000,
                unit="ms",
                floor_name="role book and index alone",
                floor=index_ms,
                aim="< 1,000 ms" if size == _SIZES[-1] else "",
            )
        )
    return found


if __name__ == "__main__":
    for figure in figures():
        print(f"{figure.name:70} {figure.value:10.2f} {figure.unit}  floor {figure.floor:.3f}")
